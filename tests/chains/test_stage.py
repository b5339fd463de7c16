"""Calls that are made by hand, and what a stage keeps of them."""

import asyncio

from miniagents import MiniAgents
from miniagents.chains.bounds import Bounds
from miniagents.chains.schema import LimitsSpec
from miniagents.chains.speakers import Other
from miniagents.chains.stage import Setting, Stage, Wanted
from miniagents.messages import MessageSequencePromise
from tests.chains.played import streaming, tagging


def stage_with(**limits: float) -> Stage:
    """Return a stage that nobody looks at."""
    return Stage(Setting(name="tale", file="tale.yaml", wanted=Wanted()), Bounds(LimitsSpec(**limits)))  # type: ignore[arg-type]


async def test_a_call_can_be_waited_for() -> None:
    """`finished` waits for all that is under way, well or not."""
    async with MiniAgents():
        stage = stage_with()
        stage.call(Other("s", streaming(["s"], delay_s=1, error=ValueError("x"))), MessageSequencePromise(), None)
        stage.call(Other("t", streaming(["t"], delay_s=3)), MessageSequencePromise(), None)
        await stage.finished()
        assert asyncio.get_running_loop().time() == 3
        assert [str(error) for error in stage.unheard()] == ["x"]
        assert stage.unheard() == []


async def test_a_call_that_is_cancelled_before_it_begins_keeps_nobody_waiting() -> None:
    """It has ended, though nothing of it ever ran."""
    async with MiniAgents():
        stage = stage_with()
        stage.call(Other("s", streaming(["s"], delay_s=1)), MessageSequencePromise(), None).cancel()
        await stage.finished()
        assert asyncio.get_running_loop().time() == 0


async def test_what_was_said_last_is_kept_where_a_limit_may_end_it() -> None:
    """Of those who are asked for, or else of whoever spoke last; without a limit nothing is."""
    for limits, expected in (({"calls": 9}, ["a", "b", "b"]), ({}, ["", "", ""])):
        async with MiniAgents():
            stage = stage_with(**limits)
            for name in "aab":
                await stage.call(Other(name, tagging(name)), MessageSequencePromise(), None)
            said = [stage.last_whole(frozenset(names)) for names in ("a", "ab", "c")]
            assert ["".join([str(await promise) for promise in each]) for each in said] == expected
