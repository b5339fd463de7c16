"""Errors as messages: what a caller who asked for it gets instead."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from miniagents.errors import CallCancelledError
from miniagents.messages import ErrorMessage, Message, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgent, MiniAgents, miniagent
from miniagents.promising.promise import Promise

Read = Callable[[MessageSequencePromise], Awaitable[list[str]]]


async def awaited(sequence: MessageSequencePromise) -> list[str]:
    """Await the whole."""
    return [message.text for message in await sequence]


async def iterated(sequence: MessageSequencePromise) -> list[str]:
    """Read token by token."""
    return ["".join([token async for token in promise]) async for promise in sequence]


both_ways = pytest.mark.parametrize("read", [awaited, iterated])


async def cut(*pieces: Any) -> AsyncIterator[Any]:
    """Give pieces, then fail."""
    for piece in pieces:
        await asyncio.sleep(1)
        yield piece
    raise ZeroDivisionError("none left")


@miniagent
async def failing(ctx: InteractionContext) -> None:
    """Fail after a first reply."""
    ctx.reply("before")
    await asyncio.sleep(1)
    raise ZeroDivisionError("none left")


@miniagent
async def breaking(ctx: InteractionContext) -> None:
    """Reply a stream that breaks, and something after it."""
    ctx.reply(Message.promise(cut("be", "fore"), role="assistant"))
    ctx.reply("after")


@miniagent
async def broken_at_once(ctx: InteractionContext) -> None:
    """Reply a stream that breaks before its first token."""
    ctx.reply(["before", Message.promise(cut())])


@miniagent
async def generating(ctx: InteractionContext) -> None:
    """Reply messages from a generator that fails, and something after it."""
    ctx.reply(cut("before"))
    ctx.reply("after")


@miniagent
async def promising(ctx: InteractionContext) -> None:
    """Reply a promise whose resolver fails."""

    async def resolver() -> str:
        raise ZeroDivisionError("none left")

    ctx.reply(["before", Promise(resolver)])


@miniagent
async def refused(ctx: InteractionContext) -> None:
    """Reply something that is no message."""
    ctx.reply("before")
    ctx.reply(5)  # type: ignore[arg-type]


@miniagent
async def calling(ctx: InteractionContext, to: MiniAgent) -> None:
    """Wait for another agent that fails, and reply what it replied."""
    ctx.reply(await to.inquire())


@miniagent
async def forwarding(ctx: InteractionContext, to: MiniAgent) -> None:
    """Reply what another agent that fails replies."""
    ctx.reply(to.inquire())


ERROR = "ZeroDivisionError: none left"
EXPECTED = {
    "failing": (failing, ["before", ERROR]),
    "breaking": (breaking, [f"before\n\n{ERROR}", "after"]),
    "broken at once": (broken_at_once, ["before", ERROR]),
    "generating": (generating, ["before", ERROR, "after"]),
    "promising": (promising, ["before", ERROR]),
    "refused": (
        refused,
        [
            "before",
            (
                "UnsupportedPieceError: refused: int is no message;"
                " give str, dict, Message, Part, a promise of one, or an (async) iterable of these"
            ),
        ],
    ),
    "calling": (calling.fork(to=failing), ["before", ERROR]),
    "forwarding": (forwarding.fork(to=failing), ["before", ERROR]),
    "forwarding a break": (forwarding.fork(to=breaking), [f"before\n\n{ERROR}", "after"]),
}
every_kind = pytest.mark.parametrize(("agent", "texts"), EXPECTED.values(), ids=EXPECTED)


@both_ways
@every_kind
async def test_by_call(agent: MiniAgent, texts: list[str], read: Read, caplog: pytest.LogCaptureFixture) -> None:
    """A call with `errors_as_messages=True` gets each error as a message at its place; nothing is left to report."""
    async with MiniAgents():
        assert await read(agent.inquire(errors_as_messages=True)) == texts
    assert caplog.messages == []


@both_ways
@every_kind
async def test_by_fork(agent: MiniAgent, texts: list[str], read: Read) -> None:
    """A fork with `errors_as_messages=True` does so in each of its calls, and so do its forks."""
    async with MiniAgents():
        assert await read(agent.fork(errors_as_messages=True).inquire()) == texts
        assert await read(agent.fork(errors_as_messages=True).fork(description="other").inquire()) == texts


@both_ways
@every_kind
async def test_by_scope(agent: MiniAgent, texts: list[str], read: Read) -> None:
    """A scope with `errors_as_messages=True` does so in each call."""
    async with MiniAgents(errors_as_messages=True):
        assert await read(agent.inquire()) == texts


@both_ways
@every_kind
async def test_the_nearest_word_counts(agent: MiniAgent, texts: list[str], read: Read) -> None:
    """What a call says wins over its fork, the fork over the scope."""
    async with MiniAgents(errors_as_messages=True):
        off = agent.fork(errors_as_messages=False)
        assert await read(off.inquire(errors_as_messages=True)) == texts
        for call in (off.inquire(), agent.fork(errors_as_messages=True).inquire(errors_as_messages=False)):
            with pytest.raises((ZeroDivisionError, TypeError)):
                await read(call)


@both_ways
@every_kind
async def test_off_unless_asked_for(agent: MiniAgent, texts: list[str], read: Read) -> None:
    """Where nobody asked for messages, errors are raised."""
    async with MiniAgents():
        with pytest.raises((ZeroDivisionError, TypeError)):
            await read(agent.inquire())


@pytest.mark.parametrize("agent", [failing, breaking, broken_at_once, generating, promising], ids=repr)
async def test_such_a_message_says_what_it_is(agent: MiniAgent) -> None:
    """The message is an `ErrorMessage` that names the error's class; the others are what they would be anyway."""
    async with MiniAgents(errors_as_messages=True):
        messages = await agent.inquire()
        [error] = [message for message in messages if isinstance(message, ErrorMessage)]
        assert error.error == "ZeroDivisionError"
        assert error.text.endswith(ERROR)


