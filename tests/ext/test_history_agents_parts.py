"""History agents and messages of more than text: whatever had come of a reply is kept."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from miniagents.content import Image, Text, Thinking, Thought, ToolCall, ToolResult
from miniagents.errors import ReplyCutError
from miniagents.ext.history_agents import in_memory_history_agent, markdown_history_agent
from miniagents.ext.transcript import read
from miniagents.messages import Message, MessagePromise
from miniagents.miniagents import MiniAgent, MiniAgents

CALL = ToolCall("1", name="add", arguments="{}")
WHOLE = Thinking("hmm", signature="s")
CUT = ReplyCutError("stopped", host="h", cure="ask again")


def arriving(*pieces: Any, error: Exception | None = CUT) -> MessagePromise:
    """Return a message that arrives piece by piece, one a second, and breaks at its end."""

    async def stream() -> AsyncIterator[Any]:
        for piece in pieces:
            await asyncio.sleep(1)
            yield piece
        if error is not None:
            raise error

    return Message.promise(stream(), role="assistant", metadata={"model": "sim"})


@pytest.mark.parametrize(
    ("pieces", "parts"),
    [
        ([Thought("h"), Thought("mm"), WHOLE, "On", "ce", CALL], (WHOLE, Text("Once"), CALL)),
        ([Thought("h"), Thought("mm")], (Thinking("hmm"),)),
        ([CALL], (CALL,)),
        (["On", CALL, "ce"], (Text("On"), CALL, Text("ce"))),
        (["On", "ce"], ()),
    ],
)
@pytest.mark.parametrize("when", ["while it arrives", "afterwards"])
async def test_reply_that_breaks(
    history_agent: MiniAgent, chat: Path, pieces: list[Any], parts: Any, when: str
) -> None:
    """Thoughts, calls and texts are kept as far as they came, with the reason, whether there were words or not."""
    async with MiniAgents():
        promise = arriving(*pieces)
        if when == "afterwards":
            await promise.finished()
        [message] = await history_agent.inquire(promise)
    assert message.parts == parts
    assert message.text == "".join(piece for piece in pieces if type(piece) is str)
    assert (message.role, message.metadata["status"], message.metadata["model"]) == ("assistant", "cut", "sim")
    if history_agent is not in_memory_history_agent:
        [kept] = read(chat)
        assert (kept.parts, kept.text, kept.metadata) == (message.parts, message.text, message.metadata)


async def test_whole_messages(history_agent: MiniAgent, chat: Path) -> None:
    """Messages with parts come through as they are, also those that stream."""
    image = Message(parts=["Look", Image(b"x")], role="user")
    result = Message(parts=[ToolResult("1", name="add", content=("3",))], role="tool")
    async with MiniAgents():
        said = [image, arriving(Thought("hm"), CALL, error=None), result, arriving("3", error=None)]
        history = await history_agent.inquire(said)
    assert [message.parts for message in history] == [image.parts, (Thinking("hm"), CALL), result.parts, ()]
    assert [message.text for message in history] == ["Look", "", "", "3"]
    if history_agent is not in_memory_history_agent:
        assert read(chat) == history
        assert [message.parts for message in read(chat)] == [message.parts for message in history]


async def test_memory_streams_by_part() -> None:
    """In memory a message begins with its first thought or part, and gives each piece when it comes."""
    loop = asyncio.get_running_loop()
    pieces = [Thought("hm"), CALL, "a", "b"]
    async with MiniAgents():
        history = in_memory_history_agent.inquire(arriving(*pieces))
        promise = await anext(aiter(history))
        assert round(loop.time()) == 1
        assert [(piece, round(loop.time())) async for piece in promise.parts()] == [
            *zip(pieces, range(1, 5), strict=True)
        ]
        assert (await promise).parts == (Thinking("hm"), CALL, Text("ab"))


@pytest.mark.parametrize(
    ("pieces", "parts"), [([CALL, Thought("x"), "a"], (CALL, Thinking("x"))), ([CALL, "a", "b"], (CALL, Text("a")))]
)
async def test_program_that_is_interrupted(chat: Path, pieces: list[Any], parts: Any) -> None:
    """When everything is cancelled, the parts that have come are kept too, even where there are no words yet."""

    async def run() -> None:
        async with MiniAgents():
            markdown_history_agent.inquire(arriving(*pieces), history_md_file=chat)
            await asyncio.sleep(9)

    running = asyncio.ensure_future(run())
    await asyncio.sleep(2.5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    [message] = read(chat)
    assert message.parts == parts
    assert message.metadata == {"model": "sim", "status": "interrupted"}
    assert [*chat.parent.iterdir()] == [chat]


@pytest.mark.parametrize("interrupts", ["all", "the reply"])
async def test_what_came_since_the_last_save_is_kept_too(chat: Path, interrupts: str) -> None:
    """Of many pieces a second, few are written by themselves; whoever interrupts keeps all of those that came."""

    async def stream() -> AsyncIterator[str]:
        for number in range(10_000):
            await asyncio.sleep(0.001)
            yield f"{number} "

    async def run() -> None:
        async with MiniAgents():
            reply = Message.promise(stream(), role="assistant")
            history = markdown_history_agent.inquire(reply, history_md_file=chat)
            await asyncio.sleep(0.4995)
            [part] = (chat.parent / ".inflight").iterdir()
            lines = part.read_bytes().split(b"\n")
            assert 465 <= len("".join(map(json.loads, lines[1:-1])).split()) < 499
            assert len(lines) <= 18
            if interrupts == "all":
                raise ZeroDivisionError
            reply.cancel()
            await history

    with suppress(ZeroDivisionError):
        await run()
    [message] = read(chat)
    assert message.text.split() == [*map(str, range(499))]
    assert message.metadata["status"] == "interrupted"


async def test_reply_that_is_cancelled(history_agent: MiniAgent) -> None:
    """Cancelling a reply keeps what had come of it, by part."""
    async with MiniAgents():
        promise = arriving(Thought("hm"), CALL, "a", "b")
        history = history_agent.inquire(promise)
        await asyncio.sleep(3.5)
        promise.cancel()
        [message] = await history
    assert message.parts == (Thinking("hm"), CALL, Text("a"))
    assert message.metadata["status"] == "interrupted"


async def test_nothing_that_came(history_agent: MiniAgent) -> None:
    """A message that broke before its first token or part was never said."""
    async with MiniAgents():
        assert await history_agent.inquire([arriving(), arriving(Thought(""))]) == ()
