"""The chain loop: messages go round agents."""

import asyncio
import gc
from typing import Any

import pytest

from miniagents.errors import CallError, UsageError
from miniagents.messages import MessageTuple
from miniagents.miniagents import InteractionContext, MiniAgent, MiniAgents, miniagent
from miniagents.promising.sentinels import AWAIT, CLEAR
from miniagents.testing import scripted_agent, streaming_agent
from miniagents.utils import achain_loop


def now_s() -> float:
    """Return the virtual time."""
    return asyncio.get_running_loop().time()


class Log:
    """Makes agents that note what they are sent and add a letter of their own."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def agent(self, letter: str, delay_s: float = 0.0) -> MiniAgent:
        """Return the agent of this letter."""

        @miniagent(alias=letter)
        async def adding(ctx: InteractionContext) -> None:
            heard = "".join([message.text for message in await ctx.message_promises])
            self.calls.append(f"{letter}({heard})")
            await asyncio.sleep(delay_s)
            ctx.reply(heard + letter)

        return adding


@pytest.fixture
def log() -> Log:
    """Give a fresh log."""
    return Log()


async def test_messages_go_round(log: Log) -> None:
    """Each agent is sent the reply of the one before it, the first that of the last."""
    async with MiniAgents():
        last = await achain_loop([log.agent("a"), AWAIT, log.agent("b")], rounds=2)
    assert log.calls == ["a()", "b(a)", "a(ab)", "b(aba)"]
    assert type(last) is MessageTuple
    assert str(last) == "abab"


@pytest.mark.parametrize("rounds", [1, 2, 7])
async def test_rounds(log: Log, rounds: int) -> None:
    """The chain goes as many rounds as it is told."""
    async with MiniAgents():
        await achain_loop([log.agent("a"), AWAIT], rounds=rounds)
    assert len(log.calls) == rounds


async def test_until(log: Log) -> None:
    """The chain goes on until `until`, given each round's last messages, says so."""
    seen: list[str] = []

    def until(messages: MessageTuple) -> bool:
        seen.append(str(messages))
        return len(seen) == 3

    async with MiniAgents():
        assert str(await achain_loop([log.agent("a"), AWAIT, log.agent("b")], until=until)) == "ababab"
    assert seen == ["ab", "abab", "ababab"]


async def test_until_may_be_async(log: Log) -> None:
    """`until` may take its time to answer."""

    async def until(messages: MessageTuple) -> bool:
        await asyncio.sleep(10)
        return len(str(messages)) == 4

    async with MiniAgents():
        assert str(await achain_loop([log.agent("a"), AWAIT, log.agent("b")], until=until)) == "abab"
    assert now_s() == 20


async def test_whichever_comes_first(log: Log) -> None:
    """With both, the chain ends at the first of `rounds` and `until`."""
    async with MiniAgents():
        assert str(await achain_loop([log.agent("a"), AWAIT], rounds=2, until=lambda _: False)) == "aa"
        assert str(await achain_loop([log.agent("a"), AWAIT], rounds=2, until=lambda _: True)) == "a"


async def test_a_round_that_produces_nothing_ends_it() -> None:
    """The chain ends when the last agent has nothing to say, and `until` is not asked about that."""
    async with MiniAgents():
        last = await achain_loop([scripted_agent("a", "b"), AWAIT], until=lambda messages: messages == ())
    assert last == ()


async def test_clear_starts_with_nothing(log: Log) -> None:
    """What is after a `CLEAR` is sent no messages; what is before it went its own way."""
    async with MiniAgents():
        agents = [log.agent("a"), AWAIT, log.agent("b"), CLEAR, log.agent("c")]
        assert str(await achain_loop(agents, rounds=1)) == "c"
    assert sorted(log.calls) == ["a()", "b(a)", "c()"]


async def test_the_chain_of_the_specification(log: Log) -> None:
    """`[agent1, AWAIT, agent2, CLEAR, agent1]` calls all three each round."""
    async with MiniAgents():
        one, two = log.agent("1"), log.agent("2")
        assert str(await achain_loop([one, AWAIT, two, CLEAR, one], rounds=2)) == "1"
    assert sorted(log.calls) == sorted(["1()", "2(1)", "1()", "1(1)", "2(11)", "1()"])


@pytest.mark.parametrize("end", [[CLEAR], [AWAIT, CLEAR], [CLEAR, AWAIT]], ids=repr)
async def test_clear_at_the_end_starts_each_round_anew(log: Log, end: list[Any]) -> None:
    """A `CLEAR` behind the last agent empties the next round's start, not this round's result."""
    async with MiniAgents():
        last = await achain_loop([log.agent("a"), AWAIT, log.agent("b"), *end], rounds=3)
    assert log.calls == ["a()", "b(a)"] * 3
    assert str(last) == "ab"


