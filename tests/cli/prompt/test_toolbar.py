"""What surrounds the line that is typed: safe, and never wider than the terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.application import create_app_session
from prompt_toolkit.layout.processors import TransformationInput
from prompt_toolkit.output import DummyOutput
from prompt_toolkit.utils import get_cwidth

from miniagents.cli.prompt.toolbar import SafeLine, cut, hint, style, toolbar_row
from miniagents.safe_text import safe


@pytest.mark.parametrize(
    ("text", "width_cells", "row"),
    [
        ("a model · 12 tokens", 80, "a model · 12 tokens"),
        ("abc", 4, "abc"),
        ("abcd", 4, "abc"),
        ("日本語", 6, "日本"),
        ("❤️❤️❤️", 6, "❤️❤️❤"),
        ("one\ntwo\x1b]0;t\x07", 80, "one two␛]0;t␇"),
        ("abc", 1, ""),
        ("", 0, ""),
    ],
)
def test_a_row_is_cut_to_the_width(text: str, width_cells: int, row: str) -> None:
    """Its last cell stays free, and what terminals disagree about counts as the widest."""
    assert cut(text, width_cells) == row


@pytest.mark.parametrize(
    ("width_cells", "row"),
    [(80, "Enter sends · 日本 · more"), (25, "Enter sends · 日本"), (18, "Enter sends"), (5, "日本"), (4, "")],
)
def test_a_hint_has_whole_parts(width_cells: int, row: str) -> None:
    """What does not fit is left out."""
    assert hint(("Enter sends", "日本", "more"), width_cells) == row


@given(st.text(), st.integers(0, 30))
def test_a_row_is_one_and_safe(text: str, width_cells: int) -> None:
    """Whatever is to be shown: no line's end, nothing that steers, never too wide."""
    row = cut(text, width_cells)
    assert "\n" not in row
    assert safe(row) == row
    assert sum(map(get_cwidth, row)) < max(width_cells, 1)


@given(st.text().filter(lambda text: "\t" not in text))
def test_a_line_is_shown_safe_and_each_character_in_its_place(text: str) -> None:
    """So the cursor stands where a person thinks it does."""
    shown = SafeLine().apply_transformation(_input(text))
    (fragment,) = shown.fragments
    assert fragment[0] == "class:typed"
    assert safe(fragment[1]) == fragment[1]
    assert len(fragment[1]) == len(text)
    assert [shown.source_to_display(at) for at in range(len(text))] == list(range(len(text)))


def test_a_tab_takes_as_many_cells_as_it_should() -> None:
    """What is behind it stands at a multiple of four, and the cursor with it."""
    shown = SafeLine().apply_transformation(_input("\x1b\tx"))
    assert "".join(text for _, text in shown.fragments) == "␛   x"
    assert shown.source_to_display(2) == 4


def test_what_a_line_shows_of_what_would_steer() -> None:
    """Control characters as pictures, what overrides the writing direction as a mark, emoji as they are."""
    shown = SafeLine().apply_transformation(_input("a\x1b[2J\u202eb 👩‍💻"))
    assert shown.fragments == [("class:typed", "a␛[2J�b 👩‍💻")]


def test_there_is_no_row_while_there_is_nothing_to_say() -> None:
    """It takes no space from the answer then."""
    said = ""
    row = toolbar_row(lambda: said)
    with create_app_session(output=DummyOutput()):
        assert row.preferred_height(80, 40).max == 0
        said = "a model"
        assert row.preferred_height(80, 40).preferred == 1


def test_it_has_no_colours_of_its_own() -> None:
    """What is below the line looks right on every background."""
    assert {value for _, value in style().style_rules} == {"dim reverse", "dim", "noinherit dim"}


def _input(text: str) -> TransformationInput:
    return TransformationInput(None, None, 0, lambda at: at, [("class:typed", text)], 80, 24)
