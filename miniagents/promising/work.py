"""Work: one task that fills one stream, with its place in the tree of calls.

A work ends when its function returns or fails, when somebody cancels it, when its clock runs out, or when nobody wants
what it makes any longer. "Nobody wants it" is a matter of references: a stream that was read, or is in one that was,
and whose last holder then let go of it. What nobody ever read runs to its end: it was started for its own sake.

In: coroutine functions. Out: pieces in a source. Never: what the pieces are.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, Protocol, Self
from weakref import WeakValueDictionary

from ..errors import CallCancelledError, CallTimeoutError, MiniagentsError
from .failure import Failure
from .scope import CURRENT, Scope, current

__all__ = ["Work", "raised_here"]

_P = ParamSpec("_P")


class _Sink(Protocol):
    """As much of a source as its owner needs."""

    closed: bool
    loop: asyncio.AbstractEventLoop

    def push(self, piece: Any) -> None: ...
    def close(self, failure: Failure | None = None) -> None: ...
    def forget(self) -> None: ...
    async def room(self) -> None: ...


class _Source(_Sink, Protocol):
    """As much of it as whoever waits for it needs."""

    def end(self) -> Awaitable[None]: ...


class _Done:
    """The source of a work that has ended."""

    closed = True
    loop: asyncio.AbstractEventLoop

    def push(self, piece: Any) -> None:
        """Drop it."""

    def close(self, failure: Failure | None = None) -> None:
        """Do nothing."""

    def forget(self) -> None:
        """Do nothing."""

    async def room(self) -> None:
        """Let others run."""
        await asyncio.sleep(0)


_DONE = _Done()


class Work:
    """One task that fills one source, with its place in the tree of calls."""

    __slots__ = (
        "_begun",
        "_heard",
        "_orphaned",
        "_task",
        "_tell",
        "_timer",
        "children",
        "errors_as_pieces",
        "held",
        "keeps",
        "keeps_pieces",
        "name",
        "parent",
        "scope",
        "source",
        "waits_for",
    )

    def __init__(
        self,
        name: str | None,
        source: _Sink,
        tell: "Callable[[Work, Exception], None] | None" = None,
        *,
        errors_as_pieces: bool | None = None,
        keeps_pieces: bool | None = None,
    ) -> None:
        """Make the work; `start` starts it.

        Args:
            name: The name that it has in a trail; without one it is a part of whoever starts it, and is called so.
            source: What it fills.
            tell: Puts an error into the source as a piece, if it can be one.
            errors_as_pieces: Whether it should be; if nothing is said, as for whoever starts it.
            keeps_pieces: Whether what it makes is kept for readers to come; if nothing is said, where it is a part, as
                for whoever starts it.

        Raises:
            NoScopeError: There is no open scope to own it.
        """
        owner = current()
        if keeps_pieces is None:
            keeps_pieces = name is not None or owner.keeps_pieces
        self.name: str = name if name is not None else owner.name
        self.source: _Sink = source
        self.scope: Scope = owner.scope
        source.loop = self.scope.loop
        self.parent = owner if isinstance(owner, Work) else None
        self.errors_as_pieces: bool = owner.errors_as_pieces if errors_as_pieces is None else errors_as_pieces
        self.keeps_pieces: bool = keeps_pieces
        self.children: set[Work] | None = None
        """What it started and what still runs, or has such children itself."""
        self.keeps: dict[str, Any] | None = None
        """What must live as long as this work does."""
        self.held = True
        """Whether somebody holds its stream."""
        self.waits_for: set[_Source] | None = None
        """What has to be closed before its own source is."""
        self._tell = tell
        self._task: asyncio.Task[None] | None = None
        """None before the start and after the end; the task knows the work, so that would be a cycle."""
        self._begun = False
        self._heard: WeakValueDictionary[int, Failure] | None = None
        """The failures that it has read and that still live, by the ids of their errors: it may fail by one of them."""
        self._orphaned = False
        self._timer: asyncio.TimerHandle | None = None

    def start(self, function: Callable[_P, Awaitable[None]], /, *args: _P.args, **kwargs: _P.kwargs) -> Self:
        """Start `function` in a task of its own."""
        # The function, not its coroutine: a task that is cancelled before its first step would leave that unawaited.
        # And not by the loop's factory, which may be an eager one: nothing of it is to run before it is in its place.
        self._task = asyncio.Task(self._run(function, args, kwargs), loop=self.scope.loop, name=self.name)
        self.scope.works.add(self)
        if self.parent is not None:
            if self.parent.children is None:
                self.parent.children = set()
            self.parent.children.add(self)
        return self

    async def _run(self, function: Callable[..., Awaitable[None]], args: Any, kwargs: Any) -> None:
        self._begun = True
        CURRENT.set(self)
        try:
            await function(*args, **kwargs)
            for source in tuple(self.waits_for or ()):
                while not source.closed:
                    await source.end()
        except asyncio.CancelledError:
            self._fail(CallCancelledError(f"{self.name} was cancelled"))
            raise
        except Exception as error:  # noqa: BLE001 - kept, and raised at whoever reads the stream
            if not self._has_told(error):
                self._fail(error, self.scope.unread)
        except BaseException as error:  # SystemExit, KeyboardInterrupt: the loop itself will raise it
            self._fail(error)
            if self._task is not None:
                self._task.add_done_callback(asyncio.Task.exception)  # so that it is not logged as well
            raise
        else:
            self.source.close()
        finally:
            self._end()

    def _has_told(self, error: Exception) -> bool:
        """Put the error into the source as a piece, if that is what is to become of it."""
        if not self.errors_as_pieces or self._tell is None or self.source.closed:
            return False
        try:
            self._tell(self, error)
        except Exception:  # noqa: BLE001 - then it is raised at whoever reads, like any other
            return False
        self.source.close()
        return True

    def _fail(self, error: BaseException, unread: dict[Failure, None] | None = None) -> None:
        if self.source.closed and unread is None:
            return  # it was cancelled, and that is why it ends
        before = self._heard.get(id(error)) if self._heard is not None else None
        failure = Failure(error, self.name, before=before, unread=unread)
        if not self.source.closed:
            self.source.close(failure)

    def hear(self, failure: Failure) -> None:
        """Take note that it reads this failure."""
        if self._heard is None:
            self._heard = WeakValueDictionary()
        self._heard[id(failure.error)] = failure

    def _end(self) -> None:
        self._task = None
        self.source = _DONE  # what it made lives as long as its readers, and not as long as what it started
        self.keeps = self._heard = None
        self.scope.ended(self)
        self._leave()

    def _leave(self) -> None:
        """Leave the tree of calls, if it has ended and nobody could reach its children through it any more."""
        work: Work | None = self
        while work is not None and work._task is None and not (work.children and (work.held or work._timer)):
            if work._timer is not None and not work.children:
                work._timer.cancel()
            parent, children = work.parent, work.children
            work.parent = work.children = None
            if parent is not None and parent.children is not None:
                parent.children.discard(work)
            for child in children or ():
                child.parent = parent
                if parent is not None and parent.children is not None:
                    parent.children.add(child)
            work = parent

    def cancel(self, kind: type[MiniagentsError] = CallCancelledError, why: str = "was cancelled") -> None:
        """Stop it now, and everything it started; whoever reads any of it gets an error of this kind."""
        works = [self]
        while works:
            work = works.pop()
            works.extend(work.children or ())
            if not work.source.closed:
                error, by_hand = kind(f"{work.name} {why}"), kind is CallCancelledError  # who cancels by hand knows
                if by_hand or not work._has_told(error):
                    work._fail(error, self.scope.unread if work is self and not by_hand else None)
            work._stop()

    def expire(self, timeout_s: float) -> None:
        """Cancel it if it, or anything it started, still runs `timeout_s` seconds from now."""
        why = f"took longer than {timeout_s:g} s"
        self._timer = self.scope.loop.call_later(timeout_s, self.cancel, CallTimeoutError, why)

    def release(self, *, wanted: bool) -> None:
        """Say that the last holder of its stream let go of it; safe in any thread, and in a finalizer.

        Args:
            wanted: Whether anybody had read it; what nobody ever wanted to read was started for its own sake.
        """
        self.held = False
        if not self.scope.loop.is_closed():
            wanted = wanted or self._orphaned
            self.scope.loop.call_soon_threadsafe(self.abandon if wanted else self._forget)

    def _forget(self) -> None:
        self.source.forget()
        self._leave()

    def abandon(self) -> None:
        """Stop it, for nobody wants what it makes, and whatever it started that nobody else wants."""
        if self._task is None:
            self._leave()
            return
        works = [self]
        while works:
            work = works.pop()
            for child in tuple(work.children or ()):  # not what it calls from now on, to clean up
                child._orphaned = True  # so it stops as soon as nobody holds it
                if not child.held:
                    works.append(child)
            work.source.close()
            work._stop()
            work._leave()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            if not self._begun:  # then it never will, nor tell that it ended
                self._begun = True
                self._end()


def raised_here(failure: Failure) -> BaseException:
    """Return the error of a failure, to be raised at who reads it here."""
    owner = CURRENT.get()
    if isinstance(owner, Work):
        owner.hear(failure)
    return failure.again()
