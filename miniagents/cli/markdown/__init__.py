"""Markdown as it streams: from source text to the rows of a terminal. `stream` is its face."""
