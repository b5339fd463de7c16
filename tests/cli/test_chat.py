"""A chat in a real pseudo-terminal, from the first prompt to the last line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from miniagents.ext import transcript
from miniagents.ext.llm.openai import DEFAULT_MODEL
from tests.cli.chatting import CTRL_C, ENTER, GREETING, asked, leave
from tests.fakes.llm_server import Reply

if TYPE_CHECKING:
    from tests.cli.conftest import Program
    from tests.fakes.llm_server import LLMServer

pytestmark = pytest.mark.usefixtures("measured")


def test_a_conversation(program: Program, provider: LLMServer) -> None:
    """Answers stream below what was said, the second turn knows the first, and the end says how to go on."""
    provider.script(Reply("first **answer**", delay_s=3), "second\n\nanswer\n")
    terminal = program.terminal("chat")
    terminal.wait_for_prompt(GREETING)
    assert terminal.lines[0] == GREETING
    assert provider.requests == []
    assert program.transcripts == []
    terminal.send(f"one{ENTER}")
    terminal.wait_for("> one\n\nfirst\n")
    terminal.ask("two", "second\n\nanswer\n")
    terminal.wait_for(lambda: terminal.lines[-3:-1] == ["", ">"])
    said = [GREETING, "", "> one", "", "first answer", "…", "", "> two", "", "second", "", "answer", "…", "", ">"]
    shown = ["…" if line.startswith(f"{DEFAULT_MODEL} · ") else line for line in terminal.lines]
    assert shown[:-1] == said
    assert asked(provider, 2) == [("user", "one"), ("assistant", "first **answer**"), ("user", "two")]
    assert provider.requests[1].connection == provider.requests[0].connection
    leave(terminal)
    (path,) = program.transcripts
    end = "".join(terminal.lines[len(said) - 1 :])
    assert end == f"kept in {path}go on with: miniagents chat --resume {path.stem}"
    said = ["one", "first **answer**", "two", "second\n\nanswer\n"]
    assert [message.text for message in transcript.read(path)] == said


def test_ctrl_c_in_an_answer(program: Program, provider: LLMServer) -> None:
    """Ctrl-C ends the answer, closes its connection and keeps what came; the chat and its memory go on."""
    provider.script(Reply("one two three", fault="stall", after=2), Reply(fault="stall"), Reply("whole"))
    terminal = program.terminal("chat")
    terminal.wait_for_prompt()
    terminal.send(f"first{ENTER}")
    terminal.wait_for("one two")
    terminal.send(CTRL_C)
    terminal.wait_for_prompt("one two\ninterrupted; what came is kept")
    provider.requests[0].wait_closed(50)
    terminal.send(f"second{ENTER}")
    provider.wait_for_request(50, 2)
    terminal.send(CTRL_C)
    terminal.wait_for_prompt("second\n\ninterrupted; what came is kept\n")
    terminal.ask("third", "whole")
    turns = [("user", "first"), ("assistant", "one two"), ("user", "second"), ("user", "third")]
    assert asked(provider, 3) == turns
    leave(terminal)
    kept = [(message.role, message.text, message.metadata.get("status")) for message in program.said()]
    status = [None, "interrupted", None, None]
    assert kept[:-1] == [(*turn, how) for turn, how in zip(turns, status, strict=True)]
    assert kept[-1] == ("assistant", "whole", None)


def test_ctrl_c_before_the_answer_begins(program: Program, provider: LLMServer) -> None:
    """Ctrl-C right behind Enter, while the SDK is still imported, ends the answer to come and not the chat."""
    terminal = program.terminal("chat")
    terminal.wait_for_prompt()
    terminal.send(f"hi{ENTER}{CTRL_C}")
    terminal.wait_for_prompt("interrupted")
    terminal.ask("again", "You said: again")
    leave(terminal)


def test_half_a_terminal_is_none(program: Program, provider: LLMServer) -> None:
    """Where the output is no terminal, or is to be JSON, there is no chat: without a prompt there is nothing to say."""
    for command in ("chat --json", "chat >file"):
        terminal = program.terminal(shell=f"miniagents {command}", columns=200)
        assert terminal.end() == 2
        assert terminal.lines == ["miniagents: there is nothing to say; give a prompt, or pipe it in"]
    assert (program.folder / "file").read_bytes() == b""
