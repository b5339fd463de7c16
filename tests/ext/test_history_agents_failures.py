"""History agents when something goes wrong: a reply that breaks, a program that is interrupted, a disk that is full."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from miniagents.errors import CallCancelledError, CallTimeoutError, ReplyCutError, TranscriptError
from miniagents.ext.history_agents import in_memory_history_agent, markdown_history_agent
from miniagents.ext.transcript import append, read, read_records
from miniagents.messages import Message
from miniagents.miniagents import InteractionContext, MiniAgent, MiniAgents, miniagent
from miniagents.testing import streaming_agent
from miniagents.utils import adialog_loop
from tests.ext.test_history_agents import HI, HO, arriving, content_of, listening, user_says
from tests.ext.test_transcript import file_size_limit


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ReplyCutError("stopped", host="h", cure="ask again"), {"status": "cut", "error": "h: stopped; ask again"}),
        (ValueError("no\n\x1bgood"), {"status": "failed", "error": "no ␛good"}),
        (ValueError(), {"status": "failed", "error": "ValueError"}),
        (CallCancelledError("was cancelled"), {"status": "interrupted"}),
    ],
)
async def test_reply_that_breaks(
    history_agent: MiniAgent, chat: Path, error: Exception, status: dict[str, Any]
) -> None:
    """It is kept as far as it came, with the reason; the next turn's model sees that text, and no error."""
    heard: list[Any] = []
    assistant = listening(heard, lambda: arriving("On", "ce", error=error), lambda: arriving("Ho"))
    async with MiniAgents():
        await adialog_loop(user_says("Hi", "Hey"), assistant, history_agent)
    assert heard == [["Hi"], ["Hi", "Once", "Hey"]]
    if history_agent is not in_memory_history_agent:
        assert read(chat)[1].metadata == {"model": "sim", **status}


async def test_reply_that_breaks_before_it_begins(history_agent: MiniAgent, chat: Path) -> None:
    """It was never said, whether its message broke, or the agent before there was one."""
    heard: list[Any] = []
    broken: list[Any] = [lambda: arriving(error=ValueError("no")), lambda: 1 / 0]
    async with MiniAgents():
        await adialog_loop(user_says("Hi", "Hey", "Hello"), listening(heard, *broken, lambda: HO), history_agent)
    assert heard[1:] == [["Hi", "Hey"], ["Hi", "Hey", "Hello"]]
    if history_agent is not in_memory_history_agent:
        assert [message.text for message in read(chat)] == ["Hi", "Hey", "Hello", "Ho"]


async def test_reply_that_had_broken_already(history_agent: MiniAgent) -> None:
    """It makes no difference whether a message broke before or while it was kept."""
    async with MiniAgents():
        promise = arriving("On", "ce", error=ValueError("no"))
        await promise.finished()
        [message] = await history_agent.inquire(promise)
    assert (message.text, message.role, message.metadata["status"]) == ("Once", "assistant", "failed")


async def test_reply_that_is_interrupted(chat: Path) -> None:
    """Cancelling the answer keeps it as far as it came."""
    async with MiniAgents():
        answer = streaming_agent(["On", "ce", " upon"], delay_s=0.1).inquire()
        history = markdown_history_agent.inquire(answer, history_md_file=chat)
        await asyncio.sleep(0.25)
        answer.cancel()
        [message] = await history
    assert read(chat) == (message,) == (Message(text="Once", role="assistant"),)
    assert message.metadata == read(chat)[0].metadata == {"status": "interrupted"}


async def test_reply_that_takes_too_long(chat: Path) -> None:
    """A reply whose time is up is kept as far as it came."""
    async with MiniAgents():
        answer = streaming_agent(["On", "ce", " upon"], delay_s=0.1, alias="bard").inquire(timeout_s=0.25)
        history = markdown_history_agent.inquire(answer, history_md_file=chat)
        with pytest.raises(CallTimeoutError):
            await answer
        await history
    assert read(chat)[0].metadata == {"status": "failed", "error": "bard took longer than 0.25 s"}


