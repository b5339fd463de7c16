"""Tables: columns as wide as the header and the first rows want them, and cells that wrap.

The widths never depend on a later row, so a long table can be shown while it grows. Where there are more columns than a
row has room for, each row becomes a list.

In: cells as runs. Out: rows as runs. Never: where a table begins or ends.
"""

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import NamedTuple

from .rows import cells
from .runs import Run, text_of, wrapped
from .styles import DIM, STRONG

__all__ = ["MEASURED_ROWS", "Columns", "in_columns"]

MEASURED_ROWS = 20
"""Rows below the header that have a say in the widths: about a screen, so that a table of usual size fits exactly."""
_NARROWEST = 3
_BETWEEN = " │ "
_CROSSING = "─┼─"

Cell = Sequence[Run]


class Columns(NamedTuple):
    """The columns of one table."""

    header: tuple[Cell, ...]
    aligns: tuple[str, ...]
    wanted: tuple[int, ...]
    """Cells of the widest line in each column, of the rows that are measured."""

    @classmethod
    def of(cls, rows: Sequence[Sequence[Cell]], aligns: Sequence[str]) -> "Columns":
        """Return the columns of a table, of which `rows[0]` is the header."""
        measured = rows[: MEASURED_ROWS + 1]
        wanted = [
            max(max(map(cells, text_of(cell).split("\n"))) for cell in column) for column in zip(*measured, strict=True)
        ]
        header = tuple([[run._replace(style=run.style + STRONG) for run in cell] for cell in rows[0]])
        return cls(header, tuple(aligns), tuple([max(width, 1) for width in wanted]))

    def head(self, width_cells: int) -> list[list[Run]]:
        """Return the rows of the header."""
        widths = self.widths(width_cells)
        if widths is None:
            return [[Run("─" * min(width_cells, max(self.wanted)), DIM)]]
        line = Run(_CROSSING.join(["─" * width for width in widths]), DIM)
        return [*in_columns(self.header, widths, self.aligns), [line]]

    def body(self, row: Sequence[Cell], width_cells: int) -> list[list[Run]]:
        """Return what one row of the table becomes."""
        widths = self.widths(width_cells)
        if widths is not None:
            return in_columns(row, widths, self.aligns)
        lines: list[list[Run]] = []
        for name, cell in zip(self.header, row, strict=False):
            lines += wrapped([*name, Run(": ", STRONG), *cell], width_cells)
        return [*lines, *self.head(width_cells)]

    def widths(self, width_cells: int) -> tuple[int, ...] | None:
        """Return the width of each column, the widest made narrower first; `None` if there is no room for them."""
        room = width_cells - len(_BETWEEN) * (len(self.wanted) - 1)
        if room < _NARROWEST * len(self.wanted):
            return None
        widths = dict.fromkeys(range(len(self.wanted)), 0)
        for left, column in zip(
            range(len(self.wanted), 0, -1), sorted(widths, key=self.wanted.__getitem__), strict=True
        ):
            widths[column] = min(self.wanted[column], room // left)
            room -= widths[column]
        return tuple(widths.values())


def in_columns(row: Iterable[Cell], widths: Sequence[int], aligns: Sequence[str]) -> list[list[Run]]:
    """Return what one row of a table becomes where its columns have these widths."""
    places = list(zip(widths, aligns, strict=True))
    columns = [wrapped(cell, width) for cell, width in zip(row, widths, strict=False)]
    return [
        _joined([_aligned(cell or [], *place) for cell, place in zip(line, places, strict=True)])
        for line in zip_longest(*columns)
    ]


def _aligned(cell: Cell, width_cells: int, align: str) -> list[Run]:
    spare = width_cells - cells(text_of(cell))
    left = {"right": spare, "center": spare // 2}.get(align, 0)
    return [Run(" " * left), *cell, Run(" " * (spare - left))]


def _joined(line: Sequence[Sequence[Run]]) -> list[Run]:
    runs = list(line[0])
    for cell in line[1:]:
        runs += [Run(_BETWEEN, DIM), *cell]
    return runs
