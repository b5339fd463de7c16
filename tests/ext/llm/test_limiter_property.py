"""A limiter under random loads: its promises hold whoever asks, holds, fails, is corrected or gives up."""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from miniagents.ext.llm.limiter import Limiter, Rate
from miniagents.testing import virtual_time_loop


@dataclass(frozen=True)
class Load:
    """One request: whose, when, how large as guessed and in truth, how long it takes; whether and when it gives up."""

    agent: str
    comes_s: int
    tokens: int
    used: int | None
    holds_s: int
    gives_up_s: int | None


@dataclass
class Log:
    """What happened."""

    went: list[tuple[float, Load]] = field(default_factory=list)
    lost: int = 0
    held: int = 0
    most_held: int = 0


loads = st.lists(
    st.builds(
        Load,
        st.sampled_from("abcd"),
        st.integers(0, 90),
        st.integers(0, 40),
        st.one_of(st.none(), st.integers(0, 40)),
        st.integers(0, 30),
        st.one_of(st.none(), st.none(), st.integers(0, 120)),
    ),
    max_size=30,
)
rates = st.builds(
    Rate,
    st.one_of(st.none(), st.integers(1, 20)),
    st.one_of(st.none(), st.integers(20, 200)),
    st.one_of(st.none(), st.integers(1, 4)),
)


async def play(rate: Rate, requests: list[Load]) -> Log:
    """Send these requests, each at its time, and see all of them to their end."""
    limiter, log = Limiter(rate), Log()
    clock = asyncio.get_running_loop().time

    async def send(load: Load) -> None:
        await asyncio.sleep(load.comes_s)
        async with limiter.slot(load.agent, load.tokens) as slot:
            log.went.append((clock(), load))
            log.held += 1
            log.most_held = max(log.most_held, log.held)
            try:
                await asyncio.sleep(load.holds_s)
                if load.used is not None:
                    slot.used(load.used)
            finally:
                log.held -= 1

    async def send_or_give_up(load: Load) -> None:
        task = asyncio.create_task(send(load))
        if load.gives_up_s is not None:
            asyncio.get_running_loop().call_at(load.gives_up_s, task.cancel)
        with suppress(asyncio.CancelledError):
            await task
        log.lost += task.cancelled()

    await asyncio.gather(*(send_or_give_up(load) for load in requests))
    assert (dict(limiter._lines), limiter._waiting, limiter._held, limiter._timer) == ({}, (0, 0), 0, None)
    return log


def played(rate: Rate, requests: list[Load]) -> Log:
    """Return what happened, on virtual time."""
    with asyncio.Runner(loop_factory=virtual_time_loop) as runner:
        return runner.run(play(rate, requests))


@settings(deadline=None)
@given(rates, loads)
def test_promises(rate: Rate, requests: list[Load]) -> None:
    """Nobody is lost, no minute has more requests than the rate, and never are more under way than may be."""
    log = played(rate, requests)
    assert log.most_held <= (rate.concurrency or len(requests))
    seen = Counter(load for _, load in log.went)
    assert seen <= Counter(requests)
    assert Counter(load for load in requests if load.gives_up_s is None) <= seen
    assert len(log.went) + log.lost >= len(requests)
    if rate.requests_per_minute is not None:
        for start_s, _ in log.went:
            assert sum(start_s <= at_s < start_s + 60 for at_s, _ in log.went) <= rate.requests_per_minute


@settings(deadline=None)
@given(st.integers(20, 100), loads)
def test_tokens(per_minute: int, requests: list[Load]) -> None:
    """Where every guess is right, no minute has more tokens than the rate, but for one that is larger, alone."""
    right = [Load(load.agent, load.comes_s, load.tokens, load.tokens, load.holds_s, None) for load in requests]
    log = played(Rate(tokens_per_minute=per_minute), right)
    for start_s, _ in log.went:
        window = [load.tokens for at_s, load in log.went if start_s <= at_s < start_s + 60]
        assert sum(window) <= per_minute or sum(tokens > 0 for tokens in window) == 1


@settings(deadline=None)
@given(st.integers(1, 3), st.lists(st.integers(1, 12), min_size=2, max_size=5))
def test_fairness(concurrency: int, counts: list[int]) -> None:
    """Who has one request waits for one of each other agent at most, besides those under way."""
    requests = [
        Load(agent, 0, 0, None, 1, None) for agent, count in zip("abcde", counts, strict=False) for _ in range(count)
    ]
    log = played(Rate(concurrency=concurrency), requests)
    order = [load.agent for _, load in log.went][concurrency:]
    left = Counter(order)
    turns: Counter[str] = Counter()
    for agent in order:
        turns[agent] += 1
        left[agent] -= 1
        for other in left:
            assert not left[other] or turns[agent] <= turns[other] + 1


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(1, 120))
def test_the_rate_is_reached(per_minute: int, count: int) -> None:
    """The rate is not only kept: all are done within the minutes that they are worth."""
    log = played(Rate(requests_per_minute=per_minute), [Load("a", 0, 0, None, 0, None)] * count)
    assert log.went[-1][0] <= 60 * count / per_minute + 1e-6
