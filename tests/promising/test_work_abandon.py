"""What nobody wants any longer stops; what anybody still holds goes on."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest

from miniagents.messages import Message, MessagePromise, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgent, MiniAgents, miniagent


class Work:
    """A second a step, a thousand of them; remembers how far it came and when it was stopped."""

    def __init__(self) -> None:
        self.steps = 0
        self.stopped_s: float | None = None

    async def __aiter__(self) -> AsyncIterator[str]:
        """Give a token a step."""
        try:
            for _ in range(1_000):
                yield "x"
                await asyncio.sleep(1)
                self.steps += 1
        finally:
            self.stopped_s = now_s()

    async def run(self) -> None:
        """Do the work and give nothing."""
        async for _ in self:
            pass


def now_s() -> float:
    """Return the virtual time."""
    return asyncio.get_running_loop().time()


@miniagent
async def streaming(ctx: InteractionContext, work: Work) -> None:
    """Reply one message that streams, and end long before it does."""
    ctx.reply(Message.promise(work))


@miniagent
async def generating(ctx: InteractionContext, work: Work) -> None:
    """Reply messages from an async iterable, and end long before it does."""
    ctx.reply(work)


@miniagent
async def quoting(ctx: InteractionContext, work: Work) -> None:
    """Reply a text with a stream inside it, and end long before it does."""
    ctx.reply(f"quote: {streaming.inquire(work=work)}")


@miniagent
async def working(ctx: InteractionContext, work: Work) -> None:
    """Work for long in the agent itself, after a first reply."""
    ctx.reply("begun")
    await work.run()


@miniagent
async def calling(ctx: InteractionContext, work: Work) -> None:
    """Wait for another agent, after a first reply."""
    ctx.reply("begun")
    await working.inquire(work=work)


@miniagent
async def delegating(ctx: InteractionContext, work: Work) -> None:
    """Start another agent without ever reading its reply, and work on, after a first reply."""
    ctx.reply("begun")
    working.inquire(work=work)
    await asyncio.sleep(1_000)


@miniagent
async def announcing(ctx: InteractionContext, work: Work) -> None:
    """Reply something first, then what another agent replies, and end."""
    ctx.reply("first")
    ctx.reply(working.inquire(work=work))


@miniagent
async def forwarding(ctx: InteractionContext, to: MiniAgent, depth: int, work: Work) -> None:
    """Reply what another agent replies, through so many of this kind, all of which end at once."""
    ctx.reply(forwarding.inquire(to=to, depth=depth - 1, work=work) if depth else to.inquire(work=work))


@miniagent
async def relaying(ctx: InteractionContext) -> None:
    """Reply what came in, message by message, once it is whole."""
    async for promise in ctx.message_promises:
        ctx.reply(str(await promise))


@miniagent
async def echoing(ctx: InteractionContext) -> None:
    """Reply what came in, as it is."""
    ctx.reply(ctx.message_promises)


def directly(to: MiniAgent, work: Work) -> MessageSequencePromise:
    """Call the agent itself."""
    return to.inquire(work=work)


def forwarded(to: MiniAgent, work: Work) -> MessageSequencePromise:
    """Call an agent that forwards it."""
    return forwarding.inquire(to=to, depth=0, work=work)


def forwarded_by_many(to: MiniAgent, work: Work) -> MessageSequencePromise:
    """Call an agent that forwards an agent that forwards it, and so on."""
    return forwarding.inquire(to=to, depth=5, work=work)


def sent_on(to: MiniAgent, work: Work) -> MessageSequencePromise:
    """Send its reply to an agent that replies it."""
    return echoing.inquire(to.inquire(work=work))


def sent_round(to: MiniAgent, work: Work) -> MessageSequencePromise:
    """Send its reply, in a list, through agents that wait for each message."""
    return relaying.inquire(relaying.inquire([to.inquire(work=work)]))


Way = Callable[[MiniAgent, Work], MessageSequencePromise]
every_worker = pytest.mark.parametrize(
    "worker", [streaming, generating, quoting, working, calling, delegating, announcing], ids=lambda agent: agent.alias
)
every_way = pytest.mark.parametrize("way", [directly, forwarded, forwarded_by_many, sent_on, sent_round])


async def first_token(sequence: MessageSequencePromise) -> str:
    """Leave the loops at the first token."""
    async for promise in sequence:
        async for token in promise:
            await asyncio.sleep(5.5)
            return token
    return ""


@every_worker
@every_way
async def test_what_the_last_reader_leaves_stops(worker: MiniAgent, way: Way) -> None:
    """When the only reader leaves its loop, the agent stops, and so does whatever it started for its reply."""
    work = Work()
    async with MiniAgents():
        with suppress(TimeoutError):
            async with asyncio.timeout(5.5):
                await first_token(way(worker, work))
        await asyncio.sleep(0.01)
        assert work.stopped_s == 5.5
    assert now_s() < 6


@every_worker
@every_way
async def test_what_a_cancelled_task_awaited_stops(worker: MiniAgent, way: Way) -> None:
    """When the task that alone awaits a reply is cancelled, that await ends and the agent stops."""
    work = Work()

    async def wait() -> None:
        await way(worker, work)

    async with MiniAgents():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wait(), 5.5)
        await asyncio.sleep(0.01)
        assert work.stopped_s == 5.5
    assert now_s() < 6


@every_worker
@every_way
@pytest.mark.parametrize("reads", ["awaits", "iterates", "reads tokens"])
async def test_a_cancelled_task_that_is_kept_holds_nothing(worker: MiniAgent, way: Way, reads: str) -> None:
    """What a task alone awaited stops at once when that is cancelled, though nobody asks the task how it ended."""
    work = Work()

    async def read() -> None:
        if reads == "awaits":
            await way(worker, work)
        elif reads == "iterates":
            async for promise in way(worker, work):
                await promise
                del promise
        else:
            async for promise in way(worker, work):
                async for _ in promise:
                    pass
                del promise

    async with MiniAgents():
        task = asyncio.create_task(read())
        await asyncio.sleep(5.5)
        task.cancel()
        await asyncio.sleep(0.01)
        assert work.stopped_s == 5.5
    assert task.cancelled()


@every_worker
@every_way
async def test_what_somebody_still_holds_goes_on(worker: MiniAgent, way: Way) -> None:
    """A cancelled task and a reader that left stop nothing while anybody else holds the reply."""
    work = Work()
    async with MiniAgents():
        held = way(worker, work)
        with suppress(TimeoutError):
            async with asyncio.timeout(5.5):
                await first_token(held)
        with suppress(TimeoutError):
            await asyncio.wait_for(held, 1)
        await asyncio.sleep(10)
        assert work.stopped_s is None
        del held
        await asyncio.sleep(0.01)
        assert work.stopped_s == pytest.approx(now_s(), abs=1)


@every_worker
@pytest.mark.parametrize("way", [directly, forwarded, forwarded_by_many])
async def test_what_nobody_ever_read_runs_to_its_end(worker: MiniAgent, way: Way) -> None:
    """A call that was made and forgotten was made for its own sake: it, and all that it started, is done in full."""
    work = Work()
    async with MiniAgents():
        way(worker, work)
    assert work.steps == 1_000


async def test_a_held_message_goes_on_without_its_sequence() -> None:
    """Who keeps one message of a reply that nobody wants otherwise still gets the whole of that message."""
    work, other = Work(), Work()

    @miniagent
    async def both(ctx: InteractionContext, work: Work) -> None:
        ctx.reply([Message.promise(work), Message.promise(other)])

    async def one_message() -> MessagePromise:
        async for promise in forwarding.inquire(to=both, depth=1, work=work):
            return promise
        raise AssertionError

    async with MiniAgents():
        promise = await one_message()
        await asyncio.sleep(3.5)
        assert work.stopped_s is None
        assert other.stopped_s == pytest.approx(0, abs=0.1)
        assert len([token async for token in promise]) == 1_000


both_takers = pytest.mark.parametrize("taken", [0, 3])


@both_takers
async def test_input_that_nobody_reads_any_longer_stops(taken: int) -> None:
    """An endless generator that was sent to an agent stops when the agent has ended, however much it has read."""
    work = Work()

    @miniagent
    async def taking(ctx: InteractionContext) -> None:
        reader = aiter(ctx.message_promises)
        for _ in range(taken):
            ctx.reply(await anext(reader))

    async with MiniAgents():
        assert len(await taking.inquire(work)) == taken
        await asyncio.sleep(0.01)
        assert work.stopped_s == pytest.approx(max(0, taken - 1), abs=0.02)
    assert now_s() < 3


async def test_what_two_agents_share_stops_with_the_second() -> None:
    """A stream that was handed to two agents goes on when one is left, and stops when both are."""
    work = Work()
    async with MiniAgents():

        async def leave_after(sequence: MessageSequencePromise, seconds: float) -> None:
            with suppress(TimeoutError):
                await asyncio.wait_for(sequence, seconds)

        shared = streaming.inquire(work=work)
        readers = [
            asyncio.create_task(leave_after(echoing.inquire(shared), 2.5)),
            asyncio.create_task(leave_after(relaying.inquire(shared), 4.5)),
        ]
        del shared
        await readers[0]
        await asyncio.sleep(1)
        assert work.stopped_s is None
        await readers[1]
        await asyncio.sleep(0.01)
        assert work.stopped_s == 4.5


async def test_a_cancelled_agent_stops_what_it_awaited() -> None:
    """When an agent is cancelled, the calls whose replies it read stop with it; a reply held elsewhere goes on."""
    own, foreign = Work(), Work()
    async with MiniAgents():
        held = working.inquire(work=foreign)

        @miniagent
        async def both(ctx: InteractionContext) -> None:
            await asyncio.gather(working.inquire(work=own), held)

        sequence = both.inquire()
        await asyncio.sleep(2.5)
        sequence.cancel()
        await asyncio.sleep(0.01)
        assert own.stopped_s == 2.5
        assert foreign.stopped_s is None
        held.cancel()


async def test_what_a_failed_agent_called_stops() -> None:
    """When an agent's error is dealt with, and the collector has been, the calls whose replies it read stop too."""
    work = Work()

    @miniagent
    async def choosy(ctx: InteractionContext) -> None:
        reply = streaming.inquire(work=work)
        await first_token(reply)
        raise ZeroDivisionError("not good enough")

    async with MiniAgents():
        with suppress(ZeroDivisionError):
            await choosy.inquire()
        await asyncio.sleep(0)
        gc.collect()
        await asyncio.sleep(0.01)
        assert work.stopped_s == 5.5
    assert now_s() < 6


async def test_an_abandoned_agent_may_clean_up() -> None:
    """An agent that nobody wants any longer runs its `finally`, and may call other agents there."""
    cleaned = Work()

    @miniagent
    async def tidy(ctx: InteractionContext) -> None:
        try:
            ctx.reply("begun")
            await asyncio.sleep(1_000)
        finally:
            working.inquire(work=cleaned)

    async with MiniAgents():
        await first_token(tidy.inquire())
    assert cleaned.steps == 1_000


async def test_an_error_after_the_abandonment_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """An abandoned agent that fails while it cleans up has no reader left, so the log has it."""

    @miniagent
    async def clumsy(ctx: InteractionContext) -> None:
        ctx.reply("begun")
        try:
            await asyncio.sleep(1_000)
        finally:
            raise ZeroDivisionError("while cleaning up")

    async with MiniAgents():
        await first_token(clumsy.inquire())
    assert caplog.messages == ["an error that nobody read: ZeroDivisionError: while cleaning up (clumsy)"]
