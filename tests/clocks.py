"""What tests do instead of looking at a clock: no number of seconds holds on every machine.

In: a work and a size; the running loop. Out: nothing, or the failure of a test. Never: a wait.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TIMES", "check_linear", "let_pass"]

TIMES: Final = 16
"""How many times as much the big work is: linear, it takes 16 times as long, quadratic 256 times."""
_MOST: Final = 64
"""As far from the one as from the other."""
_TRIES: Final = 5
"""What others do on the machine disturbs one measurement and the next; what is quadratic is so every time."""


def check_linear(work: Callable[[int], object], size: int) -> None:
    """See to it that `work(TIMES * size)` takes at most `_MOST` times as long as `work(size)`, in processor time."""
    ratios: list[float] = []
    small_s = min(_cpu_s(work, size) for _ in range(_TRIES))
    while not ratios or (min(ratios) > _MOST and len(ratios) < _TRIES):
        ratios.append(_cpu_s(work, TIMES * size) / small_s)
    assert min(ratios) <= _MOST, f"{TIMES} times as much took {ratios} times as long as {small_s} s"


def _cpu_s(work: Callable[[int], object], size: int) -> float:
    before_s = time.thread_time()
    work(size)
    return time.thread_time() - before_s


def let_pass(seconds: float) -> None:
    """Let time pass on the running loop's clock, without waiting: what has a limit below that is over it now."""
    loop: Any = asyncio.get_running_loop()
    before = loop.time
    loop.time = lambda: before() + seconds
