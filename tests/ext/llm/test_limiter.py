"""Who may ask now: turns among agents, slots, pauses; whoever gives up takes nothing along."""

import asyncio
import math
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from miniagents.errors import UsageError
from miniagents.ext.llm.limiter import Limiter, Rate, Slot


def now_s() -> float:
    """Return the time of the loop."""
    return asyncio.get_running_loop().time()


async def go(limiter: Limiter, agent: str = "a", tokens: int = 0, *, holds_s: float = 0.0) -> float:
    """Ask once; return when it went."""
    async with limiter.slot(agent, tokens):
        went_s = now_s()
        await asyncio.sleep(holds_s)
    return went_s


async def gone(limiter: Limiter, *agents: str, **how: Any) -> list[float]:
    """Ask once for each of these agents, all at the same time; return when each went."""
    return list(await asyncio.gather(*(go(limiter, agent, **how) for agent in agents)))


@asynccontextmanager
async def waiting(limiter: Limiter, agents: Iterable[str], order: list[str]) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Let these wait in that order while the only slot is held, which is given back at the end of the block."""

    async def ask(agent: str) -> None:
        async with limiter.slot(agent):
            order.append(agent)
            await asyncio.sleep(0)

    async with limiter.slot("holder"):
        tasks = [asyncio.create_task(ask(agent)) for agent in agents]
        await asyncio.sleep(0)
        yield tasks
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


def is_clean(limiter: Limiter) -> bool:
    """Say whether nobody waits, nothing is held, and no timer is left."""
    return not limiter._lines and limiter._waiting == (0, 0) and limiter._held == 0 and limiter._timer is None


@pytest.mark.parametrize("name", ["requests_per_minute", "tokens_per_minute", "concurrency"])
@pytest.mark.parametrize("value", [0, -1, math.inf, math.nan, True, "10"])
def test_no_rates(name: str, value: Any) -> None:
    """What is no limit is refused by name, with the cure."""
    with pytest.raises(UsageError, match=rf"^Rate\({name}=.*\) is no limit; give a .*, or None for no limit$"):
        Rate(**{name: value})


def test_no_half_slots() -> None:
    """Slots are counted in whole ones."""
    with pytest.raises(UsageError, match="give a whole number, 1 or more"):
        Rate(concurrency=1.5)  # type: ignore[arg-type] # what a program without types may say


async def test_nothing_to_wait_for() -> None:
    """Without a rate everybody goes at once, and it is known beforehand."""
    limiter = Limiter()
    assert limiter.expected_wait_s("a", 10**9) is None
    assert await gone(limiter, *"abc" * 1000, tokens=10**9) == [0.0] * 3000
    async with limiter.slot("a") as slot:
        slot.used(5)
        assert isinstance(slot, Slot)
    assert is_clean(limiter)


async def test_requests_per_minute() -> None:
    """Requests go half of a minute's at once, the others evenly."""
    limiter = Limiter(Rate(requests_per_minute=4))
    assert await gone(limiter, *"aaaaaa") == [0, 0, 15, 30, 60, 75]
    assert await gone(limiter, "a") == [90]
    assert is_clean(limiter)


async def test_tokens_per_minute() -> None:
    """Tokens are counted as they are guessed, and corrected as soon as it is known what they were."""
    limiter = Limiter(Rate(tokens_per_minute=1000))
    async with limiter.slot("a", 400) as slot:
        assert limiter.expected_wait_s("a", 700) == 60.0
        other = asyncio.create_task(go(limiter, "b", 700))
        await asyncio.sleep(1)
        slot.used(100)
        assert await other == 6.0
        assert limiter.expected_wait_s("a", 300) == 54.0
        slot.used(-5)
        assert limiter.expected_wait_s("a", 300) == 36.0
    assert is_clean(limiter)


async def test_more_tokens_than_there_are() -> None:
    """A request larger than the whole allowance goes when nothing of it is used, and not never."""
    limiter = Limiter(Rate(tokens_per_minute=100))
    assert await go(limiter, "a", 250) == 0.0
    assert await asyncio.gather(go(limiter, "a", 250), go(limiter, "b", 1)) == [150.0, 300.0]


async def test_concurrency() -> None:
    """There are never more requests under way than there may be."""
    limiter = Limiter(Rate(concurrency=2))
    assert await gone(limiter, *"aaaaa", holds_s=10) == [0, 0, 10, 10, 20]
    assert is_clean(limiter)


