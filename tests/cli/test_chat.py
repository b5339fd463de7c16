"""A chat in a real pseudo-terminal, from the first prompt to the last line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from miniagents.ext import transcript
from miniagents.ext.llm.openai import DEFAULT_MODEL
from tests.fakes.llm_server import Reply

if TYPE_CHECKING:
    from tests.cli.conftest import Program, Terminal
    from tests.fakes.llm_server import LLMServer

pytestmark = pytest.mark.usefixtures("measured")

ENTER, ALT_ENTER, CTRL_C, CTRL_D, CTRL_J = "\r", "\x1b\r", "\x03", "\x04", "\n"
GREETING = f"openai:{DEFAULT_MODEL} · /help lists the words of this chat"


def asked(provider: LLMServer, number: int) -> list[tuple[str, str]]:
    """Return what a request, counted from 1, said to the model."""
    turns = provider.wait_for_request(10, number).body["messages"]
    return [(turn["role"], turn["content"]) for turn in turns]


def leave(terminal: Terminal) -> None:
    """Leave by Ctrl-D, and see that the program ends well."""
    terminal.send(CTRL_D)
    assert terminal.end() == 0


def test_a_conversation(program: Program, provider: LLMServer) -> None:
    """Answers stream below what was said, the second turn knows the first, and the end says how to go on."""
    provider.script(Reply("first **answer**", delay_s=0.3), "second\n\nanswer\n")
    terminal = program.terminal("chat")
    terminal.wait_for_prompt()
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


def test_a_chat_that_goes_on(program: Program, provider: LLMServer) -> None:
    """`--continue` shows what was said last and sends all of it; the transcript is the same."""
    assert program.run("chat", "early", "--quiet").code == 0
    terminal = program.terminal("chat", "--continue")
    terminal.wait_for_prompt("> early\n\nYou said: early")
    terminal.ask("late", "You said: late")
    assert asked(provider, 2) == [("user", "early"), ("assistant", "You said: early"), ("user", "late")]
    leave(terminal)
    assert [message.text for message in program.said()] == ["early", "You said: early", "late", "You said: late"]


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


def test_typing_ahead(program: Program, provider: LLMServer) -> None:
    """What is said while an answer streams waits for its end, in order, and what is half typed stays in the line."""
    provider.script(Reply("one two three", delay_s=0.2), "second", "third")
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


def test_ctrl_c_in_an_answer(program: Program, provider: LLMServer) -> None:
    """Ctrl-C ends the answer, closes its connection and keeps what came; the chat and its memory go on."""
    provider.script(Reply("one two three", fault="stall", after=2), Reply(fault="stall"), Reply("whole"))
    terminal = program.terminal("chat")
    terminal.wait_for_prompt()
    terminal.send(f"first{ENTER}")
    terminal.wait_for("one two")
    terminal.send(CTRL_C)
    terminal.wait_for_prompt("one two\ninterrupted; what came is kept")
    provider.requests[0].wait_closed(5)
    terminal.send(f"second{ENTER}")
    provider.wait_for_request(5, 2)
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


def test_an_error_leaves_a_line_and_the_prompt(program: Program, provider: LLMServer) -> None:
    """A provider that fails costs one answer: a line says why, what came is kept, and the next turn works."""
    provider.script(Reply(fault="http_401"), Reply("one two three", fault="cut", after=1), Reply("fine"))
    host = provider.url.removeprefix("http://")
    terminal = program.terminal("chat", "-o", "max_retries=0", columns=200)
    terminal.wait_for_prompt()
    terminal.ask("first", "check OPENAI_API_KEY")
    assert f"> first\n\n{host}: the key was refused (status 401)" in terminal.text
    terminal.ask("second", "ask again")
    assert f"> second\n\none\n{host}: the connection broke in the middle of the answer; ask again\n\n>" in terminal.text
    terminal.ask("third", "fine")
    assert asked(provider, 3) == [("user", "first"), ("user", "second"), ("assistant", "one"), ("user", "third")]
    leave(terminal)


def test_a_disk_that_fills_up(program: Program, echo: None) -> None:
    """A transcript that cannot be written any more costs a line, and no word: the chat goes on in memory."""
    terminal = program.terminal(shell="ulimit -f 2; trap '' XFSZ; miniagents chat --agent echo", columns=200)
    terminal.wait_for_prompt()
    terminal.ask("small", "> small\n\nsmall\n")
    large = "word " * 600
    terminal.ask(f"{large}!", "is kept no more; /save FILE.md writes all of it\n\nword word")
    assert "free some space" in terminal.text
    terminal.ask("/history", "> /history\n1: small\nassistant: small\n2: word word")
    terminal.wait_for_prompt("assistant: word word")
    leave(terminal)
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
    """Where TERM is dumb a chat works without a single escape sequence."""
    terminal = program.terminal("chat", environment={"TERM": "dumb"})
    terminal.wait_for(lambda: not terminal.sends_signals())
    terminal.send(f"hi{ENTER}")
    terminal.wait_for(lambda: "You said: hi\n" in terminal.text and not terminal.sends_signals())
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
    provider.requests[0].wait_closed(10)
    assert [message.text for message in program.said()][:1] == ["hi"]


def test_half_a_terminal_is_none(program: Program, provider: LLMServer) -> None:
    """Where the output is no terminal, or is to be JSON, there is no chat: without a prompt there is nothing to say."""
    for command in ("chat --json", "chat >file"):
        terminal = program.terminal(shell=f"miniagents {command}", columns=200)
        assert terminal.end() == 2
        assert terminal.lines == ["miniagents: there is nothing to say; give a prompt, or pipe it in"]
    assert (program.folder / "file").read_bytes() == b""
