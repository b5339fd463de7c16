"""Sources that keep nothing: for streams without end.

The pieces stand in spans, each of which knows only the next one. A reader holds the span that it stands in, so a span
is gone when the slowest reader has left it, by Python's own count of references; and that is what the producer waits
for before it fills another one. Until the first reader comes, the source itself holds the first span.
"""

import asyncio
from typing import Any, ClassVar, Final, TypeVar
from weakref import ref

from ..errors import PiecesGoneError
from .failure import Failure
from .scope import current
from .source import Source, waiter_in, wake
from .work import Work

__all__ = ["SPAN", "PassingSource", "source_that"]

_Piece = TypeVar("_Piece")

SPAN: Final = 64
"""How many pieces a producer may be ahead of its slowest reader; waiting for it takes a turn of the loop a span."""


class _Span(Source[_Piece]):
    """Some pieces in a row; closed when it is full."""

    __slots__ = ("__weakref__", "next_one")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.loop = loop
        self.next_one: _Span[_Piece] | None = None

    def after(self) -> "_Span[_Piece] | None":
        return self.next_one


class PassingSource(Source[_Piece]):
    """A source whose pieces are gone when all of its readers have had them.

    - The producer awaits `room` after a `push`, and waits there for the slowest reader, or else for the first one.
    - A reader that comes when the first pieces are gone gets a `PiecesGoneError`.
    - When all who read it have left, nobody can ever read it again: then `room` stops the producer.
    - Where nobody will ever begin to read it, nobody is waited for.
    """

    __slots__ = ("_at_room", "_beginning", "_begun", "_deserted", "_first", "_full", "_open")

    keeps: ClassVar[bool] = False

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.loop = loop
        self._open: _Span[_Piece] = _Span(loop)
        self.pieces = self._open.pieces
        self._first: _Span[_Piece] | None = self._open
        """Held until somebody begins to read."""
        self._begun = False
        self._beginning = ref(self._open)
        self._full: ref[_Span[_Piece]] | None = None
        """The last span that was filled; it lives as long as a reader stands in it, or in one before it."""
        self._deserted = False
        self._at_room: list[asyncio.Future[None]] = []

    def push(self, piece: _Piece) -> None:
        """Add a piece, in a new span where the last one is full, and wake whoever waits for it."""
        if self.closed:
            return
        full = self._open
        full.push(piece)
        if len(full.pieces) < SPAN:
            return
        self._open = full.next_one = _Span(self.loop)
        self.pieces = self._open.pieces
        full.close()
        self._full = ref(full, self._span_is_gone)
        del full  # the last reference, where no reader has one
        self._deserted = self._begun and self._full() is None

    def nudge(self) -> None:
        """Let whoever waits for the next piece look around."""
        self._open.nudge()

    def close(self, failure: Failure | None = None) -> None:
        """Say that no more will come."""
        self._open.close(failure)
        super().close(failure)

    def first(self) -> Source[_Piece]:
        """Return where a reader begins.

        Raises:
            PiecesGoneError: It is gone.
        """
        span = self._beginning()
        if span is None:
            raise PiecesGoneError(
                "the beginning of this stream is gone, for it is not kept (keep=False); read it sooner, or keep it"
            )
        self._first, self._begun = None, True
        return span

    def forget(self) -> None:
        """Wait for no first reader any longer."""
        self._first = None

    @property
    def has_begun(self) -> bool:
        """Whether at least one piece has come, be it gone or not."""
        return self._full is not None or bool(self.pieces)

    def next(self) -> asyncio.Future[None]:
        """Return what is done when one more piece is there, or the end."""
        return self._open.next()

    async def room(self) -> None:
        """Wait until the slowest reader has had all but the last few pieces.

        Raises:
            CancelledError: There was a reader, and there can be none any more: whoever awaits this stops.
        """
        producer = current()
        if self._deserted and isinstance(producer, Work):
            producer.abandon()
            await asyncio.sleep(0)
        while self._full is not None and self._full() is not None and not self.closed:
            with producer.scope.held_up(producer, self.forget):
                await waiter_in(self._at_room, self.loop)

    def _span_is_gone(self, _span: object) -> None:
        if not self.loop.is_closed():  # in any thread, for it may be the garbage collector's
            self.loop.call_soon_threadsafe(wake, self._at_room)


def source_that(*, keeps: bool) -> Source[Any]:
    """Return a source that keeps its pieces, or one that does not.

    Raises:
        NoScopeError: It does not, and there is no open scope.
    """
    return Source() if keeps else PassingSource(current().scope.loop)
