"""Turns: who may use an engine now, first come first served, for any number of threads and event loops.

An `asyncio.Semaphore` belongs to one loop; an engine is shared by the whole process. Never here: what a turn is for.
"""

import asyncio
from collections import deque
from threading import Lock

__all__ = ["Turns"]


class Turns:
    """So many turns at a time; whoever waits can give up at any moment without losing one."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._lock = Lock()
        self._waiting: deque[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = deque()

    async def take(self) -> None:
        """Wait for a turn; who takes one must `release` it, from any thread."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._free:
                self._free -= 1
                return
            entry = (loop, loop.create_future())
            self._waiting.append(entry)
        try:
            await entry[1]
        except asyncio.CancelledError:
            self._give_up(entry)
            raise

    def release(self) -> None:
        """Hand the turn to whoever waits longest."""
        with self._lock:
            while self._waiting:
                loop, turn = self._waiting.popleft()
                try:
                    loop.call_soon_threadsafe(self._hand, turn)
                except RuntimeError:  # that loop was closed meanwhile; its waiter is gone
                    continue
                return
            self._free += 1

    def _hand(self, turn: asyncio.Future[None]) -> None:
        if turn.cancelled():
            self.release()
        else:
            turn.set_result(None)

    def _give_up(self, entry: tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]) -> None:
        with self._lock:
            if entry in self._waiting:
                self._waiting.remove(entry)
                return
        if not entry[1].cancelled():  # it had been handed over; a cancelled future is passed on by `_hand`
            self.release()
