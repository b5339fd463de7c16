"""MCP for miniagents: `miniagents chat --tool mcp` gives a model the tools of servers, `miniagents mcp` does the rest.

`servers` reads which there are, `connection` talks to one, `offered` makes tools of its tools, `source` is what the
chat takes; `serving` is the other direction. The SDK is imported when a server is wanted, and not before.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from miniagents.hookspecs import ToolSource, hookimpl

if TYPE_CHECKING:
    from typer import Typer

__all__ = ["register_commands", "register_tools"]


@hookimpl
def register_tools(register: Callable[[ToolSource], None]) -> None:
    """Offer `--tool mcp`."""
    from .source import open_tools  # noqa: PLC0415 - few chats want it

    register(ToolSource(name="mcp", help="Tools of the MCP servers in your mcp.json, or of one.", open=open_tools))


@hookimpl
def register_commands(app: "Typer") -> None:
    """Offer `miniagents mcp`."""
    from .commands import app as commands  # noqa: PLC0415 - as above

    app.add_typer(commands, name="mcp", help="List the tools of MCP servers, and be one.")
