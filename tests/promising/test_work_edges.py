"""Lifetimes where calls are many, deep, or only in part what was read."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest

from miniagents.messages import Message, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgents, miniagent

DEEP = 10_000


class Work:
    """A second a step, a thousand of them; remembers when it was stopped."""

    def __init__(self) -> None:
        self.stopped_s: float | None = None

    async def __aiter__(self) -> AsyncIterator[str]:
        """Give a token a step."""
        try:
            for _ in range(1_000):
                yield "x"
                await asyncio.sleep(1)
        finally:
            self.stopped_s = now_s()


def now_s() -> float:
    """Return the virtual time."""
    return asyncio.get_running_loop().time()


@miniagent
async def streaming(ctx: InteractionContext, work: Work) -> None:
    """Reply one message that streams."""
    ctx.reply(Message.promise(work))


@miniagent
async def working(ctx: InteractionContext, work: Work) -> None:
    """Work for long in the agent itself."""
    async for _ in work:
        pass


@miniagent
async def echoing(ctx: InteractionContext) -> None:
    """Reply what came in."""
    ctx.reply(ctx.message_promises)


async def leave_after(sequence: MessageSequencePromise, seconds: float) -> None:
    """Read token by token, and leave in the middle."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for promise in sequence:
                async for _ in promise:
                    pass


def quoted(first: Work, second: Work) -> Any:
    """Return a text with two streams inside it, the second of which nobody comes to."""
    return f"{streaming.inquire(work=first)} and {working.inquire(work=second)}"


def listed(first: Work, second: Work) -> Any:
    """Return a list of two, the second of which nobody comes to."""
    return [streaming.inquire(work=first), [working.inquire(work=second)]]


async def generated(first: Work, second: Work) -> AsyncIterator[Any]:
    """Give two, the second of which nobody comes to."""
    yield [streaming.inquire(work=first), working.inquire(work=second)]
    await asyncio.sleep(1_000)


def prefilled(first: Work, second: Work) -> Any:
    """Return two in a sequence inside a sequence."""
    return MessageSequencePromise([MessageSequencePromise(listed(first, second))])


Make = Callable[[Work, Work], Any]


@pytest.mark.parametrize("make", [quoted, listed, generated, prefilled])
async def test_what_nobody_came_to_stops_with_what_they_came_for(make: Make) -> None:
    """A reader that leaves in the middle of a reply stops the rest of it too, though nobody ever read that."""
    first, second = Work(), Work()

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        ctx.reply(make(first, second))

    async with MiniAgents():
        await leave_after(agent.inquire(), 5.5)
        await asyncio.sleep(0.01)
        assert (first.stopped_s, second.stopped_s) == (5.5, 5.5)
    assert now_s() < 6


@pytest.mark.parametrize("make", [listed, generated, prefilled])
async def test_the_same_in_what_was_sent(make: Make) -> None:
    """What was sent to an agent stops when the reader of the agent's reply leaves, read or not."""
    first, second = Work(), Work()

    async def ask() -> None:
        await leave_after(echoing.inquire(make(first, second)), 5.5)

    async with MiniAgents():
        await ask()
        await asyncio.sleep(0.01)
        assert (first.stopped_s, second.stopped_s) == (5.5, 5.5)
    assert now_s() < 6


async def test_what_was_started_by_what_was_started_stops() -> None:
    """When a reader leaves, what the agent started stops, and what that started in turn, be it long at its own end."""
    work = Work()

    @miniagent
    async def passing(ctx: InteractionContext, depth: int) -> None:
        if depth:
            passing.inquire(depth=depth - 1)
        else:
            working.inquire(work=work)

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        ctx.reply("begun")
        passing.inquire(depth=3)
        await asyncio.sleep(1_000)

    async with MiniAgents():
        await leave_after(agent.inquire(), 5.5)
        await asyncio.sleep(0.01)
        assert work.stopped_s == 5.5
    assert now_s() < 6


async def test_ten_thousand_forgotten_calls_below_each_other_stop() -> None:
    """When a reader leaves, a chain of calls that nobody held stops to its end, however long it is."""
    stopped = 0

    @miniagent
    async def passing(ctx: InteractionContext, depth: int) -> None:
        nonlocal stopped
        ctx.reply("begun")
        if depth:
            passing.inquire(depth=depth - 1)
        try:
            await asyncio.sleep(1_000)
        finally:
            stopped += 1

    async with MiniAgents():
        await leave_after(passing.inquire(depth=DEEP - 1), 5.5)
        await asyncio.sleep(0.01)
        assert stopped == DEEP
    assert now_s() < 6


async def test_an_agent_that_survives_many_errors_stays_small() -> None:
    """An agent that goes on and on, and deals with each error that it reads, keeps none of them."""
    counts: list[int] = []

    @miniagent
    async def failing(ctx: InteractionContext) -> None:
        raise ZeroDivisionError

    @miniagent
    async def patient(ctx: InteractionContext) -> None:
        for number in range(3_001):
            with suppress(ZeroDivisionError):
                await failing.inquire()
            if number % 1_000 == 0:
                gc.collect()
                counts.append(len(gc.get_objects()))

    async with MiniAgents():
        await patient.inquire()
    assert max(counts[1:]) - min(counts[1:]) < 100


async def test_what_was_started_for_its_own_sake_goes_on_when_all_is_read() -> None:
    """What an agent starts beside its reply, to save something say, is done in full though its reader is gone."""
    work = Work()

    @miniagent
    async def saving(ctx: InteractionContext) -> None:
        working.inquire(work=work)
        ctx.reply("saved")

    @miniagent
    async def asking(ctx: InteractionContext) -> None:
        ctx.reply(str(await saving.inquire()))

    async with MiniAgents():
        assert str(await asking.inquire()) == "saved"
        await asyncio.sleep(5)
        gc.collect()
        assert work.stopped_s is None
    assert work.stopped_s == 1_000


@pytest.mark.skipif(sys.version_info < (3, 12), reason="asyncio has eager tasks since Python 3.12")
async def test_a_loop_whose_tasks_start_eagerly() -> None:
    """On a loop with the eager task factory agents reply, fail, wait, stop and let their scope end as on any other."""
    work = Work()

    @miniagent
    async def forwarding(ctx: InteractionContext, depth: int) -> None:
        ctx.reply(forwarding.inquire(depth=depth - 1) if depth else streaming.inquire(work=work))

    @miniagent
    async def failing(ctx: InteractionContext) -> None:
        raise ZeroDivisionError

    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined]
    async with asyncio.timeout(100):
        async with MiniAgents() as scope:
            assert str(await echoing.inquire(echoing.inquire("x"))) == "x"
            with pytest.raises(ZeroDivisionError):
                await failing.inquire()
            call = forwarding.inquire(depth=5, timeout_s=50)
            await leave_after(call, 5.5)
            call.cancel()
            await asyncio.sleep(0.01)
            assert work.stopped_s == 5.5
            assert not scope.works
