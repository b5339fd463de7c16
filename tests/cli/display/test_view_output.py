"""One answer on a terminal: Markdown as it streams, and nothing left behind by what was there before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.llm_server import Reply

if TYPE_CHECKING:
    from tests.cli.conftest import Program
    from tests.fakes.llm_server import LLMServer

pytestmark = pytest.mark.usefixtures("measured")


def test_markdown(program: Program, provider: LLMServer) -> None:
    """A spinner says who is waited for, the looks replace the marks, and what could steer the terminal is shown."""
    provider.script(Reply("# Title\n\nSome **bold**\x1b[2J\n\n```py\nx = 1\n```\n", delay_s=0.1, first_delay_s=1))
    terminal = program.terminal("chat", "hi")
    assert terminal.end() == 0
    assert b"waiting for openai:" in terminal.raw
    assert [line.rstrip("─") for line in terminal.lines] == ["Title", "", "Some bold␛[2J", "", "── py ", "x = 1", ""]
    assert b"\x1b[1m" in terminal.raw


def test_what_came_of_an_answer_that_broke(program: Program, provider: LLMServer) -> None:
    """It stays, and the error is below it; a provider that refuses leaves only the error."""
    provider.script(Reply("one **two** three", fault="cut", after=2), Reply(fault="http_401"))
    terminal = program.terminal("chat", "hi", columns=200)
    assert terminal.end() == 1
    assert terminal.lines[0] == "one two"
    assert "the connection broke in the middle of the answer" in terminal.lines[1]
    terminal = program.terminal("chat", "hi", columns=200)
    assert terminal.end() == 1
    assert len(terminal.lines) == 1


def test_another_try(program: Program, provider: LLMServer) -> None:
    """A warning of the library takes the place of the spinner, which goes on below it and leaves nothing behind."""
    provider.script(Reply(fault="http_503", first_delay_s=1, retry_after_s=0), Reply("done", first_delay_s=1))
    terminal = program.terminal("chat", "hi", columns=200)
    assert terminal.end() == 0
    assert b"waiting for openai:" in terminal.raw
    warning, *rest = terminal.lines
    assert warning.startswith("miniagents: 127.0.0.1:")
    assert warning.endswith("(try 2 of 3)")
    assert rest == ["done"]


def test_ctrl_c(program: Program, provider: LLMServer) -> None:
    """What came stays on the terminal and in the transcript, and the exit code says that it was interrupted."""
    provider.script(Reply("one two", fault="stall", after=1))
    terminal = program.terminal("chat", "hi")
    terminal.wait_for("one")
    terminal.send("\x03")
    assert terminal.end() == 130
    assert terminal.lines[0].startswith("one")
    assert [message.text for message in program.said()] == ["hi", "one"]


@pytest.mark.parametrize(
    ("arguments", "environment"), [(["--plain"], {}), ([], {"TERM": "dumb"})], ids=["plain", "dumb"]
)
def test_as_it_was_written(
    program: Program, provider: LLMServer, arguments: list[str], environment: dict[str, str]
) -> None:
    """Where Markdown's looks are not wanted, or the terminal knows nothing of them, the text is as it was written."""
    provider.script("**two**")
    terminal = program.terminal("chat", "hi", *arguments, environment=environment)
    assert terminal.end() == 0
    assert terminal.raw == b"**two**\r\n"


def test_without_colours(program: Program, provider: LLMServer) -> None:
    """`NO_COLOR` leaves the looks that are made of characters."""
    provider.script("- [x] **two**")
    terminal = program.terminal("chat", "hi", environment={"NO_COLOR": "1"})
    assert terminal.end() == 0
    assert terminal.lines == ["☑ two"]
    assert b"\x1b[1m" not in terminal.raw
