"""Plain text as it streams: from source text to rows, folded at words and otherwise as it is.

In: text that is safe to show. Out: rows. Never: Markdown, a terminal.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ..markdown.rows import Row, cells, hard_breaks, word_breaks

__all__ = ["Laid", "PlainStream", "cut", "folded", "quiet"]

_TAB = "    "
"""How far a tab goes depends on the column, and terminals differ."""


class Laid(NamedTuple):
    """What one frame shows."""

    finished: Sequence[Row]
    """Rows that never change again, given once."""
    tail: Sequence[Row]
    """Rows that may still change, in place of those before."""


class PlainStream:
    """A text that comes in pieces; has the face of a `MarkdownStream`."""

    def __init__(self, *, is_dim: bool = False) -> None:
        self._is_dim = is_dim
        self._left = ""
        self._is_indented: bool | None = None
        """Whether the line at the end began with a space, None if it has not begun."""

    def feed(self, text: str) -> None:
        """Add a piece."""
        self._left += text.replace("\t", _TAB)

    def advance(self, width_cells: int, height_rows: int) -> Laid:
        """Return the rows that are finished since the last time, and the one that is not."""
        *lines, last = self._left.split("\n")
        finished = [row for line in lines for row in self._rows(line, width_cells, ends=True)]
        *more, tail = self._rows(last, width_cells, ends=False)
        return Laid([*finished, *more], [tail] if self._left and height_rows else [])

    def end(self, width_cells: int) -> list[Row]:
        """Return all the rest."""
        finished, tail = self.advance(width_cells, 1)
        self._left = ""
        return [*finished, *tail]

    def _rows(self, line: str, width_cells: int, *, ends: bool) -> list[Row]:
        if self._is_indented is None and line:
            self._is_indented = line.startswith(" ")
        breaks = hard_breaks if self._is_indented else word_breaks
        places = breaks(line, width_cells) if cells(line) > width_cells else [(0, len(line))]
        if ends:
            self._is_indented = None
        self._left = line[places[-1][0] :]
        texts = [line[first:last].rstrip(" ") for first, last in places]
        return [quiet(text, colours=self._is_dim) for text in texts]


def quiet(text: str, *, colours: bool) -> Row:
    """Return a row that is dim, if there are colours."""
    return Row(f"\x1b[2m{text}\x1b[0m" if text and colours else text, cells(text))


def folded(text: str, width_cells: int, style: str = "") -> list[Row]:
    """Return the rows that a text takes, in a style: the sequence that begins it, "" for none."""
    stream = PlainStream()
    stream.feed(text)
    rows = stream.end(width_cells)
    return [Row(f"{style}{row.text}\x1b[0m", row.cells) if style and row.text else row for row in rows]


def cut(text: str, width_cells: int) -> str:
    """Return as much of the text as fits into one row, with a sign where that is not all."""
    if cells(text) <= width_cells:
        return text
    (first, last), *_ = hard_breaks(text, max(1, width_cells - 1))
    return f"{text[first:last]}…"
