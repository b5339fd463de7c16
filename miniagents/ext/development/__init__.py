"""Agents that work on a source tree: read it, try what models propose for it, and change it when a person says so."""

from .agents import apply_agent, best_agent, source_tree_agent, trial_agent

__all__ = ["apply_agent", "best_agent", "source_tree_agent", "trial_agent"]
