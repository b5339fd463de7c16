"""Places where a paragraph may be cut."""

import pytest

from miniagents.cli.markdown.cuts import cuts
from miniagents.cli.markdown.inline import inline
from miniagents.cli.markdown.runs import text_of, wrapped

LONG = "some **bold** words and a `piece of code` and [a link](http://x.y) "


def places(text: str, width: int = 40) -> list[tuple[int, int]]:
    """Return where a text may be cut at this width."""
    return cuts(text, [text_of(row) for row in wrapped(inline(text), width)])


@pytest.mark.parametrize("text", [LONG * 40, "日本語の文章" * 400, (LONG + "\n") * 40])
def test_both_parts_give_the_rows_of_the_whole(text: str) -> None:
    """What is before a cut, and what is after it, wrap as they did in one piece."""
    found = places(text)
    assert found
    rows = [text_of(row) for row in wrapped(inline(text), 40)]
    for count, at in found:
        parts = [text_of(row) for part in (text[:at], text[at:].strip()) for row in wrapped(inline(part), 40)]
        assert len(wrapped(inline(text[:at]), 40)) == count
        assert parts == rows


@pytest.mark.parametrize("opening", ["**", "`", "[", "_", "~~", "&#27;"])
def test_nothing_is_cut_that_is_not_settled(opening: str) -> None:
    """Emphasis, code or a link that is still open may change all that follows it."""
    assert places("a " + LONG * 40)
    assert not places(f"{opening}a " + LONG * 40)


def test_a_line_that_may_become_a_header_is_not_cut() -> None:
    """Only far along a line, or before the last two of them, is it certain that they are a paragraph's."""
    assert not places("word " * 190)
    assert places("word " * 400)
    assert not places("\n".join(["word " * 100] * 2))
    assert places("\n".join(["word " * 100] * 6))


def test_the_end_is_kept() -> None:
    """The last rows, which are being written, are never cut off."""
    text = LONG * 40
    rows = wrapped(inline(text), 40)
    assert all(count <= len(rows) - 4 for count, _ in places(text))
    assert not cuts(text, [])


def test_a_break_of_the_source_is_no_place_to_cut() -> None:
    """The rest would begin with an empty row."""
    for end in (" \\\n", "\n\\\n", "  \n"):
        assert not places((("word " * 8).strip() + end) * 40)
