"""Rows on a terminal that can do nothing but go on to the next line."""

from miniagents.cli.display.lines import Lines
from tests.cli.glass import row, rows


def test_only_what_is_finished_is_written() -> None:
    """Each finished row is a line, once; what may still change waits, and there is never a control sequence."""
    written: list[str] = []
    lines = Lines(written.append, lambda: (40, 10))
    lines.paint([], rows("still"))
    lines.paint(rows("one", "two"), [row("still chang")])
    lines.paint([], [])
    lines.paint(rows("still changing", ""), [])
    lines.close()
    assert written == ["one\ntwo\n", "still changing\n\n"]
    assert lines.size() == (40, 10)
    assert lines.is_ready()
