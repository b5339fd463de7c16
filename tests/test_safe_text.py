"""Text from outside, made safe: nothing in it steers a terminal or hides, and nothing else of it changes."""

from __future__ import annotations

import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniagents.safe_text import SafeText, exact, in_place, one_line, safe

if TYPE_CHECKING:
    from collections.abc import Callable

ANY = st.text(st.characters(codec=None, exclude_categories=()))
HOSTILE = st.text(
    st.sampled_from(
        "ab\n\t\r\x1b[]0;m\x07\x08\x7f\x9b\x9d\u202e\u200b\ud83d\ude00\U000e0041é😀\u200c\u200d\ufe0f\ufe00\U000e0100"
    )
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b[2J\x07\x08\0", "␛[2J␇␈␀"),
        ("\x7f", "␡"),
        ("\x9b31m", "⟨U+009B⟩31m"),
        ("one\r\ntwo\rthree", "one\ntwo␍three"),
        ("\u202eevil\u2066", "⟨U+202E⟩evil⟨U+2066⟩"),
        ("a\u200bb\ufeffc\u00ad", "a⟨U+200B⟩b⟨U+FEFF⟩c⟨U+00AD⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("\u2028\u2029", "⟨U+2028⟩⟨U+2029⟩"),
        ("\ud83d\ude00", "😀"),
        ("\ud83d", "⟨U+D83D⟩"),
        (
            "👩\u200d💻 \u0645\u06cc\u200c\u062e\u0648\u0645 日本 ❤\ufe0f 1\ufe0f\u20e3 葛\U000e0100",
            "👩\u200d💻 \u0645\u06cc\u200c\u062e\u0648\u0645 日本 ❤\ufe0f 1\ufe0f\u20e3 葛\U000e0100",
        ),
        ("a\u200db\u200c", "a⟨U+200D⟩b⟨U+200C⟩"),
        ("é\u200d\u200c\u200dé", "é\u200d⟨U+200C⟩⟨U+200D⟩é"),
        ("😀\ufe0f\ufe01\U000e0101", "😀\ufe0f⟨U+FE01⟩⟨U+E0101⟩"),
        ("[bold]x[/bold] <b>", "[bold]x[/bold] <b>"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    """Controls are pictures, what hides or turns the line is its code point, all else is as it was."""
    assert safe(text) == shown


@given(ANY | HOSTILE)
def test_nothing_is_left_that_steers_a_terminal(text: str) -> None:
    """Of C0, DEL and C1 only tabs and newlines are left, and UTF-8 can carry the rest; safe text stays the same."""
    shown = safe(text)
    assert {character for character in shown if unicodedata.category(character) in {"Cc", "Cs"}} <= {"\n", "\t"}
    assert safe(shown) == shown
    shown.encode()


@given(HOSTILE)
def test_a_terminal_agrees(text: str) -> None:
    """A real interpreter of escape sequences sees no event but printing, tabs and line feeds."""
    screen = pyte.DebugScreen(only=["set_title", "reset", "erase_in_display", "select_graphic_rendition", "bell"])
    events: list[object] = []
    screen.to = type("Sink", (), {"write": lambda _self, event: events.append(event)})()
    pyte.Stream(screen).feed(safe(text))
    assert events == []


@pytest.mark.parametrize("make", [safe, exact])
@given(st.one_of(ANY, HOSTILE), st.lists(st.integers(0, 20)))
def test_tokens_make_no_difference(make: Callable[[str], str], text: str, cuts: list[int]) -> None:
    """However a text is cut into tokens, what is shown is the same."""
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    shower = SafeText(make)
    shown = "".join(shower.feed(text[start:end]) for start, end in pairwise(places)) + shower.end()
    assert shown == make(text)
    assert shower.end() == ""


@given(ANY)
def test_exact_text_is_what_utf_8_can_carry(text: str) -> None:
    """A text that UTF-8 can carry stays as it is; of others halves are joined, and lone ones replaced."""
    carried = exact(text)
    carried.encode()
    try:
        text.encode()
    except UnicodeEncodeError:
        assert len(carried) <= len(text)
    else:
        assert carried == text


@given(ANY | HOSTILE)
def test_in_place(text: str) -> None:
    """A text that is safe stays as it is, and of others each character is as safe and in its place."""
    shown = in_place(text)
    assert len(shown) == len(text)
    assert safe(shown) == shown
    assert shown == text or safe(text) != text


def test_one_line() -> None:
    """White space is folded, line ends of every kind with it, and the rest is safe."""
    assert one_line("  a\n\tb\r\nc \u2028 d\x85e\x1b ") == "a b c d e␛"
