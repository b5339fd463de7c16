"""Rows above a prompt that stays: a real prompt_toolkit application, with pyte for its terminal."""

from __future__ import annotations

import asyncio
import os
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prompt_toolkit import PromptSession
from prompt_toolkit.application import create_app_session
from prompt_toolkit.application.run_in_terminal import in_terminal
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.layout import FormattedTextControl, HSplit, Window
from prompt_toolkit.output import DummyOutput

from miniagents.cli.display.above_prompt import AbovePrompt, BatchedOutput
from tests.cli.glass import Glass, rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.real_time

BANNER = "hello"


class Prompted:
    """A prompt with a toolbar on a glass, and the painter above it."""

    def __init__(self, glass: Glass, session: PromptSession[Any]) -> None:
        self.glass = glass
        self.session = session
        self.app = session.app
        self.painter = AbovePrompt(session.app)

    def type(self, text: str) -> None:
        """Type, and see it drawn."""
        self.session.default_buffer.insert_text(text)
        self.app._redraw()

    def parted(self, above: int) -> tuple[list[str], list[str]]:
        """Return so many rows, and those of the prompt below them, without empty ones."""
        lines = self.glass.lines
        return lines[:above], [line for line in lines[above:] if line]

    @property
    def prompt(self) -> list[str]:
        """What the prompt is to look like."""
        first, *more = self.session.default_buffer.text.split("\n")
        return [f"> {first}".rstrip(), *(f"  {line}".rstrip() for line in more if line), "toolbar"]


@asynccontextmanager
async def prompted(columns: int = 40, height: int = 20) -> AsyncIterator[Prompted]:
    """Run a prompt."""
    glass = Glass(columns, height)
    glass.write(f"{BANNER}\r\n")
    with create_pipe_input() as keys, create_app_session(input=keys, output=BatchedOutput(glass)):
        session: PromptSession[str] = PromptSession("> ", multiline=True, prompt_continuation="  ")
        layout = session.layout
        layout.container = HSplit([layout.container, Window(FormattedTextControl("toolbar"), height=1)])
        here = Prompted(glass, session)
        asking = asyncio.create_task(session.prompt_async(handle_sigint=False, set_exception_handler=False))
        while session.app.renderer.last_rendered_screen is None:  # noqa: ASYNC110 - it has no event to wait for
            await asyncio.sleep(0)
        yield here
        if session.app.is_running:
            session.app.exit(result="")
        await asking


TEXT = st.text("ab ", max_size=30).map(str.rstrip)
PAINT = st.tuples(st.lists(TEXT, max_size=5), st.lists(TEXT, max_size=5))
STEP = PAINT | st.sampled_from(["x", "word ", "\n", "clear", "close"])


@settings(max_examples=25, deadline=None, database=None)
@given(steps=st.lists(STEP, max_size=12))
def test_rows_stand_above_the_prompt(steps: list[Any]) -> None:
    """Whatever is painted and typed, there are the finished rows, the last tail, and below them the prompt as it is."""

    async def run() -> None:
        kept, shown = [BANNER], list[str]()
        async with prompted() as here:
            for step in steps:
                if isinstance(step, tuple):
                    here.painter.paint(rows(*step[0]), rows(*step[1]))
                    kept, shown = [*kept, *step[0]], step[1]
                elif step == "close":
                    here.painter.close()
                    kept, shown = [*kept, *shown], []
                elif step == "clear":
                    here.session.default_buffer.reset()
                    here.app._redraw()
                elif here.session.default_buffer.document.line_count < 5 or step != "\n":
                    here.type(step)
                above, below = here.parted(len(kept) + len(shown))
                assert above == [*kept, *shown]
                assert below == here.prompt
                cursor = here.session.default_buffer.document.cursor_position_col + 2
                assert here.glass.screen.cursor.x == cursor

    asyncio.run(run())


