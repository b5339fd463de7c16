"""What was said up to a step of the flow, as far as it is known when the step is started; the rest is promised.

A step is started when those before it are, not when they are done: what it is sent may still have to be said, and by
whom may still have to be decided. So the past is a value that goes from step to step, and a run has the same pasts
whoever is faster.

In: replies. Out: `SoFar`, which never changes. Never: a step, an agent.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from ..errors import CallCancelledError
from ..frozen import EMPTY
from ..messages import MessageSequencePromise
from ..promising.scope import current
from ..promising.source import Source

__all__ = ["Fresh", "Outcome", "Round", "SoFar", "merged", "of_parts"]

Fresh: TypeAlias = Callable[[MessageSequencePromise, Sequence[MessageSequencePromise]], MessageSequencePromise]


class Round:
    """Once through the steps of a loop, or of the whole flow."""

    __slots__ = ("is_over",)

    def __init__(self) -> None:
        self.is_over = False
        """Whether the person had nothing more to say in it."""


class SoFar(NamedTuple):
    """What the next step is sent, and what was said before it."""

    messages: MessageSequencePromise
    round: Round
    said: Mapping[str, MessageSequencePromise] = EMPTY
    """The last reply of each agent of which a step wants to know."""
    history: tuple[MessageSequencePromise, ...] = ()
    """All replies in the order of the flow, if a step wants to know."""

    def sending(self, messages: MessageSequencePromise) -> "SoFar":
        """Return it with something else for the next step."""
        return self._replace(messages=messages)

    def flat(self) -> "SoFar":
        """Return it with replies that are not inside others, for these would get deeper with each round."""
        return self._replace(said={name: _flat(reply) for name, reply in self.said.items()})


class Outcome:
    """Where some steps will lead, when it is decided which they are."""

    __slots__ = ("_error", "_source")

    def __init__(self) -> None:
        """Promise it, in the scope that is open here."""
        self._source: Source[SoFar] = Source()
        self._source.loop = current().scope.loop
        self._error: Exception | None = None

    def is_(self, so_far: SoFar) -> None:
        """Say what it is; what is said first holds."""
        if not self._source.has_begun:
            self._source.push(so_far)

    def close(self, error: Exception | None = None) -> None:
        """Say that it will not be known any more, if it is not."""
        self._error = error
        self._source.close()

    async def wait(self) -> SoFar:
        """Return it when it is known.

        Raises:
            Exception: What kept it from being known.
        """
        await self._source.begin()
        if self._source.has_begun:
            return self._source.pieces[0]
        raise self._error or CallCancelledError("what should have been said was cancelled")


def merged(before: SoFar, ends: Iterable[SoFar], messages: MessageSequencePromise) -> SoFar:
    """Return what was said when branches went on from `before` at the same time, each knowing of those above it.

    Args:
        before: See above.
        ends: What each of them led to, in order.
        messages: What the next step is sent.
    """
    said, history = before.said, before.history
    for end in ends:
        said = end.said
        history += end.history[len(before.history) :]
    return before._replace(messages=messages, said=said, history=history)


def of_parts(before: SoFar, ends: Sequence[SoFar], fresh: Fresh) -> SoFar:
    """Return what was said when the same steps were taken for several parts: an agent's last reply is all of it.

    Args:
        before: What they went on from.
        ends: What each part led to, in order.
        fresh: Given a reply before and those after, returns what is new in these, or else the one before.
    """
    said = dict(before.said)
    for name in {name for end in ends for name, reply in end.said.items() if reply is not before.said.get(name)}:
        after = [end.said[name] for end in ends if name in end.said]
        said[name] = fresh(before.said[name], after) if name in before.said else MessageSequencePromise(after)
    history = sum((end.history[len(before.history) :] for end in ends), before.history)
    return before._replace(said=said, history=history)


def _flat(reply: MessageSequencePromise) -> MessageSequencePromise:
    try:
        whole = reply._now()  # noqa: SLF001 - to await it could take as long as it likes
    except Exception:  # noqa: BLE001 - whoever wants it is to get the error
        return reply
    return reply if whole is None else MessageSequencePromise(whole)
