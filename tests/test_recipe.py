"""How a message is made of what is known before its tokens and after them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import ValidationError

from miniagents.content import Image, Part, Text, Thinking, Thought, ToolCall
from miniagents.errors import UnsupportedPieceError
from miniagents.message import ErrorMessage, Message
from miniagents.miniagents import MiniAgents
from miniagents.promising.source import Source
from miniagents.recipe import Recipe, assembled, checked, followed_by, one_by_one, pump


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


CALL = ToolCall("1", name="f", arguments="{}")
WHOLE = Thinking("hm", signature="s")
MARKED = Text("ab", extra={"anthropic": {"citations": []}})


@pytest.mark.parametrize(
    ("tokens", "between", "parts"),
    [
        ("ab", [], ()),
        ("", [], ()),
        ("ab", [(1, Text("a"))], (Text("a"), Text("b"))),
        ("ab", [(2, Text("ab"))], ()),
        ("ab", [(2, MARKED)], (MARKED,)),
        ("ab", [(0, CALL)], (CALL, Text("ab"))),
        ("ab", [(1, CALL), (2, CALL)], (Text("a"), CALL, Text("b"), CALL)),
        ("ab", [(0, Thought("h")), (0, Thought("m"))], (Thinking("hm"), Text("ab"))),
        ("", [(0, Thought("h")), (0, Thought("m"))], (Thinking("hm"),)),
        ("ab", [(0, Thought("h")), (0, WHOLE)], (WHOLE, Text("ab"))),
        ("", [(0, Thought("h")), (0, WHOLE), (0, Thought("x")), (0, CALL)], (WHOLE, Thinking("x"), CALL)),
        ("", [(0, WHOLE), (0, WHOLE)], (WHOLE, WHOLE)),
        ("ab", [(1, Thought("h"))], (Text("a"), Thinking("h"), Text("b"))),
    ],
)
def test_assembled(tokens: str, between: list[tuple[int, Any]], parts: tuple[Part, ...]) -> None:
    """Tokens make texts and thoughts make thinking, unless that came whole; all stands where it came."""
    assert assembled(list(tokens), between) == parts


async def test_a_pump_puts_parts_between_the_tokens() -> None:
    """Parts are no tokens; a text that comes whole, with no token before it, is its own; what is empty is dropped."""
    async with MiniAgents() as scope:
        source: Source[str] = Source()
        made = Recipe(Message, ErrorMessage, {}, {})
        await pump(source, one_by_one(["a", Text("a"), Text("b"), Thought(""), CALL, Text("c")]), made, scope)
    assert source.pieces == ["a", "b", "c"]
    assert made.between == [(1, Text("a")), (2, Text("b")), (2, CALL), (3, Text("c"))]
    assert made.message == Message(parts=["a", "b", CALL, "c"])


async def test_parts_follow_tokens() -> None:
    """What is to come behind tokens comes there, and what gave the tokens is closed also if nobody reads on."""
    closed: list[bool] = []

    async def tokens() -> AsyncIterator[str]:
        try:
            yield "a"
            yield "b"
        finally:
            closed.append(True)

    assert [piece async for piece in followed_by(["a"], [CALL])] == ["a", CALL]
    assert [piece async for piece in followed_by(tokens(), [CALL])] == ["a", "b", CALL]
    reader = followed_by(tokens(), [CALL])
    assert await anext(reader) == "a"
    await reader.aclose()
    assert closed == [True, True]