@pytest.mark.parametrize("how", ["scope", "call"])
async def test_program_that_is_interrupted(chat: Path, how: str) -> None:
    """When everything is cancelled, what came of each message is kept before the scope is left, in order."""

    async def run() -> None:
        async with MiniAgents():
            said = [
                HI,
                arriving("On", "ce", " upon"),
                HO,
                arriving("never", pause_s=9),
                arriving("A", "B", "C", pause_s=0.06),
            ]
            first = markdown_history_agent.inquire(said, history_md_file=chat)
            second = markdown_history_agent.inquire([HI, arriving("X", "Y", "Z")], previous=first, history_md_file=chat)
            await asyncio.sleep(0.25)
            if how == "call":
                first.cancel()
                second.cancel()
            await asyncio.sleep(9 if how == "scope" else 0.001)
            kept.extend(message.text for message in read(chat))

    kept: list[str] = []
    running = asyncio.ensure_future(run())
    await asyncio.sleep(0.26)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [message.text for message in read(chat)] == ["Hi", "Once", "Ho", "ABC", "Hi", "XY"]
    assert [message.metadata.get("status") for message in read(chat)] == [
        None,
        "interrupted",
        None,
        None,
        None,
        "interrupted",
    ]
    assert [*chat.parent.iterdir()] == [chat]


async def test_call_after_one_that_was_cancelled(chat: Path) -> None:
    """What was said before comes first, also if its call was cancelled and the next one was not."""
    async with MiniAgents():
        first = markdown_history_agent.inquire(arriving("On", "ce", " upon"), history_md_file=chat)
        second = markdown_history_agent.inquire(HI, previous=first, history_md_file=chat)
        await asyncio.sleep(0.25)
        first.cancel()
        await second.finished()
    assert [message.text for message in read(chat)] == ["Once", "Hi"]


async def test_branches(chat: Path) -> None:
    """Two calls after the same call do not wait for each other, so one may be what the other is made of."""

    @miniagent
    async def note_taker(ctx: InteractionContext) -> None:
        ctx.reply("note taken")
        noted = markdown_history_agent.inquire(HI, previous=first, history_md_file=chat)
        ctx.reply(str((await noted)[-1]))

    async with MiniAgents():
        first = markdown_history_agent.inquire(HO, history_md_file=chat)
        await markdown_history_agent.inquire(note_taker.inquire(), previous=first, history_md_file=chat)
    assert sorted(record.message.text for record in read_records(chat)) == ["Hi", "Hi", "Ho", "note taken"]
    assert [message.text for message in read(chat)] == ["Ho", "note taken", "Hi"]


@pytest.mark.parametrize("said", [HI, "streaming"])
async def test_disk_that_is_full(chat: Path, said: Any) -> None:
    """A message that cannot be kept is an error for whoever reads the history; the model is never asked."""
    append(chat, HO)
    before = content_of(chat)
    heard: list[Any] = []
    async with MiniAgents():
        message = arriving("H", "i") if said == "streaming" else said
        with file_size_limit(len(before)):
            history = markdown_history_agent.inquire([message, HO], history_md_file=chat)
            answer = listening(heard, lambda: HO).inquire(history)
            with pytest.raises(TranscriptError, match=r"chat\.md: File too large; free some space"):
                await answer
    assert heard == []
    assert content_of(chat) == before


async def test_disk_that_is_full_when_all_is_cancelled(chat: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An error that comes too late for any reader is told when the scope is left."""
    append(chat, HO)

    async def run() -> None:
        async with MiniAgents():
            markdown_history_agent.inquire(arriving("H", "i"), history_md_file=chat)
            await asyncio.sleep(0.15)
            raise ZeroDivisionError

    with file_size_limit(len(content_of(chat))), pytest.raises(ZeroDivisionError):
        await run()
    assert "free some space (markdown_history_agent)" in caplog.text
