"""A context that is held open: entered and left by one task, whoever wants it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from miniagents.plugins.holding import Holder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Held:
    """Writes down who entered and left it; takes its time for both."""

    def __init__(self, entering_s: float = 0.0, leaving_s: float = 0.0) -> None:
        self.tasks: list[asyncio.Task[object] | None] = []
        self._entering_s, self._leaving_s = entering_s, leaving_s

    @asynccontextmanager
    async def context(self) -> AsyncIterator[str]:
        """Give a word."""
        await asyncio.sleep(self._entering_s)
        self.tasks.append(asyncio.current_task())
        try:
            yield "thing"
        finally:
            await asyncio.sleep(self._leaving_s)
            self.tasks.append(asyncio.current_task())


async def test_one_task_enters_and_leaves() -> None:
    """Whoever wants the thing gets it, and the task that entered the context leaves it, which is none of theirs."""
    held = Held(entering_s=1)
    holder = Holder(held.context())
    assert await asyncio.gather(holder.thing(), holder.thing()) == ["thing"] * 2
    await holder.close()
    entered, left = held.tasks
    assert entered is left
    assert entered is not asyncio.current_task()


async def test_who_waits_no_longer_spoils_nothing() -> None:
    """To be cancelled while one waits for the thing leaves it to the others."""
    holder = Holder(Held(entering_s=1).context())
    waiting = asyncio.create_task(holder.thing())
    await asyncio.sleep(0)
    waiting.cancel()
    assert await holder.thing() == "thing"
    await holder.close()


async def test_to_be_cancelled_is_no_reason_to_leave_early() -> None:
    """Closing ends when the context is left, however often it is cancelled, and then it was cancelled."""
    held = Held(leaving_s=10)
    holder = Holder(held.context())
    await holder.thing()
    closing = asyncio.create_task(holder.close())
    for _ in range(3):
        await asyncio.sleep(1)
        closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert len(held.tasks) == 2


async def test_one_that_cannot_be_entered() -> None:
    """Everybody who wants the thing gets the error; nobody need."""

    @asynccontextmanager
    async def broken() -> AsyncIterator[None]:
        raise LookupError("not here")
        yield

    holder = Holder(broken())
    for _ in range(2):
        with pytest.raises(LookupError):
            await holder.thing()
    await holder.close()
    await Holder(broken()).close()


async def test_closed_before_it_was_open() -> None:
    """Then it is not entered any more, and whoever waits is told."""
    held = Held(entering_s=1000)
    holder = Holder(held.context())
    waiting = asyncio.create_task(holder.thing())
    await asyncio.sleep(0)
    await holder.close()
    with pytest.raises(RuntimeError, match="closed before it was open"):
        await waiting
    assert held.tasks == []


async def test_one_that_fails_when_it_is_left(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody wants it any more, so that is only logged."""
    caplog.set_level(logging.INFO, "miniagents")

    @asynccontextmanager
    async def failing() -> AsyncIterator[None]:
        yield
        raise LookupError("gone")

    holder = Holder(failing())
    await holder.thing()
    await holder.close()
    assert [record.getMessage() for record in caplog.records] == ["was left with LookupError('gone')"]
