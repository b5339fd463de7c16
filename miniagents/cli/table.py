"""Rows for a person or a program: a table on a terminal, lines of tab-separated fields elsewhere.

In: rows of text. Out: standard output. Never: what the rows are about.
"""

import sys
from collections.abc import Iterable, Sequence

from ..safe_text import one_line
from .output import write

__all__ = ["write_table"]

_WIDE_CELLS = 80
"""Where a terminal has as many, the first column is never folded: it is there to be copied."""


def write_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write rows; the head is for people only."""
    if sys.stdout.isatty():
        _as_table(head, rows)
    else:
        write("".join("\t".join(map(one_line, row)) + "\n" for row in rows))


def _as_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich.console import Console  # noqa: PLC0415 - only for a terminal
    from rich.table import Table  # noqa: PLC0415

    console = Console(markup=False, highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, name in enumerate(head):
        table.add_column(name, overflow="fold", no_wrap=number == 0 and console.width >= _WIDE_CELLS)
    for row in rows:
        table.add_row(*map(one_line, row))
    console.print(table)
