"""Message promises: what is known before a message is there, and what only afterwards."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import ValidationError

from miniagents.messages import ErrorMessage, Message, MessagePromise
from miniagents.miniagents import InteractionContext, MiniAgents, miniagent
from miniagents.promising.failure import trail_of


class Note(Message):
    """A message with a field that is needed and one that is not."""

    title: str
    tags: list[str] = []  # noqa: RUF012 - that is how people write it


async def ticking(tokens: str = "abc", afterwards: dict[str, Any] | None = None, **known: Any) -> AsyncIterator[str]:
    """Give a token a second, then put what is known into `afterwards`."""
    for token in tokens:
        await asyncio.sleep(1)
        yield token
    if afterwards is not None:
        afterwards.update(known)


async def test_a_promise_makes_a_message_of_its_class() -> None:
    """The message has the class that promised it, with the fields that were given, checked and frozen."""
    async with MiniAgents():
        note = await Note.promise(ticking(), title="a", tags=["b"], role="user")
        assert note == Note(text="abc", title="a", tags=["b"], role="user")
        assert type(note) is Note
        with pytest.raises(TypeError):
            note.tags.append("c")


async def test_what_is_known_beforehand_is_there_at_once() -> None:
    """The fields that were given can be read while the text still arrives, and all of them when it is there."""
    async with MiniAgents():
        promise = Note.promise(ticking(), title="a", role="user", metadata={"model": "m"})
        assert promise.known_beforehand["role"] == "user"
        assert promise.known_beforehand["title"] == "a"
        assert promise.known_beforehand["metadata"] == {"model": "m"}
        await promise
        assert dict(promise.known_beforehand) == {"title": "a", "role": "user", "metadata": {"model": "m"}, "tags": []}
        assert dict(MessagePromise.of(Message(text="a", role="user")).known_beforehand) == {
            "role": "user",
            "metadata": {},
        }


async def test_what_is_known_afterwards_is_in_the_message() -> None:
    """A mapping that is filled while tokens come is looked at when the last one has; metadata of both are joined."""
    async with MiniAgents():
        afterwards: dict[str, Any] = {}
        metadata = {"usage": 3, "model": "exact"}
        tokens = ticking("abc", afterwards, role="assistant", metadata=metadata)
        promise = Message.promise(tokens, afterwards=afterwards, role="user", metadata={"model": "asked", "host": "h"})
        assert "usage" not in promise.known_beforehand["metadata"]
        message = await promise
        assert message.role == "assistant"
        assert message.metadata == {"model": "exact", "host": "h", "usage": 3}
        assert await Message.promise("abc", afterwards={"role": "user"}) == Message(text="abc", role="user")


async def test_the_message_is_what_it_was_when_it_was_made() -> None:
    """What happens to the given mappings later does not change the message."""
    async with MiniAgents():
        afterwards: dict[str, Any] = {"metadata": {"a": [1]}}
        promise = Message.promise(ticking("a"), afterwards=afterwards)
        message = await promise
        afterwards["metadata"]["a"].append(2)
        afterwards["role"] = "user"
        assert await promise is message
        assert (message.role, message.metadata) == (None, {"a": [1]})


@pytest.mark.parametrize(
    ("fields", "afterwards"),
    [({"title": "a", "unknown": 1}, {}), ({}, {}), ({"title": 5}, {}), ({"title": "a"}, {"unknown": 1})],
    ids=["unknown", "missing", "wrong", "unknown afterwards"],
)
async def test_fields_that_make_no_message_are_an_error_at_the_reader(
    fields: dict[str, Any], afterwards: dict[str, Any]
) -> None:
    """Where the fields turn out to be wrong, the tokens still stream, and then every reader is told."""
    async with MiniAgents():
        promise = Note.promise(ticking("ab"), afterwards=afterwards, **fields)
        reader = aiter(promise)
        assert [await anext(reader), await anext(reader)] == ["a", "b"]
        with pytest.raises(ValidationError):
            await anext(reader)
        for _ in range(2):
            with pytest.raises(ValidationError):
                await promise


async def test_such_an_error_is_like_any_other(caplog: pytest.LogCaptureFixture) -> None:
    """Wrong fields are the replying agent's error: it is in the trail, becomes a message, is reported if never read."""

    @miniagent
    async def wrong(ctx: InteractionContext) -> None:
        ctx.reply(Message.promise(ticking("ab"), unknown=1))

    async with MiniAgents():
        with pytest.raises(ValidationError) as raised:
            await wrong.inquire()
        assert trail_of(raised.value) == ("wrong",)
        [message] = await wrong.inquire(errors_as_messages=True)
        assert isinstance(message, ErrorMessage)
        assert message.error == "ValidationError"
        wrong.fork(alias="unread").inquire()
    [line] = caplog.messages
    assert "ValidationError" in line
    assert "(unread)" in line


async def test_a_message_that_is_there_is_its_own_promise() -> None:
    """`of` gives a promise that is kept from the start, and gives that very message; its text is one token."""
    message = Note(text="abc", title="a")
    promise = MessagePromise.of(message)
    assert promise.is_done
    assert await promise is message
    assert [token async for token in promise] == ["abc"]
    assert [token async for token in promise] == ["abc"]
    assert [token async for token in MessagePromise.of(Message())] == []
    assert repr(promise) == "<MessagePromise of Note(text='abc', role=None, metadata={}, title='a', tags=[])>"
    promise.cancel()
    assert await promise is message


async def test_a_text_that_is_there_becomes_a_message_when_it_is_wanted() -> None:
    """The promise of a plain text streams it, formats as it, and gives one and the same message each time."""
    promise = MessagePromise.of("abc")
    assert promise.is_done
    assert [token async for token in promise] == ["abc"]
    assert f"{promise}" == "abc"
    assert await promise == Message(text="abc")
    assert repr(MessagePromise.of("abc")) == "<MessagePromise of 'abc'>"
    assert await promise is await promise


async def test_tokens_are_read_once() -> None:
    """However many read the promise, the tokens' source is asked for each token once."""
    asked = 0

    async def counting() -> AsyncIterator[str]:
        nonlocal asked
        for token in "abc":
            asked += 1
            yield token

    async with MiniAgents():
        promise = Message.promise(counting())
        for _ in range(3):
            assert [token async for token in promise] == ["a", "b", "c"]
    assert asked == 3
