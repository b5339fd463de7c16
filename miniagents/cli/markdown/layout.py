"""How each kind of block looks: what stands before its rows, its lines, its colours.

Code stands at the left edge, without a background, a frame or numbers, wherever it is in the text: what a mouse copies
is the code.

In: a leaf, and what was shown before it. Out: rows. Never: what is finished.
"""

from collections.abc import Sequence
from copy import copy
from functools import lru_cache
from typing import NamedTuple

from .blocks import Container, Leaf, Stub
from .code import Code
from .inline import inline
from .rows import Row, hard_breaks
from .runs import Run, painted, sliced, text_of, wrapped
from .styles import BULLET, DIM, HEADINGS, PLAIN
from .tables import Columns, in_columns

__all__ = ["Layout", "Shown"]

_RULE_CELLS = 60
"""The longest rule: a window that is made narrower does not break it at once."""
_CACHED = 256
"""Rows of tables: those of a few that grow, on the largest screen there is."""
_BAR = "│ "
_TASKS = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}


class Shown(NamedTuple):
    """What was shown so far."""

    stub: Stub = Stub()
    anything: bool = False
    part: Code | Columns | None = None
    """The block of code or the table that goes on."""


class _Lead(NamedTuple):
    """What stands before the rows of a leaf, its first and the rest of them; the same number of cells."""

    first: str
    rest: str

    def rows(self, lines: Sequence[Sequence[Run]], *, colours: bool) -> list[Row]:
        rest = Run(self.rest, DIM if self.rest.strip() else PLAIN)
        head = rest if self.first == self.rest else Run(self.first, BULLET)
        return [painted([rest if at else head, *line], colours=colours) for at, line in enumerate(lines)]


class Layout:
    """The looks of blocks."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours

    def gap(self, leaf: Leaf, shown: Shown, width_cells: int) -> Row:
        """Return the empty row before a leaf: empty but for the quotes that go on."""
        both = tuple(each for each in leaf.path if each in shown.stub.path)
        return painted([Run(_lead(both, both, width_cells).rest, DIM)], colours=self._colours)

    def rows(
        self, leaf: Leaf, shown: Shown, width_cells: int, *, complete: bool
    ) -> tuple[list[Row], Code | Columns | None]:
        """Return the rows of a leaf that were not shown yet, and the part that goes on if it is not complete."""
        if leaf.kind in {"fence", "code_block"}:
            return self._code(leaf, shown, width_cells, complete=complete)
        if leaf.kind == "table":
            return self._table(leaf, shown, width_cells, complete=complete)
        lead, lines = self._lines(leaf, shown, width_cells)
        return lead.rows(lines, colours=self._colours), None

    def words(self, leaf: Leaf, shown: Shown, width_cells: int) -> list[str]:
        """Return what is read on each row of a paragraph, without what stands before it."""
        return list(map(text_of, self._lines(leaf, shown, width_cells)[1]))

    def _lines(self, leaf: Leaf, shown: Shown, width_cells: int) -> tuple[_Lead, list[list[Run]]]:
        text, task = leaf.text, ""
        if leaf.kind == "paragraph" and leaf.path and leaf.path[-1] not in shown.stub.path and text[:4] in _TASKS:
            task, text = _TASKS[text[:4]], text[4:]
        lead = _lead(leaf.path, shown.stub.path, width_cells, task)
        room = width_cells - len(lead.rest)
        if leaf.kind == "item":
            return lead, [[]]
        if leaf.kind == "hr":
            return lead, [[Run("─" * min(room, _RULE_CELLS), DIM)]]
        return lead, wrapped(self._text(leaf, text), room)

    def _text(self, leaf: Leaf, text: str) -> Sequence[Run]:
        runs = inline(text, marks=not self._colours)
        if leaf.kind != "heading":
            return runs
        level = int(leaf.info)
        style = HEADINGS[min(level, len(HEADINGS)) - 1]
        marks = [] if self._colours else [Run("#" * level + " ")]
        return [*marks, *(run._replace(style=style + run.style) for run in runs)]

    def _code(
        self, leaf: Leaf, shown: Shown, width_cells: int, *, complete: bool
    ) -> tuple[list[Row], Code | Columns | None]:
        code = copy(shown.part)
        lines = leaf.text.split("\n")[:-1]
        rows: list[Row] = []
        lead = _lead(leaf.path, shown.stub.path, width_cells)
        room = min(width_cells, _RULE_CELLS) - len(lead.rest)
        if isinstance(code, Code):
            # An indented block has its first line, the one in the stub, once more.
            lines = lines[1:] if leaf.kind == "code_block" else lines
        else:
            code = Code(leaf.info)
            name = f"── {code.language} " if code.language else ""
            rows += lead.rows([[Run((name + "─" * room)[:room], DIM)]], colours=self._colours)
        for line in lines:
            runs = code.line(line)
            pieces = sliced(runs, hard_breaks(text_of(runs), width_cells))
            rows += [painted(piece, colours=self._colours) for piece in pieces]
        if complete:
            rows += _Lead(lead.rest, lead.rest).rows([[Run("─" * room, DIM)]], colours=self._colours)
        return rows, None if complete else code

    def _table(
        self, leaf: Leaf, shown: Shown, width_cells: int, *, complete: bool
    ) -> tuple[list[Row], Code | Columns | None]:
        marks, lead = not self._colours, _lead(leaf.path, shown.stub.path, width_cells)
        room = width_cells - len(lead.rest)
        rows: list[Row] = []
        columns = shown.part
        if not isinstance(columns, Columns):
            columns = Columns.of([[inline(cell, marks=marks) for cell in row] for row in leaf.cells], leaf.aligns)
            rows += lead.rows(columns.head(room), colours=self._colours)
        widths = columns.widths(room)
        for row in leaf.cells[1:]:
            if widths is not None:
                rows += _row_in_columns(row, widths, columns.aligns, lead.rest, colours=self._colours)
            else:
                lines = columns.body([inline(cell, marks=marks) for cell in row], room)
                rows += _Lead(lead.rest, lead.rest).rows(lines, colours=self._colours)
        return rows, None if complete else columns


@lru_cache(maxsize=_CACHED)
def _row_in_columns(
    row: tuple[str, ...], widths: tuple[int, ...], aligns: tuple[str, ...], before: str, *, colours: bool
) -> tuple[Row, ...]:
    """Return the rows of one row of a table, which is looked at in each frame as long as its table grows."""
    cells = [inline(cell, marks=not colours) for cell in row]
    return tuple(_Lead(before, before).rows(in_columns(cells, widths, aligns), colours=colours))


def _lead(path: Sequence[Container], begun: Sequence[Container], width_cells: int, task: str = "") -> _Lead:
    """Return what stands before a leaf in these containers; no more than half of the row."""
    first = rest = ""
    for each in path:
        marker = _BAR if each.quote else "• " if each.number is None else f"{each.number}. "
        if task and each is path[-1]:
            marker = task
        space = marker if each.quote else " " * len(marker)
        first += space if each in begun else marker
        rest += space
    most = width_cells // 2
    return _Lead(first[-most:], rest[-most:])
