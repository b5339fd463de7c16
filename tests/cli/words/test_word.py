"""What a word is."""

import pytest

from miniagents.cli.words.word import number_in


@pytest.mark.parametrize(
    ("text", "number"),
    [("", 7), ("1", 1), ("12", 12), ("0", None), ("-1", None), ("x", None), ("²", None), ("٣", None)],
)
def test_a_number(text: str, number: int | None) -> None:
    """It is above 0 and in plain digits; an empty text is the default."""
    assert number_in(text, default=7) == number