async def test_turns() -> None:
    """Agents take turns, whoever has more to ask; within one agent it is first come, first served."""
    limiter, order = Limiter(Rate(concurrency=1)), list[str]()
    async with waiting(limiter, "aaaabbc", order):
        pass
    assert "".join(order) == "abcabaa"
    assert is_clean(limiter)


async def test_nobody_overtakes() -> None:
    """Whoever wants much is not overtaken for ever by those who want little."""
    limiter = Limiter(Rate(tokens_per_minute=100))
    await go(limiter, "a", 60)
    large = asyncio.create_task(go(limiter, "large", 90))
    await asyncio.sleep(1)
    small = await gone(limiter, *"bcd", tokens=1)
    assert await large == 60.0
    assert min(small) > 60.0


async def test_cancelled_while_waiting() -> None:
    """Whoever gives up while it waits blocks nobody, first in line or not, and leaves nothing behind."""
    limiter, order = Limiter(Rate(concurrency=1)), list[str]()
    async with waiting(limiter, "abcd", order) as tasks:
        tasks[0].cancel()
        tasks[2].cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert order == ["b", "d"]
    assert is_clean(limiter)


async def test_cancelled_as_a_slot_is_given_back() -> None:
    """A slot that is given back at the moment when its next holder gives up goes to the one after."""
    limiter, order = Limiter(Rate(concurrency=1)), list[str]()
    async with waiting(limiter, "ab", order) as tasks:
        tasks[0].cancel()
    assert order == ["b"]
    assert is_clean(limiter)


async def test_cancelled_as_its_turn_came() -> None:
    """A turn that came at the moment when its owner gave up goes to the next, with all that was written down of it."""
    limiter = Limiter(Rate(requests_per_minute=2, tokens_per_minute=1000, concurrency=1))
    headers = {"x-ratelimit-remaining-requests": "2", "x-ratelimit-reset-requests": "60s"}
    limiter.learn(headers, 200)
    async with limiter.slot("holder") as slot:
        lost = asyncio.create_task(go(limiter, "a", 1000))
        await asyncio.sleep(60)
        limiter.learn(headers, 200, slot)
        gone_before = limiter._gone
    assert limiter._held == 1
    lost.cancel()
    with pytest.raises(asyncio.CancelledError):
        await lost
    assert limiter._gone == gone_before
    assert await gone(limiter, "b", "c") == [60.0, 90.0]
    assert is_clean(limiter)


async def test_cancelled_as_it_got_a_slot() -> None:
    """A slot that was handed on at the moment when its new holder gave up is free again."""
    limiter = Limiter(Rate(concurrency=1))
    async with limiter.slot("holder"):
        lost = asyncio.create_task(go(limiter))
        await asyncio.sleep(0)
    assert limiter._held == 1
    lost.cancel()
    with pytest.raises(asyncio.CancelledError):
        await lost
    assert is_clean(limiter)


async def test_the_first_in_line_gives_up() -> None:
    """When the first in line gives up, the one behind it is looked at again, and not only at the first one's time."""
    limiter = Limiter(Rate(tokens_per_minute=100))
    await go(limiter, "a", 40)
    first = asyncio.create_task(go(limiter, "a", 90))
    await asyncio.sleep(1)
    second = asyncio.create_task(go(limiter, "b", 10))
    await asyncio.sleep(1)
    first.cancel()
    assert await second == 2.0
    assert is_clean(limiter)


async def test_all_give_up() -> None:
    """When everybody gives up, no timer is left."""
    limiter = Limiter(Rate(requests_per_minute=1))
    await go(limiter)
    tasks = [asyncio.create_task(go(limiter, agent)) for agent in "abc"]
    await asyncio.sleep(1)
    assert limiter._timer is not None
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert is_clean(limiter)
    assert all(timer.cancelled() for timer in asyncio.get_running_loop()._scheduled)  # type: ignore[attr-defined] # CPython's


async def test_a_time_limit_on_waiting() -> None:
    """Who will wait no longer than so says so with `asyncio.timeout`, and then has not asked."""
    limiter = Limiter(Rate(requests_per_minute=1))
    await go(limiter)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5), limiter.slot("a"):
            pytest.fail("there was no turn")
    assert now_s() == 5.0
    assert await go(limiter) == 60.0


async def test_an_error_gives_the_slot_back() -> None:
    """A request that fails holds its slot no longer."""
    limiter = Limiter(Rate(concurrency=1))
    with pytest.raises(ValueError, match="it failed"):
        async with limiter.slot("a"):
            raise ValueError("it failed")
    assert await go(limiter) == 0.0


