"""Tools of servers as tools for a model."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import mcp_types as mcp
from miniagents_mcp.connection import Connection
from miniagents_mcp.errors import ServerError
from miniagents_mcp.offered import is_allowed, mended, tools_of
from miniagents_mcp.servers import Server

from miniagents import MiniAgents
from miniagents.content import Text, ToolCall
from miniagents.tools import run_tools, toolbox

if TYPE_CHECKING:
    import pytest


class Fake(Connection):
    """A connection with tools of these names, of which each says what it was called with."""

    def __init__(self, name: str, *tools: str, schema: Any = None, allowed: tuple[str, ...] = ()) -> None:
        self.server = Server(name=name, allowed=allowed)
        given = {"type": "object"} if schema is None else schema
        self.tools = [mcp.Tool(name=tool, description=f"of {name}", input_schema=given) for tool in tools]

    async def call(self, name: str, arguments: Any) -> mcp.CallToolResult:
        """Say it."""
        if name == "gone":
            raise ServerError("it is gone")
        if name == "silent":
            return mcp.CallToolResult(content=[])
        return mcp.CallToolResult(content=[mcp.TextContent(text=f"{name} {arguments}")], is_error=name == "bad")


def names(*connections: Connection) -> list[str]:
    """Return the names of their tools."""
    return [tool.name for tool in tools_of(connections)]


def test_names() -> None:
    """Names are mended for all APIs; those of several servers get the server's before them, and none is there twice."""
    assert names(Fake("a", "x", "files/read.all", "é" * 3, "y" * 200)) == ["x", "files_read_all", "_", "y" * 64]
    assert names(Fake("a", "x", "y"), Fake("b c", "x", "z")) == ["a__x", "y", "b_c__x", "z"]
    assert names(Fake("a", "p.q", "p/q", "p_q")) == ["a__p_q", "a__p_q_2", "a__p_q_3"]
    assert names(Fake("a", "x" * 70, "x" * 80)) == [f"a__{'x' * 61}", f"a__{'x' * 59}_2"]
    assert mended("") == "tool"


def test_what_a_tool_says_of_itself() -> None:
    """Its description and schema are the server's; a person is asked, unless the server's entry allows it."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "$defs": {"x": {}}}
    connection = Fake("a", "read_it", "write.it", schema=schema, allowed=("read_*", "write.i?"))
    one, two = tools_of([connection])
    assert (one.description, one.parameters) == ("of a", schema)
    assert (one.needs_approval, two.needs_approval) == (False, False)
    assert is_allowed(connection, "read_x")
    (other,) = tools_of([Fake("b", "x")])
    assert other.needs_approval
    assert other.parameters == {"type": "object", "properties": {}}


def test_a_call() -> None:
    """The server gets the arguments as they are; what it says, its failures too, is the result."""
    tools = toolbox(tools_of([Fake("a", "say.it", "bad", "gone", "silent", allowed=("*",))]))

    async def call(name: str, arguments: str) -> tuple[str, bool]:
        async with MiniAgents():
            (result,) = (await run_tools(tools, [ToolCall("7", name=name, arguments=arguments)])).parts
        assert (result.call_id, result.name) == ("7", name)  # type: ignore[attr-defined]
        return result.text, result.is_error  # type: ignore[attr-defined]

    assert asyncio.run(call("say_it", '{"self": 1, "a-b": [null]}')) == ("say.it {'self': 1, 'a-b': [None]}", False)
    assert asyncio.run(call("bad", "")) == ("bad {}", True)
    assert asyncio.run(call("gone", "{}")) == ("it is gone", True)
    assert asyncio.run(call("silent", "{}")) == ("(it said nothing)", False)
    assert asyncio.run(call("bad", "[1]")) == ("the arguments of bad must be a JSON object, not [1]", True)


def test_a_tool_that_cannot_be_used(caplog: pytest.LogCaptureFixture) -> None:
    """One that describes its arguments by what nobody can send is left out, and named in the log; no other suffers."""
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    connection = Fake("a", "w", "x", "y", "z")
    connection.tools[1].input_schema = deep
    connection.tools[2].input_schema = {"type": "array", "properties": None}
    w, y, *rest = tools_of([connection, Fake("b", "v")])
    assert [tool.name for tool in (w, y, *rest)] == ["w", "y", "z", "v"]
    assert y.parameters == {"type": "object", "properties": {}}
    (record,) = caplog.records
    assert record.getMessage().startswith("MCP server a: its tool x is left out: ")


def test_a_name_is_never_another_tools() -> None:
    """When tools come and go, those that stay are called as before, and no name is given to another tool later on."""
    given: dict[tuple[str, str], str] = {}

    def now(*connections: Connection) -> list[str]:
        return [tool.name for tool in tools_of(connections, given)]

    assert now(Fake("a", "x"), Fake("b")) == ["x"]
    assert now(Fake("a", "x", "x"), Fake("b", "x", "y")) == ["x", "b__x", "y"]
    assert now(Fake("a"), Fake("b", "x")) == ["b__x"]
    assert now(Fake("a", "y", "x"), Fake("b")) == ["a__y", "x"]


def test_texts_are_texts() -> None:
    """A description that no encoding takes is mended; without one the title serves."""
    connection = Fake("a", "x", "y")
    connection.tools[0].description = "lone \ud800"
    connection.tools[1].description = None
    connection.tools[1].title = "Why"
    assert [tool.description for tool in tools_of([connection])] == ["lone \ufffd", "Why"]
    assert Text("")
