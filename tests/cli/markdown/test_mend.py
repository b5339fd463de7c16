"""Unfinished texts that look final."""

import pytest

from miniagents.cli.markdown.mend import may_be_anything, mended


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("a **b", "a **b**"),
        ("a **b *c", "a **b *c***"),
        ("a **b** c", "a **b** c"),
        ("a ~~b", "a ~~b~~"),
        ("a **", "a "),
        ("a **b*", "a **b**"),
        ("a `b", "a `b`"),
        ("a `b` `", "a `b`"),
        ("**a `b", "**a `b`**"),
        ("`**`", "`**`"),
        ("a [b", "a b"),
        ("a [b](http://x", "a b"),
        ("a [b](http://x) c", "a [b](http://x) c"),
        ("a [1] b [2", "a [1] b 2"),
        ("snake_case", "snake_case"),
        ("_a", "_a_"),
        ("2 * 3", "2 * 3"),
        (r"\*a", r"\*a"),
        ("a\n| b |", "a"),
        ("| a | b |\n|--", ""),
        ("*a " * 2000, "a " * 2000),
        ("*a " * 400 + "b " * 2000, "*a " * 400 + "b " * 2000),
        ("[`&" * 200, ""),
        ("[a\n" * 500, "a " * 500),
    ],
)
def test_what_is_begun_is_ended(source: str, shown: str) -> None:
    """Emphasis, code and links are closed; a mark that has begun nothing, and what may become a table, wait."""
    assert mended(source).rstrip() == shown.rstrip()


@pytest.mark.parametrize(
    "line", ["", "-", "- ", "==", "1", "1.", "12)", "`", "```py", "~~", "##", "> -", "- [", "- [ ]", "* *"]
)
def test_a_line_that_can_become_anything_is_known(line: str) -> None:
    """It waits until it is decided."""
    assert may_be_anything(line)


@pytest.mark.parametrize("line", ["a", "- a", "1. a", "`a`", "`a", "# a", "- [x] a", "|"])
def test_a_line_that_is_decided_does_not_wait(line: str) -> None:
    """A word is shown at once."""
    assert not may_be_anything(line)
