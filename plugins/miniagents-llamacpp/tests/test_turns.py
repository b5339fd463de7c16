"""Turns."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from miniagents_llamacpp.turns import Turns

Run = Callable[[Awaitable[Any]], Any]


def test_first_come_first_served(run: Run) -> None:
    """Whoever waits longest is next."""

    async def main() -> Any:
        turns, order = Turns(1), []

        async def one(name: str) -> None:
            await turns.take()
            order.append(name)
            await asyncio.sleep(0)
            turns.release()

        await asyncio.gather(*(one(name) for name in "abcd"))
        return order

    assert run(main()) == list("abcd")


def test_so_many_at_a_time(run: Run) -> None:
    """Never more than `count` have a turn, and all get one."""

    async def main() -> Any:
        turns, now, most = Turns(2), 0, 0

        async def one() -> None:
            nonlocal now, most
            await turns.take()
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1
            turns.release()

        await asyncio.gather(*(one() for _ in range(20)))
        return most

    assert run(main()) == 2


def test_giving_up_loses_no_turn(run: Run) -> None:
    """A waiter that is cancelled, before or after it was handed its turn, leaves that turn to the next."""

    async def main() -> None:
        turns = Turns(1)
        for wait_first in (False, True):
            await turns.take()
            quitter, patient = asyncio.create_task(turns.take()), asyncio.create_task(turns.take())
            await asyncio.sleep(0)
            turns.release()
            if wait_first:
                await asyncio.sleep(0)  # now it has the turn, and does not know it yet
            quitter.cancel()
            await patient
            assert quitter.cancelled() or not wait_first
            turns.release()
        quitter = asyncio.create_task(turns.take())
        await quitter
        turns.release()

    run(main())


def test_a_waiter_that_is_not_reached_yet_can_leave(run: Run) -> None:
    """Cancelling somebody in the middle of the row moves the others up."""

    async def main() -> None:
        turns = Turns(1)
        await turns.take()
        row = [asyncio.create_task(turns.take()) for _ in range(3)]
        await asyncio.sleep(0)
        row[0].cancel()
        await asyncio.sleep(0)
        turns.release()
        await row[1]
        assert row[0].cancelled()
        assert not row[2].done()
        turns.release()
        await row[2]

    run(main())


def test_a_loop_that_is_gone_is_passed_over(run: Run) -> None:
    """A turn is never handed to an event loop that was closed while it waited."""
    turns = Turns(1)
    run(turns.take())
    loop = asyncio.new_event_loop()
    abandoned = turns.take()
    waiting = loop.create_task(abandoned)
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    turns.release()
    run(turns.take())
    waiting._log_destroy_pending = False


def test_between_threads(run: Run) -> None:
    """Loops in several threads take turns with each other."""
    turns, taken = Turns(1), []

    async def one(name: str) -> None:
        for _ in range(20):
            await turns.take()
            taken.append(name)
            turns.release()

    threads = [threading.Thread(target=run, args=(one(name),)) for name in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 60
