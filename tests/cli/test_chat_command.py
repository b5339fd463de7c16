"""Standard input and output that are silent, closed, full or gone: what a shell script meets."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from miniagents.ext import transcript
from tests.cli.conftest import Ran
from tests.fakes.llm_server import Reply

if TYPE_CHECKING:
    from tests.cli.conftest import Program
    from tests.fakes.llm_server import LLMServer

pytestmark = pytest.mark.usefixtures("measured")

SILENT = "miniagents: standard input is open but silent, so it is left alone; `-` reads it to its end\n"
READING = "miniagents: reading standard input to its end…\n"


@pytest.mark.usefixtures("echo")
def test_silent_input(program: Program) -> None:
    """An input that stays open and silent is left alone beside a prompt; without one, or with `-`, it is waited for.

    After a second the program says which of the two it does.
    """
    end, kept_open = os.pipe()
    left_alone = program.start("chat", "hi", stdin=end)
    waiting = {words: program.start("chat", *words) for words in ((), ("-",), ("also", "-"))}
    for words, process in waiting.items():
        assert process.stdin
        assert process.stderr
        assert process.stderr.readline().decode() == READING
        ran = program.end(process, b"at last")
        said = "\n\n".join([*(word for word in words if word != "-"), "at last"])
        assert (ran.code, ran.out.decode(), ran.err) == (0, f"You said: {said}", "")
    ran = program.end(left_alone)
    assert (ran.code, ran.out, ran.err) == (0, b"You said: hi", SILENT)
    os.close(end)
    os.close(kept_open)


@pytest.mark.usefixtures("echo")
def test_input_of_another_encoding_is_read_as_far_as_it_goes(program: Program) -> None:
    """What is not UTF-8 is replaced, which is said once with its place, and the rest is asked."""
    ran = program.run("chat", input=b"caf\xe9 \xff\xfe ok")
    assert (ran.code, ran.out.decode()) == (0, "You said: caf\ufffd \ufffd\ufffd ok")
    assert ran.err == "miniagents: standard input is not UTF-8 (byte 3); what could not be read is shown as \ufffd\n"


@pytest.mark.usefixtures("echo")
def test_input_that_is_a_file_or_empty_or_closed(program: Program) -> None:
    """A file is read at once; an empty or closed input adds nothing to a prompt, and alone is nothing to say."""
    (program.folder / "file").write_text("from a file\n")
    runs = {
        "miniagents chat see: <file": (0, b"You said: see:\n\nfrom a file"),
        "miniagents chat hi <&-": (0, b"You said: hi"),
        "miniagents chat hi </dev/null 2>&-": (0, b"You said: hi"),
        "miniagents chat <&-": (2, b""),
        "miniagents chat </dev/null": (2, b""),
    }
    for ran, (line, (code, out)) in zip(program.shell(*runs), runs.items(), strict=True):
        assert (ran.code, ran.out) == (code, out), line
        assert ran.err == ("miniagents: there is nothing to say; give a prompt, or pipe it in\n" if code else ""), line


def test_a_reader_that_has_had_enough_is_no_error(program: Program, provider: LLMServer) -> None:
    """`| head -1` ends the program quietly with exit code 0; the provider is left, and what came is kept, marked."""
    provider.script(Reply(["one\n", *["more "] * 2000], delay_s=0.01))
    (ran,) = program.shell("miniagents chat hi | head -1; exit ${PIPESTATUS[0]}")
    assert (ran.code, ran.out, ran.err) == (0, b"one\n", "")
    provider.requests[0].wait_closed(50)
    reply = program.said()[-1]
    assert (reply.text[:9], reply.metadata["status"]) == ("one\nmore ", "interrupted")
    assert len(reply.text) < 5000


@pytest.mark.usefixtures("echo")
def test_nobody_reads_at_all(program: Program) -> None:
    """Where nobody reads from the start, whatever is written ends quietly with exit code 0."""
    commands = ("chat hi", "chat --json hi", "models", "--version")
    for ran in program.shell(*(f"miniagents {command} | true; exit ${{PIPESTATUS[0]}}" for command in commands)):
        assert ran == Ran(0, b"", "")


@pytest.mark.usefixtures("echo")
def test_output_that_cannot_be_written(program: Program) -> None:
    """A full disk or a closed output is one line and exit code 1, with no noise at the interpreter's end."""
    full, closed = "standard output: No space left on device", "standard output is closed"
    runs = {
        "chat hi >/dev/full": full,
        "chat --json hi >/dev/full": full,
        "models >/dev/full": full,
        "--version >/dev/full": full,
        "--help >/dev/full": "No space left on device",
        "--version >&-": closed,
        "models >&-": f"{closed}; open it, or send it to /dev/null",
        "chat hi >&-": f"{closed}; open it, or send it to /dev/null",
    }
    for ran, line in zip(program.shell(*(f"miniagents {command}" for command in runs)), runs.values(), strict=True):
        assert ran == Ran(1, b"", f"miniagents: {line}\n")
    assert program.shell("miniagents chat hi <&- >&- 2>&-") == [Ran(1, b"", "")]
    assert len(program.transcripts) == 2


def test_the_folder_that_is_gone(program: Program) -> None:
    """In a folder that somebody removed the program says so in one line."""
    (ran,) = program.shell("mkdir gone; cd gone; rmdir ../gone; miniagents chat hi")
    assert ran == Ran(1, b"", "miniagents: the current folder is gone; change to another one\n")


def test_the_reply_comes_as_it_is_made(program: Program, provider: LLMServer) -> None:
    """The first token is in the pipe while the provider has not said the second."""
    provider.script(Reply("first second", fault="stall", after=1))
    process = program.start("chat", "hi", stdin=subprocess.DEVNULL)
    assert process.stdout
    assert process.stdout.read(5) == b"first"
    process.terminate()
    assert process.wait(timeout=50) == -15


@pytest.mark.usefixtures("echo")
def test_ten_at_once(program: Program) -> None:
    """Ten runs at the same time in one folder all succeed, and each keeps a transcript of its own."""
    running = [program.start("chat", f"number {number}", stdin=subprocess.DEVNULL) for number in range(10)]
    for number, process in enumerate(running):
        assert program.end(process) == Ran(0, f"You said: number {number}".encode(), "")
    kept = [[message.text for message in transcript.read(path)] for path in program.transcripts]
    assert sorted(kept) == sorted([f"number {number}", f"You said: number {number}"] for number in range(10))
