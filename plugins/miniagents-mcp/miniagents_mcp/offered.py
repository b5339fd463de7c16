"""Tools of servers as tools for a model.

    Connection → Tool (name, description, JSON Schema as it is) ─call→ ToolResult

Names that no API takes are mended; where two servers have one name, both tools are called `server__tool`.

In: connections. Out: tools. Never: which model, a person.
"""

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
from .errors import ServerError

if TYPE_CHECKING:
    from mcp import Tool as TheirTool
    from mcp_types import CallToolResult

    from .servers import Server

__all__ = ["Offering", "is_allowed", "mended", "tools_of"]

_LONGEST_NAME: Final = 64
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


def tools_of(connections: Sequence[Offering]) -> list[Tool]:
    """Return the tools of all servers; a person is to be asked before each call that the server's entry does not allow.

    Raises:
        ServerError: One describes its arguments by what is no JSON Schema.
    """
    theirs = [(connection, each) for connection in connections for each in connection.tools]
    names = Counter(mended(each.name) for _, each in theirs)
    taken: set[str] = set()
    made = []
    for connection, each in theirs:
        name = mended(each.name)
        if names[name] > 1:
            name = mended(f"{connection.server.name}__{name}")
        name = next(each for each in _numbered(name) if each not in taken)
        taken.add(name)
        made.append(_tool(connection, each, name))
    return made


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


def _tool(connection: Offering, theirs: "TheirTool", name: str) -> Tool:
    async def call(**arguments: Any) -> ToolResult:
        try:
            result = await connection.call(theirs.name, arguments)
        except MiniagentsError as error:
            return ToolResult("", name=name, content=str(error), is_error=True)
        return ToolResult("", name=name, content=parts_of(result) or _nothing(), is_error=result.is_error)

    schema = {"type": "object", **theirs.input_schema}
    schema.setdefault("properties", {})  # OpenAI refuses one without
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
        told = f"MCP server {one_line(connection.server.name)}: its tool {name} cannot be used: {one_line(str(error))}"
        raise ServerError(told) from error


def _nothing() -> tuple[Text, ...]:
    return (Text("(it said nothing)"),)
