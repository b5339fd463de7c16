"""Runs: pieces of text that look the same, and what becomes of them on rows.

In: runs. Out: the same wrapped, or a `Row` with its SGR and OSC 8 sequences, the only ones there are. Never: Markdown.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from rich.color import ColorSystem
from rich.style import Style

from .rows import Row, cells, word_breaks
from .styles import PLAIN

__all__ = ["Run", "merged", "painted", "sliced", "text_of", "wrapped"]


class Run(NamedTuple):
    """A piece of text that looks the same all over."""

    text: str
    style: Style = PLAIN
    link: str = ""
    """Where it leads: printable ASCII, of a scheme that is safe to open."""


def merged(runs: Iterable[Run]) -> list[Run]:
    """Return `runs` with one for all neighbours that look the same."""
    return [Run(text_of(group), *look) for look, group in groupby(runs, itemgetter(1, 2))]


def text_of(runs: Iterable[Run]) -> str:
    """Return what is read."""
    return "".join([run.text for run in runs])


def wrapped(runs: Sequence[Run], width_cells: int) -> list[list[Run]]:
    """Return `runs` on as many rows as they need, at least one; a newline in them begins a new row."""
    text = text_of(runs)
    places: list[tuple[int, int]] = []
    start = 0
    for line in text.split("\n"):
        places += [(start + first, start + last) for first, last in word_breaks(line, width_cells) or [(0, 0)]]
        start += len(line) + 1
    return sliced(runs, places)


def sliced(runs: Sequence[Run], places: Iterable[tuple[int, int]]) -> list[list[Run]]:
    """Return what of `runs` is at each of these places, which are in order and do not overlap."""
    rows: list[list[Run]] = []
    which = at = 0
    for first, last in places:
        row: list[Run] = []
        while which < len(runs) and at < last:
            run = runs[which]
            piece = run.text[max(first - at, 0) : last - at]
            if piece:
                row.append(run._replace(text=piece))
            if at + len(run.text) > last:
                break
            at += len(run.text)
            which += 1
        rows.append(row)
    return rows


def painted(runs: Sequence[Run], *, colours: bool) -> Row:
    """Return `runs` as a row; spaces at its end are not kept."""
    plain = text_of(runs).rstrip(" ")
    if not colours:
        return Row(plain, cells(plain))
    parts = []
    left = len(plain)
    for run in runs:
        text = run.text[:left]
        left -= len(text)
        if text:
            before, after = _codes(run.style)
            text = f"{before}{text}{after}"
            parts.append(f"\x1b]8;;{run.link}\x1b\\{text}\x1b]8;;\x1b\\" if run.link else text)
    return Row("".join(parts), cells(plain))


@lru_cache(maxsize=512)
def _codes(style: Style) -> tuple[str, str]:
    """Return what is written before and after a text of this style."""
    before, _, after = style.render("|", color_system=ColorSystem.STANDARD).partition("|")
    return before, after
