"""Dialogs in a real pseudo-terminal: what goes wrong in them costs a line, and never a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from miniagents.ext.llm.openai import DEFAULT_MODEL
from tests.cli.chatting import CTRL_C, ENTER, asked, leave
from tests.fakes.llm_server import Reply

if TYPE_CHECKING:
    from tests.cli.conftest import Program
    from tests.fakes.llm_server import LLMServer

pytestmark = pytest.mark.usefixtures("measured")


def test_an_error_leaves_a_line_and_the_prompt(program: Program, provider: LLMServer) -> None:
    """A provider that fails costs one answer: a line says why, what came is kept, and the next turn works."""
    provider.script(Reply(fault="http_401"), Reply("one two three", fault="cut", after=1), Reply("fine"))
    host = provider.url.removeprefix("http://")
    terminal = program.terminal("chat", "-o", "max_retries=0", columns=200)
    terminal.wait_for_prompt()
    terminal.ask("first", "check OPENAI_API_KEY")
    assert f"> first\n\n{host}: the key was refused (status 401)" in terminal.text
    terminal.ask("second", "ask again")
    terminal.wait_for(f"> second\n\none\n{host}: the connection broke in the middle of the answer; ask again\n\n>")
    terminal.ask("third", "fine")
    assert asked(provider, 3) == [("user", "first"), ("user", "second"), ("assistant", "one"), ("user", "third")]
    leave(terminal)


def test_another_try_is_told_above_the_prompt(program: Program, provider: LLMServer) -> None:
    """A warning of the library is a row of the chat; it does not write over the prompt, which stays."""
    provider.script(Reply(fault="http_503", retry_after_s=0), "at last")
    terminal = program.terminal("chat", columns=150)
    terminal.wait_for_prompt()
    terminal.ask("one", "at last")
    told = next(line for line in terminal.lines if "trying again" in line)
    assert told.startswith("127.0.0.1:")
    assert "miniagents" not in terminal.text
    leave(terminal)


def test_a_disk_that_fills_up(program: Program, echo: None) -> None:
    """A transcript that cannot be written any more costs a line, and no word: the chat goes on in memory."""
    # Or half a module would be kept, and break whoever imports it next; and so would what coverage measured.
    keeping = {"PYTHONDONTWRITEBYTECODE": "1", "COVERAGE_PROCESS_CONFIG": ""}
    chat = "ulimit -f 2; trap '' XFSZ; miniagents chat --agent echo"
    terminal = program.terminal(shell=chat, columns=200, environment=keeping)
    terminal.wait_for_prompt()
    terminal.ask("small", "> small\n\nsmall\n")
    large = "word " * 600
    terminal.ask(f"{large}!", "is kept no more; /save FILE.md writes all of it\n\nword word")
    assert "free some space" in terminal.text
    terminal.ask("/history", "\n1: small\nassistant: small\n2: word word")
    terminal.wait_for_prompt("assistant: word word")
    leave(terminal)
    assert terminal.lines[-1] == "this chat was not kept; next time, /save FILE.md before you leave writes it down"
    assert [message.text for message in program.said()] == ["small", "small"]


def test_a_chat_that_is_not_kept(program: Program, provider: LLMServer) -> None:
    """With `--no-save` the chat has its memory and its system text, no file, and no last line about one."""
    terminal = program.terminal("chat", "--no-save", "-s", "Be brief.", "-m", "openai:other")
    terminal.wait_for_prompt()
    terminal.ask("one", "You said: one")
    terminal.ask("two", "You said: two")
    assert asked(provider, 2) == [
        ("system", "Be brief."),
        ("user", "one"),
        ("assistant", "You said: one"),
        ("user", "two"),
    ]
    leave(terminal)
    assert "kept" not in terminal.text
    assert list(program.folder.iterdir()) == []


def test_a_chat_that_goes_on(program: Program, provider: LLMServer) -> None:
    """`--continue` shows what was said last and sends all of it; the transcript is the same."""
    assert program.run("chat", "early", "--quiet").code == 0
    terminal = program.terminal("chat", "--continue")
    terminal.wait_for_prompt("> early\n\nYou said: early")
    terminal.ask("late", "You said: late")
    assert asked(provider, 2) == [("user", "early"), ("assistant", "You said: early"), ("user", "late")]
    leave(terminal)
    assert [message.text for message in program.said()] == ["early", "You said: early", "late", "You said: late"]


def test_typing_ahead(program: Program, provider: LLMServer) -> None:
    """What is said while an answer streams waits for its end, in order, and what is half typed stays in the line."""
    provider.script(Reply("one two three", delay_s=2), "second", "third")
    terminal = program.terminal("chat")
    terminal.wait_for_prompt()
    terminal.send(f"first{ENTER}")
    terminal.wait_for("> first\n\none")
    terminal.send(f"again{ENTER}and again{ENTER}half")
    terminal.wait_for("2 queued")
    terminal.wait_for(f"> and again\n\nthird\n{DEFAULT_MODEL} · 1 token\n\n> half\n")
    said = ["first", "one two three", "again", "second", "and again"]
    assert [text for _, text in asked(provider, 3)] == said
    terminal.send(CTRL_C)
    terminal.wait_for_prompt()
    leave(terminal)
