"""Where a paragraph that is too tall for the window may be cut in two, so that nobody can ever tell.

What stands before the cut must be settled: whatever comes, it is read as it is now, and its last row is full. The rest
is marked as what it is (`GOES_ON`), or a rest that begins with a dash would be a list.

In: the source of a paragraph, the text of its rows. Out: places in the source. Never: a line's containers.
"""

import re
from collections.abc import Sequence

from .blocks import HEADER_LIMIT, HEADING_LIMIT
from .inline import plain
from .rows import cells

__all__ = ["cuts"]

_KEPT_ROWS = 4
"""Rows at the end that are not cut off: what is being written is the least settled."""
_CLOSING = "*_~`)]"
_UNDECIDED_LINES = 2
"""The last line, and the one before it, which the last may turn into the header of a table."""
_OPENING = re.compile(r"`|[*~]+[^\s*~]|(?<!\w)_+[^\s_]")
_WIDE_CELLS = 2


def cuts(text: str, rows: Sequence[str]) -> list[tuple[int, int]]:
    """Return places where `text` may be cut, the best first, each with the number of rows before it.

    The caller makes sure that the source up to there gives just these rows.
    """
    most = len(rows) - _KEPT_ROWS
    counts = sorted({most, most - 1, most - 2, most // 2, most // 4}, reverse=True)
    found = [(count, _offset(text, "".join(rows[:count]))) for count in counts if count > 0]
    return [(count, at) for count, at in found if at > HEADING_LIMIT and _is_inside(text, at) and _is_settled(text, at)]


def _offset(text: str, shown: str) -> int:
    """Return where in the source the shown text ends, or 0 if that cannot be told."""
    at = 0
    for character in shown:
        if character != " ":
            at = text.find(character, at) + 1
            if not at:
                return 0
    while text[at : at + 1] in set(_CLOSING):
        at += 1
    before, after = text[at - 1 : at], text[at : at + 1]
    if text.startswith("\\\n", at + 1):  # a break that the source demands, which the rest would begin with
        return 0
    if after in {" ", "\n"} and text[at + 1 : at + 2].strip() and before.strip() and before != "\\":
        return at
    return at if before.isalpha() and after.isalpha() and cells(before) == cells(after) == _WIDE_CELLS else 0


def _is_inside(text: str, at: int) -> bool:
    """Say whether the line that is cut is a part of the paragraph, whatever comes."""
    lines = text.split("\n")
    undecided = len(text) - sum(len(line) + 1 for line in lines[-_UNDECIDED_LINES:])
    return at < undecided or at - text.rfind("\n", 0, at) > HEADER_LIMIT


def _is_settled(text: str, at: int) -> bool:
    """Say whether nothing before the cut, nor in the word after it, can still begin or end anything."""
    word = re.compile(r"\s").search(text, at + 1)
    if text[at].strip():
        return not any(map(_opens, (text[:at], text[: at + 1])))
    return word is not None and not any(map(_opens, (text[:at], text[: word.start()])))


def _opens(source: str) -> bool:
    """Say whether a source leaves something open that what follows it may close."""
    left = plain(source)
    return _OPENING.search(left) is not None or left.count("[") > left.count("]")
