"""What a chat shows, line by line."""

from __future__ import annotations

import sys
from io import BytesIO, TextIOWrapper
from typing import TYPE_CHECKING, Any

import pytest

from miniagents import Message
from miniagents.cli.screen import Screen
from miniagents.errors import KeyRefusedError
from miniagents.miniagents import MiniAgents

if TYPE_CHECKING:
    from miniagents.messages import MessagePromise


class SilentPrompt:
    """A prompt at which nobody sits."""

    is_left = False

    async def ask(self) -> str | None:
        """Return nothing."""
        return None

    def leave(self) -> None:
        """Remember it."""
        self.is_left = True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Screen:
    """Give a screen of 200 columns."""
    monkeypatch.setenv("COLUMNS", "200")
    return Screen(SilentPrompt())  # type: ignore[arg-type]


def streamed(*tokens: str, error: Exception | None = None) -> MessagePromise:
    """Return a message that arrives in these tokens."""

    async def arriving() -> Any:
        for token in tokens:
            yield token
        if error is not None:
            raise error

    return Message.promise(arriving())


async def test_messages_and_questions_are_parted_by_blank_lines(
    screen: Screen, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each message ends its line, once, and a blank line is before the next message and before the prompt."""
    async with MiniAgents():
        assert await screen.ask() is None
        for promise in (streamed("one ", "[bold]two[/bold]"), streamed("three\n"), streamed()):
            await screen.show(promise)
        await screen.ask()
        await screen.show(streamed("four"))
    assert capsys.readouterr().out == "\none [bold]two[/bold]\n\nthree\n\n\nfour\n"


async def test_what_is_shown_cannot_steer_the_terminal(screen: Screen, capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters are pictures, in replies, notes and errors, and long lines are not broken in replies."""
    async with MiniAgents():
        await screen.show(streamed("\x1b[2J\x9b", "\r", "x" * 300))
    screen.tell("note \x1b]0;t\x07\nnext")
    screen.tell_error(KeyRefusedError("refused\x07", host="h"))
    reply, note, error = capsys.readouterr().out.splitlines()
    assert reply == f"␛[2J⟨U+009B⟩␍{'x' * 300}"
    assert note == "note ␛]0;t␇ next"
    assert error == "h: refused␇"


async def test_an_interruption_says_whether_anything_came(screen: Screen, capsys: pytest.CaptureFixture[str]) -> None:
    """Behind what came the note says that it is kept; where nothing came it only leaves the line that shows ^C."""
    async with MiniAgents():
        with pytest.raises(ValueError, match="cut"):
            await screen.show(streamed("part", error=ValueError("cut")))
        screen.tell_interruption()
        await screen.ask()
        with pytest.raises(ValueError, match="cut"):
            await screen.show(streamed(error=ValueError("cut")))
        screen.tell_interruption()
    assert capsys.readouterr().out == "part\ninterrupted; what came is kept\n\n\ninterrupted\n"


def test_leaving_is_for_the_prompt(screen: Screen) -> None:
    """Who leaves the screen leaves the question."""
    screen.leave()
    assert screen._prompt.is_left  # type: ignore[attr-defined]


async def test_a_terminal_of_another_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the terminal's encoding lacks is shown as a question mark, and the rest of the reply is there."""
    written = BytesIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(written, encoding="latin-1"))
    screen = Screen(SilentPrompt())  # type: ignore[arg-type]
    async with MiniAgents():
        await screen.show(streamed("é \x1b 😀 ", "end"))
    assert written.getvalue() == b"\xe9 ? ? end\n"
