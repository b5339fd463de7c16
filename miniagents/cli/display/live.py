"""Rows that still change, at the bottom of what was written to a terminal: repainted where they differ.

    finished rows, written once ─→ scrollback        live rows ─→ compared with what is there, row by row

In: rows, the size of the terminal. Out: text with control sequences, one write a paint. Never: where rows come from,
when to paint, the terminal itself.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from ..markdown.rows import Row

__all__ = [
    "ERASE_RIGHT",
    "NOTHING",
    "Live",
    "Painter",
    "at_once",
    "first_change",
    "fitting",
    "grown_by",
    "height",
    "up",
]

NOTHING: Final = Row("", 0)
ERASE_RIGHT: Final = "\x1b[K"
"""What erases downwards is not used: with the cursor at the top left tmux moves the whole screen into its history."""
_SGR: Final = re.compile(r"\x1b\[[0-9;:]*m")
_SGR_AT_END: Final = re.compile(r"(?:\x1b\[[0-9;:]*m)+\Z")
_RESETS: Final = ("\x1b[m", "\x1b[0m")


class Painter(Protocol):
    """Shows rows: some for good, and below them some that still change."""

    def paint(self, finished: Sequence[Row], tail: Sequence[Row]) -> None:
        """Write `finished` once and for all, and below it `tail` in place of the tail before."""

    def close(self) -> None:
        """Let the tail stay as it is; what is painted next comes below it."""

    def size(self) -> tuple[int, int]:
        """Return how many columns there are, and how many rows a tail may have."""

    def is_ready(self) -> bool:
        """Say whether a paint would reach the terminal at once."""


class Live:
    """A painter that has the bottom of the terminal for itself.

    The cursor rests behind the last live row; before the first paint it must be in the first column.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        size: Callable[[], tuple[int, int]],
        is_ready: Callable[[], bool] = lambda: True,
    ) -> None:
        """Make it.

        Args:
            write: Writes to the terminal at once.
            size: Asks the terminal how many columns and rows it has. It is asked before each paint, for the signal that
                tells of a change comes too late.
            is_ready: Says whether the terminal takes anything now.
        """
        self._write = write
        self.size = size
        self.is_ready = is_ready
        self._live: Sequence[Row] = (NOTHING,)
        self._size: tuple[int, int] | None = None
        """At which each live row takes one row of the screen."""

    def paint(self, finished: Sequence[Row], tail: Sequence[Row]) -> None:
        """Write what differs from what is there; of a tail taller than the screen only its end is shown."""
        columns, rows = size = self.size()
        shown = fitting(tail, columns, rows) or (NOTHING,)
        new = (*finished, *shown)
        text = self._changed(new) if size == self._size else self._anew(new, columns, rows)
        self._live = shown
        self._size = size if height(shown, columns) == len(shown) else None
        if text:
            self._write(text)

    def close(self) -> None:
        """Leave the tail as it is and put the cursor below it."""
        if tuple(self._live) != (NOTHING,):
            self._write("\r\n")
            self._live = (NOTHING,)

    def _changed(self, new: Sequence[Row]) -> str:
        """Return what makes the live rows `new`."""
        old, last = self._live, len(self._live) - 1
        first = first_change(old, new)
        if first >= last and len(new) > last:
            grown = "" if first > last else grown_by(old[last], new[last])
            if grown is not None:
                return grown + "".join(f"\r\n{row.text}" for row in new[last + 1 :])
        first = min(first, len(new) - 1)
        gone = max(0, len(old) - len(new))
        rewritten = [
            "" if row == before and row is not new[-1] else row.text + ERASE_RIGHT
            for row, before in zip(new[first:], old[first:], strict=False)
        ]
        rewritten += [row.text for row in new[last + 1 :]]
        return at_once(_erased(gone) + up(last - gone - first) + "\r" + "\r\n".join(rewritten))

    def _anew(self, new: Sequence[Row], columns: int, rows: int) -> str:
        """Return the same after the size has changed: the terminal has folded live rows that became too wide.

        What was pushed off the screen that way cannot be changed any more: it is left, and said again if it is wrong.
        """
        old = self._live
        first = 0
        while height(old[first:], columns) > rows and first < len(old) - 1:
            first += 1
        taken = height(old[first:], columns)
        new = new[min(first, first_change(old, new), len(new) - 1) :]
        gone = max(0, taken - len(new))
        rewritten = "\r\n".join(row.text + ERASE_RIGHT for row in new)
        return at_once(_erased(gone) + up(taken - gone - 1) + "\r" + rewritten)


def at_once(text: str) -> str:
    """Return what shows the effect of `text` in one go, on terminals that can do so; others ignore the marks."""
    return f"\x1b[?2026h{text}\x1b[?2026l"


def up(rows: int) -> str:
    """Return what moves the cursor upwards."""
    return f"\x1b[{rows}A" if rows > 1 else "\x1b[A" * rows


def _erased(rows: int) -> str:
    """Return what empties so many rows from the cursor's upwards, and moves it above them."""
    return f"\r{ERASE_RIGHT}\x1b[A" * rows


def height(rows: Sequence[Row], columns: int) -> int:
    """Return how many rows of the screen these take."""
    return sum(max(1, -(-row.cells // columns)) for row in rows)


def fitting(tail: Sequence[Row], columns: int, rows: int) -> Sequence[Row]:
    """Return the last of these rows, as many as fit into so many rows of the screen, but at least one."""
    while len(tail) > 1 and height(tail, columns) > rows:
        tail = tail[1:]
    return tail


def first_change(old: Sequence[Row], new: Sequence[Row]) -> int:
    """Return the place of the first row that differs, or where the shorter one ends."""
    for at, (before, now) in enumerate(zip(old, new, strict=False)):
        if before != now:
            return at
    return min(len(old), len(new))


def grown_by(old: Row, new: Row) -> str | None:
    """Return what has to be written behind the old row to make it the new one, None if that will not do."""
    said = _SGR_AT_END.sub("", old.text)
    if not new.text.startswith(said):
        return None
    in_force: list[str] = []
    for sequence in _SGR.findall(said):
        in_force = [] if sequence in _RESETS else [*in_force, sequence]
    return "".join(in_force) + new.text[len(said) :]