async def test_a_frame_is_one_write_that_leaves_the_prompt_alone() -> None:
    """Rows that change, come and go are written without drawing the prompt, each frame in one short write."""
    async with prompted() as here:
        here.type("typed")
        here.painter.paint([], rows("one"))
        before = len(here.glass.writes)
        here.painter.paint([], rows("one two"))
        here.painter.paint([], rows("one two three", "four"))
        here.painter.paint(rows("one two three"), rows("four five"))
        here.painter.paint([], [])
        frames = here.glass.writes[before:]
        assert len(frames) == 4
        assert not [frame for frame in frames if "typed" in frame or "toolbar" in frame]
        assert max(len(re.sub("one two three|four five", "", frame)) for frame in frames) < 60
        assert here.parted(2) == ([BANNER, "one two three"], here.prompt)


async def test_nothing_changed_writes_nothing() -> None:
    """A frame like the one before costs no byte."""
    async with prompted() as here:
        here.painter.paint([], rows("one"))
        before = len(here.glass.writes)
        here.painter.paint([], rows("one"))
        assert len(here.glass.writes) == before


async def test_more_rows_than_the_screen_has() -> None:
    """Many finished rows at once go to the history in order, above a prompt that is drawn again."""
    many = [f"row {number}" for number in range(100)]
    async with prompted(height=8) as here:
        here.painter.paint([], rows("tail"))
        here.type("typed")
        assert here.painter.size() == (40, 6)
        here.painter.paint(rows(*many), rows("tail"))
        assert here.parted(102) == ([BANNER, *many, "tail"], here.prompt)


async def test_a_tail_never_outgrows_the_room_above_the_prompt() -> None:
    """Of a tail that is too tall only its end is shown, and it is there once when it is finished."""
    many = [f"row {number}" for number in range(30)]
    async with prompted(height=8) as here:
        for end in range(1, 31):
            here.painter.paint([], rows(*many[:end]))
        assert here.glass.history == [BANNER][: len(here.glass.history)]
        here.painter.paint(rows(*many), [])
        assert here.parted(31) == ([BANNER, *many], here.prompt)


async def test_rows_that_are_no_ascii_are_written_whole() -> None:
    """Nobody knows in which column such a row ends, so it is never written on from there."""
    async with prompted() as here:
        here.painter.paint([], rows("žluť"))
        here.painter.paint([], rows("žluťoučký"))
        assert "žluťoučký" in here.glass.writes[-1]


async def test_what_is_painted_while_the_terminal_is_lent_comes_afterwards() -> None:
    """While an editor has the terminal nothing is written; when it is back, what was painted is there, without more."""
    async with prompted() as here:
        here.painter.paint([], rows("tail"))
        context = here.app.context
        assert context is not None
        lent, back = asyncio.Event(), asyncio.Event()

        async def edit() -> None:
            async with in_terminal():
                lent.set()
                await back.wait()

        editing = context.run(asyncio.ensure_future, edit())
        await lent.wait()
        before = len(here.glass.writes)
        assert not here.painter.is_ready()
        here.painter.paint(rows("one"), rows("two"))
        here.painter.paint(rows("two"), rows("three"))
        here.painter._resized()
        assert len(here.glass.writes) == before
        back.set()
        await editing
        assert here.painter.is_ready()
        assert here.parted(4) == ([BANNER, "one", "two", "three"], here.prompt)


async def test_what_is_closed_while_the_terminal_is_lent_stays() -> None:
    """A tail that is left while an editor has the terminal is there afterwards, and stays."""
    async with prompted() as here:
        here.painter.paint([], rows("on"))
        here.app._running_in_terminal = True
        here.painter.paint(rows("one"), rows("two"))
        here.painter.close()
        here.app._running_in_terminal = False
        here.app._redraw()
        here.painter.paint([], rows("three"))
        assert here.parted(4) == ([BANNER, "one", "two", "three"], here.prompt)


async def test_what_was_live_before_a_shell_had_the_terminal_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """After Ctrl-Z and `fg` there are the shell's rows below it; what goes on is written whole, below them."""
    async with prompted() as here:
        here.painter.paint([], rows("a tail"))
        context = here.app.context
        assert context is not None
        stopped = asyncio.Event()

        def stop(_group: int, _signal: int) -> None:
            here.glass.write("stopped\r\n$ fg\r\n")
            stopped.set()

        monkeypatch.setattr(os, "kill", stop)
        context.run(here.app.suspend_to_background)
        await stopped.wait()
        while not here.painter.is_ready():  # noqa: ASYNC110 - it has no event to wait for
            await asyncio.sleep(0)
        here.painter.paint([], rows("a tail that goes on"))
        here.painter.paint(rows("a tail that goes on"), rows("and on"))
        assert here.parted(6) == ([BANNER, "a tail", "stopped", "$ fg", "a tail that goes on", "and on"], here.prompt)


