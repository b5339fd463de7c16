"""The scope: who owns the tasks; nothing outlives it.

In: works. Out: an end to all of them. Never: what they do.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, Union

from ..errors import NoScopeError
from .failure import Failure

if TYPE_CHECKING:
    from .work import Work

__all__ = ["CURRENT", "Scope", "current"]

_LOGGER = logging.getLogger("miniagents")
_GRACE_S = 0.045
"""How long a cancelled task may clean up before it is cancelled once more; two of them stay under 100 ms."""


class Scope:
    """The owner of every task that is started inside it; nothing outlives it.

    Leaving it normally waits for them. Leaving it by an error or a cancellation cancels them first; a task that will
    not stop is named in the log after 0.1 s and left behind.
    """

    def __init__(self, *, errors_as_pieces: bool = False) -> None:
        self.scope: Scope = self
        self.name: str = type(self).__name__
        self.errors_as_pieces = errors_as_pieces
        self.works: set[Work] = set()
        """What runs."""
        self.unread: dict[Failure, None] = {}
        """The errors that nobody has read yet, oldest first."""
        self.keeps: dict[str, Any] | None = None
        """What must live as long as this scope does."""
        self.loop: asyncio.AbstractEventLoop
        self.open = False
        self._at_end: list[Callable[[], Awaitable[None]]] = []
        self._outer: Work | Scope | None = None
        self._idle: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Self:
        if self.open:
            raise NoScopeError("this scope is open already; make another one to nest them")
        self.loop = asyncio.get_running_loop()
        self.open = True
        self._outer = CURRENT.get()
        CURRENT.set(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                await self._settle()
            else:
                await self._stop()
        except asyncio.CancelledError:
            await self._stop()
            raise
        finally:
            try:
                while self._at_end:
                    await self._run_last(self._at_end.pop())
            finally:
                self._close()

    async def _run_last(self, close: Callable[[], Awaitable[None]]) -> None:
        try:
            await close()
        except Exception as error:  # noqa: BLE001 - reported, and nothing else stays open for it
            Failure(error, self.name, unread=self.unread)

    def at_end(self, close: Callable[[], Awaitable[None]]) -> None:
        """Await `close` when the scope is left and all work has ended; the last one given comes first."""
        self._at_end.append(close)

    def _close(self) -> None:
        self.open = False
        self.keeps = None
        CURRENT.set(self._outer)
        self._report()

    def ended(self, work: "Work") -> None:
        """Take note that a work is done."""
        self.works.discard(work)
        if not self.works and self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    async def _settle(self) -> None:
        while self.works:
            self._idle = self.loop.create_future()
            await self._idle

    async def _stop(self) -> None:
        try:
            for _ in range(2):
                for work in tuple(self.works):
                    work.cancel()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._settle(), _GRACE_S)
        finally:
            if self.works:
                names = ", ".join(sorted({work.name for work in self.works}))
                _LOGGER.error("left behind, for they would not stop when cancelled: %s", names)

    def _report(self) -> None:
        for failure in self.unread:
            _LOGGER.error("an error that nobody read: %s", failure.in_one_line())
        self.unread.clear()


CURRENT: Final[ContextVar[Union["Work", Scope, None]]] = ContextVar("miniagents", default=None)
"""What runs here."""


def current() -> Union["Work", Scope]:
    """Return the work that runs here or else the scope that is open here.

    Raises:
        NoScopeError: There is none, or it was left already.
    """
    owner = CURRENT.get()
    if owner is None:
        raise NoScopeError("there is no scope here; do this inside `async with MiniAgents():`")
    if not owner.scope.open:
        raise NoScopeError("the scope was left already; do this inside its `async with MiniAgents():` block")
    return owner
