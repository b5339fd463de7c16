"""When to paint: at once if the last time is long enough ago, else a little later, once for all that came meanwhile.

In: what paints, a word that something has changed. Out: calls of it. Never: what is painted. The clock is the loop's.
"""

import asyncio
from collections.abc import Callable
from typing import Final

__all__ = ["Frames"]

_LEAST_GAP_S: Final = 0.033
"""30 frames a second: more than that nobody sees in a text."""
_MOST_GAP_S: Final = 0.05
"""Else one slow frame (the first one with code in it imports Pygments) would freeze the next half second."""
_GAP_BY_COST: Final = 8.0
"""So that painting takes a ninth of the time at most."""


class Frames:
    """Calls `paint` often enough for a person, and no more often."""

    def __init__(self, paint: Callable[[], None], is_ready: Callable[[], bool] = lambda: True) -> None:
        """Make it; before each frame `is_ready` says whether the terminal takes one, else it is put off."""
        self._paint = paint
        self._is_ready = is_ready
        self._timer: asyncio.TimerHandle | None = None
        self._is_soon = False
        """Whether the timer is as early as may be."""
        self._next_s = 0.0
        self._gap_s = _LEAST_GAP_S
        self._failure: Exception | None = None

    def ask(self) -> None:
        """Say that something has changed. Costs next to nothing where a frame is on its way.

        Raises:
            Exception: A frame could not be painted, now or since the last time.
        """
        if self._is_soon:
            return
        self._raise()
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wait_s = self._next_s - loop.time()
        if wait_s <= 0 and self._is_ready():
            self._frame(loop)
        else:
            self._timer, self._is_soon = loop.call_later(wait_s if wait_s > 0 else self._gap_s, self._due, loop), True

    def pause_s(self) -> float:
        """Return how long it is until a frame may be painted again; what comes sooner can be looked at then."""
        return max(0.0, self._next_s - asyncio.get_running_loop().time())

    def ask_in(self, delay_s: float) -> None:
        """Say that something will have changed then, such as a clock."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(delay_s, self._due, loop)

    def stop(self) -> None:
        """Paint no more of what was asked for.

        Raises:
            Exception: A frame could not be painted since the last time.
        """
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._is_soon = None, False
        self._raise()

    def _due(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer, self._is_soon = None, False
        try:
            if self._is_ready():
                self._frame(loop)
            else:
                self._timer, self._is_soon = loop.call_later(self._gap_s, self._due, loop), True
        except Exception as error:  # noqa: BLE001 - nobody is here to take it: whoever asks next is told
            self._failure = error

    def _frame(self, loop: asyncio.AbstractEventLoop) -> None:
        begun_s = loop.time()
        self._paint()
        ended_s = loop.time()
        self._gap_s = min(max(_LEAST_GAP_S, _GAP_BY_COST * (ended_s - begun_s)), _MOST_GAP_S)
        self._next_s = ended_s + self._gap_s

    def _raise(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
