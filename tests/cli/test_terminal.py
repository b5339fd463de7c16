"""A person's terminal: keys, signals, and terminals that are narrow, dumb or gone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.cli.chatting import ALT_ENTER, CTRL_C, CTRL_D, CTRL_J, ENTER, GREETING, asked, leave
from tests.fakes.llm_server import Reply

if TYPE_CHECKING:
    from tests.cli.conftest import Program
    from tests.fakes.llm_server import LLMServer

pytestmark = pytest.mark.usefixtures("measured")


def test_ctrl_c_at_the_prompt(program: Program, provider: LLMServer) -> None:
    """Ctrl-C clears what is typed; on an empty line, twice, it leaves, and of a chat without a word nothing is kept."""
    terminal = program.terminal("chat")
    terminal.wait_for_prompt()
    terminal.send("typed")
    terminal.wait_for("> typed")
    terminal.send(CTRL_C)
    terminal.wait_for_prompt()
    terminal.send(CTRL_C)
    terminal.wait_for("press Ctrl-C again to leave")
    terminal.send(CTRL_C)
    assert terminal.end() == 0
    assert terminal.lines == [GREETING]
    assert program.transcripts == []


def test_a_signal_at_the_prompt(program: Program, provider: LLMServer) -> None:
    """The signal of Ctrl-C that another program sends ends the chat where there is no answer to end."""
    terminal = program.terminal("chat")
    terminal.wait_for_prompt()
    terminal.process.kill(2)
    assert terminal.end() == 0


def test_a_history_of_what_is_typed_that_cannot_be_kept(program: Program, echo: None) -> None:
    """A line says so, and the chat is held all the same."""
    (program.home / ".config" / "miniagents" / "history").mkdir(parents=True)
    terminal = program.terminal("chat", columns=150)
    terminal.wait_for("what you type is not kept for later sessions")
    terminal.wait_for_prompt()
    terminal.ask("one", "You said: one")
    leave(terminal)


def test_a_narrow_terminal_without_colour(program: Program, provider: LLMServer) -> None:
    """On 40 columns everything is there, long answers go on to the next line, and NO_COLOR is heeded."""
    provider.script("word " * 20 + "\x1b]0;title\x07\x9b2J")
    terminal = program.terminal("chat", columns=40, environment={"NO_COLOR": "1"})
    terminal.wait_for_prompt()
    terminal.ask("hi " * 20, "⟨U+009B⟩2J")
    assert " ".join(("word " * 20).split()) + " ␛]0;title␇⟨U+009B⟩2J" in " ".join(terminal.text.split())
    leave(terminal)
    assert not re.findall(rb"\x1b\[(?:\d+;)*[34]\d[\d;]*m", terminal.raw)


def test_a_dumb_terminal(program: Program, provider: LLMServer) -> None:
    """Where TERM is dumb a chat works without a single escape sequence, and what was typed is there once."""
    terminal = program.terminal("chat", environment={"TERM": "dumb"})
    terminal.wait_for(lambda: not terminal.sends_signals())
    terminal.send(f"hi{ENTER}")
    terminal.wait_for(lambda: "You said: hi\n" in terminal.text and not terminal.sends_signals())
    assert [line for line in terminal.lines if line.endswith(" hi")] == ["> hi", "You said: hi"]
    assert terminal.lines[terminal.lines.index("> hi") + 1] == ""
    terminal.send(f"/edit{ENTER}")
    terminal.wait_for(lambda: terminal.lines[-1] == "> hi" and not terminal.sends_signals())
    terminal.send(f" there{ENTER}")
    terminal.wait_for(lambda: "You said: hi there\n" in terminal.text and not terminal.sends_signals())
    assert "> hi there" in terminal.lines
    terminal.send(CTRL_D)
    assert terminal.end() == 0
    assert b"\x1b" not in terminal.raw


def test_a_terminal_that_goes_away(program: Program, provider: LLMServer) -> None:
    """When the window is closed the program ends, and what was said is kept."""
    provider.script(Reply("one two", fault="stall", after=1))
    terminal = program.terminal("chat")
    terminal.wait_for_prompt()
    terminal.send(f"hi{ENTER}")
    terminal.wait_for("one")
    terminal.process.close(force=False)
    provider.requests[0].wait_closed(50)
    assert [message.text for message in program.said()][:1] == ["hi"]


def test_lines_and_pastes(program: Program, provider: LLMServer) -> None:
    """Alt-Enter and Ctrl-J break the line; a paste keeps its lines and its tabs, and waits for Enter to be sent."""
    terminal = program.terminal("chat", "--plain")
    terminal.wait_for_prompt()
    terminal.ask(f"a{ALT_ENTER}b{CTRL_J}c", "You said: a\nb\nc")
    terminal.send("\x1b[200~x\r\n\ty\nexit\n\x1b[201~")
    terminal.wait_for("> x\n      y\n  exit")
    assert len(provider.requests) == 1
    terminal.ask("!", "You said: x\n    y\nexit\n!")
    assert asked(provider, 2)[-1] == ("user", "x\n\ty\nexit\n!")
    terminal.send(f"exit{ENTER}")
    assert terminal.end() == 0
