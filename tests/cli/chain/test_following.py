"""The calls of a run, each followed from its beginning to its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from miniagents import Message, MiniAgents
from miniagents.cli.chain.following import as_they_begin, each, gather_messages, messages_of, see_failures, together
from miniagents.errors import ProviderFailedError
from tests.cli.chain.rehearsed import Rehearsed, Words, saying

if TYPE_CHECKING:
    from miniagents.chains.calls import Call


async def test_all_calls_are_followed_at_once() -> None:
    """None waits for another one, and it is over when all of them are."""
    began, ended = [], []

    async def follow(call: Call) -> None:
        began.append(call.agent)
        await call.reply
        ended.append(call.agent)

    async with MiniAgents():
        run, slow = Rehearsed(), Words()
        run.call("slow", saying.fork(words=slow))
        run.call("fast", saying.fork(words=["x"]))
        following = asyncio.create_task(each(run.calls, follow))
        await asyncio.sleep(1)
        assert (began, ended) == (["slow", "fast"], ["fast"])
        slow.end()
        run.close()
        await following
        assert ended == ["fast", "slow"]


async def test_an_error_of_who_follows_is_raised_as_it_is() -> None:
    """The others are stopped, and no group of errors is seen."""
    stopped = []

    async def follow(call: Call) -> None:
        if call.agent == "second":
            raise BrokenPipeError("gone")
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            stopped.append(call.agent)
            raise

    async with MiniAgents():
        run = Rehearsed()
        for name in ("first", "second"):
            run.call(name, saying.fork(words=["x"]))
        with pytest.raises(BrokenPipeError, match="gone"):
            await each(run.calls, follow)
    assert stopped == ["first"]


async def test_together() -> None:
    """Works go on at the same time; the error of one stops the others."""
    done = []

    async def work(name: str, seconds: float, error: Exception | None = None) -> None:
        await asyncio.sleep(seconds)
        done.append(name)
        if error is not None:
            raise error

    await together(work("b", 2), work("a", 1))
    assert done == ["a", "b"]
    with pytest.raises(ValueError, match="no"):
        await together(work("c", 1, ValueError("no")), work("d", 2))
    assert done == ["a", "b", "c"]


async def test_messages_are_given_before_they_begin() -> None:
    """A call is seen as soon as it begins; what it says streams; its error ends it and nothing else."""
    async with MiniAgents():
        run, words = Rehearsed(), Words()
        run.call("a", saying.fork(words=words, model="m"))
        messages = messages_of(run.calls)
        call, promise = await anext(messages)
        assert (call.agent, promise is not None and promise.is_done) == ("a", False)
        assert promise is not None
        tokens = aiter(promise)
        words.say("one", " two")
        assert [await anext(tokens), await anext(tokens)] == ["one", " two"]
        words.end()
        assert (await promise).metadata["model"] == "m"
        run.call("b", saying.fork(words=failing()))
        call, promise = await anext(messages)
        assert promise is not None
        with pytest.raises(ProviderFailedError):
            await promise
        run.close()
        assert [call.agent async for call, _ in messages] == []


async def test_a_question_is_given_too() -> None:
    """That a person is asked is told when they are, and what they say when they have said it."""
    async with MiniAgents():
        run, words = Rehearsed(), Words()
        run.call("user", saying.fork(words=words, role="user"))
        messages = messages_of(run.calls)
        call, promise = await anext(messages)
        assert (call.agent, promise) == ("user", None)
        words.say("hello")
        words.end()
        _, promise = await anext(messages)
        assert promise is not None
        assert str(await promise) == "hello"
        await messages.aclose()


async def test_who_stops_to_follow_leaves_nothing() -> None:
    """No task goes on when the messages are wanted no more."""
    async with MiniAgents():
        run, words = Rehearsed(), Words()
        run.call("a", saying.fork(words=words))
        messages = messages_of(run.calls)
        await anext(messages)
        before = len(asyncio.all_tasks())
        await messages.aclose()
        assert len(asyncio.all_tasks()) < before
        words.end()


async def test_the_order_in_which_they_begin() -> None:
    """What is kept of a run are the messages as they began to come; one that failed first is none."""
    async with MiniAgents():
        run, first, second = Rehearsed(), Words(), Words()
        run.call("first", saying.fork(words=first))
        run.call("second", saying.fork(words=second))
        run.call("broken", saying.fork(words=failing()))
        kept = as_they_begin.inquire(calls=run.calls)
        await asyncio.sleep(1)
        second.say("second")
        await asyncio.sleep(1)
        first.say("first")
        for words in (first, second):
            words.end()
        run.close()
        told = []
        async for promise in kept:
            try:
                told.append(str(await promise))
            except ProviderFailedError:
                told.append("broken")
        assert told == ["broken", "second", "first"]


async def test_failures_are_seen() -> None:
    """What an agent fails by is raised when all are over; what fails as a tool is the model's business."""
    async with MiniAgents():
        run = Rehearsed()
        run.call("well", saying.fork(words=["x"]))
        run.call("tool", saying.fork(words=failing()), is_step=False)
        run.close()
        await see_failures(run.calls)
    async with MiniAgents():
        run = Rehearsed()
        run.call("broken", saying.fork(words=failing()))
        slow = Words()
        run.call("slow", saying.fork(words=slow))
        run.close()
        seeing = asyncio.create_task(see_failures(run.calls))
        await asyncio.sleep(1)
        assert not seeing.done()
        slow.end()
        with pytest.raises(ProviderFailedError):
            await seeing


async def test_messages_are_gathered() -> None:
    """All that are whole, though others break."""
    async with MiniAgents():
        run = Rehearsed()
        run.call("a", saying.fork(words=["x"]))
        run.call("broken", saying.fork(words=failing()))
        run.close()
        messages: list[Message] = []
        await gather_messages(run.calls, messages)
        assert [message.text for message in messages] == ["x"]


def failing() -> Words:
    """Return words that end with an error."""
    words = Words()
    words.end(ProviderFailedError("the provider failed"))
    return words