async def test_without_a_prompt() -> None:
    """Before the prompt is there and after it is gone, rows stand where it was or will be."""
    async with prompted() as here:
        here.painter.paint([], rows("one"))
        here.app.exit(result="")
        while here.app.is_running:  # noqa: ASYNC110 - it has no event to wait for
            await asyncio.sleep(0)
        before = here.glass.lines
        here.painter.paint([], rows("two"))
        here.painter.paint(rows("two"), rows("three"))
        here.painter.paint(rows(*map(str, range(30))), [])
        here.painter.close()
        here.painter.paint([], [])
        assert here.glass.lines == [*before, "two", *map(str, range(30))]


async def test_another_size() -> None:
    """After a change of the size the live rows are there once, and the prompt below them."""
    async with prompted() as here:
        here.painter.paint(rows("one"), rows("two", "three"))
        here.type("typed\nmore")
        here.glass.screen.resize(columns=60, lines=20)
        here.app._on_resize()
        assert here.parted(4) == ([BANNER, "one", "two", "three"], here.prompt)
        here.glass.screen.resize(columns=50, lines=20)
        here.painter.paint(rows("two"), rows("three four"))
        assert here.parted(4) == ([BANNER, "one", "two", "three four"], here.prompt)


async def test_a_terminal_that_was_made_lower_and_has_not_said_so() -> None:
    """Terminals cut off rows below the cursor when they are made lower; until we know, no row above suffers from it."""
    async with prompted(height=8) as here:
        many = [f"row {number}" for number in range(20)]
        here.painter.paint(rows(*many), rows("tail"))
        here.painter.paint(rows("tail"), rows("next"))
        screen = here.glass.screen
        assert screen.display[-1].rstrip() == "toolbar"
        del screen.buffer[7]
        screen.lines = 7
        here.glass.size = lambda: (40, 8)  # type: ignore[method-assign]  # what the kernel still says
        here.painter.paint(rows("next"), rows("last"))
        assert here.parted(24) == ([BANNER, *many, "tail", "next", "last"], ["> "[:1]])


async def test_a_prompt_of_several_rows_that_were_folded() -> None:
    """Where the rows of the prompt itself are folded by a narrower window, live rows above it are still found."""
    async with prompted() as here:
        here.type("x" * 30 + "\n" + "y" * 30)
        here.painter.paint([], rows("tail"))
        assert here.painter._rows_above_cursor(40) == 1
        assert here.painter._rows_above_cursor(20) == 2 + 1
        assert here.painter._rows_above_cursor(10) == 4 + 3


async def test_rows_wider_than_the_window_are_drawn_anew() -> None:
    """Rows that were laid out for a wider window wrap, and are still replaced whole."""
    async with prompted() as here:
        wide = "x" * 60
        here.painter.paint([], rows(wide))
        assert here.parted(3) == ([BANNER, wide[:40], wide[40:]], here.prompt)
        here.painter.paint(rows("one"), rows("two"))
        assert here.parted(3) == ([BANNER, "one", "two"], here.prompt)


async def test_what_a_smaller_window_has_pushed_away_is_left() -> None:
    """Live rows that are above the screen now stay as they are, and the rest of them is written below."""
    async with prompted() as here:
        here.painter.paint([], rows("a", "b", "c", "d"))
        here.glass.size = lambda: (40, 4)  # type: ignore[method-assign]  # two of them are out of reach
        here.painter.paint(rows("a", "b", "c", "d"), rows("e"))
        assert here.parted(6) == ([BANNER, "a", "b", "c", "d", "e"], here.prompt)


def test_another_output_is_refused() -> None:
    """An application that writes by other means cannot be painted above."""
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        session: PromptSession[str] = PromptSession()
        with pytest.raises(TypeError, match="BatchedOutput"):
            AbovePrompt(session.app)
