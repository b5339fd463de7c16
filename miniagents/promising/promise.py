"""A promise: one value that is not there yet."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Self, TypeVar

from .source import Source
from .stream import Stream
from .work import Work

__all__ = ["Promise"]

_Value = TypeVar("_Value")


class Promise(Stream[_Value, _Value]):
    """A value that is computed once and awaited by many: a stream of one piece.

    The computation starts at once, in the scope that is open here. If it fails, everyone who awaits gets the error.

    Raises:
        NoScopeError: There is no open scope to own the computation.
    """

    __slots__ = ()

    def __init__(self, resolver: Callable[[], Awaitable[_Value]], *, name: str = "promise") -> None:
        source: Source[_Value] = Source()
        super().__init__(source, Work(name, source).start(_resolve, source, resolver))

    @classmethod
    def resolved(cls, value: _Value) -> Self:
        """Return a promise that is kept already; needs no scope."""
        promise = cls.__new__(cls)
        Stream.__init__(promise, Source())
        promise._source.push(value)
        promise._source.close()
        return promise

    def _make_whole(self, pieces: Sequence[_Value]) -> _Value:
        return pieces[0]


async def _resolve(source: Source[_Value], resolver: Callable[[], Awaitable[_Value]]) -> None:
    source.push(await resolver())
