"""Rows, and how many cells of a terminal a text takes.

Terminals do not agree on the width of an emoji that is made of several code points, so a text counts as the most that
any of them makes of it: a row never wraps by itself.

In: text. Out: widths in cells, and the places where a text may be broken. Never: a colour, Markdown.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

__all__ = ["Row", "cells", "hard_breaks", "word_breaks"]

_WORD = re.compile("[^ ]+")
_VARIATION_SELECTOR = "\ufe0f"
_JOINER = "\u200d"
_TONES = range(0x1F3FB, 0x1F400)
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)
_WIDE_CELLS = 2
_NEVER_FIRST = frozenset(
    map(chr, [*range(0x3001, 0x3004), 0x300D, 0x300F, 0x3011, 0xFF01, 0xFF09, 0xFF0C, 0xFF1A, 0xFF1B, 0xFF1F, 0x30FC])
)
"""What no row of Chinese or Japanese begins with: commas, full stops, closing brackets, the long vowel."""


class Row(NamedTuple):
    """One row as it is written to a terminal; it holds no newline and needs no row before it."""

    text: str
    cells: int
    """The most cells that any terminal may take it for."""


def cells(text: str) -> int:
    """Return the most cells that any terminal may take `text` for."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def word_breaks(text: str, width_cells: int) -> list[tuple[int, int]]:
    """Return where the rows of `text` begin and end; spaces at a break belong to neither row.

    A word goes to the next row whole, if it fits there; between wide characters a row may break anywhere.
    """
    rows: list[tuple[int, int]] = []
    start = end = used = 0
    for first, last in _units(text):
        width = cells(text[first:last])
        if end and used + first - end + width <= width_cells:
            used += first - end + width
            end = last
            continue
        if end:
            rows.append((start, end))
        *full, (start, end) = hard_breaks(text, width_cells, first, last) if width > width_cells else [(first, last)]
        rows += full
        used = cells(text[start:end]) if full else width
    return [*rows, (start, end)] if end else rows


def hard_breaks(text: str, width_cells: int, first: int = 0, last: int | None = None) -> list[tuple[int, int]]:
    """Return where the rows of `text[first:last]` begin and end: all but the last are full."""
    last = len(text) if last is None else last
    if text.isascii():
        return [(at, min(at + width_cells, last)) for at in range(first, last, width_cells)] or [(first, last)]
    rows: list[tuple[int, int]] = []
    start, used, safe = first, 0, first
    for at in range(first, last):
        if not _glued(text, at):
            safe = at
        used += _cells(text[at])
        if used > width_cells and at > start:
            cut = safe if safe > start else at
            rows.append((start, cut))
            start, used = cut, cells(text[cut : at + 1])
    return [*rows, (start, last)]


@lru_cache(maxsize=8192)
def _cells(character: str) -> int:
    """Return the most cells that a terminal may take one code point for, in whatever company."""
    from rich.cells import get_character_cell_size  # noqa: PLC0415 - plain English needs none of it

    code = ord(character)
    if code in _TONES or code in _FLAG_LETTERS:
        return _WIDE_CELLS
    if character == _VARIATION_SELECTOR or unicodedata.category(character) == "Mc":
        return 1
    return get_character_cell_size(character)


def _units(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each part of `text` is that stays on one row if it can."""
    plain = text.isascii()
    for word in _WORD.finditer(text):
        start, end = word.span()
        if not plain and not word[0].isascii():
            for at in range(start + 1, end):
                if _may_break(text, at):
                    yield start, at
                    start = at
        yield start, end


def _may_break(text: str, at: int) -> bool:
    if text[at] in _NEVER_FIRST or _glued(text, at):
        return False
    return _cells(text[at]) == _WIDE_CELLS or _cells(text[at - 1]) == _WIDE_CELLS


def _glued(text: str, at: int) -> bool:
    """Say whether the character there is one with those before it, to the eye."""
    if at == 0:
        return False
    character, before = text[at], text[at - 1]
    code = ord(character)
    if _cells(character) == 0 or character == _VARIATION_SELECTOR or code in _TONES or before == _JOINER:
        return True
    return code in _FLAG_LETTERS and ord(before) in _FLAG_LETTERS
