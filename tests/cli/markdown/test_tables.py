"""Tables that fit."""

import pytest

from miniagents.cli.markdown.rows import cells
from miniagents.cli.markdown.runs import Run, text_of
from miniagents.cli.markdown.tables import MEASURED_ROWS, Columns


def shown(rows: list[list[str]], width: int, aligns: list[str] | None = None) -> list[str]:
    """Return the rows of a table as text."""
    table = [[[Run(cell)] for cell in row] for row in rows]
    columns = Columns.of(table, aligns or [""] * len(rows[0]))
    lines = [*columns.head(width), *(line for row in table[1:] for line in columns.body(row, width))]
    return [text_of(line).rstrip() for line in lines]


def test_columns_are_as_wide_as_they_need() -> None:
    """Nothing is wider than its widest cell."""
    assert shown([["a", "b"], ["one", "two"]], 80) == ["a   │ b", "────┼────", "one │ two"]


def test_cells_stand_where_they_are_told() -> None:
    """Left, in the middle, right."""
    rows = shown([["left", "center", "right"], ["a", "b", "c"]], 80, ["left", "center", "right"])
    assert rows[2] == "a    │   b    │     c"


@pytest.mark.parametrize("width", [8, 12, 20, 40])
def test_a_table_fits_the_window(width: int) -> None:
    """Cells wrap, the widest columns first; a table with more columns than there is room for becomes lists."""
    table = [["name", "note", "日本"], ["x", "some longer note here", "語" * 9]]
    assert all(cells(row) <= width for row in shown(table, width))
    text = "".join(shown(table, width))
    assert text.count("語") == 9


def test_short_columns_keep_their_width() -> None:
    """Only what is too wide is made narrower."""
    assert shown([["a", "b"], ["x", "one two three"]], 12)[2:] == ["x │ one two", "  │ three"]


def test_a_late_row_does_not_change_the_widths() -> None:
    """After the rows that are measured a wide cell wraps, though there would be room."""
    rows = shown([["a"], *[["b"]] * MEASURED_ROWS, ["late"]], 80)
    assert rows[-4:] == ["l", "a", "t", "e"]
