"""All words of a chat."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from miniagents.cli.words.catalogue import WORDS, completed, helps_of
from miniagents.hookspecs import Word
from miniagents.plugins import load
from miniagents.plugins.catalogue import Catalogue
from tests.cli.seat import Seat
from tests.plugins.conftest import found, plugin

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = Path(__file__).parents[3] / "docs" / "chat.md"
WANTED = (
    "help model system agent role history attach retry edit undo branch copy save load search tokens cost set clear"
    " plugins tools exit"
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
        ("/ help", "/: there is no such word; /help lists the words (// begins a message with a slash)"),
    ],
)
async def test_a_word_that_is_none(tmp_path: Path, line: str, told: str) -> None:
    """It is answered with the nearest, and the model hears nothing of it."""
    seat = Seat(tmp_path)
    assert (await seat.say(line))[-1] == told
    assert seat.said == []


async def test_a_word_that_takes_nothing(tmp_path: Path) -> None:
    """What stands behind it would not be heeded, so it is not done."""
    seat = Seat(tmp_path)
    lines = await seat.say("one", "two", "/retry 1", "/clear all")
    assert "/retry 1: the word takes nothing; say /retry alone" in lines
    assert lines[-1] == "/clear all: the word takes nothing; say /clear alone"
    assert seat.said == ["one", "one", "two", "two"]


async def test_what_a_word_takes_may_stand_on_the_next_line(tmp_path: Path) -> None:
    """Any white space ends a word."""
    seat = Seat(tmp_path)
    await seat.say("/system\nBe brief.\nBe kind.", "/help\tcopy")
    assert seat.session.settings.system == "Be brief.\nBe kind."
    assert any(line.startswith("/copy [N]") for line in seat.glass.lines)


async def test_a_slash_that_is_meant(tmp_path: Path) -> None:
    """Two slashes are one for the model."""
    seat = Seat(tmp_path)
    await seat.say("//usr/bin is a folder", "no / word")
    assert seat.said[::2] == ["/usr/bin is a folder", "no / word"]


async def _ask(chat: Any, rest: str) -> Mapping[str, Any]:
    chat.screen.tell(f"asking, after {len(chat.answers())} answers")
    return {"text": f"Why {rest}?", "role": "user"}


async def _fail(chat: Any, rest: str) -> None:
    raise ValueError("no\n\x1b[2J")


async def _answer_wrongly(chat: Any, rest: str) -> Any:
    return 17


def _suggest(chat: Any) -> list[tuple[str, str]]:
    raise ValueError("no")


def with_words(folder: Path) -> Seat:
    """Return a chat with words of a plugin, one of which would like to be ours."""
    seat = Seat(folder)
    words = (
        Word(name="why", takes="[WORDS]", help="Ask why.", act=_ask, suggest=lambda _: [("not", "a word")]),
        Word(name="fails", help="Fail.", act=_fail, suggest=_suggest),
        Word(name="wrong", help="Say what is no message.", act=_answer_wrongly),
        Word(name="exit", help="Be another.", act=_fail),
    )
    seat.session.plugins = replace(seat.session.plugins, words={word.name: word for word in words})
    return seat


async def test_a_word_of_a_plugin(tmp_path: Path) -> None:
    """It is listed, explained, suggested and done as ours are; what it returns, the model hears."""
    seat = with_words(tmp_path)
    lines = await seat.say("one", "/why not", "/help", "/wyh")
    assert seat.said == ["one", "one", "Why not?", "Why not?"]
    assert "asking, after 1 answers" in lines
    assert ["/why", "[WORDS]", "Ask", "why."] in [line.split() for line in lines]
    assert any("did you mean /why?" in line for line in lines)
    assert [*completed(seat.session, "why", "N")] == [("not", "a word")]
    assert helps_of(seat.session.plugins)["why"] == "Ask why."


async def test_a_word_of_a_plugin_that_fails(tmp_path: Path) -> None:
    """It is shown in one line and the chat goes on; a word of ours stays ours."""
    seat = with_words(tmp_path)
    lines = await seat.say("/fails", "/wrong", "one", "/exit")
    assert any(line.startswith("/fails: ValueError: no ␛[2J") for line in lines)
    assert any(line.startswith("/wrong: TypeError: ") for line in lines)
    assert seat.said == ["one", "one"]
    assert seat.session.has_left
    assert [*completed(seat.session, "fails", "")] == []
    assert helps_of(seat.session.plugins)["exit"] == WORDS["exit"].help


async def test_a_word_of_ours_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of ours is not hidden."""
    monkeypatch.setitem(WORDS, "tokens", replace(WORDS["tokens"], act=_fail))
    with pytest.raises(ValueError, match="no"):
        await Seat(tmp_path).say("/tokens")


async def test_words_that_are_remembered(tmp_path: Path) -> None:
    """Their help is known without the plugin."""
    imported: list[str] = []

    def get() -> object:
        imported.append("it")
        return plugin(register_slash=lambda register: register(Word(name="why", help="Ask why.", act=_ask)))

    for _ in range(2):
        imported.clear()
        loaded = load([], [found("p", get)], catalogue=Catalogue({"XDG_CACHE_HOME": str(tmp_path)}))
        assert helps_of(loaded)["why"] == "Ask why."
    assert imported == []
