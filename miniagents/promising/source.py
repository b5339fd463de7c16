"""The producer's side of a stream: pieces go in, readers are woken.

In: pieces, an end. Out: the pieces in a list, and futures that tell of more. Never: who reads, what makes the pieces.
"""

import asyncio
from typing import Any, ClassVar, Final, Generic, TypeVar

from ..errors import NoScopeError
from .failure import Failure

__all__ = ["ENDED", "Source", "waiter_in", "wake"]

_Piece = TypeVar("_Piece")


class Source(Generic[_Piece]):
    """The producer's side of a stream; what comes after its end is dropped."""

    __slots__ = ("_at_end", "_at_next", "closed", "failure", "loop", "pieces")

    keeps: ClassVar[bool] = True
    """Whether all pieces stay, for readers to come; a `PassingSource` lets them go."""
    loop: asyncio.AbstractEventLoop
    """Where its producer runs; whoever makes the producer sets it."""

    def __init__(self) -> None:
        self.pieces: list[_Piece] = []
        """Everything that has come, in order; only ever appended to."""
        self.closed = False
        self.failure: Failure | None = None
        """What ended it, where that was an error."""
        self._at_next: list[asyncio.Future[None]] | None = None
        self._at_end: list[asyncio.Future[None]] | None = None

    def push(self, piece: _Piece) -> None:
        """Add a piece and wake whoever waits for the next one."""
        if not self.closed:
            self.pieces.append(piece)
            if waiters := self._at_next:  # what `wake` does, without the call, for it is done for every token
                for waiter in waiters:
                    try:  # noqa: SIM105 - `suppress` is slow
                        waiter.set_result(None)
                    except asyncio.InvalidStateError:  # see `wake`
                        pass
                waiters.clear()

    def nudge(self) -> None:
        """Let whoever waits for the next piece look around, though there is none."""
        if self._at_next:
            wake(self._at_next)

    def close(self, failure: Failure | None = None) -> None:
        """Say that no more will come; `failure` is raised at the readers that get that far."""
        if not self.closed:
            self.closed = True
            self.failure = failure
            if self._at_next:
                wake(self._at_next)
            if self._at_end:
                wake(self._at_end)

    async def room(self) -> None:
        """Wait until its readers have caught up; where everything is kept, that is only to let others run."""
        await asyncio.sleep(0)

    def first(self) -> "Source[_Piece]":
        """Return where a reader begins."""
        return self

    def after(self) -> "Source[_Piece] | None":
        """Return where a reader goes on that has read it to its end, if that was not the end of the stream."""
        return None

    def forget(self) -> None:
        """Take note that nobody will begin to read it."""

    @property
    def has_begun(self) -> bool:
        """Whether at least one piece has come."""
        return bool(self.pieces)

    async def begin(self) -> None:
        """Wait for the first piece, or the end."""
        while not self.has_begun and not self.closed:
            await self.next()

    def next(self) -> asyncio.Future[None]:
        """Return what is done when one more piece is there, or the end; for one reader, who may cancel it."""
        if self._at_next is None:
            self._at_next = []
        return waiter_in(self._at_next, self.loop)

    def end(self) -> asyncio.Future[None]:
        """Return what is done when it is closed; for one reader, who may cancel it."""
        if self._at_end is None:
            self._at_end = []
        return waiter_in(self._at_end, self.loop)


def waiter_in(waiters: list[asyncio.Future[None]], loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
    """Add one more to those who wait for something that happens in `loop`.

    Raises:
        NoScopeError: Another loop runs here.
    """
    if loop is not asyncio.get_running_loop():  # nothing would ever wake it
        raise NoScopeError(
            "this promise is still being kept in another event loop, which cannot be waited for in this one;"
            " await it there (`asyncio.run_coroutine_threadsafe`), or make the call here, in a scope of this loop"
        )
    while waiters and waiters[-1].done():  # those who gave up
        waiters.pop()
    waiter: asyncio.Future[None] = asyncio.Future(loop=loop)
    waiters.append(waiter)
    return waiter


def wake(waiters: list[asyncio.Future[None]]) -> None:
    """Let all of them go on, but for those who gave up.

    These are not looked for first: Ctrl-C is heard between any two instructions, and asyncio's handler of it cancels
    what the main task waits for there and then.
    """
    for waiter in waiters:
        try:  # noqa: SIM105 - `suppress` is slow
            waiter.set_result(None)
        except asyncio.InvalidStateError:
            pass
    waiters.clear()


ENDED: Final[Source[Any]] = Source()
"""What a reader stands in that has nothing more to read."""
ENDED.close()
