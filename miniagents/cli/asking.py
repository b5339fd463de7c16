"""A question to a person at a terminal where no prompt is: one answer is awaited there.

In: a question. Out: the answer. Never: what it is about.
"""

import asyncio
import sys
from contextlib import suppress

from ..safe_text import exact, one_line

__all__ = ["ask_at_terminal", "forget_what_was_typed", "is_at_terminal"]


def is_at_terminal() -> bool:
    """Say whether a person would see a question, and could answer it."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(stream is not None and stream.isatty() for stream in streams)


async def ask_at_terminal(question: str) -> str | None:
    """Return the line that a person types behind a question; None if the input ends. What they typed before is gone.

    To cancel this is to stop asking. On Windows a thread has to wait for the line, and nothing stops it.
    """
    forget_what_was_typed()
    sys.stderr.write(f"{one_line(question)} ")
    sys.stderr.flush()
    line = ""
    try:
        line = await _line()
    finally:
        if not line:  # nobody has ended that of the question
            sys.stderr.write("\n")
    return exact(line.rstrip("\r\n")) if line else None


async def _line() -> str:
    """Return the next line of the terminal, "" where the input ends."""
    there = asyncio.Event()
    loop = asyncio.get_running_loop()
    try:
        loop.add_reader(sys.stdin.fileno(), there.set)
    except NotImplementedError:
        return await asyncio.to_thread(sys.stdin.readline)
    try:
        await there.wait()  # a terminal gives whole lines
    finally:
        loop.remove_reader(sys.stdin.fileno())
    return sys.stdin.readline()


def forget_what_was_typed() -> None:
    """Forget the lines that a person typed before they could see a question: they are no answer to it."""
    try:
        import termios  # noqa: PLC0415 - not everywhere
    except ImportError:
        return
    with suppress(termios.error):
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
