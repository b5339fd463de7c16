"""Widths that no terminal exceeds, and breaks that spare what belongs together."""

import pytest

from miniagents.cli.markdown.rows import cells, hard_breaks, word_breaks


def broken(text: str, width: int) -> list[str]:
    """Return the rows of a text."""
    return [text[first:last] for first, last in word_breaks(text, width)]


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("abc", 3),
        ("日本", 4),
        ("❤\ufe0f", 2),
        ("👍🏽", 4),
        ("1\ufe0f\u20e3", 2),
        ("👩\u200d💻", 4),
        ("🇨🇿", 4),
        ("क\u094dष\u093f", 3),
        ("e\u0301", 1),
    ],
)
def test_a_text_counts_as_the_most_that_a_terminal_makes_of_it(text: str, width: int) -> None:
    """Where terminals disagree on an emoji or a mark, the widest counts."""
    assert cells(text) == width


def test_a_word_goes_to_the_next_row_whole() -> None:
    """Spaces at a break belong to no row; those inside of a row stay."""
    assert broken("one  two three", 8) == ["one  two", "three"]
    assert broken("", 8) == []


def test_a_word_that_is_too_long_is_cut() -> None:
    """What follows it stands on its last row."""
    assert broken("a abcdefghij kl", 4) == ["a", "abcd", "efgh", "ij", "kl"]


def test_wide_characters_may_be_parted_anywhere_but_before_a_full_stop() -> None:
    """Chinese and Japanese fill their rows, and no row begins with a comma."""
    assert broken("ab日本語。", 8) == ["ab日本", "語。"]


def test_an_emoji_is_not_torn_apart() -> None:
    """Joined emoji, flags and marks go to the next row together; only one that is too wide for any row is cut."""
    assert broken("ab👩\u200d💻🇨🇿", 6) == ["ab👩\u200d💻", "🇨🇿"]
    assert broken("xxxxe\u0301", 4) == ["xxxx", "e\u0301"]
    assert all(cells(row) <= 4 for row in broken("👩\u200d" * 5, 4))


def test_code_is_cut_where_the_row_ends_and_loses_nothing() -> None:
    """All rows but the last are full; spaces stay; an empty line is one row."""
    for text in ("  if x:   return 漢字漢字", "abcdefgh", ""):
        rows = [text[first:last] for first, last in hard_breaks(text, 5)]
        assert "".join(rows) == text
        assert all(cells(row) in {4, 5} for row in rows[:-1])
    assert hard_breaks("", 5) == [(0, 0)]
