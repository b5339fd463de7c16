"""Rows that still change, above a prompt of prompt_toolkit that stays: one can type ahead while an answer streams.

prompt_toolkit draws its prompt downwards from where the cursor was, and remembers how far from there it has moved the
cursor. Live rows stand right above. A row that is rewritten in place leaves the prompt alone; where rows are added or
taken away, the terminal moves the prompt: by line feeds at its bottom and lines inserted at its top, which is right
wherever on the screen it is. Only when that will not do (many rows, another size) the prompt is drawn again.

In: rows, the prompt's application. Out: text with control sequences, one write a paint. Never: keys, the layout.
Nobody else uses what prompt_toolkit keeps private: `_cursor_pos`, `_last_screen`, `_redraw`, `_on_resize`,
`_running_in_terminal` (as they are in 3.0.53). Imports prompt_toolkit, so it is imported late.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol, TextIO

from prompt_toolkit.application import Application
from prompt_toolkit.data_structures import Size
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.utils import get_term_environment_variable

from ..markdown.rows import Row
from .live import ERASE_RIGHT, at_once, first_change, fitting, grown_by, height, up

__all__ = ["AbovePrompt", "BatchedOutput", "Writer"]

_ERASE_BELOW: Final = "\x1b[J"
_SAVE_CURSOR, _RESTORE_CURSOR = "\x1b7", "\x1b8"


class Writer(Protocol):
    """What a terminal is written through, such as a `TerminalWriter`."""

    def write(self, text: str) -> None:
        """Write at once."""

    def size(self) -> tuple[int, int]:
        """Return columns and rows."""

    def is_ready(self) -> bool:
        """Say whether the terminal takes anything now."""


class BatchedOutput(Vt100_Output):
    """prompt_toolkit's way to the terminal, which never asks where the cursor is: a late answer litters the screen."""

    def __init__(self, writer: Writer, stream: TextIO | None = None) -> None:
        """Make it; `stream` (standard output) only says which descriptor and which encoding there is."""
        super().__init__(
            stream or sys.stdout,
            lambda: Size(*reversed(writer.size())),
            term=get_term_environment_variable(),
            default_color_depth=ColorDepth.from_env(),
            enable_cpr=False,
        )
        self.is_ready: Callable[[], bool] = writer.is_ready
        self._writer = writer
        self._is_held = False

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Hold back what is flushed meanwhile; then it is one write."""
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
            self.flush()

    def flush(self) -> None:
        """Write what there is, unless it is held back."""
        if self._buffer and not self._is_held:
            text, self._buffer = "".join(self._buffer), []
            self._writer.write(text)


class AbovePrompt:
    """A painter whose rows stand above a prompt; also while that is not drawn, then the cursor is in its place."""

    def __init__(self, app: Application[Any]) -> None:
        """Make it, for an application whose output is a `BatchedOutput`."""
        if not isinstance(app.output, BatchedOutput):
            raise TypeError(f"the prompt's output must be a BatchedOutput, not a {type(app.output).__name__}")
        self._app = app
        self._output = app.output
        self._live: Sequence[Row] = ()
        self._size: Size | None = None
        """At which each live row takes one row of the screen, and nothing else speaks against moving the prompt."""
        self._held: tuple[Sequence[Row], Sequence[Row]] | None = None
        """What was painted while the terminal was somebody else's (`$EDITOR`)."""
        self._is_left = False
        """Whether a shell writes below the live rows, or has written: they are out of reach."""
        app._on_resize = self._resized  # type: ignore[method-assign]  # noqa: SLF001 - it knows nothing of live rows
        self._suspend = app.suspend_to_background
        app.suspend_to_background = self._suspended  # type: ignore[method-assign]  # as above
        app.after_render += self._rendered

    def size(self) -> tuple[int, int]:
        """Return how many columns there are, and how many rows above the prompt."""
        size = self._output.get_size()
        return size.columns, max(1, size.rows - self._prompt_rows)

    def is_ready(self) -> bool:
        """Say whether the terminal is ours and takes anything now."""
        return not self._is_lent and self._output.is_ready()

    def paint(self, finished: Sequence[Row], tail: Sequence[Row]) -> None:
        """Write what differs from what is there; of a tail that does not fit above the prompt only its end is shown."""
        if self._held is not None:
            finished = (*self._held[0], *finished)
        self._held = (finished, tail) if self._is_lent else None
        if self._is_lent:
            return
        size = self._output.get_size()
        shown = fitting(tail, size.columns, max(1, size.rows - self._prompt_rows))
        new = (*finished, *shown)
        text = self._changed(new) if size == self._size else None
        with self._output.batch():
            if text is None:
                self._anew(new, size)
            elif text:
                self._output.write_raw(text)
        self._settle(shown, size)

    def close(self) -> None:
        """Leave the tail as it is; the prompt takes no more room from then on than it needs."""
        if self._held is not None:
            self._held = ((*self._held[0], *self._held[1]), ())
        else:
            self._live = ()
        self._size = None

    def _settle(self, live: Sequence[Row], size: Size) -> None:
        self._live = live
        self._size = size if height(live, size.columns) == len(live) else None

    def _changed(self, new: Sequence[Row]) -> str | None:
        """Return what makes the live rows `new` and leaves the prompt as it is, None if that cannot be done so."""
        assert self._size is not None  # noqa: S101 - for the type; it was compared
        old, cursor, prompt_rows = self._live, self._app.renderer._cursor_pos, self._prompt_rows  # noqa: SLF001
        first, added = first_change(old, new), len(new) - len(old)
        if first == len(old) == len(new):
            return ""
        if height(new[first:], self._size.columns) + prompt_rows > self._size.rows:
            return None
        rows = "".join(f"{_rewritten(old[at : at + 1], row)}\r\n" for at, row in enumerate(new[first:], first))
        above = len(old) - first
        if added == 0:
            return at_once(f"{_SAVE_CURSOR}{up(cursor.y + above)}\r{rows[:-2]}{_RESTORE_CURSOR}")
        back = _moved(cursor.y, "B") + _moved(cursor.x, "C")
        if added < 0:
            return at_once(f"{up(cursor.y + above)}\r{rows}{_moved(-added, 'M')}{back}")
        # Line feeds also to the bottom: a terminal that was made lower has cut off rows below the cursor.
        bottom = "\n" * (prompt_rows - 1 - cursor.y + added)
        room = bottom + up(added + prompt_rows - 1) + _moved(added, "L")
        return at_once(f"{room}{up(above)}\r{rows}{back}")

    def _anew(self, new: Sequence[Row], size: Size) -> None:
        """Write it all again, and the prompt below it. What was pushed off the screen is left as it is."""
        old = self._live
        above, first = self._rows_above_cursor(size.columns), 0
        while first < len(old) and height(old[first:], size.columns) + above >= size.rows:
            first += 1
        new = new[min(first, first_change(old, new)) :]
        write = self._output.write_raw
        write(f"\x1b[?2026h{up(height(old[first:], size.columns) + above)}\r")
        write("".join(f"{row.text}{ERASE_RIGHT}\r\n" for row in new))
        if self._app.is_running:
            self._app.renderer.reset()
            self._app._redraw()  # noqa: SLF001 - `invalidate` would draw it later
        elif new:
            write(_ERASE_BELOW)
        write("\x1b[?2026l")

    def _resized(self) -> None:
        if self._is_lent:
            self._size = None
            return
        size = self._output.get_size()
        with self._output.batch():
            self._anew(self._live, size)
        self._settle(self._live, size)

    def _suspended(self, suspend_group: bool = True) -> None:  # noqa: FBT001, FBT002 - as prompt_toolkit has it
        self._is_left = True
        self._suspend(suspend_group)

    def _rendered(self, _app: object) -> None:
        if self._is_left and not self._is_lent:
            self._is_left, self._live = False, ()
        if self._app.renderer.last_rendered_screen is None:  # it was drawn for good: what is live is out of reach
            self._live = ()
        elif self._held is not None and not self._is_lent:
            self.paint((), self._held[1])

    @property
    def _is_lent(self) -> bool:
        return self._app._running_in_terminal  # noqa: SLF001 - nothing public tells it

    @property
    def _prompt_rows(self) -> int:
        screen = self._app.renderer.last_rendered_screen
        return 1 if screen is None else max(1, screen.height)

    def _rows_above_cursor(self, columns: int) -> int:
        """Return how many rows of the screen the prompt has above the cursor, perhaps folded since they were drawn."""
        renderer = self._app.renderer
        screen, cursor = renderer.last_rendered_screen, renderer._cursor_pos  # noqa: SLF001 - as the docstring says
        if screen is None:
            return 0
        lengths = [
            max((x + cell.width for x, cell in screen.data_buffer[y].items() if cell.char != " "), default=0)
            for y in range(cursor.y)
        ]
        return sum(max(1, -(-length // columns)) for length in lengths) + cursor.x // columns


def _rewritten(before: Sequence[Row], row: Row) -> str:
    """Return what makes a row of what was there, if anything was; the cursor is at its beginning."""
    if not before:
        return row.text
    (old,) = before
    if old == row:
        return ""
    if old.text.isascii():  # else nobody knows in which column it ends
        grown = grown_by(old, row)
        if grown is not None:
            return _moved(old.cells, "C") + grown
    return row.text + ERASE_RIGHT


def _moved(by: int, how: str) -> str:
    return f"\x1b[{by}{how}" if by > 1 else f"\x1b[{how}" * by
