"""The history agent: the conversation goes on from turn to turn, and from run to run, whatever happens to a reply."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from miniagents_sqlite.agent import sqlite_history_agent
from miniagents_sqlite.conversations import past
from miniagents_sqlite.database import Database

from miniagents import Message, MiniAgents
from miniagents.content import Image, Text, Thinking, ToolCall, ToolResult
from miniagents.errors import ReplyCutError, TranscriptError
from miniagents.ext.history_agents import in_memory_history_agent, markdown_history_agent
from miniagents.messages import MessagePromise
from miniagents.testing import scripted_agent
from miniagents.utils import adialog_loop

HI, HO = Message(text="Hi", role="user"), Message(text="Ho", role="assistant")


class Mood(Message):
    """A message that carries more than text."""

    mood: str


def arriving(*tokens: str, error: Exception | None = None) -> MessagePromise:
    """Return a message that arrives token by token, after a pause each, and may break at its end."""

    async def stream() -> AsyncIterator[str]:
        for token in tokens:
            await asyncio.sleep(0.1)
            yield token
        if error is not None:
            raise error

    return Message.promise(stream(), role="assistant", metadata={"model": "sim"})


def kept(path: Path, at: str = "", **more: Any) -> list[Message]:
    """Return what is in the database, up to a place; by default up to what was kept last of all."""
    with Database(path) as database:
        last = database.rows("SELECT c.key FROM conversations c JOIN messages m ON m.conversation = c.id ORDER BY m.id")
        return past(database, at or last[-1][0], **more).messages if last else []


def is_there(path: Path) -> bool:
    """Say whether there is such a file."""
    return path.exists()


@pytest.fixture
def nonsense(path: Path) -> None:
    """Let there be something else in the database's place."""
    path.write_bytes(b"something else" * 1000)


async def test_a_dialog(path: Path) -> None:
    """What the user and the assistant say is kept in the order in which it was said, and goes on in the next run."""
    async with MiniAgents():
        answers = scripted_agent("one", "two")
        await adialog_loop(scripted_agent(HI, "again", None), answers, sqlite_history_agent)
    assert [message.text for message in kept(path)] == ["Hi", "one", "again", "two"]
    with Database(path) as database:
        (key,) = database.rows("SELECT key FROM conversations")[0]
    async with MiniAgents():
        went_on = await sqlite_history_agent.inquire("more", at=key)
        assert [message.text for message in went_on] == ["Hi", "one", "again", "two", "more"]
        assert [message.text for message in await sqlite_history_agent.inquire("new")] == ["new"]
    with Database(path) as database:
        assert database.rows("SELECT count(*) FROM conversations") == [(2,)]


async def test_branches(path: Path) -> None:
    """A dialog that goes on from an earlier place leaves what was said there, and goes on beside it, also from none."""
    places: list[str] = []
    agent = sqlite_history_agent.fork(database=path, on_kept=places.append)
    async with MiniAgents():
        history = agent.inquire(HI)
        await agent.inquire(HO, previous=history)
        assert [str(message) for message in await agent.inquire("else", at=places[0])] == ["Hi", "else"]
        assert [str(message) for message in await agent.inquire("first", at=places[0].partition("/")[0] + "/")] == [
            "first"
        ]
        with pytest.raises(TranscriptError, match="there is no message nowhere/1 in it"):
            await agent.inquire("lost", at="nowhere/1")
    assert [len(kept(path, place)) for place in places] == [1, 2, 2, 1]
    with Database(path) as database:
        assert database.rows("SELECT count(*) FROM conversations") == [(1,)]


async def test_everything_in_a_message_is_kept(path: Path) -> None:
    """Parts, metadata, data, roles, classes and texts of any kind come back as they were, with the same hash."""
    messages = [
        Message(text="a\0b\x1b[31m\ud800\r\n<!-- end {} -->\n```", role="us\ner"),
        Message(
            parts=[
                Thinking("hm", signature="s"),
                Text("look", extra={"anthropic": {"cache_control": {"type": "ephemeral"}}}),
                Image(b"\x89PNG\0", media_type="image/png"),
                ToolCall("1", name="add", arguments='{"a": 1'),
            ],
            role="assistant",
            metadata={"model": "m", "usage": {"output_tokens": 3}, "status": "cut"},
        ),
        Message(parts=[ToolResult("1", name="add", content=("2", Image(b"x", media_type="image/gif")))], role="tool"),
        Message(text="{}", data={"x": [1, None]}),
        Mood(text="gay", mood="merry"),
    ]
    async with MiniAgents():
        replied = await sqlite_history_agent.inquire(messages)
    read = kept(path, message_classes={"Mood": Mood})
    assert list(replied) == read == messages
    assert [message.metadata for message in read] == [message.metadata for message in messages]
    assert [message.parts for message in read] == [message.parts for message in messages]
    with Database(path) as database:
        hashes = [row[0] for row in database.rows("SELECT hash FROM messages ORDER BY id")]
    assert hashes == [message.content_hash for message in messages]


