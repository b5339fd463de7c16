"""Messages with the name of who said them."""

import asyncio
from typing import Any

import pytest

from miniagents import Message, MiniAgents, Thought
from miniagents.chains.naming import named
from miniagents.content import Thinking
from miniagents.messages import MessagePromise, MessageSequencePromise
from tests.chains.played import read_tokens


async def test_a_message_that_is_there_is_named_at_once() -> None:
    """Nothing else of it changes; one that has the name already is the message itself."""
    message = Message(text="a", role="assistant", metadata={"model": "m"})
    assert (await named(Message.promise(["a"], role="user"), "x", print)).metadata == {"agent": "x"}
    again = await named(_of(message), "x", print)
    assert (again, again.metadata) == (message, {"model": "m", "agent": "x"})
    assert await named(_of(again), "x", print) is again


def _of(message: Message) -> Any:
    return MessagePromise.of(message)


async def test_a_message_that_comes_is_named_as_it_comes() -> None:
    """Its tokens, thoughts and other parts pass as they come; what is known beforehand is."""

    async def pieces() -> Any:
        yield Thought("hm")
        await asyncio.sleep(1)
        yield "a"
        yield "b"

    clock = asyncio.get_running_loop().time
    async with MiniAgents():
        promise = named(Message.promise(pieces(), role="assistant", metadata={"model": "m"}), "x", print)
        assert promise.known_beforehand["metadata"] == {"model": "m", "agent": "x"}
        assert [(piece, clock()) async for piece in promise.parts()] == [("hm", 0), ("a", 1), ("b", 1)]
        message = await promise
    assert (message.text, message.role, message.metadata) == ("ab", "assistant", {"model": "m", "agent": "x"})
    assert message.parts[0] == Thinking("hm")


async def test_a_message_that_is_not_kept_is_named_too() -> None:
    """It can be read once, and is kept from here on: a run is told of."""

    async def pieces() -> Any:
        for token in "ab":
            await asyncio.sleep(1)
            yield token

    async with MiniAgents():
        promise = named(Message.promise(pieces(), keep=False, role="assistant"), "x", print)
        assert [token async for token in promise] == ["a", "b"]
        message = await promise
    assert (message.text, message.role, message.metadata) == ("ab", "assistant", {"agent": "x"})


async def test_who_is_to_know_of_an_error_knows_it_first() -> None:
    """Before anybody who reads the message does; what came before it stays."""

    async def pieces() -> Any:
        yield "a"
        await asyncio.sleep(1)
        raise ZeroDivisionError

    order: list[str] = []
    async with MiniAgents():
        promise = named(Message.promise(pieces()), "x", lambda error: order.append(type(error).__name__))
        with pytest.raises(ZeroDivisionError):
            await read_tokens(MessageSequencePromise(promise), order)
        order.append("read")
        late = named(promise, "y", lambda _: order.append("again"))
        with pytest.raises(ZeroDivisionError):
            await late
    assert order == ["a", "ZeroDivisionError", "read", "again"]
