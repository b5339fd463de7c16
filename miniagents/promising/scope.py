"""The scope: who owns the tasks; nothing outlives it.

In: works. Out: an end to all of them. Never: what they do.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, Union

from ..errors import NoScopeError, UsageError
from .failure import Failure
from .source import wake

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
        self.keeps_pieces = True
        self.works: set[Work] = set()
        """What runs."""
        self.unread: dict[Failure, None] = {}
        """The errors that nobody has read yet, oldest first."""
        self.keeps: dict[str, Any] | None = None
        """What must live as long as this scope does."""
        self.on_made: Callable[[Any], None] | None = None
        """Told of what is made in it."""
        self.loop: asyncio.AbstractEventLoop
        self.open = False
        self._leaving = False
        self._at_end: list[Callable[[], Awaitable[None]]] = []
        self._outer: Work | Scope | None = None
        self._idle: asyncio.Future[None] | None = None
        self._held_up: dict[Work | Scope, Callable[[], None]] = {}
        """The works that wait for readers, and what makes them wait no longer for a first one."""

    def activate(self) -> Self:
        """Enter it for the whole event loop: every task, also one that runs already, that is in no scope of its own.

        For programs whose tasks somebody else starts, such as the handlers of a web server. `aclose` leaves it.

        Raises:
            UsageError: No event loop runs here, or it has an active scope already.
            NoScopeError: This one is open already.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise UsageError("no event loop runs here; call `activate` inside it, in a start-up hook, say") from None
        if loop in _ACTIVE:
            raise UsageError("this event loop has an active scope already; `await` its `aclose` first")
        self._enter()
        _ACTIVE[loop] = self
        return self

    async def aclose(self) -> None:
        """Leave it after `activate`: waits for what runs; cancelled meanwhile (`asyncio.timeout`, say), stops it.

        Raises:
            NoScopeError: It is not active.
        """
        if _ACTIVE.get(asyncio.get_running_loop()) is not self or self._leaving:
            raise NoScopeError("this scope is not active here; only what `activate` entered can be closed, and once")
        try:
            await self._leave(stop=False)
        finally:
            del _ACTIVE[self.loop]

    async def __aenter__(self) -> Self:
        self._enter()
        self._outer = CURRENT.get()
        CURRENT.set(self)
        return self

    def _enter(self) -> None:
        if self.open:
            raise NoScopeError("this scope is open already; make another one to nest them")
        self.loop = asyncio.get_running_loop()
        self.open, self._leaving = True, False
        outer = CURRENT.get() or _ACTIVE.get(self.loop)
        self.on_made = outer.scope.on_made if outer is not None else None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await self._leave(stop=kind is not None)
        finally:
            CURRENT.set(self._outer)

    async def _leave(self, *, stop: bool) -> None:
        self._leaving = True
        try:
            await (self._stop() if stop else self._settle())
        except asyncio.CancelledError:
            await self._stop()
            raise
        finally:
            try:
                await self._run_last()
            finally:
                self.open = False
                self.keeps = self._idle = None
                self._report()

    async def _run_last(self) -> None:
        while self._at_end:
            try:
                await self._at_end.pop()()
            except Exception as error:  # noqa: BLE001 - reported, and nothing else stays open for it
                Failure(error, self.name, unread=self.unread)
            except asyncio.CancelledError:
                await self._run_last()
                raise

    def at_end(self, close: Callable[[], Awaitable[None]]) -> None:
        """Await `close` when the scope is left and all work has ended; the last one given comes first."""
        self._at_end.append(close)

    def made(self, what: Any) -> None:
        """Tell whoever wants to know of something that is made."""
        if self.on_made is not None and self.open:
            self.on_made(what)

    def ended(self, work: "Work") -> None:
        """Take note that a work is done."""
        self.works.discard(work)
        if self._leaving:
            self._free_the_held_up()
            if self._idle is not None and not self.works:
                wake([self._idle])

    @contextmanager
    def held_up(self, producer: "Work | Scope", forget: Callable[[], None]) -> Iterator[None]:
        """Take note that a work waits for readers of what it makes."""
        self._held_up[producer] = forget
        if self._leaving:
            self._free_the_held_up()
        try:
            yield
        finally:
            self._held_up.pop(producer, None)  # a producer may wait in two places

    def _free_the_held_up(self) -> None:
        """Once it is being left and all works wait for readers, no first reader will come any more."""
        if self._held_up and len(self._held_up) == len(self.works):
            for forget in tuple(self._held_up.values()):
                forget()

    async def _settle(self) -> None:
        while self.works:
            self._idle = self.loop.create_future()
            self._free_the_held_up()
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

_ACTIVE: Final[dict[asyncio.AbstractEventLoop, Scope]] = {}
"""The scope of all tasks of a loop that are in no other one."""


def current() -> Union["Work", Scope]:
    """Return the work that runs here or else the scope that is open here.

    Raises:
        NoScopeError: There is none, or it was left already, or its event loop is another one.
    """
    owner = CURRENT.get()
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        loop = None
    if owner is None and loop is not None:
        owner = _ACTIVE.get(loop)
    if owner is None:
        raise NoScopeError("there is no scope here; do this inside `async with MiniAgents():`")
    scope = owner.scope
    if not scope.open:
        raise NoScopeError("the scope was left already; do this inside its `async with MiniAgents():` block")
    if scope.loop is not loop:
        raise NoScopeError(
            "the scope belongs to another event loop, that of another thread; do this there"
            " (`asyncio.run_coroutine_threadsafe`), or inside an `async with MiniAgents():` of this one"
        )
    return owner
