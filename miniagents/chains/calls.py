"""The calls of a run, as others see them: who was asked what, where in the file, and what it said.

In: calls. Out: `Calls`, a stream; the place of an error. Never: who makes them.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from ..messages import MessageSequencePromise
from ..promising.stream import Stream
from .schema import USER

if TYPE_CHECKING:
    from .faults import Place

__all__ = ["USER", "Call", "Calls", "Where", "note", "place_of", "where_of"]

_WHERE: Final = "__miniagents_step__"
"""The attribute in which an error takes along in which step it happened."""


class Where(NamedTuple):
    """In which step an error happened."""

    run: object
    """What tells its run from others."""
    agent: str
    """The agent's name, "" if it was none's."""
    file: str
    """The name of the file, for people."""
    place: "Place | None"
    """Where the step stands in it; None where a model called the agent, as a tool."""


class Call(NamedTuple):
    """One call of an agent."""

    number: int
    """From 1, in the order in which they began."""
    agent: str
    """Its name in the file; `user` for the person."""
    place: "Place | None"
    """Where the step stands in the file; None where a model called the agent, as a tool."""
    asked: MessageSequencePromise
    reply: MessageSequencePromise
    started_s: float
    """By the event loop's clock."""


def place_of(error: BaseException) -> str:
    """Return in which step of a file an error happened, as `file:line`, "" if in none."""
    where = where_of(error)
    return "" if where is None or where.place is None else f"{where.file}:{where.place.line}"


def where_of(error: BaseException) -> Where | None:
    """Return in which step an error happened, None if in none."""
    return getattr(error, _WHERE, None)


def note(error: BaseException, where: Where) -> None:
    """Write on an error where it happened, if nobody has."""
    if where_of(error) is None:
        with suppress(Exception):  # some errors let nobody write on them
            setattr(error, _WHERE, where)


class Calls(Stream[Call, tuple[Call, ...]]):
    """The calls of a run: iterate them as they begin, until the run ends, well or not.

    Any number of readers. They have to begin before the run has made 64 calls, or get a `PiecesGoneError`: a run may go
    on for ever, and calls are gone when every reader has had them.
    """

    __slots__ = ()

    def _make_whole(self, pieces: Sequence[Call]) -> tuple[Call, ...]:
        return tuple(pieces)