async def test_between_two_awaits_all_work_at_once(log: Log) -> None:
    """Agents that no `AWAIT` parts start together; behind one an agent starts when what is before it is whole."""
    started: dict[str, float] = {}

    def noting(letter: str) -> MiniAgent:
        @miniagent(alias=letter)
        async def agent(ctx: InteractionContext) -> None:
            started[letter] = now_s()
            ctx.reply(streaming_agent("xy", delay_s=1).inquire())

        return agent

    async with MiniAgents():
        await achain_loop([noting("a"), noting("b"), AWAIT, noting("c")], rounds=1)
    assert started == {"a": 0, "b": 0, "c": 2}


async def test_tokens_flow_between_awaits() -> None:
    """An agent that no `AWAIT` parts from the one before it sees its tokens as they come."""
    seen: list[tuple[str, float]] = []

    @miniagent
    async def watching(ctx: InteractionContext) -> None:
        async for promise in ctx.message_promises:
            async for token in promise:
                seen.append((token, now_s()))  # noqa: PERF401 - as a person would write it

    async with MiniAgents():
        assert await achain_loop([streaming_agent("ab", delay_s=1), watching, AWAIT]) == ()
    assert seen == [("a", 1), ("b", 2)]


async def test_any_iterable_of_agents_will_do(log: Log) -> None:
    """The chain may be given as a tuple or a generator; it still goes round."""
    async with MiniAgents():
        await achain_loop((link for link in (log.agent("a"), AWAIT)), rounds=3)
    assert len(log.calls) == 3


@pytest.mark.parametrize(
    ("agents", "options", "why"),
    [
        ([], {}, "a chain needs an agent"),
        ([AWAIT, CLEAR], {}, "a chain needs an agent"),
        ([scripted_agent()], {}, "needs an AWAIT, .* put one after an agent"),
        ([scripted_agent(), CLEAR], {"rounds": 1}, "needs an AWAIT"),
        ([scripted_agent(), AWAIT], {"rounds": 0}, "cannot go 0 rounds; give 1 or more"),
        ([scripted_agent(), AWAIT], {"rounds": -1}, "cannot go -1 rounds"),
        ([scripted_agent("a"), AWAIT, print], {}, "print"),
        ([scripted_agent("a"), AWAIT, "agent"], {}, "agent"),
    ],
)
async def test_a_chain_that_makes_no_sense_is_refused(agents: list[Any], options: dict[str, Any], why: str) -> None:
    """What cannot work is refused with the cure, before any agent is called."""
    async with MiniAgents() as scope:
        with pytest.raises(UsageError, match=why):
            await achain_loop(agents, **options)
        assert not scope.works


async def test_an_error_ends_it(log: Log) -> None:
    """An agent's error is raised from the loop."""

    @miniagent
    async def failing(ctx: InteractionContext) -> None:
        raise ZeroDivisionError("none left")

    async with MiniAgents():
        with pytest.raises(ZeroDivisionError, match="none left"):
            await achain_loop([log.agent("a"), AWAIT, failing, AWAIT, log.agent("b")])
    assert log.calls == ["a()"]


async def test_cancelling_the_loop_stops_its_agents() -> None:
    """A loop without an end lets others work, is ended by cancellation, and its agents stop with it."""
    stopped: list[float] = []
    rounds = 0

    @miniagent
    async def working(ctx: InteractionContext) -> None:
        nonlocal rounds
        rounds += 1
        try:
            await asyncio.sleep(1)
        finally:
            stopped.append(now_s())
        ctx.reply("again")

    async with MiniAgents():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(achain_loop([working, AWAIT]), 10.5)
        await asyncio.sleep(0.01)
        assert rounds == 11
        assert stopped[-1] == 10.5
    assert now_s() < 11


async def test_a_loop_that_never_waits_lets_others_work() -> None:
    """Agents that answer at once still leave the event loop to others each round."""
    async with MiniAgents():
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        other = asyncio.create_task(others())
        await achain_loop([scripted_agent(*["x"] * 1_000), AWAIT])
        other.cancel()
        assert turns >= 1_000


async def test_twenty_thousand_rounds_leave_memory_flat() -> None:
    """A loop of two agents holds no more after twenty thousand rounds than after a hundred."""
    counts: list[int] = []
    done = 0

    @miniagent
    async def ping(ctx: InteractionContext) -> None:
        ctx.reply("ping")

    @miniagent
    async def pong(ctx: InteractionContext) -> None:
        ctx.reply(ctx.message_promises)

    def until(_messages: MessageTuple) -> bool:
        nonlocal done
        done += 1
        if done in (100, 10_000, 20_000):
            gc.collect()
            counts.append(len(gc.get_objects()))
        return done == 20_000

    async with MiniAgents():
        await achain_loop([ping, AWAIT, pong], until=until)
    assert max(counts) - min(counts) < 100


async def test_a_timeout_inside_a_chain_is_an_error_of_the_chain() -> None:
    """An agent in the chain that uses up its own time limit ends the chain with that error."""

    @miniagent
    async def hasty(ctx: InteractionContext) -> None:
        ctx.reply(await streaming_agent("abc", delay_s=1).inquire(timeout_s=1.5))

    async with MiniAgents():
        with pytest.raises(CallError, match=r"took longer than 1\.5 s"):
            await achain_loop([hasty, AWAIT])
