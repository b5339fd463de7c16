"""What one run may use: tokens, money, calls of models, seconds, and models at the same time.

In: limits as a file has them. Out: what model agents are given, turns, an error when the time is over. Never: what
becomes of a run that reaches one of them.
"""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from ..errors import LimitReachedError
from ..promising.scope import current
from ..promising.work import Work

if TYPE_CHECKING:
    from .schema import LimitsSpec

__all__ = ["Bounds"]


class Bounds:
    """The limits of one run; with none given, it only counts."""

    def __init__(self, spec: "LimitsSpec") -> None:
        from ..ext.llm.limits import Limits  # noqa: PLC0415 - a chain that is only looked at needs none

        self.limits = Limits(tokens=spec.tokens, usd=spec.usd, calls=spec.calls)
        """For every model agent of the run."""
        self.are_set = any(each is not None for each in (spec.tokens, spec.usd, spec.calls, spec.seconds))
        """Whether one of them may end the run."""
        self._seconds = spec.seconds
        self._turns = None if spec.concurrency is None else asyncio.Semaphore(spec.concurrency)

    def turn(self) -> AbstractAsyncContextManager[object]:
        """Return a turn among the models that may be asked at the same time, to be waited for and given back."""
        return nullcontext() if self._turns is None else self._turns

    @contextmanager
    def in_time(self) -> Iterator[None]:
        """Let the work that runs here, and all that it called, end when the time is over.

        Whatever of it is still read then ends with a `LimitReachedError`.
        """
        work = current()
        if self._seconds is None or not isinstance(work, Work):
            yield
            return
        why = f"stopped, for the limit of {self._seconds:g} seconds is reached; raise seconds in `limits`"
        timer = asyncio.get_running_loop().call_later(self._seconds, work.cancel, LimitReachedError, why)
        try:
            yield
        finally:
            timer.cancel()
