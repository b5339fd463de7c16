"""Plain text becomes rows: folded at words, otherwise as it is, whenever it came."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniagents.cli.display.plain_stream import PlainStream, cut, folded, quiet
from miniagents.cli.markdown.rows import Row, cells


@settings(max_examples=60, deadline=None, database=None)
@given(pieces=st.lists(st.text("ab  \n\t字👍", max_size=8), max_size=30), width=st.integers(4, 20))
def test_rows_do_not_depend_on_when_the_text_came(pieces: list[str], width: int) -> None:
    """However it was cut, the rows are those of the whole text; none is too wide, and no word is lost."""
    stream, whole = PlainStream(), PlainStream()
    rows: list[Row] = []
    for piece in pieces:
        stream.feed(piece)
        laid = stream.advance(width, 3)
        assert len(laid.tail) <= 1
        rows += laid.finished
    rows += stream.end(width)
    whole.feed("".join(pieces))
    assert rows == whole.end(width)
    assert all(row.cells <= width for row in rows)
    assert "".join(row.text for row in rows).replace(" ", "") == "".join("".join(pieces).split())


def test_long_lines_are_finished_row_by_row() -> None:
    """Of a line that does not end only its last row is still to change; indented ones lose no character."""
    stream = PlainStream()
    stream.feed("one two three four five")
    finished, tail = stream.advance(10, 5)
    assert [row.text for row in finished] == ["one two", "three four"]
    assert [row.text for row in tail] == ["five"]
    stream.feed(" six\n   x = f(a,  b)\n")
    assert [row.text for row in stream.end(10)] == ["five six", "   x = f(a", ",  b)"]


def test_without_room_there_is_no_tail() -> None:
    """A painter that has no row for it gets none."""
    stream = PlainStream()
    stream.feed("one")
    assert stream.advance(10, 0) == ([], [])
    assert [row.text for row in stream.end(10)] == ["one"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("short", "short"), ("exactly 10", "exactly 10"), ("more than 10", "more than…"), ("字" * 9, "字字字字…")],
)
def test_what_is_too_long_for_a_row_is_cut(text: str, shown: str) -> None:
    """It fits, and says that there was more."""
    assert cut(text, 10) == shown
    assert cells(cut(text, 10)) <= 10


def test_quiet_rows_are_dim_where_there_are_colours() -> None:
    """Without colours, and where there is nothing, there is no sequence."""
    assert quiet("a字", colours=True) == Row("\x1b[2ma字\x1b[0m", 3)
    assert quiet("a字", colours=False) == Row("a字", 3)
    assert quiet("", colours=True) == Row("", 0)


def test_a_whole_text_in_a_style() -> None:
    """Each of its rows has the style by itself; empty ones need none."""
    assert folded("one two\n\nx", 4, "\x1b[31m") == [
        Row("\x1b[31mone\x1b[0m", 3),
        Row("\x1b[31mtwo\x1b[0m", 3),
        Row("", 0),
        Row("\x1b[31mx\x1b[0m", 1),
    ]
    assert folded("one", 10) == [Row("one", 3)]
