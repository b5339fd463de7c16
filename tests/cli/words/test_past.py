"""Words that go back in the conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from miniagents.ext import transcript
from tests.cli.seat import Seat

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=[True, False], ids=["kept", "not kept"])
def seat(tmp_path: Path, request: pytest.FixtureRequest) -> Seat:
    """Give a chat with an echo, kept in a transcript or in memory."""
    return Seat(tmp_path, save=request.param)


async def test_history(seat: Seat) -> None:
    """The conversation is shown in short: questions by number, long ones cut, on one line each."""
    lines = await seat.say("/history", "one\ntwo", "word " * 80, "/history")
    assert lines[:3] == ["> /history", "nothing was said yet", ""]
    told = lines[lines.index("> /history", 3) + 1 :]
    assert told[:3] == ["1: one two", "assistant: one two", f"2: {'word ' * 39}".rstrip()]
    assert told[-1].endswith("word …")


async def test_retry(seat: Seat) -> None:
    """The last question is asked again in place of the one before, which a transcript keeps."""
    await seat.say("one", "two", "/retry")
    assert seat.said == ["one", "one", "two", "two"]
    assert seat.glass.lines.count("two") == 2
    if seat.session.conversation.path is not None:
        records = transcript.read_records(seat.session.conversation.path)
        assert [record.message.text for record in records] == ["one", "one", "two", "two", "two", "two"]


async def test_edit(seat: Seat) -> None:
    """A question is put into the line, and what is said next, words aside, takes its place."""
    await seat.say("one", "two", "/edit 1", "/tokens", "other")
    assert seat.typist.inserted == "one"
    assert seat.said == ["other", "other"]


async def test_undo(seat: Seat) -> None:
    """The last question, or the last few, are taken back with their answers, and the chat goes on from before them."""
    await seat.say("one", "two", "three", "/undo", "four", "/undo 2", "five")
    assert seat.said == ["one", "one", "five", "five"]
    assert "taken back: three; what you say next goes on after the answer to question 2" in seat.glass.lines


async def test_branch(seat: Seat) -> None:
    """The chat goes on from the answer to any question, the last one included."""
    await seat.say("one", "two", "/branch 1", "three", "/branch", "four")
    assert seat.said == ["one", "one", "three", "three", "four", "four"]


@pytest.mark.parametrize("word", ["/retry", "/edit", "/branch"])
async def test_nothing_was_said(seat: Seat, word: str) -> None:
    """There is nothing to go back to, and the line says so."""
    assert await seat.say(word) == [f"> {word}", "nothing was said yet; say something first"]


@pytest.mark.parametrize("word", ["/edit 3", "/edit 0", "/edit x", "/branch -1"])
async def test_no_such_question(seat: Seat, word: str) -> None:
    """A wrong number is answered with those that there are, and changes nothing."""
    lines = await seat.say("one", "two", word)
    number = word.split()[1]
    assert lines[-1] == f"{number}: there is no such question; give a number from 1 to 2 (see /history)"
    assert seat.said == ["one", "one", "two", "two"]


async def test_too_much_to_undo(seat: Seat) -> None:
    """More cannot be taken back than was said."""
    assert (await seat.say("one", "/undo 2"))[-1] == "/undo 2: there is 1 question to take back"
    assert (await seat.say("/undo nothing"))[-1] == "/undo nothing: there is 1 question to take back"
    assert seat.said == ["one", "one"]
