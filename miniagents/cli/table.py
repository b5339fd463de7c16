"""Rows for a person or a program: a table on a terminal, lines of tab-separated fields elsewhere.

In: rows of text. Out: standard output. Never: what the rows are about.
"""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..safe_text import one_line
from .output import write

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["write_table"]

_GAP_CELLS = 2


def write_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write rows; the head is for people only."""
    if sys.stdout.isatty():
        _as_table(head, rows)
    else:
        write("".join("\t".join(map(one_line, row)) + "\n" for row in rows))


def _as_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich.cells import cell_len  # noqa: PLC0415 - only for a terminal
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    console = Console(markup=False, highlight=False)
    shown = [tuple(map(one_line, row)) for row in rows]
    first, *others = [max(map(cell_len, column)) + _GAP_CELLS for column in zip(head, *shown, strict=True)]
    if first > console.width // 2 and first + sum(others) - _GAP_CELLS > console.width:
        _as_entries(console, head, shown)
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP_CELLS, 0, 0))
    for number, name in enumerate(head):
        table.add_column(name, overflow="fold", no_wrap=number == 0)  # which is there to be copied
    for row in shown:
        table.add_row(*row)
    console.print(table)


def _as_entries(console: "Console", head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write what stands in the first column on a line of its own, whole, and the rest of the row below it."""
    from rich.padding import Padding  # noqa: PLC0415 - as above

    for first, *others in rows:
        console.print(first, style="bold", soft_wrap=True)
        named = zip(head[1:], others, strict=True)
        told = " · ".join(f"{name} {value}" if value.isdecimal() else value for name, value in named if value)
        if told:
            console.print(Padding(told, (0, 0, 0, 2)))
