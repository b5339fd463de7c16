"""Reading a message by part: its text token by token, and what comes between the tokens where it comes.

In: the tokens' source, what comes between them. Out: tokens, thoughts, parts. Never: how a message is made of them.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from .promising.source import Source
from .promising.stream import Stream, StreamReader, cursor, let_go_after

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .content import Part, Thought

__all__ = ["PartReader", "TextReader"]


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
