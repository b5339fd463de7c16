"""A person at a plain console: the library's own agents, in a real pseudo-terminal and with a piped input."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from miniagents.ext.misc_agents import console_input_agent, echo_agent
from miniagents.messages import Message
from miniagents.miniagents import MiniAgents
from tests.cli.conftest import SOON_S, Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DIALOG = """
import asyncio

from miniagents import MiniAgents, miniagent
from miniagents.errors import KeyRefusedError
from miniagents.ext.misc_agents import console_user_agent
from miniagents.messages import Message
from miniagents.utils import adialog_loop


@miniagent
async def assistant(ctx):
    said = await ctx.message_promises
    if said[-1].text == "fail":
        raise KeyRefusedError("refused\\x1b", host="h", cure="mend it")
    if said[-1].text == "break":
        1 / 0

    async def tokens():
        for token in ("You", " said:", f" {said[-1]}", f" ({len(said)})", "\\x1b[31m", "\\ud83d", "\\ude00"):
            yield token
        if said[-1].text == "stall":
            await asyncio.sleep(60)

    ctx.reply(Message.promise(tokens(), role="assistant"))


async def main():
    async with MiniAgents():
        await adialog_loop(console_user_agent, assistant)
    print("left")


asyncio.run(main())
"""


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Terminal]:
    """Give a console at which a dialog runs that has asked its first question."""
    terminal = Terminal([sys.executable, "-c", DIALOG], tmp_path, {**os.environ, "TERM": "xterm"})
    terminal.wait_for_prompt()
    yield terminal
    terminal.close()


def test_a_dialog(console: Terminal) -> None:
    """Replies are shown as safe text below what was said, an empty line asks again, and the next turn knows it all."""
    console.send("hello\r")
    console.wait_for_prompt("You said: hello (1)␛[31m😀\n>")
    console.send("\r")
    console.wait_for_prompt(">\n>")
    console.send("two words\r")
    console.wait_for_prompt("You said: two words (3)")
    console.send("exit\r")
    assert console.end() == 0
    assert console.lines[-2:] == ["> exit", "left"]


@pytest.mark.parametrize("keys", [" QUIT \r", "\x04", "\x03"])
def test_how_one_leaves(console: Terminal, keys: str) -> None:
    """`quit` in any case, Ctrl-D and Ctrl-C at the prompt end the dialog, and the program goes on behind it."""
    console.send(keys)
    assert console.end() == 0
    assert console.lines[-1] == "left"


def test_ctrl_c_in_a_reply(console: Terminal) -> None:
    """Ctrl-C ends the reply that is arriving, not the dialog; what came is remembered."""
    console.send("stall\r")
    console.wait_for("You said: stall (1)␛[31m")
    console.send("\x03")
    console.wait_for_prompt("(interrupted)")
    console.send("next\r")
    console.wait_for_prompt("You said: next (3)")
    console.send("\x04")
    assert console.end() == 0


def test_ctrl_c_behind_a_text_that_was_not_sent(console: Terminal) -> None:
    """Ctrl-C at the prompt leaves, whatever is on the line."""
    console.send("typed")
    console.wait_for("> typed")
    console.send("\x03")
    assert console.end() == 0
    assert console.lines[-1] == "left"


def test_a_failure_of_the_model_ends_nothing(console: Terminal) -> None:
    """What a model could not do is one line, and the person is asked again."""
    console.send("fail\r")
    console.wait_for_prompt("(h: refused␛; mend it)")
    console.send("hello\r")
    console.wait_for_prompt("You said: hello (2)")
    console.send("\x04")
    assert console.end() == 0


def test_a_fault_of_the_program_is_raised(console: Terminal) -> None:
    """An error that is none of ours comes out of the dialog."""
    console.send("break\r")
    assert console.end() == 1
    assert "ZeroDivisionError: division by zero" in console.text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (b"one\ntwo\nexit\nnever", ["one (1)", "two (3)"]),
        (b"\r\n\nin \xc3\xa9 \xff\r\nlast", ["in é \ufffd (1)", "last (3)"]),
        (b"", []),
    ],
    ids=["lines", "line ends", "nothing"],
)
def test_a_piped_input(given: bytes, said: list[str], tmp_path: Path) -> None:
    """Lines from a pipe are said one after another; its end, also in the middle of a line, ends the dialog."""
    (tmp_path / "given").write_bytes(given)
    command = [sys.executable, "-c", DIALOG]
    piped = subprocess.run(command, input=given, capture_output=True, check=True, timeout=SOON_S)
    with (tmp_path / "given").open("rb") as file:
        filed = subprocess.run(command, stdin=file, capture_output=True, check=True, timeout=SOON_S)
    shown = "".join(f"> You said: {line}␛[31m😀\n" for line in said)
    for ran in (piped, filed):
        assert ran.stderr == b""
        end = "left\n" if b"exit" in given else "\nleft\n"
        assert re.sub("(> )+", "> ", ran.stdout.decode()) == f"{shown}> {end}"


@pytest.mark.real_time
async def test_where_the_loop_cannot_watch_the_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows, where a loop cannot wait for a console, a thread does."""

    def refuse(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(asyncio.get_running_loop(), "add_reader", refuse)
    end, start = os.pipe()
    os.write(start, b"said \xff\r\n")
    os.close(start)
    with os.fdopen(end, errors="surrogateescape", newline="") as source:
        monkeypatch.setattr(sys, "stdin", source)
        async with MiniAgents():
            assert [message.text for message in await console_input_agent.inquire()] == ["said \ufffd"]
            assert await console_input_agent.inquire() == ()


async def test_an_echo() -> None:
    """The last message comes back as the assistant's, with its tokens; nothing comes back of nothing."""
    async with MiniAgents():
        (echo,) = [promise async for promise in echo_agent.inquire(["first", Message.promise(["to", "kens"])])]
        assert [token async for token in echo] == ["to", "kens"]
        assert await echo == Message(text="tokens", role="assistant")
        assert await echo_agent.inquire() == ()
