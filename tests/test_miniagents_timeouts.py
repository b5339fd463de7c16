"""What takes longer than its `timeout_s` where errors are messages: a message says so, and nothing is raised."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from miniagents.errors import CallTimeoutError
from miniagents.messages import ErrorMessage, Message
from miniagents.miniagents import InteractionContext, MiniAgents, miniagent


async def tokens() -> AsyncIterator[str]:
    """Give a token a second, for ever."""
    while True:
        yield "x"
        await asyncio.sleep(1)


@miniagent
async def sleeping(ctx: InteractionContext) -> None:
    """Reply something, then work for long."""
    ctx.reply("first")
    await asyncio.sleep(1_000)


@miniagent
async def streaming(ctx: InteractionContext) -> None:
    """Reply one message without end."""
    ctx.reply(Message.promise(tokens(), role="assistant"))


@miniagent
async def generating(ctx: InteractionContext) -> None:
    """Reply messages without end."""
    ctx.reply(tokens())


async def texts(reply: Any) -> list[str]:
    """Return the texts of the messages, checking that the last one is an error."""
    messages = await reply
    assert isinstance(messages[-1], ErrorMessage)
    assert messages[-1].error == "CallTimeoutError"
    return [message.text for message in messages]


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (sleeping, ["first", "CallTimeoutError: sleeping took longer than 2.5 s"]),
        (streaming, ["xxx\n\nCallTimeoutError: streaming took longer than 2.5 s"]),
        (generating, ["x", "x", "x", "CallTimeoutError: generating took longer than 2.5 s"]),
    ],
    ids=lambda value: getattr(value, "alias", ""),
)
async def test_a_timeout_is_a_message(agent: Any, expected: list[str], caplog: pytest.LogCaptureFixture) -> None:
    """What had come stays, and the message that says what happened stands where it broke; nothing is logged."""
    async with MiniAgents(errors_as_messages=True):
        reply = agent.inquire(timeout_s=2.5)
        assert await texts(reply) == expected
        assert asyncio.get_running_loop().time() == 2.5
        assert await texts(reply) == expected
    assert caplog.records == []


async def test_a_timeout_without_messages_is_an_error() -> None:
    """A call that wants errors raised gets the timeout raised, in a scope where errors are messages too."""
    async with MiniAgents(errors_as_messages=True):
        with pytest.raises(CallTimeoutError, match=r"sleeping took longer than 1 s"):
            await sleeping.inquire(timeout_s=1, errors_as_messages=False)


async def test_the_timeout_of_a_callee_is_a_message_for_its_caller() -> None:
    """An agent whose callee takes too long goes on with the message, and forwards it as any other."""

    @miniagent
    async def patient(ctx: InteractionContext) -> None:
        ctx.reply(sleeping.inquire(timeout_s=1))
        ctx.reply("behind")

    async with MiniAgents(errors_as_messages=True):
        messages = await patient.inquire(timeout_s=100)
        assert [type(message).__name__ for message in messages] == ["Message", "ErrorMessage", "Message"]


async def test_what_a_late_call_had_called_is_told_too() -> None:
    """Every call that a timeout ends says so in its own reply, for whoever reads that."""
    inner: list[Any] = []

    @miniagent
    async def outer(ctx: InteractionContext) -> None:
        inner.append(sleeping.inquire())
        ctx.reply(inner[0])
        await asyncio.sleep(1_000)

    async with MiniAgents(errors_as_messages=True):
        assert (await texts(outer.inquire(timeout_s=1)))[0] == "first"
        assert await texts(inner[0]) == ["first", "CallTimeoutError: sleeping took longer than 1 s"]