async def test_a_reply_that_breaks_is_kept_as_far_as_it_came(path: Path) -> None:
    """Its status says whether it was cut or failed; of one that broke before it began there is nothing."""
    async with MiniAgents():
        history = sqlite_history_agent.inquire([arriving("half", error=ReplyCutError("it stopped")), HI])
        await sqlite_history_agent.inquire(
            [arriving(error=ValueError("x")), arriving("y", error=ValueError("why"))], previous=history
        )
    assert [(message.text, message.metadata.get("status")) for message in kept(path)] == [
        ("half", "cut"),
        ("Hi", None),
        ("y", "failed"),
    ]
    assert kept(path)[-1].metadata["error"] == "why"


async def test_an_interruption_keeps_what_there_is(path: Path) -> None:
    """Cancelled in the middle of a reply, what has come of it is kept, marked as interrupted."""
    async with MiniAgents():
        history = sqlite_history_agent.inquire(HI)
        answer = arriving("some", "thing", "never heard")
        history = sqlite_history_agent.inquire(answer, previous=history)
        await asyncio.sleep(0.25)
        history.cancel()
        answer.cancel()
        await asyncio.sleep(0)
    assert [(message.text, message.metadata.get("status")) for message in kept(path)] == [
        ("Hi", None),
        ("something", "interrupted"),
    ]
    assert not (path.parent / ".inflight").exists()


async def test_what_arrives_is_on_the_disk(path: Path) -> None:
    """While a message arrives, its tokens are in a part beside the database; when it is kept, the part is gone."""
    async with MiniAgents():
        history = sqlite_history_agent.inquire([HI, arriving("a", "b")])
        await asyncio.sleep(0.15)
        (part,) = (path.parent / ".inflight").iterdir()
        assert part.stat().st_mode & 0o777 == 0o600
        assert part.read_text().endswith('"a"\n')
        assert [message.text for message in kept(path)] == ["Hi"]
        await history
    assert not (path.parent / ".inflight").exists()


async def test_what_was_said_before(path: Path) -> None:
    """A new conversation may begin with messages that were said elsewhere: they are kept first."""
    async with MiniAgents():
        assert await sqlite_history_agent.inquire("more", start=[HI, HO]) == (HI, HO, Message(text="more"))
    assert [message.text for message in kept(path)] == ["Hi", "Ho", "more"]


async def test_a_conversation_that_others_kept_before(path: Path) -> None:
    """After another agent's reply a new conversation begins: what it says is in the reply, and is not ours to keep."""
    async with MiniAgents():
        for other in (in_memory_history_agent, markdown_history_agent.fork(history_md_file=path.with_name("chat.md"))):
            before = other.inquire(HI)
            assert await sqlite_history_agent.inquire(HO, previous=before) == (HI, HO)
            assert kept(path) == [HO]
    with Database(path) as database:
        assert database.rows("SELECT count(*) FROM conversations") == [(2,)]


async def test_nothing_said_makes_nothing(path: Path) -> None:
    """A dialog in which nobody says anything leaves no database."""
    async with MiniAgents():
        assert await sqlite_history_agent.inquire() == ()
    assert not is_there(path)


@pytest.mark.usefixtures("nonsense")
async def test_a_database_that_cannot_be_used(path: Path) -> None:
    """The error is in the reply, and in the reply to the call after it; nothing hangs."""
    async with MiniAgents():
        history = sqlite_history_agent.inquire(HI)
        with pytest.raises(TranscriptError, match="is no database"):
            await history
        with pytest.raises(TranscriptError, match="is no database"):
            await sqlite_history_agent.inquire(HO, previous=history)
        history = sqlite_history_agent.inquire(HI, at="c")
        with pytest.raises(TranscriptError, match="is no database"):
            await sqlite_history_agent.inquire(HO, previous=history)


async def test_the_argument_of_the_command_line(path: Path, tmp_path: Path) -> None:
    """What stands behind the colon in `--history sqlite:FILE` is the database."""
    async with MiniAgents():
        await sqlite_history_agent.inquire(HI, argument=str(tmp_path / "other.db"))
    assert not is_there(path)
    assert kept(tmp_path / "other.db") == [HI]
