"""Writing to a terminal that somebody reads, or nobody."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import struct
import termios
import tty
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from miniagents.cli.display.frames import Frames
from miniagents.cli.display.live import Live
from miniagents.cli.display.terminal_writer import TerminalWriter
from tests.cli.glass import Glass, rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import TextIOWrapper

pytestmark = pytest.mark.real_time


@pytest.fixture
def terminal() -> Iterator[tuple[int, TextIOWrapper]]:
    """Give the two ends of a terminal: the person's descriptor, and the program's stream."""
    person, program = pty.openpty()
    tty.setraw(program)
    with open(program, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor has no path
        yield person, stream
    os.close(person)


async def everything(person: int, until: str) -> str:
    """Return what a person reads, up to a text."""
    read = ""
    while until not in read:
        await asyncio.sleep(0.001)
        os.set_blocking(person, False)
        try:
            read += os.read(person, 100_000).decode()
        except BlockingIOError:
            continue
    return read


async def test_a_reader_that_stopped_stops_nobody(terminal: tuple[int, TextIOWrapper]) -> None:
    """With nobody reading, far more than a terminal holds is said and no write waits; who reads again sees the end."""
    person, stream = terminal
    writer = TerminalWriter(stream)
    live = Live(writer.write, lambda: (80, 24), writer.is_ready)
    painted, said = 0, 0

    def paint() -> None:
        nonlocal painted
        live.paint([], rows(*(f"{said} {'x' * 60}" for _ in range(20))))
        painted += 1

    frames = Frames(paint, writer.is_ready)
    for said in range(1, 20_001):
        frames._next_s = 0.0  # as if time had passed
        frames.ask()
        if said % 1000 == 0:
            frames.stop()
            await asyncio.sleep(0)
    assert painted < 100
    assert not writer.is_ready()
    frames.stop()
    live.paint(rows("done"), [])
    glass = Glass(80, 24)
    glass.stream.feed(await everything(person, "done"))
    assert glass.lines == ["done"]
    async with asyncio.timeout(50):
        while not writer.is_ready():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.001)


def test_what_waits_is_written_at_the_end(terminal: tuple[int, TextIOWrapper]) -> None:
    """Without a loop, and at the end, what does not fit waits for the reader and is not lost."""
    person, stream = terminal
    writer = TerminalWriter(stream)

    def write() -> None:
        writer.write("x" * 100_000)
        writer.write("\udcff€")

    with ThreadPoolExecutor(1) as other:
        writing = other.submit(write)
        read = b""
        while not read.endswith("€".encode()):
            read += os.read(person, 10_000)
        writing.result()
    assert read.decode() == "x" * 100_000 + "?€"


async def test_the_end_writes_what_waits(terminal: tuple[int, TextIOWrapper]) -> None:
    """The end waits for the reader, once, and leaves no timer that would write again."""
    person, stream = terminal
    writer = TerminalWriter(stream)
    while writer.is_ready():
        writer.write("x" * 3000)
    writer.write("end")
    finishing = asyncio.create_task(asyncio.to_thread(writer.finish))
    assert (await everything(person, "end")).endswith("xend")
    await finishing
    async with asyncio.timeout(50):
        while not writer.is_ready():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.001)


async def test_a_terminal_that_is_gone(terminal: tuple[int, TextIOWrapper]) -> None:
    """A write to it is an error; one that would have come later is not, until somebody writes again."""
    _person, stream = terminal
    writer = TerminalWriter(stream)
    while writer.is_ready():
        writer.write("x" * 3000)
    writer.write("more")
    broken, other = os.pipe()
    os.close(broken)
    os.dup2(other, stream.fileno())
    os.close(other)
    await asyncio.sleep(0.1)
    with pytest.raises(BrokenPipeError):
        writer.write("x")
    assert writer.size() == (80, 24)


def test_the_size_is_the_one_of_now(terminal: tuple[int, TextIOWrapper]) -> None:
    """It is asked each time; a terminal that does not know its own is taken for the usual one."""
    person, stream = terminal
    writer = TerminalWriter(stream)
    assert writer.size() == (80, 24)
    fcntl.ioctl(person, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    assert writer.size() == (100, 30)