async def test_a_broken_stream_still_streams() -> None:
    """The tokens of a message that breaks come as they come, then the error's line as one more token."""
    async with MiniAgents(errors_as_messages=True):
        loop = asyncio.get_running_loop()
        [tokens] = [
            [(token, loop.time()) async for token in promise] async for promise in calling.inquire(to=breaking)
        ][:1]
        assert "".join(token for token, _ in tokens) == f"before\n\n{ERROR}"
        [tokens] = [[(token, loop.time()) async for token in promise] async for promise in breaking.inquire()][:1]
        assert tokens == [("be", 3), ("fore", 4), (f"\n\n{ERROR}", 4)]


async def test_an_error_in_what_was_sent_is_a_message_for_the_agent() -> None:
    """What fails while it is being sent reaches the agent as a message too, where that is on."""

    @miniagent
    async def echoing(ctx: InteractionContext) -> None:
        ctx.reply(ctx.message_promises)

    async with MiniAgents(errors_as_messages=True):
        assert await awaited(echoing.inquire(cut("before"))) == ["before", ERROR]
        assert await awaited(echoing.inquire([Message.promise(cut("before"))])) == [f"before\n\n{ERROR}"]


async def test_an_agent_can_still_catch_what_it_calls() -> None:
    """An agent that wants the error of a callee, not its message, says so in its call."""

    @miniagent
    async def careful(ctx: InteractionContext) -> None:
        try:
            await failing.inquire(errors_as_messages=False)
        except ZeroDivisionError as error:
            ctx.reply(f"caught {error}")

    async with MiniAgents(errors_as_messages=True):
        assert await awaited(careful.inquire()) == ["caught none left"]


async def test_cancellation_is_no_message() -> None:
    """A call that is cancelled ends with `CallCancelledError` even where errors are messages."""
    async with MiniAgents(errors_as_messages=True):
        sequence = failing.inquire()
        await asyncio.sleep(0.5)
        sequence.cancel()
        with pytest.raises(CallCancelledError):
            await sequence


async def test_an_exit_is_no_message() -> None:
    """Only `Exception`s become messages: what is meant to end the program still does."""

    class Leaving(BaseException):
        """Not an Exception."""

    @miniagent
    async def leaving(ctx: InteractionContext) -> None:
        raise Leaving

    async with MiniAgents(errors_as_messages=True) as scope:
        sequence = leaving.inquire()
        [task] = [work._task for work in scope.works]
        with pytest.raises(Leaving):
            await sequence
        assert isinstance(task.exception(), Leaving)


async def test_an_error_without_a_text() -> None:
    """An error that cannot even say what it is becomes a message with its name."""

    class MuteError(Exception):
        """Cannot say what it is."""

        def __str__(self) -> str:
            raise RuntimeError

    @miniagent
    async def mute(ctx: InteractionContext) -> None:
        raise MuteError

    async with MiniAgents(errors_as_messages=True):
        [message] = await mute.inquire()
        assert message.text.startswith("MuteError")


async def test_an_error_that_can_be_no_message() -> None:
    """An error that no message can be made of, for a promise is in its text, is raised at the reader instead."""

    @miniagent
    async def quoting(ctx: InteractionContext) -> None:
        ctx.reply("before")
        raise ValueError(f"what about {Message.promise(cut('text'))}?")

    async with MiniAgents(errors_as_messages=True):
        reader = aiter(quoting.inquire())
        assert str(await anext(reader)) == "before"
        with pytest.raises(ValueError, match="what about"):
            await anext(reader)
