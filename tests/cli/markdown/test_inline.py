"""The text of a paragraph as runs."""

import pytest

from miniagents.cli.markdown.inline import GOES_ON, inline, plain
from miniagents.cli.markdown.runs import Run, text_of
from miniagents.cli.markdown.styles import CODE, DIM, EMPHASIS, LINK, PLAIN, STRIKE, STRONG


def test_each_kind_of_emphasis_has_its_look() -> None:
    """Looks add up where one is inside of another."""
    assert inline("a **b *c*** ~~d~~ `e`") == (
        Run("a "),
        Run("b ", STRONG),
        Run("c", STRONG + EMPHASIS),
        Run(" "),
        Run("d", STRIKE),
        Run(" "),
        Run("e", CODE),
    )


def test_code_keeps_its_marks_where_there_are_no_colours() -> None:
    """Without colours only the backticks tell that it is code."""
    assert text_of(inline("`a`", marks=True)) == "`a`"


def test_a_link_shows_where_it_leads() -> None:
    """The address follows the text, unless it is the text."""
    assert inline("[a](https://x.y)") == (Run("a", LINK, "https://x.y"), Run(" (https://x.y)", DIM))
    assert inline("<https://x.y>") == (Run("https://x.y", LINK, "https://x.y"),)
    assert inline("<me@x.y>") == (Run("me@x.y", LINK, "mailto:me@x.y"),)
    assert (
        text_of(inline("[https://good.example](https://bad.example)")) == "https://good.example (https://bad.example)"
    )


def test_an_image_is_its_text_and_its_address() -> None:
    """What a terminal cannot show can be opened."""
    assert inline("![a](https://x.y)") == (Run("[a]", EMPHASIS, "https://x.y"), Run(" (https://x.y)", DIM))
    assert text_of(inline("[![](u)](v)")) == "[image] (u) (v)"


@pytest.mark.parametrize("link", ["javascript:alert(1)", "file:///etc/passwd", "ftp://x.y", "other.md"])
def test_nothing_but_pages_and_mail_is_opened_by_a_click(link: str) -> None:
    """Any other address is text only."""
    assert not any(run.link for run in inline(f"[a]({link})"))
    assert link in text_of(inline(f"[a]({link})"))


def test_breaks_and_spaces_are_those_of_the_source() -> None:
    """A line goes on in the next; two spaces or a backslash break it; more spaces than one are one."""
    assert text_of(inline("a\nb  \nc\\\nd    e")) == "a b\nc\nd e"


@pytest.mark.parametrize("source", ["&#27;[2J", "`\x1b`", "[a](<x&#27;y>)", "![&#7;](u)", "&#10;&#9;&#x9b;&#x202e;"])
def test_an_entity_does_not_smuggle_in_a_control_character(source: str) -> None:
    """What an entity stands for is shown as safely as everything else."""
    for run in inline(source):
        assert run.text.isprintable()
        assert run.link.isprintable()


def test_the_mark_of_a_rest_is_not_shown() -> None:
    """The rest of a paragraph looks like a text of its own."""
    assert inline(GOES_ON + "- a") == (Run("- a", PLAIN),)


def test_plain_text_is_what_is_left_when_all_else_is_read() -> None:
    """What is neither emphasis nor code nor link is what may still become one of them."""
    assert plain("a `b` *c* [d\ne") == "a . .c. [d e"
