"""The producer's side of a stream by itself: what is put in, who is woken, and when."""

import asyncio
import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from types import FrameType
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


@pytest.mark.parametrize("act", [lambda filled: filled.push("a"), lambda filled: filled.close()], ids=["push", "close"])
async def test_a_reader_may_be_cancelled_at_any_instruction(act: Callable[[Source[Any]], None]) -> None:
    """Ctrl-C, which cancels a reader between any two instructions, troubles neither producer nor another reader."""
    numbers = itertools.count(1)
    cancelled = True
    while cancelled:
        filled = source()
        waiters = [filled.next(), filled.end(), filled.next(), filled.end()]
        with interrupted_at(next(numbers), lambda: [waiter.cancel() for waiter in waiters[:2]]):  # noqa: B023 - at once
            act(filled)
        assert filled.pieces == ["a"] or filled.closed
        assert any(waiter.done() for waiter in waiters[2:])
        cancelled = any(waiter.cancelled() for waiter in waiters)
    assert next(numbers) > 20


@contextmanager
def interrupted_at(number: int, act: Callable[[], object]) -> Iterator[None]:
    """Do something in the middle: before that instruction, counted from one, of what the block calls."""
    left = number

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        frame.f_trace_opcodes = True
        if event == "opcode" and not frame.f_code.co_filename.startswith(__file__):
            left -= 1
            if left == 0:
                act()
        return trace

    before = sys.gettrace()
    sys._getframe().f_trace_opcodes = True  # or else 3.12 does not tell of instructions at all
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


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
