"""A reply as events, in the process itself."""

from __future__ import annotations

import asyncio
import errno
import json
import sys
from typing import Any

import pytest

from miniagents import Message
from miniagents.cli.events import EventOutput
from miniagents.content import Image, Part, Text, Thinking, Thought, ToolCall, ToolResult
from miniagents.errors import KeyRefusedError
from miniagents.ext.llm.schema import Schema
from miniagents.messages import MessagePromise
from miniagents.miniagents import MiniAgents
from tests.cli.test_output import Output

CALL = ToolCall("1", name="add", arguments='{"a":1}')


def standard_output(monkeypatch: pytest.MonkeyPatch, *, terminal: bool = False) -> Output:
    """Let standard output be kept; a pipe, or a terminal."""
    output = Output(terminal=terminal)
    monkeypatch.setattr(sys, "stdout", output)
    return output


def written(output: Output) -> list[dict[str, Any]]:
    """Return the events that were written."""
    return [json.loads(line) for line in output.written.getvalue().decode().split("\n")[:-1]]


async def events(monkeypatch: pytest.MonkeyPatch, *pieces: str | Part) -> tuple[list[dict[str, Any]], Output]:
    """Return what is written of a message that arrives in these pieces, without its beginning."""

    async def arriving() -> Any:
        for piece in pieces:
            yield piece

    output = standard_output(monkeypatch)
    async with MiniAgents():
        await EventOutput().show(Message.promise(arriving(), role="assistant"))
    assert written(output)[0] == {"event": "message", "role": "assistant"}
    return written(output)[1:], output


def token(text: str) -> dict[str, Any]:
    """Return the event of a token."""
    return {"event": "token", "text": text}


async def test_tokens_are_the_exact_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """The texts of tokens, joined, are the message's text; halves of a surrogate pair are joined, or replaced."""
    pieces = ("a\x1b[2J\r", "\n\u2028", "\ud83d", "\ude00é", "\r", "\ud83d")
    told, output = await events(monkeypatch, *pieces)
    assert {event["event"] for event in told} == {"token"}
    assert "".join(event["text"] for event in told) == "a\x1b[2J\r\n\u2028😀é\r\ufffd"
    assert output.written.getvalue().count(b"\n") == len(told) + 1


async def test_an_event_is_there_when_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each event is written before the next piece is there."""
    output = standard_output(monkeypatch)
    seen = []

    async def arriving() -> Any:
        for piece in ("a", Thought("b"), CALL):
            yield piece
            await asyncio.sleep(1)
            seen.append(written(output)[-1]["event"])

    async with MiniAgents():
        await EventOutput().show(Message.promise(arriving()))
    assert seen == ["token", "thinking", "tool_call"]


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        ((Thought("a"), Thought("b"), Thinking("ab", signature="s"), "c"), ["thinking a", "thinking b", "token c"]),
        ((Thinking("ab"), "c"), ["thinking ab", "token c"]),
        ((Thinking("ab"), Thought("c"), "d"), ["thinking ab", "thinking c", "token d"]),
        (("a", "b", Text("ab"), "c"), ["token a", "token b", "token c"]),
        (("a", CALL, Text("c")), ["token a", "tool_call", "token c"]),
    ],
)
async def test_nothing_is_told_twice(
    monkeypatch: pytest.MonkeyPatch, pieces: tuple[str | Part, ...], told: list[str]
) -> None:
    """A part that comes whole behind its tokens or thoughts adds nothing; one that comes alone is told."""
    found, _ = await events(monkeypatch, *pieces)
    assert [f"{event['event']} {event['text']}" if "text" in event else event["event"] for event in found] == told


async def test_parts_that_are_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of tools, their results and media are events with their fields, bytes in base64."""
    result = ToolResult("1", name="add", content=("2",))
    told, _ = await events(monkeypatch, CALL, result, Image(b"x", media_type="image/png"))
    assert told == [
        {"event": "tool_call", "id": "1", "name": "add", "arguments": '{"a":1}'},
        {"event": "tool_result", "call_id": "1", "name": "add", "content": [{"kind": "text", "text": "2"}]},
        {"event": "image", "data": "eA==", "media_type": "image/png"},
    ]


async def test_a_message_that_is_there_already(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that did not stream is told like one that did."""
    output = standard_output(monkeypatch)
    shown = EventOutput()
    await shown.show(MessagePromise.of(Message(parts=[Thinking("a"), Text("b"), CALL, Text("c")], role="assistant")))
    await shown.show(MessagePromise.of("d"))
    assert [event.get("text") for event in written(output)] == [None, "a", "b", None, "c", None, "d"]


async def test_the_beginning_and_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first event says who is asked, the last what came of it, with null for what is not known."""
    output = standard_output(monkeypatch)
    shown = EventOutput(Schema.of("n int"))
    shown.start("openai:m", "chats/x.md")
    reply = Message(
        text='{"n": 1}',
        role="assistant",
        metadata={"model": "m", "usage": {"in": 1, "out": 2}, "cost_usd": 0.5, "finish_reason": "stop"},
    )
    await shown.show(MessagePromise.of(reply))
    shown.finish("chats/x.md")
    EventOutput().finish(None)
    first, *_, last, empty = written(output)
    assert first == {"event": "start", "model": "openai:m", "transcript": "chats/x.md"}
    assert last == {
        "event": "end",
        "model": "m",
        "usage": {"in": 1, "out": 2},
        "cost_usd": 0.5,
        "finish_reason": "stop",
        "hash": reply.content_hash,
        "transcript": "chats/x.md",
        "data": {"n": 1},
    }
    nothing = dict.fromkeys(("model", "usage", "cost_usd", "finish_reason", "hash", "transcript"))
    assert empty == {"event": "end", **nothing}


def test_an_error_is_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """What went wrong has its name and one line; an interruption is told as one; nobody need read it."""
    output = standard_output(monkeypatch)
    shown = EventOutput()
    for error in (KeyRefusedError("re\nfused", host="h"), asyncio.CancelledError()):
        shown.fail(error)
    assert written(output) == [
        {"event": "error", "error": "KeyRefusedError", "message": "h: re fused"},
        {"event": "error", "error": "interrupted", "message": "interrupted"},
    ]
    for gone in (BrokenPipeError(), OSError(errno.ENOSPC, "No space left on device")):
        monkeypatch.setattr(sys, "stdout", Output(error=gone))
        shown.fail(KeyRefusedError("refused"))


async def test_a_message_that_breaks_is_told_as_far_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was held back of a text is written before the error is raised."""

    async def arriving() -> Any:
        yield "a\r"
        raise ValueError("broken")

    output = standard_output(monkeypatch)
    async with MiniAgents():
        with pytest.raises(ValueError, match="broken"):
            await EventOutput().show(Message.promise(arriving()))
    assert "".join(event["text"] for event in written(output)[1:]) == "a\r"


async def test_a_terminal_is_not_steered(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal events have escapes for all that is not ASCII."""
    output = standard_output(monkeypatch, terminal=True)
    await EventOutput().show(MessagePromise.of("\x9b2J"))
    assert output.written.getvalue().isascii()
    assert written(output)[-1] == token("\x9b2J")
