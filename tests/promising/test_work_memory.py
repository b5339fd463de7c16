"""What a call leaves behind: nothing."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from miniagents.messages import Message, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgents, miniagent


async def tokens() -> AsyncIterator[str]:
    """Give two tokens, the second a little later."""
    yield "a"
    await asyncio.sleep(0)
    yield "b"


@miniagent
async def replying(ctx: InteractionContext) -> None:
    """Reply a text."""
    ctx.reply("text")


@miniagent
async def streaming(ctx: InteractionContext) -> None:
    """Reply a stream."""
    ctx.reply(Message.promise(tokens()))


@miniagent
async def generating(ctx: InteractionContext) -> None:
    """Reply messages from a generator."""
    ctx.reply(tokens())


@miniagent
async def forwarding(ctx: InteractionContext) -> None:
    """Reply what another agent replies."""
    ctx.reply(streaming.inquire(ctx.message_promises))


@miniagent
async def quoting(ctx: InteractionContext) -> None:
    """Reply a text with a stream inside it."""
    ctx.reply(f"quote: {forwarding.inquire()}")


@miniagent
async def awaiting(ctx: InteractionContext) -> None:
    """Reply what another agent has replied."""
    ctx.reply(await forwarding.inquire(ctx.message_promises))


@miniagent
async def failing(ctx: InteractionContext) -> None:
    """Fail."""
    raise ZeroDivisionError


async def call(agent: Callable[[], MessageSequencePromise]) -> None:
    """Call and read."""
    await agent()


async def call_in_time() -> None:
    """Call with a clock that is never needed."""
    await forwarding.inquire(timeout_s=1_000)


async def leave_early() -> None:
    """Call and leave the reply after its first token."""
    async for promise in forwarding.inquire():
        async for _ in promise:
            return


async def cancel() -> None:
    """Call and cancel."""
    sequence = forwarding.inquire()
    await asyncio.sleep(0)
    sequence.cancel()


async def catch() -> None:
    """Call, and catch the error."""
    with suppress(ZeroDivisionError):
        await failing.inquire()


CALLS: dict[str, Callable[[], Awaitable[None]]] = {
    **{
        agent.alias: lambda agent=agent: call(agent.inquire)
        for agent in (replying, streaming, generating, forwarding, quoting, awaiting)
    },
    "sent text": lambda: call(lambda: forwarding.inquire("hello")),
    "sent a stream": lambda: call(lambda: awaiting.inquire(streaming.inquire())),
    "in time": call_in_time,
    "left early": leave_early,
    "cancelled": cancel,
}
every_call = pytest.mark.parametrize("make_call", CALLS.values(), ids=CALLS)


@contextmanager
def no_collector() -> Iterator[None]:
    """Leave only reference counts to clean up."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def settle() -> None:
    """Let callbacks run that are due."""
    for _ in range(5):
        await asyncio.sleep(0)


@every_call
async def test_no_cycle_keeps_a_finished_call(make_call: Callable[[], Awaitable[None]]) -> None:
    """When a call is done and nobody holds its reply, nothing of it is left for the garbage collector."""
    async with MiniAgents():
        for _ in range(10):
            await make_call()
        await settle()
        with no_collector():
            before = len(gc.get_objects())
            for _ in range(100):
                await make_call()
            await settle()
            assert len(gc.get_objects()) - before < 100


@pytest.mark.parametrize("agent", [replying, streaming, generating, forwarding, quoting, awaiting], ids=repr)
async def test_a_reply_goes_with_its_last_holder(agent: object) -> None:
    """A reply, its messages and what was sent for it are gone as soon as nobody holds them."""
    async with MiniAgents():
        with no_collector():
            sent = MessageSequencePromise(["hello"])
            reply = agent.inquire(sent)  # type: ignore[attr-defined]
            promises = [promise async for promise in reply]
            messages = list(await reply)
            await settle()
            kept = [weakref.ref(thing) for thing in [sent, reply, *promises]]
            texts = [weakref.ref(message) for message in messages]
            del sent, reply, promises, messages
            assert [ref() for ref in kept + texts] == [None] * (len(kept) + len(texts))


async def test_an_agent_lets_go_of_its_locals() -> None:
    """What an agent held in its variables is gone when it has ended, though its reply is still held."""

    class Heavy:
        """Something big."""

    heavy: list[weakref.ref[Heavy]] = []

    @miniagent
    async def holding(ctx: InteractionContext, parameter: Heavy) -> None:
        local = Heavy()
        heavy.append(weakref.ref(local))
        ctx.reply("text")
        await asyncio.sleep(0)

    async with MiniAgents():
        with no_collector():
            parameter = Heavy()
            heavy.append(weakref.ref(parameter))
            reply = holding.inquire(parameter=parameter)
            del parameter
            assert str(await reply) == "text"
            await settle()
            assert [ref() for ref in heavy] == [None, None]


async def test_many_calls_in_one_scope_leave_memory_flat() -> None:
    """After a hundred thousand calls a scope holds no more than after a hundred."""
    async with MiniAgents() as scope:
        counts = []
        for calls in (100, 50_000, 50_000):
            for _ in range(calls // 2):
                await replying.inquire("hello")
            await asyncio.gather(*[replying.inquire("hello") for _ in range(calls // 2)])
            await settle()
            gc.collect()
            counts.append(len(gc.get_objects()))
        assert max(counts) - min(counts) < 100
        assert not scope.works
        assert not scope.unread


async def test_many_errors_in_one_scope_leave_memory_flat() -> None:
    """Errors that were read are gone, with all that their tracebacks held, when the collector has been."""
    async with MiniAgents() as scope:
        counts = []
        for calls in (100, 2_000, 2_000):
            for _ in range(calls):
                await catch()
            gc.collect()
            counts.append(len(gc.get_objects()))
        assert max(counts) - min(counts) < 100
        assert not scope.unread


async def test_a_baton_that_is_passed_on_leaves_no_trail() -> None:
    """Agents that each start the next one and end leave nothing behind, however long that goes on."""
    counts = []

    @miniagent
    async def passing(ctx: InteractionContext, left: int) -> None:
        if left % 1_000 == 0:
            gc.collect()
            counts.append(len(gc.get_objects()))
        if left:
            passing.inquire(left=left - 1)

    async with MiniAgents():
        passing.inquire(left=5_000)
    assert len(counts) == 6
    assert max(counts[1:]) - min(counts[1:]) < 100
