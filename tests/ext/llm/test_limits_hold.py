"""What calls under way set aside, and limits within limits."""

import asyncio

import pytest

from miniagents.errors import LimitReachedError, SettingsError
from miniagents.ext.llm.limits import Limits, Spent


def test_what_is_under_way_counts() -> None:
    """Tokens, money and calls that are set aside leave no room for others; an error tells them from what is used."""
    limits = Limits(tokens=1_000, usd=0.5, calls=2)
    with limits.hold(600, usd=0.4):
        limits.check(tokens=400, usd=0.1)
        with pytest.raises(LimitReachedError, match="0 used, 600 under way, this call needs about 500; raise tokens"):
            limits.check(tokens=500)
        with pytest.raises(LimitReachedError, match=r"\$0\.00 used, \$0\.40 under way, this call needs about \$0\.20;"):
            limits.hold(usd=0.2)
        with limits.hold(), pytest.raises(LimitReachedError, match="0 used, 2 under way; raise calls"):
            limits.check()
    assert limits.spent == Spent(tokens=0, usd=0.0, calls=0, unpriced=0)
    limits.check(tokens=1_000, usd=0.5)


def test_a_call_counts_once() -> None:
    """From the moment a call is counted, what was set aside for it no longer is, though its `with` goes on."""
    limits = Limits(tokens=1_000, calls=2)
    with limits.hold(900) as held:
        held.add("m", {"in": 80, "out": 20}, 0.1)
        limits.check(tokens=900)
        assert limits.spent == Spent(tokens=100, usd=0.1, calls=1, unpriced=0)
    limits.check(tokens=900)
    assert limits.spent.calls == 1


def test_it_is_released_whatever_happens() -> None:
    """A call that fails leaves nothing set aside."""
    limits = Limits(tokens=1_000, usd=1, calls=1)
    with pytest.raises(OSError, match="gone"), limits.hold(1_000, usd=1.0):
        raise OSError("gone")
    limits.check(tokens=1_000, usd=1.0)


async def test_it_is_released_when_a_call_is_cancelled() -> None:
    """A cancelled call leaves nothing set aside, and what came of it counts if the caller says so."""
    limits = Limits(tokens=1_000, calls=2)

    async def call() -> None:
        with limits.hold(1_000) as held:
            try:
                await asyncio.sleep(60)
            finally:
                held.add("m", None, None, tokens=30)

    task = asyncio.create_task(call())
    await asyncio.sleep(1)
    with pytest.raises(LimitReachedError):
        limits.check()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    limits.check(tokens=970)
    assert limits.spent == Spent(tokens=30, usd=0.0, calls=1, unpriced=1)


def test_a_cut_call_cost_what_was_set_aside_for_it() -> None:
    """Where nobody knows what a call cost, the money of its hold counts, if it has any; where somebody does, not."""
    limits = Limits(usd=10)
    limits.hold(usd=0.25).add("m", {}, None, tokens=5)
    assert limits.spent == Spent(tokens=5, usd=0.25, calls=1, unpriced=0)
    limits.hold(usd=0.25).add("m", None, 0.5)
    limits.hold(usd=0.25).add("m", {"in": 1, "out": 1}, None)
    limits.hold().add("m", None, None)
    assert limits.spent == Spent(tokens=7, usd=0.75, calls=4, unpriced=2)
    limits.check(usd=9.25)


def test_it_can_be_released_by_hand() -> None:
    """Without `with` a hold lasts until its release, and a second release gives nothing back."""
    limits = Limits(tokens=1_000)
    first = limits.hold(600)
    second = limits.hold(400)
    first.release()
    first.release()
    limits.check(tokens=600)
    with pytest.raises(LimitReachedError):
        limits.check(tokens=601)
    second.release()


def test_a_refused_call_sets_nothing_aside() -> None:
    """Where any limit refuses a call, also that of a run around it, no level holds anything for it."""
    run = Limits(tokens=1_000)
    part = run.child(tokens=5_000)
    with pytest.raises(LimitReachedError, match="the limit of 1,000 tokens"):
        part.hold(1_001)
    run.check(tokens=1_000)
    part.check(tokens=1_000)


def test_a_part_spends_what_the_run_has() -> None:
    """What is counted or held in a part is so in the run around it as well, and not the other way round."""
    run = Limits(tokens=1_000)
    part = run.child(calls=1).child(tokens=500)
    run.add("m", {"in": 100, "out": 0}, None)
    with part.hold(400) as held:
        with pytest.raises(LimitReachedError, match="100 used, 400 under way, this call needs about 501"):
            run.check(tokens=501)
        held.add("m", {"in": 200, "out": 50}, 0.5)
    assert part.spent == Spent(tokens=250, usd=0.5, calls=1, unpriced=0)
    assert run.spent == Spent(tokens=350, usd=0.5, calls=2, unpriced=1)
    with pytest.raises(LimitReachedError, match="the limit of 1 calls"):
        part.check()


def test_both_limits_hold_for_a_part() -> None:
    """The nearest limit that is reached is the one that is named."""
    run = Limits(tokens=1_000)
    part = run.child(tokens=100)
    with pytest.raises(LimitReachedError, match="the limit of 100 tokens"):
        part.check(tokens=2_000)
    run.add("m", {"in": 990, "out": 0}, None)
    with pytest.raises(LimitReachedError, match="the limit of 1,000 tokens"):
        part.check(tokens=50)


def test_money_in_the_run_wants_prices_in_its_parts() -> None:
    """A part without a limit in money still cannot call a model without a price, if the run has one."""
    with pytest.raises(SettingsError, match=r"prices\.toml"):
        Limits(usd=1).child(tokens=10).hold(model="new-1", priced=False)
