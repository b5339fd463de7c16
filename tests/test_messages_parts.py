"""Messages of more than text: what text they have, when they are equal, and how they stream."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import BaseModel, Field

from miniagents.content import Audio, Image, Other, Part, Text, Thinking, Thought, ToolCall, ToolResult
from miniagents.errors import CallCancelledError, UnsupportedPieceError, UsageError
from miniagents.ext.transcript_format import front_matter, parse, written
from miniagents.messages import ErrorMessage, Message, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgents, miniagent

IMAGE = Image(b"x", media_type="image/png")
CALL = ToolCall("1", name="add", arguments="{}")
MARKED = Text("a", extra={"anthropic": {"cache_control": {}}})


class City(BaseModel):
    """What a model may be asked for."""

    name: str = Field(alias="city")
    sizes: tuple[int, ...] = ()


def test_text_is_what_the_parts_say() -> None:
    """The texts among the parts are joined; a text beside parts without one comes first among them."""
    assert Message(parts=["a", IMAGE, "b"]).text == "ab"
    assert str(Message(parts=(CALL,))) == ""
    assert Message(text="a", parts=[IMAGE]).parts == (Text("a"), IMAGE)
    assert Message(text="ab", parts=["a", IMAGE, "b"]).parts == (Text("a"), IMAGE, Text("b"))


def test_text_and_nothing_else_has_no_parts() -> None:
    """However a plain text is put, it is the same message."""
    assert Message(parts=["a"]) == Message(parts=[{"kind": "text", "text": "a"}]) == Message(text="a")
    assert Message(parts=["a"]).parts == ()
    assert Message(parts=[MARKED]).parts == (MARKED,)


@pytest.mark.parametrize(
    ("fields", "error", "why"),
    [
        ({"text": "c", "parts": ["a", "b"]}, UsageError, "text of a message and that of its parts differ"),
        ({"parts": [3]}, UnsupportedPieceError, "int is no part of a message"),
        ({"parts": [{"kind": "poem"}]}, UnsupportedPieceError, "kind 'poem' is no part"),
    ],
)
def test_what_is_refused(fields: dict[str, Any], error: type[Exception], why: str) -> None:
    """A text that says something else than the parts, and what is no part, are refused; from a dict too."""
    with pytest.raises(error, match=why):
        Message(**fields)
    with pytest.raises(error, match=why):
        MessageSequencePromise(fields)


def test_hash_of_parts() -> None:
    """Equal content has an equal hash; what one API alone says, and metadata, are no content; the kind is."""
    message = Message(parts=["a", IMAGE], metadata={"n": 1})
    assert message == Message(text="a", parts=[IMAGE])
    assert message == Message(parts=[MARKED, Image(b"x", media_type="image/png", extra={"openai": {"detail": "low"}})])
    assert Message(parts=[MARKED]) == Message(text="a")
    inside = ToolResult("1", name="f", content=(MARKED,))
    assert Message(parts=[inside]) == Message(parts=[ToolResult("1", name="f", content=(Text("a"),))])
    kinds: list[Part] = [Image(b"x"), Audio(b"x"), Image(b"y"), Image(url="x"), CALL, inside]
    kinds += [Thinking("x"), Thinking("x", signature="s"), Other("a", block={}), Other("a", block={"x": 1})]
    assert len({Message(parts=[kind]).content_hash for kind in kinds}) == len(kinds)
    assert Message(parts=["a", "b"]) != Message(parts=["ab"])


def test_hash_never_changes() -> None:
    """The hash of a message with parts is the same in every version; that of plain text is what it always was."""
    assert Message(parts=["a", Image(b"x"), CALL], role="user").content_hash == HASH_OF_PARTS
    assert Message(text="Hi").content_hash == HASH_OF_TEXT


HASH_OF_PARTS = "80905fe1b477beafda9865374dfdb3cdd4715a91f257cf92abee162edc256538"
HASH_OF_TEXT = "61af27b2b7d78558438d6b209a3cce62b6a6e0aabafae7e8f626c9f4e21d76f3"


def test_data() -> None:
    """The object of a structured reply is content, cannot change the hash, and is found on all messages together."""
    city = City(city="Oslo")
    message = Message(text="{}", data=city)
    before = message.content_hash
    city.name = "Rome"
    assert message.content_hash == before != Message(text="{}").content_hash
    with pytest.raises(TypeError, match="cannot be changed"):
        Message(data={"a": [1]}).data["a"].append(2)


@pytest.mark.parametrize("data", [City(city="Oslo", sizes=(1, 2)), {"a": [1, 2.5, None]}, [City(city="x")], 0, "x"])
def test_data_in_a_transcript(data: Any) -> None:
    """A structured reply is read back as plain values, by the names of its fields, with the same hash."""
    message = Message(text="{}", data=data)
    [record] = parse(front_matter("now") + written(message, "k", "now"))
    assert record.message == message
    assert not isinstance(record.message.data, BaseModel)


async def test_several_messages() -> None:
    """Of several messages, `data` is that of the last which has any; one without words adds nothing to the text."""
    async with MiniAgents():
        messages = await MessageSequencePromise(["a", Message(data=1), Message(data=2), Message(parts=[CALL]), "", "b"])
        assert messages.data == 2
        assert str(messages) == "a\n\n\n\n\n\n\n\nb"
        assert (await MessageSequencePromise("a")).data is None


def test_copy_and_json() -> None:
    """A copy has other values where that is asked for; what is shown of a message has no empty fields in it."""
    message = Message(parts=["a", IMAGE], role="user")
    assert message.model_copy(update={"role": None}).parts == message.parts
    assert message.model_copy(update={"text": "", "parts": ()}) == Message(role="user")
    assert repr(Message(text="a")) == "Message(text='a', role=None, metadata={})"
    assert "Image(" in repr(message)
    assert Message(**message.model_dump()) == message
    assert Message.model_validate_json(message.model_dump_json()) == message


async def test_parts_are_messages() -> None:
    """A part handed to an agent, or replied, is a message; in a list each is one."""

    @miniagent
    async def echo(ctx: InteractionContext) -> None:
        ctx.reply(ctx.message_promises)
        ctx.reply(CALL)

    async with MiniAgents():
        replied = await echo.inquire([IMAGE, Text("a"), {"text": "b", "parts": [IMAGE]}])
    assert [message.parts for message in replied] == [(IMAGE,), (), (Text("b"), IMAGE), (CALL,)]
    assert [message.text for message in replied] == ["", "a", "b", ""]


async def test_parts_behind_a_text_that_arrives() -> None:
    """A message may be given as a text with a promise in it, and parts: these come when the text has."""
    async with MiniAgents():
        promise = Message.promise(["x", Thought("hm")])
        [message] = await MessageSequencePromise([{"text": f"Look: {promise}", "parts": [IMAGE]}])
        assert message.parts == (Text("Look: x"), IMAGE)
        whole = Message.promise("a", parts=[IMAGE, Text("b")])
        assert [piece async for piece in whole.parts()] == ["a", IMAGE, "b", Text("b")]
        assert (await whole).parts == (Text("a"), IMAGE, Text("b"))


async def test_everything_is_persisted() -> None:
    """Messages with parts are persisted whole, once, also those that streamed."""
    kept: list[Message] = []
    async with MiniAgents(on_persist_message=kept.append):
        await miniagent(answering).inquire()
    assert [message.parts for message in kept] == [(CALL,), (Thinking("hm"), Text("a"), IMAGE)]


async def answering(ctx: InteractionContext) -> None:
    """Stream a message, and reply a whole one."""
    ctx.reply(Message.promise(streamed(Thought("h"), Thought("m"), "a", IMAGE)))
    ctx.reply(CALL)


async def streamed(*pieces: Any, error: Exception | None = None) -> AsyncIterator[Any]:
    """Give these, one a second, and fail."""
    for piece in pieces:
        await asyncio.sleep(1)
        yield piece
    if error is not None:
        raise error


async def test_error_after_parts() -> None:
    """An error comes after everything that came before it, as often as it is read."""
    async with MiniAgents():
        promise = Message.promise(streamed("a", CALL, error=ValueError("no")))
        for _ in range(2):
            reader = promise.parts()
            assert [await anext(reader), await anext(reader)] == ["a", CALL]
            with pytest.raises(ValueError, match="no") as raised:
                await anext(reader)
            assert raised.value.__context__ is None


async def test_error_as_message_keeps_the_parts() -> None:
    """Where errors are messages, the parts that came before are in the message, and its text ends with the error."""
    async with MiniAgents(errors_as_messages=True):
        message = await Message.promise(streamed(Thought("hm"), CALL, error=ValueError("no")))
        assert isinstance(message, ErrorMessage)
        assert message.parts == (Thinking("hm"), CALL, Text(message.text))
        assert "no" in message.text


async def test_cancelled_message() -> None:
    """Who reads by part is told that a message was cancelled, after what had come."""
    async with MiniAgents():
        promise = Message.promise(streamed(CALL, "a", "b"))
        reader = promise.parts()
        assert await anext(reader) == CALL
        promise.cancel()
        with pytest.raises(CallCancelledError):
            await anext(reader)
