"""The figures as Markdown: tables that can be read in a terminal, too."""

from collections.abc import Sequence

from benchmarks.measure import Row


def costs(rows: Sequence[Row]) -> str:
    """Lay out ours beside the floor and the bound, with a bar for how much of its bound each one uses."""
    lines = [["case", "unit", "ours", "floor", "ratio", "bound", ""]]
    for row in rows:
        ratio = f"{row.ours / row.floor:.2f}" if row.ours is not None and row.floor else ""
        limit = number(row.limit)
        if row.bound_times_floor is not None:
            limit = f"{row.bound_times_floor:g}x floor"
        ours = "failed" if row.ours is None else number(row.ours)
        lines.append([row.case, row.unit, ours, number(row.floor), ratio, limit, _bar(row)])
    return _table(lines, "llrrrrl")


def beside(rows: Sequence[Row]) -> str:
    """Lay out ours beside the peers that have the same case, with how many times ours theirs is; empty without any."""
    rows = [row for row in rows if row.peers]
    names = list(dict.fromkeys(name for row in rows for name in row.peers))
    lines = [["case", "unit", "ours", *names]]
    lines += [[row.case, row.unit, number(row.ours), *[_beside(row, name) for name in names]] for row in rows]
    return _table(lines, "ll" + "r" * (len(names) + 1)) if rows else ""


def _beside(row: Row, name: str) -> str:
    peer = row.peers.get(name)
    if peer is None:
        return ""
    times = peer / row.ours if row.ours else 0
    return f"{number(peer)} ({times:.{0 if times >= 9.95 else 1}f}x)" if times else number(peer)


def number(value: float | None) -> str:
    """Write a figure with three digits."""
    if value is None:
        return ""
    return "0" if value == 0 else f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _bar(row: Row) -> str:
    if row.limit is None or row.ours is None:
        return ""
    used = row.ours / row.limit
    return f"`{'█' * max(0, min(10, round(used * 10))):·<10}` {used:.0%}{' **over**' if row.is_over else ''}"


def _table(lines: Sequence[Sequence[str]], sides: str) -> str:
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * (width - 1) + (":" if side == "r" else "-") for width, side in zip(widths, sides, strict=True)]
    laid = []
    for cells in (lines[0], rule, *lines[1:]):
        padded = [
            cell.rjust(width) if side == "r" else cell.ljust(width)
            for cell, width, side in zip(cells, widths, sides, strict=True)
        ]
        laid.append(f"| {' | '.join(padded)} |")
    return "\n".join(laid)
