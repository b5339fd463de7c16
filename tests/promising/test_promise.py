"""Promises: one value, awaited by many."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from miniagents.errors import CallCancelledError, NoScopeError
from miniagents.miniagents import MiniAgents
from miniagents.promising.failure import trail_of
from miniagents.promising.promise import Promise

Read = Callable[[Promise[Any]], Awaitable[Any]]


async def awaited(promise: Promise[Any]) -> Any:
    """Await the promise."""
    return await promise


async def iterated(promise: Promise[Any]) -> Any:
    """Read the promise as the stream of one piece that it is."""
    [value] = [piece async for piece in promise]
    return value


@pytest.fixture(params=[awaited, iterated], ids=["awaited", "iterated"])
def read(request: pytest.FixtureRequest) -> Read:
    """Give each way to read a promise."""
    return request.param


class Resolver:
    """Computes a value, or fails, after a second; counts how often, and remembers when it was stopped."""

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome
        self.calls = 0
        self.stopped_s: float | None = None

    async def __call__(self) -> Any:
        """Take a second."""
        self.calls += 1
        try:
            await asyncio.sleep(1)
        finally:
            self.stopped_s = asyncio.get_running_loop().time()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


async def test_one_computation_serves_early_and_late_readers(read: Read) -> None:
    """Readers before, during and after the computation get the one value that was computed once."""
    async with MiniAgents():
        promise = Promise(resolver := Resolver(["value"]))
        early = [asyncio.create_task(read(promise)) for _ in range(3)]
        await asyncio.sleep(0.5)
        during = asyncio.create_task(read(promise))
        values = [*await asyncio.gather(*early, during), await read(promise)]
        assert all(value is resolver.outcome for value in values)
        assert resolver.calls == 1


async def test_starts_before_it_is_read(read: Read) -> None:
    """The computation starts by itself: a reader who comes later waits only for the rest."""
    async with MiniAgents():
        promise = Promise(Resolver("value"))
        await asyncio.sleep(0.75)
        assert not promise.is_done
        assert await read(promise) == "value"
        assert asyncio.get_running_loop().time() == 1


@pytest.mark.parametrize("value", [None, False, "", ()], ids=repr)
async def test_keeps_a_value_that_is_nothing(read: Read, value: Any) -> None:
    """A value that counts as false, None too, is a value like any other."""
    async with MiniAgents():
        promise = Promise(Resolver(value))
        assert await read(promise) == value
        assert await read(promise) == value
        assert promise.is_done


async def test_resolved_needs_no_scope(read: Read) -> None:
    """A promise that is kept from the start can be read anywhere."""
    promise = Promise.resolved("value")
    assert promise.is_done
    assert await read(promise) == "value"
    assert await read(promise) == "value"


async def test_error_reaches_every_reader(read: Read) -> None:
    """A resolver's error is raised at each reader, early or late, with the promise's name in its trail."""
    async with MiniAgents():
        promise = Promise(Resolver(ZeroDivisionError("none left")), name="shares")
        outcomes = await asyncio.gather(read(promise), read(promise), return_exceptions=True)
        assert [str(outcome) for outcome in outcomes] == ["none left", "none left"]
        with pytest.raises(ZeroDivisionError, match="none left") as raised:
            await read(promise)
        assert trail_of(raised.value) == ("shares",)


async def test_error_that_nobody_read_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """A resolver that fails unseen is named in the log when the scope ends."""
    async with MiniAgents():
        Promise(Resolver(ZeroDivisionError("none left")), name="shares")
    assert caplog.messages == ["an error that nobody read: ZeroDivisionError: none left (shares)"]


async def test_cancelled_reader_spoils_nothing(read: Read) -> None:
    """A reader that is cancelled ends with its own cancellation; the others get the value."""
    async with MiniAgents():
        promise = Promise(resolver := Resolver("value"))
        leaving, staying = asyncio.create_task(read(promise)), asyncio.create_task(read(promise))
        await asyncio.sleep(0.5)
        leaving.cancel()
        assert await staying == "value"
        assert leaving.cancelled()
        assert await read(promise) == "value"
        assert resolver.stopped_s == 1


async def test_cancel_stops_the_computation(read: Read) -> None:
    """`cancel()` stops the resolver at once; whoever reads, before or after, gets a `CallCancelledError`."""
    async with MiniAgents():
        promise = Promise(resolver := Resolver("value"), name="shares")
        reader = asyncio.create_task(read(promise))
        await asyncio.sleep(0.5)
        promise.cancel()
        with pytest.raises(CallCancelledError, match="shares was cancelled"):
            await reader
        with pytest.raises(CallCancelledError, match="shares was cancelled"):
            await read(promise)
        assert resolver.stopped_s == 0.5


async def test_cancel_comes_too_late_for_a_kept_promise(read: Read) -> None:
    """Cancelling what is there already changes nothing."""
    async with MiniAgents():
        promise = Promise(Resolver("value"))
        await promise
        promise.cancel()
        assert await read(promise) == "value"


async def test_cancelled_before_its_first_step(read: Read) -> None:
    """A promise that is cancelled before it could begin never begins, and tells its readers so."""
    async with MiniAgents():
        promise = Promise(resolver := Resolver("value"))
        promise.cancel()
        with pytest.raises(CallCancelledError):
            await read(promise)
        assert resolver.calls == 0


async def test_stops_when_its_only_reader_is_gone(read: Read) -> None:
    """The computation stops when the one task that wanted it is cancelled."""
    async with MiniAgents():
        reader = asyncio.create_task(read(Promise(resolver := Resolver("value"))))
        await asyncio.sleep(0.5)
        reader.cancel()
        with suppress(asyncio.CancelledError):  # a cancelled task holds its frames until somebody has asked it
            await reader
        await asyncio.sleep(0.01)
        assert resolver.stopped_s == 0.5


async def test_finished_waits_and_reads_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """`finished()` waits for the end, good or bad, raises nothing, and does not count as reading the error."""
    async with MiniAgents():
        good, bad = Promise(Resolver("value")), Promise(Resolver(ZeroDivisionError()))
        await good.finished()
        await bad.finished()
        assert good.is_done
        assert bad.is_done
        assert asyncio.get_running_loop().time() == 1
    assert len(caplog.messages) == 1


async def test_needs_an_open_scope() -> None:
    """Outside a scope, or after it, a computation is refused with the cure, and never starts."""
    with pytest.raises(NoScopeError, match=r"async with MiniAgents\(\)"):
        Promise(resolver := Resolver("value"))
    async with MiniAgents():
        leftover = asyncio.create_task(asyncio.sleep(1, result=None))
        late = asyncio.create_task(_promise_later(resolver))
    await leftover
    with pytest.raises(NoScopeError, match=r"was left already.*async with"):
        await late
    assert resolver.calls == 0


async def _promise_later(resolver: Resolver) -> None:
    await asyncio.sleep(1)
    Promise(resolver)
