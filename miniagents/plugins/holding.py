"""A context that is held open by a task of its own, for those that only the task that entered them may leave.

In: an async context. Out: what it gives; the end of it. Never: what it is.
"""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

from ..safe_text import one_line

__all__ = ["Holder"]

_Thing = TypeVar("_Thing")


class Holder(Generic[_Thing]):
    """Holds a context open until it is closed; whoever makes one closes it."""

    def __init__(self, context: AbstractAsyncContextManager[_Thing]) -> None:
        """Begin to enter it, in the running loop."""
        self._is_wanted_no_more = asyncio.Event()
        self._thing: asyncio.Future[_Thing] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._hold(context))

    async def thing(self) -> _Thing:
        """Return what the context gives, when it is there. To be cancelled here cancels nobody else's waiting.

        Raises:
            Exception: The context could not be entered, or was closed before it was.
        """
        return await asyncio.shield(self._thing)

    async def close(self) -> None:
        """Leave the context, and return when it is left, also where this is cancelled: it may have to end a process."""
        self._is_wanted_no_more.set()
        if not self._thing.done():
            self._task.cancel()
        cancelled: asyncio.CancelledError | None = None
        while not self._task.done():
            try:
                await asyncio.wait([self._task])
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled

    async def _hold(self, context: AbstractAsyncContextManager[_Thing]) -> None:
        try:
            async with context as thing:
                self._thing.set_result(thing)
                await self._is_wanted_no_more.wait()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever it is, those who want it are told
            if self._thing.done():
                logging.getLogger(__name__).info("was left with %s", one_line(repr(error)))
            else:
                stopped = isinstance(error, asyncio.CancelledError)
                self._thing.set_exception(RuntimeError("it was closed before it was open") if stopped else error)
                self._thing.exception()  # perhaps nobody wants it any more
