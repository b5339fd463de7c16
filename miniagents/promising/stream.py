"""Streams: pieces that arrive over time, kept, and read from the start by anyone at any time.

This is the one clever place, and these are its rules. A `Source` is the producer's side: pieces go in, then it is
closed, perhaps with a failure. A `Stream` is what people hold: iterate it for the pieces, await it for the whole.
Readers pull, each at its own pace, from the source's own list; there is no queue and no task between a producer and its
readers. The producer holds the source, never the stream, so that it can be told when the stream's last holder is gone.
"""

import asyncio
import traceback
from collections.abc import Callable, Generator, Sequence
from typing import Any, Generic, Self, TypeVar
from weakref import ref

from .source import ENDED, Source
from .work import Work, raised_here

__all__ = ["Stream", "StreamReader", "cursor", "let_go_after"]

_Piece = TypeVar("_Piece")
_Whole = TypeVar("_Whole")


def let_go_after(error: asyncio.CancelledError) -> None:
    """Let a task that is being cancelled hold nothing once it has ended, though somebody may keep the task.

    Asyncio keeps the error with the task until somebody asks for it, the error keeps the frames that it came through,
    and these keep streams that nobody will read.
    """
    task = asyncio.current_task()
    if task is None:
        return

    def clear(task: asyncio.Task[Any]) -> None:
        kept = dying()
        if kept is not None and task.cancelled():
            traceback.clear_frames(kept.__traceback__)

    dying = ref(error, lambda _: task.remove_done_callback(clear))  # where the task dealt with it and goes on
    task.add_done_callback(clear)


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

    def ending(self) -> "asyncio.Future[None]":
        """Return what is done when whatever makes it has ended, well or not; for one reader, who may cancel it."""
        if not self._source.closed:
            return self._source.end()
        over = asyncio.get_running_loop().create_future()
        over.set_result(None)
        return over

    @property
    def is_handmade(self) -> bool:
        """Whether it was put together of what is known, with nothing that makes it."""
        return self._work is None

    @property
    def is_done(self) -> bool:
        """Whether all of it is there, or it failed."""
        return self._source.closed

    async def _settle(self) -> _Whole:
        try:
            if self._whole is None and not self._source.keeps:
                await self._gather()
            while self._whole is None and not self._source.closed:
                await self._source.end()
        except asyncio.CancelledError as error:
            let_go_after(error)
            raise
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

    async def _gather(self) -> None:
        """Read what nobody keeps; then the whole is there for all who ask later."""
        pieces = [piece async for piece in StreamReader(self, self._source.first())]
        if self._whole is None:
            self._whole = self._make_whole(pieces)

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
                continue
            try:
                await source.next()
            except asyncio.CancelledError as error:
                let_go_after(error)
                raise

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
