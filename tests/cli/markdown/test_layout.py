"""How blocks look; the corpus shows the rest."""

import re

from miniagents.cli.markdown.stream import rendered


def text(source: str, width: int = 40) -> list[str]:
    """Return the rows of a text without colours."""
    return [row.text for row in rendered(source, width, colours=False)]


def test_code_can_be_copied_wherever_it_stands() -> None:
    """In a list or a quote, too, the rows of code hold code only."""
    assert text("> 1. a\n>    ```\n>    if x:\n>        y\n>    ```")[2:4] == ["if x:", "    y"]


def test_a_long_line_of_code_is_cut_and_nothing_is_added() -> None:
    """The pieces together are the line."""
    line = "value = [" + "1, " * 40 + "]"
    rows = text(f"```\n{line}\n```")[1:-1]
    assert "".join(row.ljust(40) for row in rows).rstrip() == line


def test_there_is_nothing_but_text_without_colours() -> None:
    """`NO_COLOR` means no sequence at all."""
    source = "# a\n**b** [c](http://x.y) `d`\n```py\nx = 1\n```\n|a|b|\n|-|-|\n> - [x] e"
    assert not re.search("\x1b", "".join(text(source)))
    assert "\x1b" in "".join(row.text for row in rendered(source, 40, colours=True))


def test_code_has_no_background() -> None:
    """Colours of the foreground are all that code has."""
    rows = rendered("```py\ndef f(): return 'x'\n```", 40, colours=True)
    codes = {code for row in rows for found in re.findall("\x1b\\[([0-9;]*)m", row.text) for code in found.split(";")}
    assert codes
    assert not any(40 <= int(code) <= 49 or int(code) >= 100 for code in codes if code)


def test_a_heading_stands_apart() -> None:
    """There is an empty row before a heading, if the source has none, and between blocks those of the source."""
    assert text("a\n# b\nc\n\n\n\nd") == ["a", "", "# b", "c", "", "d"]


def test_markers_never_take_more_than_half_of_a_row() -> None:
    """However deep a text is, half of the row is for its words."""
    assert all(len(row) <= 10 for row in text("> " * 30 + "words words", 10))
