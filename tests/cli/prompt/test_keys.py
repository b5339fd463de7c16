"""What keys do to the line that is typed: prompt_toolkit with keys from a pipe."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from miniagents.cli.prompt.completion import Completions
from miniagents.cli.prompt.prompt import Prompt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

pytestmark = pytest.mark.real_time

ENTER, ALT_ENTER, ESCAPE, TAB, CTRL_C, CTRL_D, CTRL_J = "\r", "\x1b\r", "\x1b", "\t", "\x03", "\x04", "\n"
CTRL_L, CTRL_R, EDIT, UP, HOME, RIGHT = "\x0c", "\x12", "\x18\x05", "\x1b[A", "\x01", "\x1b[C"


class Typist:
    """A prompt that stays, and fingers on its keys."""

    def __init__(self, prompt: Prompt, press: Callable[[str], None]) -> None:
        self.prompt = prompt
        self.press = press

    @property
    def line(self) -> str:
        """What is typed and not sent."""
        return self.prompt.app.current_buffer.text

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until it holds."""
        async with asyncio.timeout(50):
            while not holds():  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.001)

    async def typed(self, keys: str) -> str:
        """Press keys and return the line once there is an x behind all they did."""
        self.press(f"{keys}x")
        await self.until(lambda: self.line.endswith("x"))
        return self.line[:-1]

    async def says(self, keys: str) -> str | None:
        """Press keys and return what is said."""
        self.press(keys)
        return await asyncio.wait_for(self.prompt.ask(), timeout=50)


@asynccontextmanager
async def typist(**options: object) -> AsyncIterator[Typist]:
    """Sit down at a prompt."""
    with create_pipe_input() as source:
        async with Prompt(source=source, sink=DummyOutput(), **options) as prompt:
            yield Typist(prompt, source.send_text)


@pytest.mark.parametrize("vi", [False, True])
@pytest.mark.parametrize(
    "breaks", [ALT_ENTER, CTRL_J, f"\\{ENTER}", "\x1b[13;2u", "\x1b[27;2;13~", "\x1b[200~\r\n\x1b[201~"]
)
async def test_what_breaks_the_line(breaks: str, vi: bool) -> None:
    """Alt-Enter, Ctrl-J, Shift-Enter as terminals tell it, Enter behind a backslash and a paste break the line."""
    async with typist(vi=vi) as person:
        assert await person.says(f"one{breaks}two{ENTER}") == "one\ntwo"


@pytest.mark.parametrize(
    ("typed", "said"), [("C:\\\\", "C:\\\\"), ("a\\\\\\\rb", "a\\\\\nb"), (f"a\\b{HOME}", "a\\b"), ("a\\ ", "a\\ ")]
)
async def test_a_backslash_that_breaks_no_line(typed: str, said: str) -> None:
    """Two backslashes are meant as they are, as is one that is not at the end of its line."""
    async with typist() as person:
        assert await person.says(f"{typed}{ENTER}") == said


async def test_a_paste_never_sends_and_keeps_its_tabs() -> None:
    """Pasted lines end as ours do, tabs stay, control characters too, and nothing is sent."""
    async with typist() as person:
        assert await person.typed("\x1b[200~a\r\n\tb\rc\x1b]0;t\x07\n\x1b[201~") == "a\n\tb\nc\x1b]0;t\x07\n"
        assert person.prompt.queued == ()


async def test_ctrl_c_clears_the_line_and_a_key_brings_it_back() -> None:
    """What is cleared by mistake is a keystroke away."""
    async with typist() as person:
        assert await person.typed(f"long text{CTRL_C}new") == "new"
        person.press(CTRL_C)
        await person.until(lambda: person.line == "")
        await person.until(lambda: len(person.prompt.app.current_buffer._working_lines) == 3)
        assert await person.typed(f"{UP}{UP}") == "long text"


async def test_who_hears_that_the_line_was_cleared() -> None:
    """Whoever put a text into it hears that a person gives it up, also a key at a time; not of what stops."""
    cleared = list[str]()
    async with typist() as person:
        person.prompt.on_clear = lambda: cleared.append(person.line)
        assert await person.typed(f"{CTRL_C}text{CTRL_C}new") == "new"
        person.prompt.on_interrupt = lambda: True
        person.press(f"{CTRL_C}y")
        await person.until(lambda: person.line == "newxy")
    assert cleared == ["", "text"]


@pytest.mark.parametrize("key", [CTRL_C, ESCAPE])
async def test_what_stops_an_answer_does_nothing_else(key: str) -> None:
    """While an answer streams Ctrl-C and Escape stop it, and the line stays as it is."""
    stopped: list[str] = []
    async with typist() as person:
        person.prompt.on_interrupt = lambda: not stopped.append(person.line)  # type: ignore[func-returns-value]
        person.press(f"typed ahead{key}")
        await person.until(lambda: stopped)
        person.press(f"!{ENTER}")
        assert await asyncio.wait_for(person.prompt.ask(), timeout=50) == "typed ahead!"
    assert stopped == ["typed ahead"]


async def test_escape_that_begins_a_sequence_stops_nothing() -> None:
    """Alt-Enter, an arrow and Alt-B are keys of their own."""
    stopped: list[bool] = []
    async with typist() as person:
        person.prompt.on_interrupt = lambda: not stopped.append(True)  # type: ignore[func-returns-value]
        assert await person.says(f"a{ALT_ENTER}b c\x1bbd{ENTER}") == "a\nb dc"
    assert stopped == []


