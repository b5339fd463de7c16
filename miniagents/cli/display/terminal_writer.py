"""Text → terminal, without ever waiting for it: a reader that stopped (Ctrl-S, a slow line) must not stop the chat.

In: text. Out: bytes on a descriptor, as many as it takes. Never: what the text is; O_NONBLOCK, for the shell has the
same terminal.
"""

import asyncio
import os
import select
from contextlib import suppress
from typing import Final, TextIO

__all__ = ["TerminalWriter"]

_PIECE_BYTES: Final = 1024
"""What a terminal that says it takes something does take: Linux's has 20 KB, and says so only while 1 KB is left."""
_LATER_S: Final = 0.02
_UNKNOWN_SIZE: Final = (80, 24)


class TerminalWriter:
    """A terminal's descriptor; what it does not take now is kept, and written as soon as it does."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._descriptor = stream.fileno()
        self._encoding = stream.encoding or "utf-8"
        self._waiting = bytearray()
        self._timer: asyncio.TimerHandle | None = None

    def size(self) -> tuple[int, int]:
        """Return columns and rows, as the terminal has them now."""
        try:
            columns, rows = os.get_terminal_size(self._descriptor)
        except OSError:  # it is gone, or was none
            return _UNKNOWN_SIZE
        return columns or _UNKNOWN_SIZE[0], rows or _UNKNOWN_SIZE[1]

    def is_ready(self) -> bool:
        """Say whether what is written now reaches the terminal now."""
        self._drain()
        return not self._waiting and self._takes()

    def write(self, text: str) -> None:
        """Write it, now or as soon as the terminal takes it; what its encoding lacks becomes a question mark.

        Raises:
            OSError: The terminal is gone.
        """
        self._stream.flush()  # what others wrote before
        self._waiting += text.encode(self._encoding, "replace")
        self._drain()
        if self._waiting and self._timer is None:
            try:
                self._timer = asyncio.get_running_loop().call_later(_LATER_S, self._later)
            except RuntimeError:  # there is nobody who would do it later
                self.finish()

    def finish(self) -> None:
        """Write all that waits, however long that takes.

        Raises:
            OSError: The terminal is gone.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            del self._waiting[: os.write(self._descriptor, self._waiting)]

    def _later(self) -> None:
        self._timer = None
        with suppress(OSError):  # which the next one who writes is told
            self.write("")

    def _drain(self) -> None:
        while self._waiting and self._takes():
            del self._waiting[: os.write(self._descriptor, self._waiting[:_PIECE_BYTES])]

    def _takes(self) -> bool:
        if os.name == "nt":  # where only sockets can be asked
            return True
        return bool(select.select([], [self._descriptor], [], 0)[1])
