"""The limits of a run, by themselves; what becomes of a run is in `test_playing`."""

import asyncio

import pytest

from miniagents import InteractionContext, MiniAgents, miniagent
from miniagents.chains.bounds import Bounds
from miniagents.chains.schema import LimitsSpec
from miniagents.errors import LimitReachedError


def test_only_what_may_end_a_run_counts_as_a_limit() -> None:
    """Models at the same time only wait for each other."""
    assert not Bounds(LimitsSpec(concurrency=1)).are_set
    assert Bounds(LimitsSpec(calls=1)).are_set
    assert repr(Bounds(LimitsSpec(calls=1, usd=0.5)).limits).startswith("<Limits usd=$0.50 calls=1")


async def test_turns_are_given_one_after_the_other() -> None:
    """Whoever comes first goes first; without a limit nobody waits."""
    order: list[int] = []

    async def go(bounds: Bounds, number: int) -> None:
        async with bounds.turn():
            await asyncio.sleep(1)
            order.append(number)

    clock = asyncio.get_running_loop().time
    for spec, expected_s in ((LimitsSpec(concurrency=2), 2), (LimitsSpec(), 1)):
        begun_s, bounds = clock(), Bounds(spec)
        await asyncio.gather(*(go(bounds, number) for number in range(4)))
        assert clock() - begun_s == expected_s
    assert (order[:4], sorted(order[4:])) == ([0, 1, 2, 3], [0, 1, 2, 3])


async def test_what_is_out_of_time_ends_with_all_that_it_called() -> None:
    """Each that is still read ends with the limit; what ends in time is left alone."""

    @miniagent
    async def inner(ctx: InteractionContext) -> None:
        await asyncio.sleep(10)

    @miniagent
    async def outer(ctx: InteractionContext, seconds: float) -> None:
        with Bounds(LimitsSpec(seconds=seconds)).in_time():
            await inner.inquire()

    async with MiniAgents():
        with pytest.raises(LimitReachedError, match="outer stopped, for the limit of 3 seconds is reached"):
            await outer.inquire(seconds=3.0)
        assert asyncio.get_running_loop().time() == 3
        assert await outer.inquire(seconds=11.0) == ()


async def test_without_a_call_there_is_nothing_to_end() -> None:
    """In the scope itself the time is nobody's."""
    async with MiniAgents():
        with Bounds(LimitsSpec(seconds=1.0)).in_time():
            await asyncio.sleep(2)
