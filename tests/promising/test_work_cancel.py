"""Calls that are stopped by hand or by the clock."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from miniagents.errors import CallCancelledError, CallTimeoutError
from miniagents.messages import Message, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgent, MiniAgents, miniagent

Stopped = dict[str, float]


def now_s() -> float:
    """Return the virtual time."""
    return asyncio.get_running_loop().time()


async def ticking(stopped: Stopped, name: str = "stream", seconds: int = 1_000) -> AsyncIterator[str]:
    """Give a token a second; note when it was stopped."""
    try:
        for _ in range(seconds):
            await asyncio.sleep(1)
            yield "x"
    finally:
        stopped[name] = now_s()


@miniagent
async def streaming(ctx: InteractionContext, stopped: Stopped, seconds: int = 1_000) -> None:
    """Reply one message that streams, and end long before it does."""
    ctx.reply(Message.promise(ticking(stopped, seconds=seconds)))


@miniagent
async def generating(ctx: InteractionContext, stopped: Stopped, seconds: int = 1_000) -> None:
    """Reply messages from an async generator, and end long before it does."""
    ctx.reply(ticking(stopped, seconds=seconds))


@miniagent
async def quoting(ctx: InteractionContext, stopped: Stopped, seconds: int = 1_000) -> None:
    """Reply a text with a stream inside it, and end long before it does."""
    ctx.reply(f"quote: {streaming.inquire(stopped=stopped, seconds=seconds)}")


@miniagent
async def working(ctx: InteractionContext, stopped: Stopped, seconds: int = 1_000) -> None:
    """Work for long in the agent itself."""
    try:
        ctx.reply("begun")
        await asyncio.sleep(seconds)
    finally:
        stopped["stream"] = now_s()


@miniagent
async def forwarding(ctx: InteractionContext, to: MiniAgent, depth: int, **parameters: object) -> None:
    """Reply what another agent replies, through so many of this kind, all of which end at once."""
    ctx.reply(forwarding.inquire(to=to, depth=depth - 1, **parameters) if depth else to.inquire(**parameters))


@miniagent
async def waiting(ctx: InteractionContext, to: MiniAgent, **parameters: object) -> None:
    """Wait for another agent, then reply what it replied."""
    ctx.reply(await to.inquire(**parameters))


def directly(to: MiniAgent) -> MiniAgent:
    """Return the agent itself."""
    return to


def forwarded(to: MiniAgent) -> MiniAgent:
    """Return an agent that forwards it."""
    return forwarding.fork(to=to, depth=0)


def forwarded_by_many(to: MiniAgent) -> MiniAgent:
    """Return an agent that forwards an agent that forwards it, and so on."""
    return forwarding.fork(to=to, depth=5)


def awaited(to: MiniAgent) -> MiniAgent:
    """Return an agent that awaits it."""
    return waiting.fork(to=to)


every_worker = pytest.mark.parametrize(
    "worker", [streaming, generating, quoting, working], ids=lambda agent: agent.alias
)
every_way = pytest.mark.parametrize("way", [directly, forwarded, forwarded_by_many, awaited])


async def heard(sequence: MessageSequencePromise) -> None:
    """Read all of it, token by token."""
    async for promise in sequence:
        async for _ in promise:
            pass


@every_worker
@every_way
async def test_cancel_reaches_whatever_the_call_started(
    worker: MiniAgent, way: Callable[[MiniAgent], MiniAgent]
) -> None:
    """`cancel()` stops every call and every stream below, also below agents that have ended; readers are told."""
    stopped: Stopped = {}

    @miniagent
    async def top(ctx: InteractionContext) -> None:
        ctx.reply(way(worker).inquire(stopped=stopped))
        await asyncio.sleep(1_000)

    async with MiniAgents():
        sequence = top.inquire()
        readers = [asyncio.create_task(read) for read in (heard(sequence), heard(sequence), sequence.finished())]
        await asyncio.sleep(5.5)
        sequence.cancel()
        outcomes = await asyncio.gather(*readers, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [CallCancelledError, CallCancelledError, type(None)]
        with pytest.raises(CallCancelledError, match="was cancelled"):
            await sequence
        assert now_s() == 5.5
        await asyncio.sleep(0.01)
        assert stopped == {"stream": 5.5}
    assert now_s() < 6


@every_worker
@every_way
async def test_cancel_after_the_agent_itself_has_ended(
    worker: MiniAgent, way: Callable[[MiniAgent], MiniAgent]
) -> None:
    """`cancel()` stops what a call started also where the agent that was called has long ended."""
    stopped: Stopped = {}
    async with MiniAgents():
        sequence = way(worker).inquire(stopped=stopped)
        await asyncio.sleep(5.5)
        sequence.cancel()
        with pytest.raises(CallCancelledError):
            await heard(sequence)
        await asyncio.sleep(0.01)
        assert stopped == {"stream": 5.5}
    assert now_s() < 6


@every_worker
@every_way
async def test_timeout_covers_whatever_the_call_started(
    worker: MiniAgent, way: Callable[[MiniAgent], MiniAgent]
) -> None:
    """`timeout_s` ends a call, its streams and all that it called; readers get a `CallTimeoutError`."""
    stopped: Stopped = {}
    async with MiniAgents():
        sequence = way(worker).inquire(timeout_s=3.5, stopped=stopped)
        with pytest.raises(CallTimeoutError, match=r"took longer than 3\.5 s") as raised:
            await heard(sequence)
        assert isinstance(raised.value, TimeoutError)
        assert now_s() == 3.5
        await asyncio.sleep(0.01)
        assert stopped == {"stream": 3.5}
    assert now_s() < 4


@every_worker
@every_way
async def test_timeout_leaves_alone_what_is_done_in_time(
    worker: MiniAgent, way: Callable[[MiniAgent], MiniAgent]
) -> None:
    """A call that needs less than its `timeout_s` is whole, and its clock keeps nobody waiting."""
    stopped: Stopped = {}
    async with MiniAgents():
        sequence = way(worker).inquire(timeout_s=100, stopped=stopped, seconds=3)
        await heard(sequence)
        assert len(await sequence) >= 1
    assert now_s() == 3
    assert stopped == {"stream": 3}
    loop = asyncio.get_running_loop()
    assert not [timer for timer in loop._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]


async def test_what_came_before_the_timeout_is_kept() -> None:
    """The messages and tokens that came in time are read first, the error after them."""
    stopped: Stopped = {}

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        ctx.reply("first")
        ctx.reply(Message.promise(ticking(stopped)))

    async with MiniAgents():
        reader = aiter(agent.inquire(timeout_s=2.5))
        assert str(await (await anext(reader))) == "first"
        tokens = aiter(await anext(reader))
        assert [await anext(tokens), await anext(tokens)] == ["x", "x"]
        with pytest.raises(CallTimeoutError):
            await anext(tokens)


async def test_a_timeout_that_nobody_read_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """A call that ran out of time unseen is named in the log at the end, like any other failure."""
    async with MiniAgents():
        working.inquire(timeout_s=1, stopped={})
    assert caplog.messages == ["an error that nobody read: CallTimeoutError: working took longer than 1 s (working)"]


async def test_a_cancellation_that_nobody_read_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    """A call that was cancelled on purpose is not reported, whether anybody reads it or not."""
    async with MiniAgents():
        working.inquire(stopped={}).cancel()
        sequence = waiting.inquire(to=working, stopped={})
        await asyncio.sleep(1)
        sequence.cancel()
    assert caplog.messages == []


async def test_an_error_after_the_cancellation_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """An agent that fails while it cleans up after a cancellation has no reader left, so the log has it."""

    @miniagent
    async def clumsy(ctx: InteractionContext) -> None:
        try:
            await asyncio.sleep(1_000)
        finally:
            raise ZeroDivisionError("while cleaning up")

    async with MiniAgents():
        sequence = clumsy.inquire()
        await asyncio.sleep(1)
        sequence.cancel()
        with pytest.raises(CallCancelledError):
            await sequence
    assert caplog.messages == ["an error that nobody read: ZeroDivisionError: while cleaning up (clumsy)"]


async def test_replies_after_the_cancellation_are_dropped() -> None:
    """What an agent still replies while it is being stopped reaches nobody."""

    @miniagent
    async def talkative(ctx: InteractionContext) -> None:
        ctx.reply("before")
        try:
            await asyncio.sleep(1_000)
        finally:
            ctx.reply("after")

    async with MiniAgents():
        sequence = talkative.inquire()
        await asyncio.sleep(1)
        sequence.cancel()
        reader = aiter(sequence)
        assert str(await (await anext(reader))) == "before"
        with pytest.raises(CallCancelledError):
            await anext(reader)


async def test_cancelling_a_call_tells_the_agent_that_waits_for_it() -> None:
    """An agent whose callee is cancelled gets a `CallCancelledError`, which it can handle, and goes on."""
    stopped: Stopped = {}
    calls: list[MessageSequencePromise] = []

    @miniagent
    async def patient(ctx: InteractionContext) -> None:
        calls.append(working.inquire(stopped=stopped))
        try:
            await calls[0]
        except CallCancelledError as error:
            ctx.reply(f"heard that {error}")

    async with MiniAgents():
        sequence = patient.inquire()
        await asyncio.sleep(1)
        calls[0].cancel()
        assert str(await sequence) == "heard that working was cancelled"


async def test_a_task_of_ones_own_that_is_cancelled_is_no_cancellation_of_the_reader() -> None:
    """An agent that trips over somebody else's `CancelledError` fails for its reader with a `CallCancelledError`."""

    @miniagent
    async def tripping(ctx: InteractionContext) -> None:
        task = asyncio.create_task(asyncio.sleep(1_000))
        await asyncio.sleep(1)
        task.cancel()
        await task

    async with MiniAgents():
        with pytest.raises(CallCancelledError, match="tripping was cancelled"):
            await tripping.inquire()
        assert not asyncio.current_task().cancelling()  # type: ignore[union-attr]
