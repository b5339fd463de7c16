"""Tools of servers as tools for a model.

    Connection → Tool (name, description, JSON Schema as it is) ─call→ ToolResult

Names that no API takes are mended; where two servers have one name, both tools are called `server__tool`. A tool that
cannot be used is left out, with a word in the log.

In: connections. Out: tools. Never: which model, a person.
"""

import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, Protocol

from miniagents.content import Text, ToolResult
from miniagents.errors import MiniagentsError, UsageError
from miniagents.safe_text import exact, one_line
from miniagents.tools import Tool, tool

from .content import parts_of

if TYPE_CHECKING:
    from mcp import Tool as TheirTool
    from mcp_types import CallToolResult

    from .servers import Server

__all__ = ["Offering", "is_allowed", "mended", "tools_of"]

_LONGEST_NAME: Final = 64
_logger = logging.getLogger("miniagents.mcp")
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")


class Offering(Protocol):
    """A server that is there: a `Connection`, or what stands for one."""

    @property
    def server(self) -> "Server":
        """Which."""

    @property
    def tools(self) -> "Sequence[TheirTool]":
        """What it offers."""

    async def call(self, name: str, arguments: Mapping[str, Any]) -> "CallToolResult":
        """Call a tool."""


def tools_of(connections: Sequence[Offering], names: dict[tuple[str, str], str] | None = None) -> list[Tool]:
    """Return the tools of all servers; a person is to be asked before each call that the server's entry does not allow.

    Args:
        connections: The servers, each with a name of its own.
        names: What tools were called before, by server and their own name, which so they are still; those of new ones
            are added. No tool gets a name that was another's: a person may have allowed that one.
    """
    names = {} if names is None else names
    theirs = {
        (connection.server.name, each.name): (connection, each)
        for connection in connections
        for each in connection.tools
    }
    new = [key for key in theirs if key not in names]
    times = Counter(mended(name) for _, name in (*names, *new))
    taken = {*names.values()}
    for server, own in new:
        name = mended(own) if times[mended(own)] == 1 else mended(f"{server}__{mended(own)}")
        names[server, own] = next(each for each in _numbered(name) if each not in taken)
        taken.add(names[server, own])
    made = (_tool(connection, each, names[key]) for key, (connection, each) in theirs.items())
    return [each for each in made if each is not None]


def is_allowed(connection: Offering, name: str) -> bool:
    """Say whether a server's entry lets a tool of it be called unasked."""
    return any(fnmatchcase(name, pattern) for pattern in connection.server.allowed)


def mended(name: str) -> str:
    """Return a name that all APIs take."""
    return _NOT_IN_A_NAME.sub("_", name)[:_LONGEST_NAME] or "tool"


def _numbered(name: str) -> Iterator[str]:
    yield name
    for number in range(2, 1_000_000):
        yield f"{name[: _LONGEST_NAME - len(str(number)) - 1]}_{number}"


def _tool(connection: Offering, theirs: "TheirTool", name: str) -> Tool | None:
    """Return it; None, and a word in the log, if what it says of its arguments cannot be sent."""

    async def call(**arguments: Any) -> ToolResult:
        try:
            result = await connection.call(theirs.name, arguments)
        except MiniagentsError as error:
            return ToolResult("", name=name, content=str(error), is_error=True)
        return ToolResult("", name=name, content=parts_of(result) or _nothing(), is_error=result.is_error)

    schema = {**theirs.input_schema, "type": "object"}  # as MCP wants it
    if not isinstance(schema.get("properties"), dict):
        schema["properties"] = {}  # OpenAI refuses one without
    needs_approval = not is_allowed(connection, theirs.name)
    try:
        make = tool(
            name=name,
            description=exact(theirs.description or theirs.title or ""),
            schema=schema,
            needs_approval=needs_approval,
        )
        return make(call)
    except (UsageError, RecursionError) as error:
        server = one_line(connection.server.name)
        _logger.warning("MCP server %s: its tool %s is left out: %s", server, name, one_line(str(error)))
        return None


def _nothing() -> tuple[Text, ...]:
    return (Text("(it said nothing)"),)
