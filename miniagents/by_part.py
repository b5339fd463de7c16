"""Reading a message by part: its text token by token, and what comes between the tokens where it comes.

In: the tokens' source, what comes between them. Out: tokens, thoughts, parts. Never: how a message is made of them.
"""

import asyncio
from typing import TYPE_CHECKING, Any, Self

from .promising.source import Source
from .promising.stream import Stream, StreamReader, cursor, let_go_after

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .content import Part, Thought
    from .message import MessagePromise

__all__ = ["Bursts", "PartReader", "TextReader"]


class PartReader(StreamReader["str | Part"]):
    """One reader's place in a message that is read by part."""

    __slots__ = ("_between", "_count", "_taken")

    def __init__(
        self, stream: Stream[Any, Any], source: Source[Any], between: "Sequence[tuple[int, Thought | Part]]"
    ) -> None:
        super().__init__(stream, source)
        self._between = between
        self._taken = self._count = 0

    async def __anext__(self) -> "str | Part":
        while True:
            if self._taken < len(self._between) and self._between[self._taken][0] <= self._count:
                self._taken += 1
                return self._between[self._taken - 1][1]
            try:
                piece = self._next()
            except StopIteration:
                pass  # and out of here, so that no error to come has this one in its context
            else:
                self._count += 1
                return piece
            await self._more()

    def ready(self) -> "list[str | Part]":
        """Return what is there and was not read yet; waits for nothing, and raises nothing."""
        pieces: list[str | Part] = []
        while True:
            if self._taken < len(self._between) and self._between[self._taken][0] <= self._count:
                pieces.append(self._between[self._taken][1])
                self._taken += 1
                continue
            try:
                pieces.append(self._next())
            except StopIteration:
                break
            self._count += 1
        self._next = cursor(self._source.pieces, len(self._source.pieces))
        return pieces

    async def _more(self) -> None:
        """Wait until there may be more, or come to the end: what `StreamReader` does inline, for a token's sake."""
        source = self._source
        self._next = cursor(source.pieces, len(source.pieces))
        if source.closed:
            self._end_of(source)
            return
        try:
            await source.next()
        except asyncio.CancelledError as error:
            let_go_after(error)
            raise


class Bursts:
    """A message read by part for those who look at it now and then, in lists: all that has come since the last time.

    The first piece comes at once, and so does what comes after a silence; else there is a pause between two lists, but
    for the end, which is not waited for. So no token wakes anybody that another one is about to wake.
    """

    __slots__ = ("_ending", "_has_begun", "_pause_s", "_reader")

    def __init__(self, promise: "MessagePromise", pause_s: "Callable[[], float]") -> None:
        """Begin to read; `pause_s` is asked before each list but the first."""
        self._reader = promise.parts()
        self._ending = promise.ending()
        self._pause_s = pause_s
        self._has_begun = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> "list[str | Part]":
        if self._has_begun and (pause_s := self._pause_s()) > 0 and not self._ending.done():
            try:
                await asyncio.wait([self._ending], timeout=pause_s)
            except asyncio.CancelledError as error:
                let_go_after(error)
                raise
        self._has_begun = True
        piece = await anext(self._reader)
        return [piece, *self._reader.ready()]

    def rest(self) -> "list[str | Part]":
        """Return what has come since the last list, for those who stop."""
        return self._reader.ready()


class TextReader(StreamReader[str]):
    """One reader's place in the text of a message whose pieces are not kept: these have its other parts among them."""

    __slots__ = ()

    async def __anext__(self) -> str:
        while True:
            piece = await super().__anext__()
            if piece.__class__ is str or _is_text(piece):
                return piece


def _is_text(piece: str) -> bool:
    from .content import Part, Thought  # noqa: PLC0415 - most messages have no parts

    return not isinstance(piece, Part | Thought)
