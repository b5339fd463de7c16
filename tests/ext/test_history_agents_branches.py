"""Conversations that go on from an earlier message, and several in one transcript: nothing said is lost or mixed up."""

from pathlib import Path
from typing import Any

import pytest

from miniagents.errors import TranscriptError
from miniagents.ext.history_agents import in_memory_history_agent, markdown_history_agent
from miniagents.ext.transcript import append, read_records
from miniagents.ext.transcript_path import conversation
from miniagents.messages import Message
from miniagents.miniagents import MiniAgents
from miniagents.utils import adialog_loop
from tests.ext.test_history_agents import HI, HO, arriving, content_of, listening, user_says


def all_texts(chat: Path) -> list[str]:
    """Return the texts of everything in a transcript."""
    return [record.message.text for record in read_records(chat)]


def texts(chat: Path, at: str | None = None) -> list[str]:
    """Return the texts of one conversation in it."""
    return [record.message.text for record in conversation(read_records(chat), at)]


async def test_going_on_from_an_earlier_message(chat: Path) -> None:
    """The dialog goes on from there, the file keeps what was said after it, and a second run goes on from the last."""
    append(chat, HI, HO, Message(text="wrong turn"))
    at = read_records(chat)[1].key
    agent = markdown_history_agent.fork(history_md_file=chat, at=at)
    heard: list[Any] = []
    async with MiniAgents():
        await adialog_loop(user_says("Hey"), listening(heard, lambda: arriving("Ha")), agent)
        await adialog_loop(user_says("Hm"), listening(heard, lambda: HO), agent.fork(at=None))
    assert heard == [["Hi", "Ho", "Hey"], ["Hi", "Ho", "Hey", "Ha", "Hm"]]
    assert all_texts(chat) == ["Hi", "Ho", "wrong turn", "Hey", "Ha", "Hm", "Ho"]
    assert content_of(chat).count('"parent"') == 1


async def test_beginning_anew(chat: Path) -> None:
    """A conversation can begin again in the same file; the one before is still there."""
    append(chat, HI)
    async with MiniAgents():
        await markdown_history_agent.inquire(HO, history_md_file=chat, at="")
    assert texts(chat) == ["Ho"]
    assert all_texts(chat) == ["Hi", "Ho"]


async def test_message_that_is_not_there(chat: Path) -> None:
    """Going on from it is refused, and nothing is written."""
    append(chat, HI)
    async with MiniAgents():
        with pytest.raises(TranscriptError, match="there is no message nowhere"):
            await markdown_history_agent.inquire(HO, history_md_file=chat, at="nowhere")
    assert all_texts(chat) == ["Hi"]


async def test_what_was_said_before_in_memory() -> None:
    """A conversation in memory can begin with messages; they are in each reply once."""
    async with MiniAgents():
        first = in_memory_history_agent.inquire(HO, start=[HI])
        second = in_memory_history_agent.inquire(HI, previous=first, start=[HI])
        assert await second == (HI, HO, HI)
