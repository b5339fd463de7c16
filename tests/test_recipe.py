"""How a message is made of what is known before its tokens and after them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import ValidationError

from miniagents.content import Image
from miniagents.errors import UnsupportedPieceError
from miniagents.message import ErrorMessage, Message
from miniagents.miniagents import MiniAgents
from miniagents.promising.source import Source
from miniagents.recipe import Recipe, checked, one_by_one, pump


class Note(Message):
    """A message with a title."""

    title: str


def recipe(known: Any, afterwards: Any) -> Recipe:
    """Return a recipe for notes."""
    return Recipe(Note, ErrorMessage, known, afterwards)


def test_what_is_known_afterwards_wins() -> None:
    """The message has all that was known before and after, the later word wins, and metadata is put together."""
    made = recipe({"title": "a", "metadata": {"x": 1, "y": 2}}, {"title": "b", "metadata": {"y": 3}}).make(["o", "n"])
    assert made == Note(text="on", title="b")
    assert made.metadata == {"x": 1, "y": 3}


def test_a_wrong_field_is_refused() -> None:
    """What the message's class does not take is its error, and no message is made."""
    bad = recipe({"title": ["no title"]}, {})
    with pytest.raises(ValidationError):
        bad.make(["x"])
    assert bad.message is None


async def test_a_pump_makes_the_message_at_the_end() -> None:
    """The tokens are in the source as they come, and the message is made of all of them, and told to the scope."""
    made: list[Message] = []
    async with MiniAgents() as scope:
        scope.on_made = made.append
        source: Source[str] = Source()
        note = recipe({"title": "a"}, {})
        await pump(source, one_by_one(["a", "", "b"]), note, scope)
    assert source.pieces == ["a", "b"]
    assert made == [note.message] == [Note(text="ab", title="a")]


async def test_a_pump_closes_what_it_read() -> None:
    """A generator whose token is refused is closed, and no message is made."""
    closed: list[bool] = []

    async def tokens() -> AsyncIterator[Any]:
        try:
            yield "a"
            yield 3
        finally:
            closed.append(True)

    async with MiniAgents() as scope:
        note = recipe({"title": "a"}, {})
        with pytest.raises(UnsupportedPieceError, match="a token must be a str, not int"):
            await pump(Source(), tokens(), note, scope)
    assert closed == [True]
    assert note.message is None


def test_checked_says_whether_there_is_anything() -> None:
    """A text passes, and a part of another kind; of an empty one there is nothing to pass on."""
    assert checked("a")
    assert checked(Image(url="https://example.org/a.png"))
    assert not checked("")
