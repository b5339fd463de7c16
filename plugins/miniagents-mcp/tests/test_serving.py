"""Agents as MCP servers, for a client in this process."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from mcp import Client
from miniagents_mcp.serving import Served, server_of

from miniagents import InteractionContext, Message, MiniAgents, miniagent
from miniagents.content import Image, Text, Thinking, ToolResult
from miniagents.errors import RequestRefusedError
from miniagents.testing import scripted_agent


@miniagent
async def shouting_agent(ctx: InteractionContext) -> None:
    """Shout."""
    (message,) = await ctx.message_promises
    assert message.role == "user"
    if message.text == "fail":
        raise RequestRefusedError("no\nway", host="here", cure="go")
    ctx.reply(Message(text="asked again", role="user"))
    ctx.reply(Message.promise([message.text.upper(), "!"], role="assistant"))
    ctx.reply(Message(role="tool", parts=(ToolResult("1", name="n", content="x"),)))
    ctx.reply(Message(parts=(Thinking("hm"), Text("look"), Image(b"x", media_type="image/png")), role="assistant"))


def texts(result: Any) -> list[str]:
    """Return what a result says, and the kinds of the rest."""
    return [getattr(block, "text", block.type) for block in result.content]


async def test_an_agent_is_a_tool() -> None:
    """It is listed with what is told of it; a call gives all that it says, and neither thoughts nor tools' results."""
    async with MiniAgents(), Client(server_of({"the shout": Served(shouting_agent, "It shouts.")})) as client:
        (tool,) = (await client.list_tools()).tools
        assert (tool.name, tool.description) == ("the_shout", "It shouts.")
        assert tool.input_schema["required"] == ["message"]
        result = await client.call_tool("the_shout", {"message": "oh"})
        assert (texts(result), result.is_error) == (["OH!", "look", "image"], False)


async def test_what_goes_wrong() -> None:
    """An agent's error, a tool that is none and arguments that do not fit are results that say so, in one line."""
    async with MiniAgents(), Client(server_of({"shout": Served(shouting_agent, "")})) as client:
        for name, arguments, line in (
            ("shout", {"message": "fail"}, "here: no way; go"),
            ("shout", {"message": 1}, "it needs a `message`, which is a text"),
            ("shout", None, "it needs a `message`, which is a text"),
            ("shut", {"message": "x"}, "there is no tool 'shut', only shout"),
        ):
            result = await client.call_tool(name, arguments)
            assert (texts(result), result.is_error) == ([line], True)


async def test_each_token_is_told_to_who_wants_to_know() -> None:
    """Progress is the number of tokens, and its message the token."""
    told: list[tuple[float, str | None]] = []

    async def hear(progress: float, _total: float | None, message: str | None) -> None:
        told.append((progress, message))

    async with MiniAgents(), Client(server_of({"shout": Served(shouting_agent, "")})) as client:
        await client.call_tool("shout", {"message": "oh"}, progress_callback=hear)
    assert told[:2] == [(1, "OH"), (2, "!")]


async def test_a_cancelled_call_cancels_the_agent() -> None:
    """Nobody works for a client that has gone."""
    begun, ended = asyncio.Event(), asyncio.Event()

    @miniagent
    async def waiting_agent(ctx: InteractionContext) -> None:
        begun.set()
        try:
            await asyncio.sleep(1000)
        finally:
            ended.set()

    async with MiniAgents(), Client(server_of({"wait": Served(waiting_agent, "")})) as client:
        call = asyncio.create_task(client.call_tool("wait", {"message": "x"}))
        await begun.wait()
        call.cancel()
        with suppress(asyncio.CancelledError):
            await call
        await ended.wait()


async def test_calls_know_nothing_of_each_other() -> None:
    """Each call is a conversation of its own."""
    async with MiniAgents(), Client(server_of({"a": Served(scripted_agent("one", "two"), "")})) as client:
        assert texts(await client.call_tool("a", {"message": "x"})) == ["one"]
        assert texts(await client.call_tool("a", {"message": "x"})) == ["two"]


@pytest.mark.parametrize("name", ["", "a b"])
async def test_any_name_is_one(name: str) -> None:
    """A name that MCP does not take is mended."""
    async with Client(server_of({name: Served(shouting_agent, "")})) as client:
        (tool,) = (await client.list_tools()).tools
        assert tool.name in {"tool", "a_b"}
