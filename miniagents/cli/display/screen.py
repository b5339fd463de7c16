"""A person's terminal: what was said, the answers, and the lines that say what goes on.

In: message promises, texts, errors. Out: rows on a painter. Never: which model, which file, keys.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from ...errors import CallCancelledError, TranscriptError
from ...messages import Message
from ...safe_text import one_line, safe
from ..markdown.rows import Row, cells
from ..tell import in_words
from .live import NOTHING, Painter
from .plain_stream import folded
from .reply_view import Look, ReplyView
from .several import SeveralView, name_of

if TYPE_CHECKING:
    from ...messages import MessagePromise, MessageSequencePromise

__all__ = ["Screen"]

_BOLD, _RED, _DIM = "\x1b[1m", "\x1b[31m", "\x1b[2m"
_UNTOLD = (CallCancelledError, TranscriptError)
"""Errors of an answer that are no failure of whoever answers; the chat has words of its own for them."""
_SETTLED_WITHIN_S = 1.0
"""So long a question waits for what came before it; an answer that still comes must not keep it away."""
_NAMES_AT_MOST = 0.4
"""Which part of the width the first column of a table may take."""


_ECHOED_LINES, _FIRST_LINES, _LAST_LINES = 40, 12, 4
"""How many lines of what was said are shown, and of more, how many at its beginning and end: half a small screen."""
_ECHOED_CHARACTERS, _FIRST_CHARACTERS, _LAST_CHARACTERS = 4_000, 1_200, 400
"""The same of one line: in a terminal of 100 columns, as many rows."""


class Screen:
    """What a chat shows."""

    def __init__(self, painter: Painter, look: Look, send: Callable[[str], None] | None = None) -> None:
        """Make it; `send` gives the terminal a control sequence, None where it takes none."""
        self._painter = painter
        self._look = look
        self._send = send
        self._view: SeveralView | None = None
        """What shows an answer now."""
        self._is_parted = True
        """Whether there is an empty row above what comes next."""

    async def show(self, promises: "MessageSequencePromise", waits_for: str) -> list[Exception]:
        """Show an answer of `waits_for` as it comes; return the errors of the messages that failed, which were told.

        Raises:
            CallCancelledError: The answer was cancelled; what came of it is shown.
            Exception: Whoever answers has failed otherwise.
        """
        self.part()
        self._view = view = SeveralView(self._painter, self._look, untold=_UNTOLD)
        try:
            return await view.show(promises, name=partial(_name, waits_for), waits_for=waits_for)
        finally:
            self._view = None
            self._is_parted = not view.has_shown

    async def show_again(self, message: Message) -> None:
        """Show what was said before this program began."""
        if message.role == "user":
            self.echo(message.text)
        else:
            self.part()
            await ReplyView(self._painter, self._look).show(Message.promise([message.text], metadata=message.metadata))
            self._is_parted = False

    def echo(self, text: str, *, is_there: bool = False) -> None:
        """Show what the person said, as it stood in the prompt; of a file that was pasted, beginning and end.

        Args:
            text: What.
            is_there: Whether it is on the screen already, where it was typed.
        """
        if is_there:
            self._is_parted = False
            return
        self.part()
        mark = ">"
        for line in _in_short(text):
            self._write(f"{mark} {safe(line)}", _BOLD)
            mark = " "
        self._is_parted = False

    def tell(self, line: str) -> None:
        """Say what goes on, in quiet letters."""
        self._write(one_line(line), _DIM)

    async def ask(self, question: str) -> None:
        """Show what a person is to answer at once, below what came before it."""
        if self._view is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_SETTLED_WITHIN_S):
                    await self._view.settled()
        self._write(one_line(question), _BOLD)

    def tell_interruption(self) -> None:
        """Say that there is no more of the answer."""
        self.tell("interrupted; what came is kept")

    def tell_error(self, error: Exception) -> None:
        """Say what went wrong."""
        self._write(one_line(in_words(error)), _RED)

    def send(self, sequence: str) -> bool:
        """Give the terminal a control sequence; say whether it takes any."""
        if self._send is not None:
            self._send(sequence)
        return self._send is not None

    def table(self, lines: Iterable[tuple[str, str]]) -> None:
        """Show names, and what there is to say of each beside it."""
        lines = [(one_line(name), one_line(text)) for name, text in lines]
        width = self._width
        names = min(max((cells(name) for name, _ in lines), default=0), int(width * _NAMES_AT_MOST))
        for name, text in lines:
            rows = folded(text, max(1, width - names - 2))
            if cells(name) > names:
                self._write(name)
                name = ""  # noqa: PLW2901 - it has a row of its own
            for row in rows:
                padded = name + " " * (names - cells(name) + 2)
                self._painter.paint([Row(padded + row.text, names + 2 + row.cells)], [])
                name = ""  # noqa: PLW2901 - as above

    def part(self) -> None:
        """Let an empty row be above what comes next."""
        if not self._is_parted:
            self._painter.paint([NOTHING], [])
        self._is_parted = True

    def _write(self, text: str, style: str = "") -> None:
        self._painter.paint(folded(text, self._width, style if self._look.colours else ""), [])
        self._is_parted = False

    @property
    def _width(self) -> int:
        return self._painter.size()[0] - 1  # the last column stays free: terminals differ in when they wrap


def _name(chosen: str, promise: "MessagePromise") -> str:
    """Return the name of who says it; of the model of the chat, the one by which a person has chosen it."""
    model = promise.known_beforehand.get("metadata", {}).get("model")
    return one_line(chosen) if model and chosen.endswith(f":{model}") else name_of(promise)


def _in_short(text: str) -> list[str]:
    """Return the lines of a text; of a long one, and of a long line, only the beginning and the end."""
    lines = text.split("\n")
    if len(lines) > _ECHOED_LINES:
        left_out = f"… {len(lines) - _FIRST_LINES - _LAST_LINES:,} more lines"
        lines = [*lines[:_FIRST_LINES], left_out, *lines[-_LAST_LINES:]]
    return [line if len(line) <= _ECHOED_CHARACTERS else _line_in_short(line) for line in lines]


def _line_in_short(line: str) -> str:
    left_out = f" … {len(line) - _FIRST_CHARACTERS - _LAST_CHARACTERS:,} more characters … "
    return line[:_FIRST_CHARACTERS] + left_out + line[-_LAST_CHARACTERS:]
