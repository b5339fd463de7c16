"""Streams: pieces that arrive over time, kept, and read from the start by anyone at any time.

This is the one clever place, and these are its rules. A `Source` is the producer's side: pieces go in, then it is
closed, perhaps with a failure. A `Stream` is what people hold: iterate it for the pieces, await it for the whole.
Readers pull, each at its own pace, from the source's own list; there is no queue and no task between a producer and its
readers. The producer holds the source, never the stream, so that it can be told when the stream's last holder is gone.
"""

import asyncio
from collections.abc import Callable, Generator, Sequence
from typing import Any, ClassVar, Final, Generic, Self, TypeVar

from ..errors import NoScopeError
from .failure import Failure
from .work import Work, raised_here

__all__ = ["ENDED", "Source", "Stream", "StreamReader", "cursor", "waiter_in", "wake"]

_Piece = TypeVar("_Piece")
_Whole = TypeVar("_Whole")


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
                    if not waiter.done():
                        waiter.set_result(None)
                waiters.clear()

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
    """Let all of them go on."""
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
    waiters.clear()


class Stream(Generic[_Piece, _Whole]):
    """Pieces that arrive, and the whole that they make.

    - `async for piece in stream` gives every piece from the first, however late it is asked, then goes on live.
    - `await stream` gives the whole, made once.
    - Any number of readers; one that is slow, cancelled or gone neither slows nor spoils it for another.
    - An error comes after the pieces that came before it, at every reader.

    Pieces stay as long as somebody holds the stream, unless its source is a `PassingSource`.
    """

    __slots__ = ("__weakref__", "_source", "_wanted", "_whole", "_work")

    _source: Source[_Piece]
    _work: Work | None
    _wanted: bool
    """Whether somebody reads it, or holds it because they read what it is in."""
    _whole: _Whole | None

    def __init__(self, source: Source[_Piece], work: Work | None = None) -> None:
        self._source = source
        self._work = work
        self._wanted = False
        self._whole = None

    def __aiter__(self) -> "StreamReader[_Piece]":
        self._wanted = True
        return StreamReader(self, self._source.first())

    def __await__(self) -> Generator[None, None, _Whole]:
        self._wanted = True
        return self._settle().__await__()

    def __del__(self) -> None:
        try:
            work = self._work
        except AttributeError:  # it was never made
            return
        if work is not None and (work.children or not work.source.closed):
            work.release(wanted=self._wanted)

    def cancel(self) -> None:
        """Stop whatever makes it, with every call that made; its readers get a `CallCancelledError`."""
        if self._work is not None:
            self._work.cancel()

    async def begun(self) -> None:
        """Wait for the first piece of it, or its end; reads nothing and raises none of its errors."""
        await self._source.begin()

    async def finished(self) -> None:
        """Wait until whatever makes it has ended, well or not; reads nothing and raises none of its errors."""
        while not self._source.closed:
            await self._source.end()

    @property
    def is_handmade(self) -> bool:
        """Whether it was put together of what is known, with nothing that makes it."""
        return self._work is None

    @property
    def is_done(self) -> bool:
        """Whether all of it is there, or it failed."""
        return self._source.closed

    async def _settle(self) -> _Whole:
        if self._whole is None:
            if not self._source.keeps:
                return await self._gather()
            while not self._source.closed:
                await self._source.end()
        return self.take()

    def take(self) -> _Whole:
        """Return the whole, which is there, without waiting.

        Raises:
            Exception: What it failed by.
        """
        if self._whole is None:
            if self._source.failure is not None:
                raise raised_here(self._source.failure)
            self._whole = self._make_whole(self._source.pieces)
        return self._whole

    async def _gather(self) -> _Whole:
        """Read what nobody keeps; then the whole is there for all who ask later."""
        pieces = [piece async for piece in StreamReader(self, self._source.first())]
        if self._whole is None:
            self._whole = self._make_whole(pieces)
        return self._whole

    def _make_whole(self, pieces: Sequence[_Piece]) -> _Whole:
        """Make the whole of its pieces, all of which are there."""
        raise NotImplementedError


class StreamReader(Generic[_Piece]):
    """One reader's place in a stream."""

    __slots__ = ("_next", "_source", "_stream")

    def __init__(self, stream: Stream[_Piece, Any], source: Source[_Piece]) -> None:
        self._stream = stream  # held, so that the producer knows it is wanted
        self._source = source
        self._next: Callable[[], _Piece] = iter(source.pieces).__next__

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _Piece:
        # A list's own iterator is the fastest cursor there is. It sees what is appended until it has once run out;
        # then all that was there has been read, and a new one stands behind it, whatever becomes of the waiting.
        while True:
            try:
                return self._next()
            except StopIteration:
                pass
            source = self._source
            self._next = cursor(source.pieces, len(source.pieces))
            if source.closed:
                self._end_of(source)
            else:
                await source.next()

    def _end_of(self, source: Source[_Piece]) -> None:
        self._source = source.after() or ENDED
        self._next = iter(self._source.pieces).__next__
        if source.failure is not None:
            raise raised_here(source.failure)
        if self._source is ENDED:
            raise StopAsyncIteration


def cursor(pieces: list[_Piece], start: int) -> Callable[[], _Piece]:
    """Return what gives the pieces from `start` on, one a call, until it raises StopIteration."""
    place = iter(pieces)
    place.__setstate__(start)  # type: ignore[attr-defined]  # every list iterator has it, for pickling
    return place.__next__


ENDED: Final[Source[Any]] = Source()
"""What a reader stands in that has nothing more to read."""
ENDED.close()
