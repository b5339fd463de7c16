"""The producer's side of a stream by itself: what is put in, who is woken, and when."""

import asyncio
from contextlib import closing
from typing import Any

import pytest

from miniagents.errors import NoScopeError
from miniagents.promising.failure import Failure
from miniagents.promising.source import ENDED, Source, waiter_in, wake


def source() -> Source[Any]:
    """Return a source whose producer runs here."""
    made: Source[Any] = Source()
    made.loop = asyncio.get_running_loop()
    return made


async def test_a_piece_wakes_all_who_wait_for_the_next_one() -> None:
    """Each reader that waits for one more piece is woken by it, once, and those that wait for the end are not."""
    filled = source()
    waiting, end = [filled.next(), filled.next()], filled.end()
    filled.push("a")
    assert [waiter.done() for waiter in (*waiting, end)] == [True, True, False]
    filled.close()
    assert end.done()


async def test_what_comes_after_the_end_is_dropped() -> None:
    """A closed source takes no piece, no second end and no failure any more."""
    filled = source()
    filled.push("a")
    filled.close()
    filled.push("b")
    filled.close(Failure(ValueError(), "late"))
    assert (filled.pieces, filled.closed, filled.failure) == (["a"], True, None)


async def test_who_gave_up_is_forgotten() -> None:
    """Waiters that were cancelled do not pile up, and are no trouble when a piece comes."""
    filled = source()
    patient = filled.next()
    for _ in range(100):
        filled.next().cancel()
    assert len(filled._at_next or ()) <= 2
    filled.push("a")
    assert patient.done()


async def test_begin_waits_for_the_first_piece_or_the_end() -> None:
    """`begin` is done with the first piece, or an end without any, and at once from then on."""
    for finish in (lambda each: each.push("a"), lambda each: each.close()):
        filled = source()
        begins = asyncio.ensure_future(filled.begin())
        await asyncio.sleep(1)
        assert not begins.done()
        finish(filled)
        await begins
        await filled.begin()


async def test_a_source_that_keeps_everything_has_room() -> None:
    """Where everything is kept, whoever waits for room only lets others run; first and last it is all there."""
    filled = source()
    ran = []
    asyncio.get_running_loop().call_soon(ran.append, "others")
    await filled.room()
    assert ran == ["others"]
    filled.forget()
    assert filled.first() is filled
    assert filled.after() is None


async def test_nobody_waits_for_another_loop() -> None:
    """A waiter for what happens in another loop is refused, for nothing would wake it."""
    with closing(asyncio.new_event_loop()) as other, pytest.raises(NoScopeError, match="in another event loop"):
        waiter_in([], other)


async def test_wake_lets_all_go_on() -> None:
    """All waiters are done, those that gave up stay as they are, and none is left."""
    waiters: list[asyncio.Future[None]] = []
    first, second = (waiter_in(waiters, asyncio.get_running_loop()) for _ in range(2))
    first.cancel()
    wake(waiters)
    assert (first.cancelled(), second.done(), waiters) == (True, True, [])


def test_what_has_ended_has_nothing() -> None:
    """The source in which readers stand that are done is closed and empty."""
    assert (ENDED.closed, ENDED.pieces, ENDED.has_begun) == (True, [], False)
