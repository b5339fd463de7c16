"""The figures as a picture: how many times its floor each case costs, ours and the peers', on a logarithmic scale."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from xml.sax.saxutils import escape

from benchmarks.measure import Row

WIDTH, LEFT, RIGHT, ROW_HEIGHT, LETTER = 900, 262, 90, 27, 6.7
"""Pixels: the picture, the room for titles and for ratios beside the plot, a row, and a letter of its font."""

STYLE = """
  .page { fill: #ffffff } .band { fill: #f4f6f8 }
  text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
  .small { font-size: 12px; fill: #59636e } .title { font-size: 15px; font-weight: 600 } .end { text-anchor: end }
  .middle { text-anchor: middle } .over { fill: #cf222e; font-weight: 600 }
  .grid { stroke: #d8dee4; stroke-width: 1 } .floor { stroke: #59636e; stroke-width: 1.5 }
  .span { stroke: #afb8c1; stroke-width: 1.5 } .bound { stroke: #cf222e; stroke-width: 2.5 }
  .mark { stroke: #ffffff; stroke-width: 1 }
  .m0 { fill: #0969da } .m1 { fill: #bc4c00 } .m2 { fill: #1a7f37 }
  .m3 { fill: #8250df } .m4 { fill: #bf3989 } .m5 { fill: #7d6500 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .band { fill: #151b23 } text { fill: #f0f6fc } .small { fill: #9198a1 }
    .over { fill: #ff7b72 } .grid { stroke: #2a313c } .floor { stroke: #9198a1 } .span { stroke: #59636e }
    .bound { stroke: #ff7b72 } .mark { stroke: #0d1117 }
    .m0 { fill: #58a6ff } .m1 { fill: #f0883e } .m2 { fill: #3fb950 }
    .m3 { fill: #bc8cff } .m4 { fill: #ff80c8 } .m5 { fill: #e3b341 }
  }
"""


def _polygon(*corners: tuple[float, float]) -> Callable[[float, float, str], str]:
    def draw(x: float, y: float, style: str) -> str:
        points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
        return f'<polygon class="mark {style}" points="{points}"/>'

    return draw


def _circle(x: float, y: float, style: str) -> str:
    return f'<circle class="mark {style}" cx="{x:.1f}" cy="{y:.1f}" r="6"/>'


SHAPES = (
    _circle,
    _polygon((-5, -5), (5, -5), (5, 5), (-5, 5)),
    _polygon((0, -6), (6, 5), (-6, 5)),
    _polygon((0, -6.5), (6.5, 0), (0, 6.5), (-6.5, 0)),
    _polygon((-6, -5), (6, -5), (0, 6)),
    _polygon(
        (-2, -6), (2, -6), (2, -2), (6, -2), (6, 2), (2, 2), (2, 6), (-2, 6), (-2, 2), (-6, 2), (-6, -2), (-2, -2)
    ),
)
"""Ours, and the peers in their order: told apart by shape as well as by colour."""


def _text(x: float, y: float, text: str, style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


class _Scale:
    """Where a ratio is on the page: from the least of them to the greatest, with some room beside them."""

    def __init__(self, ratios: Sequence[float]) -> None:
        self.first = math.log10(min([1.0, *ratios]) * 0.7)
        self.last = math.log10(max([10.0, *ratios]) * 1.3)

    def __call__(self, ratio: float) -> float:
        part = (math.log10(ratio) - self.first) / (self.last - self.first)
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    def decades(self) -> list[float]:
        return [10.0**power for power in range(math.ceil(self.first), math.floor(self.last) + 1)]


def _legend(names: Sequence[str]) -> tuple[list[str], float]:
    """Draw what the marks mean, as many in a line as there is room for; give the y below it."""
    parts, x, y = [], 30.0, 82.0
    for number, name in enumerate([*names, "bound"]):
        wide = 18 + len(name) * LETTER + 20
        if x + wide > WIDTH - 12:
            x, y = 30.0, y + 24
        if number < len(names):
            parts.append(SHAPES[number](x, y - 4, f"m{number}"))
        else:
            parts.append(_line(x, y - 12, x, y + 4, "bound"))
        parts.append(_text(x + 14, y, name))
        x += wide
    return parts, y + 22


def _apart(places: Mapping[int, float]) -> Iterator[tuple[int, float, float]]:
    """Give each mark with how far above or below its line it goes so that it hides no other."""
    taken: list[tuple[float, float]] = []
    for number, place in places.items():
        free = [aside for aside in (0, -7, 7) if all(abs(place - x) > 12 or abs(aside - dy) > 6 for x, dy in taken)]
        taken.append((place, free[0] if free else 0))
        yield number, *taken[-1]


def _drawn(row: Row, names: Sequence[str], at: _Scale, y: float) -> Iterator[str]:
    """Draw one case: its title, its marks, and ours in figures."""
    assert row.ours is not None
    assert row.floor is not None
    marks = {0: row.ours} | {names.index(name): value for name, value in row.peers.items()}
    places = {number: at(value / row.floor) for number, value in marks.items()}
    yield _text(LEFT - 14, y + 4, row.case.replace("`", ""), "end")
    yield _line(min(*places.values(), at(1)), y, max(*places.values(), at(1)), y, "span")
    if row.limit is not None:
        place = at(row.limit / row.floor)
        yield _line(place, y - 10, place, y + 10, "bound")
    for number, place, aside in _apart(places):
        yield SHAPES[number](place, y + aside, f"m{number}")
    ratio = row.ours / row.floor
    yield _text(WIDTH - 24, y + 4, f"{ratio:.{0 if ratio >= 9.95 else 1}f}x", "end over" if row.is_over else "end")


def _axis(at: _Scale, top: float, bottom: float) -> Iterator[str]:
    for decade in at.decades():
        yield _line(at(decade), top, at(decade), bottom, "floor" if decade == 1 else "grid")
        yield _text(at(decade), top - 8, "floor" if decade == 1 else f"{decade:,g}x", "small middle")


def picture(rows: Sequence[Row]) -> str:
    """Return the rows that have a floor, as an SVG."""
    rows = [row for row in rows if row.ours and row.floor and row.is_drawn]
    names = ["miniagents", *dict.fromkeys(name for row in rows for name in row.peers)][: len(SHAPES)]
    values = [
        value / (row.floor or 1)
        for row in rows
        for value in (row.ours, row.limit, *row.peers.values())
        if value is not None
    ]
    at = _Scale(values)
    legend, top = _legend(names)
    top += 20
    bottom = top + len(rows) * ROW_HEIGHT
    parts = [
        f'<rect class="page" width="{WIDTH}" height="{bottom + 24:.0f}"/>',
        _text(24, 30, "How many times its floor each case costs", "title"),
        _text(
            24,
            50,
            "CPU time and memory; the floor is bare asyncio, Python or SDK for the same; less is better; logarithmic",
            "small",
        ),
        *legend,
    ]
    for number in range(0, len(rows), 2):
        y = top + number * ROW_HEIGHT
        parts.append(f'<rect class="band" x="12" y="{y:.0f}" width="{WIDTH - 24}" height="{ROW_HEIGHT}"/>')
    parts += _axis(at, top, bottom)
    parts.append(_text(WIDTH - 24, top - 8, "ours", "small end"))
    for number, row in enumerate(rows):
        parts += _drawn(row, names, at, top + (number + 0.5) * ROW_HEIGHT)
    body = "\n".join(parts)
    size = f'viewBox="0 0 {WIDTH} {bottom + 24:.0f}" width="{WIDTH}" height="{bottom + 24:.0f}"'
    label = "For each case a mark for miniagents and one for each peer, on a logarithmic scale of times its floor"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{label}">\n'
        f"<style>{STYLE}</style>\n{body}\n</svg>\n"
    )
