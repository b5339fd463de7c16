"""The terminal that a prompt has: what was typed before it came, and how it is given back.

In: prompt_toolkit's input. Out: key presses, the terminal as it was. Never: what keys do.
Imports prompt_toolkit, so it is imported late.
"""

import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import store_typeahead
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.output import Output, create_output
from prompt_toolkit.output.vt100 import Vt100_Output

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyPress

__all__ = ["Interrupted", "given_back_when_killed", "keep_typed_ahead", "terminal_output"]

_AS_IT_WAS = b"\x1b[?2004l\x1b[?2026l\x1b[?25h\x1b[m\r\n\x1b[J"
"""Pastes are not bracketed, what is written is shown, the cursor too, in usual colours, on an empty row of its own."""
_AT_ONCE_BYTES = 4096
"""Linux's terminals keep no more that nobody has read."""


class Interrupted(Exception):  # noqa: N818 - it is no error
    """Ctrl-C was pressed where prompt_toolkit deals with it."""


def terminal_output() -> Output:
    """Return the terminal, which is never asked where its cursor is: the answer litters the screen if it comes late."""
    output = create_output()
    if isinstance(output, Vt100_Output):
        output.enable_cpr = False
    return output


def keep_typed_ahead(source: Input) -> None:
    """Let a prompt that begins now have what was typed before, with Enter where Enter was pressed.

    While no prompt was there, the terminal made a newline of it, which is the key that breaks a line.
    """
    if sys.platform == "win32" or not os.isatty(source.fileno()):
        return
    typed = b""
    with source.raw_mode():
        while select.select([source], [], [], 0)[0] and (more := os.read(source.fileno(), _AT_ONCE_BYTES)):
            typed += more
    keys: list[KeyPress] = []
    Vt100Parser(keys.append).feed_and_flush(typed.decode(errors="surrogateescape").replace("\n", "\r"))
    store_typeahead(source, keys)


@contextmanager
def given_back_when_killed(source: Input) -> Iterator[None]:
    """Let signals that end the program at once give the terminal back before: all other ends do so by themselves."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    import termios  # noqa: PLC0415 - is not there on Windows

    numbers = [each for each in (signal.SIGTERM, signal.SIGQUIT) if signal.getsignal(each) is signal.SIG_DFL]
    try:
        before = termios.tcgetattr(source.fileno())
    except termios.error:  # a test's pipe
        numbers = []

    def give_back_and_die(number: int, _frame: FrameType | None) -> None:
        with suppress(OSError, termios.error):
            termios.tcsetattr(source.fileno(), termios.TCSANOW, before)
            os.write(sys.stdout.fileno(), _AS_IT_WAS)
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    for each in numbers:
        signal.signal(each, give_back_and_die)
    try:
        yield
    finally:
        for each in numbers:
            signal.signal(each, signal.SIG_DFL)
