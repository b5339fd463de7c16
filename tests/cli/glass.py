"""A terminal of pyte's, for what is painted in rows."""

from __future__ import annotations

import re

import pyte

from miniagents.cli.markdown.rows import Row

__all__ = ["Glass", "plain", "row", "rows"]


class Glass:
    """A terminal, and what was written to it."""

    def __init__(self, columns: int, rows: int) -> None:
        self.screen = pyte.HistoryScreen(columns, rows, history=100_000)
        self.stream = pyte.Stream(self.screen)
        self.writes: list[str] = []

    def write(self, text: str) -> None:
        """Take in what is written."""
        self.writes.append(text)
        self.stream.feed(text)

    def size(self) -> tuple[int, int]:
        """Return columns and rows."""
        return self.screen.columns, self.screen.lines

    def is_ready(self) -> bool:
        """Take everything, always."""
        return True

    @property
    def history(self) -> list[str]:
        """What has left the screen at its top."""
        columns = range(self.screen.columns)
        return ["".join(line[x].data for x in columns).rstrip() for line in self.screen.history.top]

    @property
    def lines(self) -> list[str]:
        """All there is, history first, without the empty rows at the end."""
        shown = [line.rstrip() for line in self.screen.display]
        return "\n".join([*self.history, *shown]).rstrip("\n").split("\n")

    @property
    def cells(self) -> list[tuple[int, int, pyte.screens.Char]]:
        """The cells of the screen that are not blank, styles and all."""
        buffer = self.screen.buffer
        return [(y, x, buffer[y][x]) for y in sorted(buffer) for x in sorted(buffer[y]) if buffer[y][x].data != " "]


def plain(text: str) -> str:
    """Return a text without its styles."""
    return re.sub(r"\x1b\[[\d;]*m", "", text)


def row(text: str) -> Row:
    """Return a row; each of its characters takes one cell."""
    return Row(text, len(plain(text)))


def rows(*texts: str) -> list[Row]:
    """Return rows."""
    return [row(text) for text in texts]
