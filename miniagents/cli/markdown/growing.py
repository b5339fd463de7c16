"""Fences, tables and paragraphs that grow, which most of a long answer is: read here in less time than by markdown-it.

In: as for `blocks.parse`. Out: the same leaves. Never: rows.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import dropwhile
from typing import Final

from . import blocks
from .blocks import Leaf, Stub

__all__ = ["parse"]

_FENCES: Final = ("```", "~~~")
_HEAD_LINES: Final = 2
"""A table's header and the line below it."""
_MOST_LINES: Final = 100
"""More of them come at once, not while something grows; and markdown-it has limits of its own for large tables."""
_MOST_CHARACTERS: Final = 1000
"""Of a row: a longer one takes more than there is of most tables to keep."""
_CACHED: Final = 256
"""Rows of tables that are not shown for good, in each of a few answers."""
_TEXT: Final = re.compile(r" *(?:[^\s\d#>|:=+\-*_`~]|\*{1,2}[^\s*]|_{1,3}[^\s_]|`{1,2}[^`]|~{1,2}[^~]|\d+[^\d.)])")
"""How a line begins that can be nothing but the text of a paragraph, whatever stands before it in that paragraph."""


def parse(stub: Stub, source: Sequence[str], base: int) -> list[Leaf]:
    """Return what `blocks.parse` does."""
    if not stub.path:
        leaf = _paragraph(stub, source)
        if leaf is None and len(source) <= _MOST_LINES:
            leaf = _fence(stub, source) or _table(stub, source)
        if leaf is not None:
            return [leaf]
    return blocks.parse(stub, source, base)


def _paragraph(stub: Stub, source: Sequence[str]) -> Leaf | None:
    """Return the paragraph at the left edge that all lines belong to, None if that is not plain to see."""
    first, end = 0, len(source)
    while first < end and not source[first]:
        first += 1
    while first < end and not source[end - 1]:
        end -= 1
    lines = source[first:end]
    if stub.own or not lines or lines[0][0] == " " or not all(map(_TEXT.match, lines)):
        return None
    text = "\n".join(lines).rstrip(" ")
    # Which other white space is none of the text at its end is not the same in all versions of markdown-it.
    return None if text[-1].isspace() else Leaf("paragraph", (), first, end, text)


def _fence(stub: Stub, source: Sequence[str]) -> Leaf | None:
    """Return the fence at the left edge that all lines belong to, None if that is not plain to see."""
    if len(stub.own) != 1 or not stub.own[0].startswith(_FENCES):
        return None
    mark = stub.own[0][0]
    lines = source[1:]
    if any(line.lstrip(" ").startswith(mark) for line in lines):
        return None
    info = stub.own[0].lstrip(mark)
    return Leaf("fence", (), 0, len(source), "".join([f"{line}\n" for line in lines]), info)


def _table(stub: Stub, source: Sequence[str]) -> Leaf | None:
    """Return the table at the left edge that all lines are rows of, None if that is not plain to see."""
    if len(stub.own) not in (0, _HEAD_LINES):
        return None
    lines = [*dropwhile(lambda line: not line, source)]
    if len(lines) < _HEAD_LINES or not all(line[:1] == "|" and len(line) <= _MOST_CHARACTERS for line in lines):
        return None
    head, line_below, *rows = lines
    table = _with_row(head, line_below, "")
    found = [] if table is None else [_with_row(head, line_below, row) for row in rows]
    if table is None or None in found:
        return None
    cells = (*table.cells, *(each.cells[1] for each in found if each is not None))
    return table._replace(first=len(source) - len(lines), end=len(source), cells=cells)


@lru_cache(maxsize=_CACHED)
def _with_row(head: str, line_below: str, row: str) -> Leaf | None:
    """Return a table of one row, or of none where that is empty; None if that is no table."""
    lines = [head, line_below, *([row] if row else [])]
    found = blocks.parse(Stub(), lines, 0)
    is_table = len(found) == 1 and found[0].kind == "table" and len(found[0].cells) == len(lines) - 1
    return found[0] if is_table else None
