"""Sequences: streams inside streams, read as one flat stream.

What is handed to a sequence stays as it is, nested, and each reader walks the tree with a stack of its own. So handing
a sequence on costs the same however long it is and however much of it is still to come, and nothing recurses.
"""

import asyncio
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, Union

from .source import ENDED, Source
from .stream import Stream, cursor, let_go_after
from .work import raised_here

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["SequencePromise", "SequenceReader"]

_Leaf = TypeVar("_Leaf", bound=Stream[Any, Any])
_Whole = TypeVar("_Whole")
_Node = Union[_Leaf, "SequencePromise[_Leaf, Any]"]


class SequencePromise(Stream[_Node[_Leaf], _Whole]):
    """A stream of streams: leaves, and sequences of them that are inside it; a reader sees only leaves."""

    __slots__ = ()

    def __aiter__(self) -> "SequenceReader[_Leaf]":  # type: ignore[override]  # the reader flattens
        self._wanted = True
        return SequenceReader(self, self._source.first())

    @property
    def parts(self) -> "Sequence[_Node[_Leaf]]":
        """The leaves and sequences that it has so far, unless they are gone: those inside it stay as they are."""
        return self._source.pieces

    def unwanted(self) -> "SequenceReader[_Leaf]":
        """Return a reader of it that does not count: what it reads is no more wanted for that."""
        return SequenceReader(self, self._source.first(), wants=False)

    def __del__(self) -> None:
        super().__del__()
        if getattr(self, "_wanted", False):  # then so was what is in it, though no reader may have come that far
            for piece in self._source.pieces:
                piece._wanted = True

    def cancel(self) -> None:
        """Stop whatever makes it; if that is nothing of its own, stop whatever makes the parts that it has so far."""
        pending: list[Stream[Any, Any]] = [self]
        while pending:
            stream = pending.pop()
            if stream._work is not None:
                stream._work.cancel()
            elif isinstance(stream, SequencePromise):
                pending.extend(piece for piece in stream._source.pieces if isinstance(piece, Stream))


class SequenceReader(Generic[_Leaf]):
    """One reader's place in a tree of sequences.

    After the error of a nested sequence it goes on behind that sequence, if it is asked for more.
    """

    __slots__ = ("_next", "_sequence", "_stack", "_wants", "source")

    def __init__(
        self, sequence: SequencePromise[_Leaf, Any], source: Source[_Node[_Leaf]], *, wants: bool = True
    ) -> None:
        """Begin to read; `wants` says whether what is read counts as wanted for that."""
        self._sequence = sequence  # held, so that the producer knows it is wanted
        self._wants = wants
        self._stack: list[tuple[Source[_Node[_Leaf]], Callable[[], _Node[_Leaf]]]] = []
        self.source = source
        """Where it stands; `ENDED` at its end."""
        self._next: Callable[[], _Node[_Leaf]] = iter(source.pieces).__next__

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _Leaf:
        while True:
            leaf = self.step()
            if leaf is not None:
                return leaf
            if self.source is ENDED:
                raise StopAsyncIteration
            try:
                await self.source.next()
            except asyncio.CancelledError as error:
                let_go_after(error)
                raise

    def step(self) -> _Leaf | None:
        """Return the next leaf that is there; or None, when one has to wait where it stands, or it has ended."""
        while True:
            piece: _Node[_Leaf] | None = None
            try:  # noqa: SIM105 - `suppress` costs more than all the rest
                piece = self._next()
            except StopIteration:
                pass  # and not here: what is raised below would carry it as its context
            if piece is None:
                source = self.source
                self._next = cursor(source.pieces, len(source.pieces))  # the old one has run out
                if not source.closed or source is ENDED:
                    return None
                self._step_out(source)
            else:
                if self._wants:
                    piece._wanted = True
                if not isinstance(piece, SequencePromise):
                    return piece
                self._step_into(piece._source.first())

    def _step_into(self, source: Source[_Node[_Leaf]]) -> None:
        self._stack.append((self.source, self._next))
        self.source, self._next = source, iter(source.pieces).__next__

    def _step_out(self, source: Source[_Node[_Leaf]]) -> None:
        after = source.after()
        if after is not None:
            self.source, self._next = after, iter(after.pieces).__next__
        elif self._stack:
            self.source, self._next = self._stack.pop()
        else:
            self.source, self._next = ENDED, iter(ENDED.pieces).__next__
        if source.failure is not None:
            raise raised_here(source.failure)
