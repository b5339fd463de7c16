"""All words of a chat."""

from __future__ import annotations

from pathlib import Path

import pytest

from miniagents.cli.words.catalogue import WORDS
from tests.cli.seat import Seat

PAGE = Path(__file__).parents[3] / "docs" / "chat.md"
WANTED = (
    "help model system agent role history attach retry edit undo branch copy save load search tokens cost set clear"
    " plugins exit"
)


def test_the_words() -> None:
    """There are these, each has one sentence of help, and the page about the chat has them all."""
    assert sorted(WORDS) == sorted(WANTED.split())
    page = PAGE.read_text(encoding="utf-8")
    for word in WORDS.values():
        assert word.help.endswith(".")
        assert f"`/{word.name}" in page


@pytest.mark.parametrize("word", ["/help", "/help copy", "/HELP  /copy "])
async def test_help(tmp_path: Path, word: str) -> None:
    """All words are listed, or one is explained."""
    lines = await Seat(tmp_path).say(word)
    (copy,) = (line.split() for line in lines if line.startswith("/copy"))
    assert copy == ["/copy", "[N]", *WORDS["copy"].help.split()]
    assert len(lines) == (2 + len(WORDS) if word == "/help" else 2)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/hepl", "/hepl: there is no such word; did you mean /help? (// begins a message with a slash)"),
        ("/xyzzy now", "/xyzzy: there is no such word; /help lists the words (// begins a message with a slash)"),
        ("/help nothing", "/nothing: there is no such word; /help lists the words (// begins a message with a slash)"),
        ("/", "/: there is no such word; /help lists the words (// begins a message with a slash)"),
    ],
)
async def test_a_word_that_is_none(tmp_path: Path, line: str, told: str) -> None:
    """It is answered with the nearest, and the model hears nothing of it."""
    seat = Seat(tmp_path)
    assert (await seat.say(line))[-1] == told
    assert seat.said == []


async def test_a_slash_that_is_meant(tmp_path: Path) -> None:
    """Two slashes are one for the model."""
    seat = Seat(tmp_path)
    await seat.say("//usr/bin is a folder", "no / word")
    assert seat.said[::2] == ["/usr/bin is a folder", "no / word"]
