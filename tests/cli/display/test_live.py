"""Rows on a terminal, as pyte sees them: what is painted is what is there, and nothing else."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from miniagents.cli.display.live import Live
from tests.cli.glass import Glass, plain, row, rows

COLUMNS, ROWS = 20, 6

TEXTS = st.builds(
    lambda words, style: f"\x1b[{style}m{words}\x1b[0m" if style and words else words,
    st.text("ab ", max_size=COLUMNS - 1).map(str.rstrip),
    st.sampled_from(["", "", "1", "2;3"]),
)
LISTS = st.lists(TEXTS, max_size=ROWS + 2)


@settings(max_examples=60, deadline=None, database=None)
@given(paints=st.lists(st.tuples(LISTS, LISTS), max_size=12), closes=st.sets(st.integers(0, 11)))
def test_what_is_painted_is_what_is_there(paints: list[tuple[list[str], list[str]]], closes: set[int]) -> None:
    """After any paints the history and the screen hold the finished rows and the end of the last tail, no more."""
    glass = Glass(COLUMNS, ROWS)
    live = Live(glass.write, glass.size)
    kept: list[str] = []
    for at, (finished, tail) in enumerate(paints):
        live.paint(rows(*finished), rows(*tail))
        kept += finished
        shown = tail[-ROWS:]
        assert glass.lines == plain("\n".join([*kept, *shown])).rstrip("\n").split("\n")
        if at in closes:
            live.close()
            kept += shown if shown != [""] else []


@settings(max_examples=30, deadline=None, database=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=10))
def test_styles_are_what_they_would_be_at_once(texts: list[str]) -> None:
    """A row that grows piece by piece, styles and all, ends with the cells that it has when it is written whole."""
    grown, whole = Glass(COLUMNS, ROWS), Glass(COLUMNS, ROWS)
    live = Live(grown.write, grown.size)
    for text in texts:
        words = plain(text)
        style = text[: text.index("m") + 1] if text != words else ""
        for end in range(1, len(words) + 1):
            live.paint([], [row(f"{style}{words[:end]}\x1b[0m" if style else words[:end])])
        live.paint([row(text)], [])
    whole.write("\r\n".join([*texts, ""]))
    assert grown.cells == whole.cells


def test_a_row_that_grew_is_written_from_where_it_grew() -> None:
    """Growth costs its own bytes and, in a style, the style's; no movement of the cursor, no erasing."""
    glass = Glass(COLUMNS, ROWS)
    live = Live(glass.write, glass.size)
    live.paint([], rows("one", "\x1b[1mtwo\x1b[0m"))
    live.paint([], rows("one", "\x1b[1mtwo three\x1b[0m"))
    live.paint(rows("one", "\x1b[1mtwo three\x1b[0m"), rows("four"))
    live.paint([], rows("four"))
    live.paint([], rows("four five"))
    assert glass.writes[1:] == ["\x1b[1m three\x1b[0m", "\r\nfour", " five"]


def test_only_rows_that_differ_are_written_again() -> None:
    """A change in the middle rewrites that row and what is at the end, in one write that is shown at once."""
    glass = Glass(COLUMNS, ROWS)
    live = Live(glass.write, glass.size)
    live.paint([], rows("zero", "one", "two", "three"))
    live.paint([], rows("zero", "1", "two", "three"))
    assert glass.writes[1:] == ["\x1b[?2026h\x1b[2A\r1\x1b[K\r\n\r\nthree\x1b[K\x1b[?2026l"]
    assert glass.lines == ["zero", "1", "two", "three"]


def test_nothing_is_erased_downwards() -> None:
    """No paint erases from the cursor to the end of the screen, for tmux takes that for a cleared screen."""
    glass = Glass(COLUMNS, ROWS)
    live = Live(glass.write, glass.size)
    for tail in (["a", "b", "c"], [], ["x" * 10], ["y"], []):
        live.paint([], rows(*tail))
    assert "J" not in "".join(glass.writes)
    assert glass.lines == [""]
    assert glass.screen.cursor.y == 0


def test_a_tail_never_outgrows_the_screen() -> None:
    """Of a tail that is taller than the screen only its end is shown; its rows come when they are finished, once."""
    glass = Glass(COLUMNS, ROWS)
    live = Live(glass.write, glass.size)
    many = [f"row {number}" for number in range(40)]
    for end in range(1, 41):
        live.paint([], rows(*many[:end]))
    assert not glass.screen.history.top
    assert glass.lines == many[-ROWS:]
    live.paint(rows(*many), [])
    assert glass.lines == many


def test_rows_that_a_narrower_window_has_folded_are_replaced_whole() -> None:
    """Live rows that wrap take as many rows as they need, and are counted so when they are written again."""
    glass = Glass(COLUMNS, ROWS)
    live = Live(glass.write, glass.size)
    live.paint(rows("kept"), rows("x" * 30, "y" * 45))
    assert glass.lines == ["kept", "x" * 20, "x" * 10, "y" * 20, "y" * 20, "y" * 5]
    live.paint(rows("one"), rows("two"))
    assert glass.lines == ["kept", "one", "two"]


def test_what_a_smaller_window_has_pushed_away_is_left() -> None:
    """Rows that left the screen at its top stay as they are; one that was wrong there is said again, none is lost."""
    glass = Glass(COLUMNS, ROWS)
    live = Live(glass.write, glass.size)
    live.paint([], rows("a", "b", "c", "d", "e"))
    live._size = None
    live.size = lambda: (COLUMNS, 3)  # type: ignore[method-assign]
    live.paint(rows("a", "b", "c", "d!"), rows("e!"))
    assert glass.lines == ["a", "b", "c", "d!", "e!"]
    live.size = lambda: (COLUMNS, 2)  # type: ignore[method-assign]
    live.paint([], rows("f", "g"))
    live.size = lambda: (COLUMNS, 1)  # type: ignore[method-assign]
    live.paint(rows("f!"), rows("g"))
    assert glass.lines == ["a", "b", "c", "d!", "f", "f!", "g"]
