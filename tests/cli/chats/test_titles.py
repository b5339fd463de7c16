"""Titles: the first thing that a person said, short enough for a list."""

import pytest

from miniagents.cli.chats.titles import derived_title
from miniagents.messages import Message


def title_of(text: str) -> str:
    """Return the title of a chat that begins so."""
    return derived_title([Message(text="You are kind.", role="system"), Message(text=text, role="user")])


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Why is the sky blue?", "Why is the sky blue?"),
        ("\n\n  # **Plan** a `trip`\nto Rome", "Plan a trip"),
        ("- 1. > do it", "do it"),
        ("```\nfoo_bar = 1\n```", "foo_bar = 1"),
        ("a\x1b[31m\u202eb", "a␛[31m⟨U+202E⟩b"),
        ("---\n***\n", ""),
        ("  ", ""),
        ("word " * 20, "word word word word word word word word word word word word…"),
        ("a" * 61, "a" * 60 + "…"),
        ("文" * 100, "文" * 60 + "…"),
        ("a, " + "b" * 80, "a, " + "b" * 57 + "…"),
    ],
)
def test_title(text: str, title: str) -> None:
    """It is the first line that says something, without marks, cut at a word, and safe to show."""
    assert title_of(text) == title


def test_nothing_said() -> None:
    """What nobody has said anything in has no title."""
    assert derived_title([]) == ""
    assert derived_title([Message(text="Hi", role="assistant")]) == ""


def test_long_message_costs_no_more() -> None:
    """Of a message of a megabyte only the beginning counts."""
    assert title_of("\n" * 1_000_000 + "late") == ""