async def test_pause() -> None:
    """During a pause nobody goes, who waits already included, and a shorter one does not end it."""
    limiter = Limiter()
    limiter.pause(30)
    assert limiter.expected_wait_s("a") == 30.0
    early = asyncio.create_task(go(limiter))
    await asyncio.sleep(10)
    limiter.pause(40)
    limiter.pause(1)
    assert await gone(limiter, "a", "b") == [50.0, 50.0]
    assert await early == 50.0
    assert limiter.expected_wait_s("a") is None


async def test_pauses_that_are_none() -> None:
    """Nonsense pauses nobody, and nothing pauses for more than an hour."""
    limiter = Limiter()
    for seconds in (0, -5, math.nan):
        limiter.pause(seconds)
    assert limiter.is_free
    limiter.pause(math.inf)
    assert limiter.expected_wait_s("a") == 3600.0


async def test_expected_wait() -> None:
    """It is known beforehand about how long it takes, an agent's own line and the others' counted."""
    limiter = Limiter(Rate(requests_per_minute=6, tokens_per_minute=6000))
    assert limiter.expected_wait_s("a", 10) is None
    await gone(limiter, *"aaa")
    assert limiter.expected_wait_s("a", 10) == 10.0
    tasks = [asyncio.create_task(go(limiter, "a")) for _ in range(5)]
    await asyncio.sleep(0)
    assert limiter.expected_wait_s("a", 10) == 60.0
    assert limiter.expected_wait_s("b", 10) == 20.0
    tasks.append(asyncio.create_task(go(limiter, "c", 6000)))
    await asyncio.sleep(0)
    assert limiter.expected_wait_s("b", 10) == 30.0
    await asyncio.wait(tasks)


async def test_expected_wait_for_tokens() -> None:
    """Where tokens are what is short, those that wait are counted by their tokens."""
    limiter = Limiter(Rate(tokens_per_minute=600))
    await go(limiter, tokens=600)
    tasks = [asyncio.create_task(go(limiter, "a", 100)) for _ in range(2)]
    await asyncio.sleep(0)
    assert limiter.expected_wait_s("a") == 80.0
    await asyncio.wait(tasks)


async def test_expected_wait_for_a_slot() -> None:
    """How long somebody holds a slot is not known, but that there is a wait is."""
    limiter = Limiter(Rate(concurrency=1))
    async with limiter.slot("a"):
        assert limiter.expected_wait_s("b") == 0.0
        task = asyncio.create_task(go(limiter))
        await asyncio.sleep(0)
        assert limiter.expected_wait_s("b") == 0.0
    await task


async def test_agents_are_forgotten() -> None:
    """What a limiter remembers does not grow with the agents that it has seen, nor with the requests."""
    limiter = Limiter(Rate(requests_per_minute=600, tokens_per_minute=6000, concurrency=5))
    for number in range(2000):
        await gone(limiter, *(f"agent {number}.{part}" for part in range(3)), tokens=10)
    assert not limiter._lines
    assert limiter._requests is not None
    assert limiter._tokens is not None
    assert len(limiter._requests._log) <= 600
    assert len(limiter._tokens._log) <= 600


async def test_a_thousand_wait() -> None:
    """Each step costs the same however many wait: ten times as many look at ten times as many, and not at a hundred."""

    async def looks(count: int) -> int:
        limiter = Limiter(Rate(requests_per_minute=60 * count, concurrency=10))
        seen = 0
        look = limiter._ready_at_s

        def counted(tokens: int, now: float) -> float:
            nonlocal seen
            seen += 1
            return look(tokens, now)

        limiter._ready_at_s = counted  # type: ignore[method-assign] # only counts
        await asyncio.gather(*(go(limiter, f"agent {number % 7}", holds_s=1) for number in range(count)))
        assert is_clean(limiter)
        return seen

    assert await looks(1000) <= 11 * await looks(100) < 50 * 100


@pytest.mark.real_time
async def test_on_a_real_clock() -> None:
    """On the machine's clock, which wakes a little early or late, everybody goes, and none too soon."""
    limiter = Limiter(Rate(requests_per_minute=1200, concurrency=3))
    start_s = now_s()
    limiter.pause(0.05)
    times = await gone(limiter, *"abcde", holds_s=0.01)
    assert min(times) >= start_s + 0.05
    assert max(times) >= start_s + 0.06
    assert is_clean(limiter)
