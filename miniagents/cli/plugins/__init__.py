"""Plugins as the program has them: gathered at a start, trusted or not, listed, installed, made and checked."""
