"""Keystrokes become text: prompt_toolkit with keys from a pipe; `test_chat.py` has it in a terminal."""

from __future__ import annotations

import asyncio

import pytest
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from miniagents.cli.prompt import Prompt

pytestmark = pytest.mark.real_time

ENTER, ALT_ENTER, CTRL_C, CTRL_D, CTRL_J, UP = "\r", "\x1b\r", "\x03", "\x04", "\n", "\x1b[A"


async def asked(*keys: str) -> list[str | None]:
    """Return what comes of each of several questions that are answered with these keys."""
    with create_pipe_input() as source:
        prompt = Prompt(source=source, sink=DummyOutput())
        answers = []
        for pressed in keys:
            source.send_text(pressed)
            answers.append(await asyncio.wait_for(prompt.ask(), timeout=5))
        return answers


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (f"hello{ENTER}", "hello"),
        (f"one{ALT_ENTER}two{CTRL_J}three{ENTER}", "one\ntwo\nthree"),
        (f"\x1b[200~a\r\nb\rc\n\tand exit\n\x1b[201~!{ENTER}", "a\nb\nc\n\tand exit\n!"),
        (f"  indented {ENTER}", "  indented "),
        (f"{ENTER}  {ENTER}at last{ENTER}", "at last"),
        (f"wrong{CTRL_C}right{ENTER}", "right"),
        (f"exit now{ENTER}", "exit now"),
        (f"é😀{ENTER}", "é😀"),
    ],
)
async def test_what_is_typed_is_what_is_said(keys: str, said: str) -> None:
    """Enter sends, Alt-Enter and Ctrl-J break the line, a paste keeps its lines, Ctrl-C clears; never an empty text."""
    assert await asked(keys) == [said]


@pytest.mark.parametrize("keys", [CTRL_D, CTRL_C, f"exit{ENTER}", f" quit {ENTER}", f"x{CTRL_C}{CTRL_C}"])
async def test_how_one_leaves(keys: str) -> None:
    """Ctrl-D and Ctrl-C on an empty line leave, and so do the words `exit` and `quit` by themselves."""
    assert await asked(keys) == [None]


async def test_leaving_from_elsewhere() -> None:
    """Whoever has the prompt can leave in the person's stead; before and after a question that does nothing."""
    with create_pipe_input() as source:
        prompt = Prompt(source=source, sink=DummyOutput())
        prompt.leave()
        asking = asyncio.ensure_future(prompt.ask())
        while not prompt._session.app.is_running:  # noqa: ASYNC110 - it has no event to wait for
            await asyncio.sleep(0)
        source.send_text("typed")
        prompt.leave()
        prompt.leave()
        assert await asking is None
        prompt.leave()


async def test_what_was_said_before_is_a_keystroke_away() -> None:
    """The arrow upwards brings back what was said, lines and all."""
    assert await asked(f"one{CTRL_J}two{ENTER}", f"three{ENTER}", f"{UP}{UP}{UP}!{ENTER}") == [
        "one\ntwo",
        "three",
        "one!\ntwo",
    ]


async def test_ctrl_d_behind_a_text_does_not_leave() -> None:
    """With a text on the line Ctrl-D leaves nothing."""
    assert await asked(f"text{CTRL_D}{ENTER}") == ["text"]