async def test_escape_with_nothing_to_stop_is_what_it_always_was() -> None:
    """It begins a sequence that is typed by hand, in emacs mode; in vi mode it ends the insertion."""
    async with typist() as person:
        person.press(f"a{ESCAPE}")
        await person.until(lambda: person.prompt.app.key_processor.key_buffer)
        assert await person.says(f"{ENTER}b{ENTER}") == "a\nb"
    async with typist(vi=True) as person:
        person.press(f"word{ESCAPE}")
        await person.until(lambda: person.prompt.app.vi_state.input_mode == "vi-navigation")
        assert await person.says(f"0iA{ENTER}") == "Aword"


async def test_escape_in_vi_mode_ends_the_insertion_first() -> None:
    """Who types ahead in vi mode presses Escape for other reasons; from navigation it stops an answer."""
    stopped: list[bool] = []
    async with typist(vi=True) as person:
        person.prompt.on_interrupt = lambda: not stopped.append(True)  # type: ignore[func-returns-value]
        person.press(f"word{ESCAPE}")
        await person.until(lambda: person.prompt.app.vi_state.input_mode == "vi-navigation")
        assert not stopped
        person.press(ESCAPE)
        await person.until(lambda: stopped)
        assert person.line == "word"


async def test_enter_on_a_suggestion_takes_it_and_sends_nothing() -> None:
    """The next Enter sends; Escape gives the suggestions up and stops no answer."""
    stopped: list[bool] = []
    async with typist(completions=Completions({"model": "m", "mode": "n"})) as person:
        person.prompt.on_interrupt = lambda: not stopped.append(True)  # type: ignore[func-returns-value]
        buffer = person.prompt.app.current_buffer
        person.press("/mo")
        await person.until(lambda: buffer.complete_state)
        person.press(f"{TAB}{ENTER}")
        await person.until(lambda: buffer.complete_state is None)
        assert person.prompt.queued == ()
        assert await person.says(ENTER) == "/model"
        person.press("/mo")
        await person.until(lambda: buffer.complete_state)
        person.press(ESCAPE)
        await person.until(lambda: buffer.complete_state is None)
        assert (person.line, stopped) == ("/mo", [])


async def test_enter_on_a_folder_goes_on_into_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is chosen shows what is in it at once."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inner.txt").touch()
    monkeypatch.chdir(tmp_path)
    async with typist() as person:
        buffer = person.prompt.app.current_buffer
        person.press("@")
        await person.until(lambda: buffer.complete_state)
        person.press(f"{TAB}{ENTER}")
        await person.until(lambda: buffer.complete_state and person.line == "@folder/")
        assert [found.text for found in buffer.complete_state.completions] == ["folder/inner.txt"]


async def test_ctrl_r_searches_what_was_said() -> None:
    """What is found is in the line, and Enter takes it without sending; Ctrl-C gives the search up."""
    async with typist() as person:
        for said in ("the first thing", "something else"):
            assert await person.says(said + ENTER) == said
        buffer = person.prompt.app.current_buffer
        await person.until(lambda: len(buffer._working_lines) == 3)
        assert await person.typed(f"{CTRL_R}first{ENTER}\x05") == "the first thing"
        person.press(CTRL_C)
        await person.until(lambda: not person.line)
        person.press(f"kept{CTRL_R}first{CTRL_C}")
        assert await person.says(ENTER) == "kept"


async def test_what_was_said_is_suggested() -> None:
    """What goes on from what is typed is suggested; the right arrow takes it, and nothing but Enter sends it."""
    async with typist() as person:
        assert await person.says(f"the first thing{ENTER}") == "the first thing"
        buffer = person.prompt.app.current_buffer
        await person.until(lambda: len(buffer._working_lines) == 2)
        person.press("the f")
        await person.until(lambda: buffer.suggestion is not None and buffer.suggestion.text == "irst thing")
        assert person.line == "the f"
        person.press(RIGHT)
        await person.until(lambda: person.line == "the first thing")
        assert await person.says(f" again{ENTER}") == "the first thing again"


@pytest.mark.parametrize(("vi", "keys"), [(False, EDIT), (True, f"{ESCAPE}v")])
async def test_the_editor_changes_the_line_and_does_not_send(
    vi: bool, keys: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-X Ctrl-E (in vi mode v) opens $VISUAL on a Markdown file; what it saved is in the line."""
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\necho "$1 of $2" > {tmp_path}/called\nprintf "\\nedited\\n" >> "$2"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", f"{editor} --wait")
    async with typist(vi=vi) as person:
        person.press("typed")
        await person.until(lambda: person.line == "typed")
        for key in keys if vi else [keys]:
            person.press(key)
            await asyncio.sleep(0.1 if vi else 0)
        await person.until(lambda: person.line != "typed")
        assert person.line == "typed\nedited"
        assert person.prompt.queued == ()
        assert await person.says(ENTER) == "typed\nedited"
    assert (tmp_path / "called").read_text().startswith("--wait of /")
    assert (tmp_path / "called").read_text().endswith(".md\n")


async def test_ctrl_l_leaves_the_first_row_free() -> None:
    """A tmux takes into its history what is erased from the first row on, so the prompt goes below it."""
    written: list[str] = []

    class Spy(DummyOutput):
        def erase_screen(self) -> None:
            written.append("erased")

        def write_raw(self, data: str) -> None:
            written.append(data)

    with create_pipe_input() as source:
        async with Prompt(source=source, sink=Spy()) as prompt:
            person = Typist(prompt, source.send_text)
            assert await person.typed(f"text{CTRL_L}") == "text"
    assert written[written.index("erased") + 1] == "\r\n"
