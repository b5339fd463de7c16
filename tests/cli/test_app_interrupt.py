"""Interrupted and killed: how soon it ends, what it says, and what is kept."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from miniagents.ext.history_agents import markdown_history_agent
from miniagents.miniagents import MiniAgents
from tests.fakes.llm_server import Reply

if TYPE_CHECKING:
    from tests.cli.conftest import Program, Ran
    from tests.fakes.llm_server import LLMServer

LINGERING = """
import asyncio, sys, threading, time
from miniagents import miniagent
from miniagents.hookspecs import hookimpl

def linger():
    threading.main_thread().join()
    print("ending", file=sys.stderr, flush=True)
    time.sleep(600)

@miniagent
async def slow_agent(ctx, **_):
    threading.Thread(target=linger).start()
    print("up", file=sys.stderr, flush=True)
    await asyncio.Event().wait()

@hookimpl
def register_agents(register):
    register("slow", slow_agent)
"""
AT_ONCE_S = 15.0  # 0.1 s on an idle machine; what is interrupted would take 30 s and more
ENOUGH_S = 50.0


def interrupted(program: Program, process: subprocess.Popen[bytes]) -> tuple[Ran, float]:
    """Send Ctrl-C's signal; return what the program left, and the seconds that it took."""
    sent_at = time.monotonic()
    process.send_signal(signal.SIGINT)
    ran = program.end(process)
    return ran, time.monotonic() - sent_at


def test_ctrl_c_while_the_model_says_nothing(program: Program, provider: LLMServer) -> None:
    """What the user said is on the disk before the model is asked; Ctrl-C then ends everything, the connection too."""
    provider.script(Reply(fault="stall"))
    process = program.start("chat", "my question", stdin=subprocess.DEVNULL)
    request = provider.wait_for_request(ENOUGH_S)
    assert [(message.role, message.text) for message in program.said()] == [("user", "my question")]
    ran, took_s = interrupted(program, process)
    assert (ran.code, ran.out, ran.err) == (130, b"", "")
    assert took_s < AT_ONCE_S
    request.wait_closed(ENOUGH_S)
    assert [message.text for message in program.said()] == ["my question"]


def test_ctrl_c_while_the_reply_streams(program: Program, provider: LLMServer) -> None:
    """Ctrl-C in the middle of a reply leaves what came on standard output, and with its mark in the transcript."""
    provider.script(Reply("one two three", fault="stall", after=2))
    process = program.start("chat", "hi", stdin=subprocess.DEVNULL)
    assert process.stdout
    assert process.stdout.read(7) == b"one two"
    ran, took_s = interrupted(program, process)
    assert (ran.code, ran.out, ran.err) == (130, b"", "")
    assert took_s < AT_ONCE_S
    provider.requests[0].wait_closed(ENOUGH_S)
    reply = program.said()[-1]
    assert (reply.role, reply.text, reply.metadata["status"]) == ("assistant", "one two", "interrupted")


@pytest.mark.parametrize("moment", ["reading", "importing", "asking again"])
def test_ctrl_c_at_other_moments(program: Program, provider: LLMServer, moment: str) -> None:
    """Ctrl-C while the input is read, while the SDK is imported or between two tries is as quiet, and 130."""
    if moment == "reading":
        process = program.start("chat")
        assert process.stderr
        process.stderr.readline()  # the note that it reads
    elif moment == "importing":
        process = program.start("chat", "hi", stdin=subprocess.DEVNULL)
        wait_until(lambda: bool(program.transcripts))
    else:
        provider.script(Reply(fault="http_429", retry_after_s=30))
        process = program.start("chat", "hi", stdin=subprocess.DEVNULL)
        assert process.stderr
        assert b"trying again in 3" in process.stderr.readline()
    ran, took_s = interrupted(program, process)
    assert (ran.code, ran.err) == (130, "")
    assert took_s < AT_ONCE_S


@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize("what", ["typer", "plugin"])
def test_ctrl_c_at_the_start(program: Program, what: str) -> None:
    """From our first line on, Ctrl-C leaves no traceback: not while Typer is imported, and not while plugins are."""
    slow = "import sys, time; print('up', file=sys.stderr, flush=True); time.sleep(60)"
    if what == "plugin":
        program.install("slow", slow=slow)
    else:
        (program.site / "typer.py").write_text(slow)
    process = program.start("models", stdin=subprocess.DEVNULL)
    assert process.stderr
    assert process.stderr.readline() == b"up\n"
    ran, took_s = interrupted(program, process)
    assert (ran.code, ran.out, ran.err) == (130, b"", "")
    assert took_s < AT_ONCE_S


def test_ctrl_c_again_while_it_ends(program: Program) -> None:
    """Whoever presses it again, while a thread that a plugin has started keeps the program, is rid of it quietly."""
    program.install("slow", slow=LINGERING)
    process = program.start("chat", "--agent", "slow", "hi", stdin=subprocess.DEVNULL)
    assert process.stderr
    assert process.stderr.readline() == b"up\n"
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline() == b"ending\n"
    while process.poll() is None:  # one that comes just before a lock is waited for wakes nobody
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    ran = program.end(process)
    assert (ran.code, ran.err) == (130, "")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.real_time
async def test_a_program_that_is_killed_loses_nothing(program: Program, provider: LLMServer, number: int) -> None:
    """What the user said and what came of the reply outlive `kill`; the next use of the transcript finds both."""
    provider.script(Reply("one two three", fault="stall", after=2))
    process = program.start("chat", "hi", stdin=subprocess.DEVNULL)
    assert process.stdout
    assert process.stdout.read(7) == b"one two"
    (path,) = program.transcripts
    wait_until(lambda: any("two" in part.read_text() for part in path.parent.glob(".inflight/*")))
    process.send_signal(number)
    assert program.end(process).code == -number
    async with MiniAgents():
        said = await markdown_history_agent.inquire(history_md_file=path)
    assert [(message.role, message.text) for message in said] == [("user", "hi"), ("assistant", "one two")]
    assert said[-1].metadata["status"] == "interrupted"
    assert program.said() == list(said)
    assert not (path.parent / ".inflight").exists()


def wait_until(condition: object) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + ENOUGH_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
