"""The errors of this room."""

from miniagents.errors import MiniagentsError

__all__ = ["ServerError"]


class ServerError(MiniagentsError):
    """An MCP server cannot be used: one line that says which, why, and what to do."""
