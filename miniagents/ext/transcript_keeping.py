"""What is said, on its way into a transcript: each message once those before it are there.

In: message promises, in the order in which they are said. Out: whole messages, kept, with their places in the
transcript. Never: what was said before, how a transcript looks.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial as bound
from typing import Any, Final, Protocol

from ..by_part import Bursts
from ..content import Part, Thought
from ..errors import CallCancelledError, ReplyCutError
from ..messages import Message, MessagePromise, MessageSequencePromise
from ..miniagents import InteractionContext
from ..promising.promise import Promise
from ..recipe import assembled
from ..safe_text import one_line
from .transcript_format import partial

__all__ = ["Flight", "Keeping", "Place", "as_far_as_it_came", "next_said"]

_UNSAVED_S: Final = 1 / 30
"""How long what has come of a message may not be on the disk: a frame of a screen. To write for each token would take
longer than to show it."""
_PENDING_PARENTS = 16
"""Among how many messages that were still arriving the one before a recovered message is looked for."""


async def next_said(said: AsyncIterator[MessagePromise]) -> MessagePromise | None:
    """Return the next message of those that there are, None at the end."""
    while True:
        try:
            return await anext(said, None)
        except Exception:  # noqa: BLE001, S112 - whoever shows the reply shows why there is no more of this part of it
            continue


async def as_far_as_it_came(promise: MessagePromise) -> Message | None:
    """Return the whole message, or what there is of it; None if it broke before it began."""
    try:
        return await promise
    except Exception as error:  # noqa: BLE001 - whatever it was, what came before it was said
        status = {"status": "failed", "error": one_line(str(error)) or type(error).__name__}
        if isinstance(error, ReplyCutError):
            status["status"] = "cut"
        elif isinstance(error, CallCancelledError):
            status = _INTERRUPTED
    came = _Came()
    with suppress(Exception):
        async for pieces in Bursts(promise, float):
            came.add(pieces)
    return came.message(promise.known_beforehand, status)


_INTERRUPTED = {"status": "interrupted"}


class _Came:
    """What has come of a message."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self._between: list[tuple[int, Thought | Part]] = []

    def add(self, pieces: "Iterable[str | Part]") -> None:
        """Take what is next, read by part."""
        for piece in pieces:
            if isinstance(piece, Thought | Part):
                self._between.append((len(self.tokens), piece))
            else:
                self.tokens.append(piece)

    def message(self, known_beforehand: Mapping[str, Any], status: Mapping[str, Any]) -> Message | None:
        """Return it as a message, None if there is nothing of it."""
        if not self.tokens and not self._between:
            return None
        return partial(known_beforehand, "".join(self.tokens), assembled(self.tokens, self._between), **status)


class Place(MessageSequencePromise):
    """Where a conversation stands in its transcript: a sequence without messages, which is carried along in replies."""

    __slots__ = ("before", "kept", "pending")

    def __init__(self, before: MessageSequencePromise | None) -> None:
        """Make the place of one call; `before` is the reply to the call before it."""
        super().__init__()
        first = next(iter(before._source.pieces), None) if before is not None else None  # noqa: SLF001 - see above
        self.before: Place | None = first if isinstance(first, Place) else None
        self.kept: str | None = None
        """The key of the last message that is on the disk, None if nobody knows it."""
        self.pending: list[str] = []
        """The keys of those that were said in this call and are not on the disk yet."""

    def parents(self) -> list[str]:
        """Return the keys of the messages that were said last, the last one first; some of them may never come."""
        keys: list[str] = []
        place = self
        while place.before is not None:
            keys += reversed(place.pending)
            place = place.before
        keys += reversed(place.pending)
        return [*keys[:_PENDING_PARENTS], *([] if place.kept is None else [place.kept])]

    def settle(self) -> None:
        """Take over from the call before, which is over."""
        if self.before is not None:
            self.kept, self.before = self.before.kept, None


class Flight(Protocol):
    """A message on its way to where it is kept; `transcript_in_flight` has the one whose way leads to a file."""

    tokens: list[str]
    """What has come so far; appended to by who keeps it."""
    parents: list[str]
    """The keys of messages that it may go on from when it is recovered, the likeliest first."""

    @property
    def key(self) -> str:
        """What it is to be known by where it is kept."""

    @property
    def is_saved(self) -> bool:
        """Whether everything that has come was saved, as far as that is possible."""

    def save(self) -> None:
        """Save what has come since the last time, in case the program is killed; never fails."""

    def hold(self, message: Message, /) -> None:
        """Save `message`, which is complete but must not be kept yet; never fails."""

    def keep(self, message: Message, parent: str | None = None, /) -> None:
        """Keep `message`, as what goes on from its parent; when this returns it is on the disk."""

    def close(self) -> None:
        """Leave what was saved, if anything was, to be recovered."""


class _Said:
    """One message that was said: how far it is on its way to the disk."""

    def __init__(self, promise: MessagePromise, in_flight: Flight) -> None:
        self.promise = promise
        self.in_flight = in_flight
        self.came = _Came()
        self.came.tokens = self.in_flight.tokens
        self.is_complete = False
        self.is_kept = False
        self.message: Message | None = None
        """What there is to keep, if it is complete."""
        self.bursts: Bursts | None = None
        """Where it is read from while it comes."""


class Keeping:
    """What one call has to keep, in the order in which it was said: each message once those before it are kept."""

    def __init__(
        self,
        ctx: InteractionContext,
        flight: Callable[[Mapping[str, Any]], Flight],
        place: Place,
        on_kept: Callable[[str], object] | None,
    ) -> None:
        """Begin.

        Args:
            ctx: The call.
            flight: Makes the way of one message, from what is known of it beforehand.
            place: Where the conversation stands.
            on_kept: Called with the key of each message once it is kept.
        """
        self._ctx = ctx
        self._flight = flight
        self._place = place
        self._on_kept = on_kept
        self._line: deque[_Said] = deque()
        self._may_write = False
        """Whether everything that was said before this call is kept, and there was no error yet."""

    async def run(self, previous: MessageSequencePromise | None) -> None:
        """Keep it all, and reply with it."""
        helpers: list[Promise[None]] = []
        try:
            if previous is None or previous.is_done:
                self._may_write_now()
            else:
                helpers.append(self._start(bound(self._wait_for, previous)))
            said = aiter(self._ctx.message_promises)
            while (promise := await next_said(said)) is not None:
                self._line.append(_Said(promise, self._flight(promise.known_beforehand)))
                self._line[-1].in_flight.parents = self._place.parents()
                self._place.pending.append(self._line[-1].in_flight.key)
                follow = bound(self._follow, self._line[-1])
                if promise.is_done:
                    await follow()
                else:
                    helpers.append(self._start(follow))
            for helper in helpers:
                await helper
        except asyncio.CancelledError:
            await self._interrupt()
            raise
        finally:
            for waiting in self._line:
                waiting.in_flight.close()

    def _start(self, work: Callable[[], Awaitable[None]]) -> Promise[None]:
        return Promise(work, name=self._ctx.agent.alias)

    async def _wait_for(self, previous: MessageSequencePromise) -> None:
        await previous.finished()
        await asyncio.sleep(0)  # if it was cancelled, it writes what it has in this turn of the loop
        self._may_write_now()
        self._keep()

    def _may_write_now(self) -> None:
        self._may_write = True
        self._place.settle()

    async def _follow(self, said: _Said) -> None:
        """Follow a message to its end, saving what has come of it now and then."""
        in_flight = said.in_flight
        if not said.promise.is_done:
            with suppress(Exception):
                said.bursts = Bursts(said.promise, lambda: _UNSAVED_S)
                async for pieces in said.bursts:
                    said.came.add(pieces)
                    in_flight.save()  # which does nothing where none of them is a token
        said.message = await as_far_as_it_came(said.promise)
        said.is_complete = True
        self._keep()
        if said.message is not None and not said.is_kept:
            in_flight.hold(said.message)

    def _keep(self) -> None:
        """Keep, and reply with, what is complete and has nothing incomplete before it."""
        while self._may_write and self._line and self._line[0].is_complete:
            said = self._line[0]
            if said.message is not None:
                self._may_write = False
                said.in_flight.keep(said.message, self._place.kept)
                self._may_write = True
                self._place.kept = said.in_flight.key
                self._ctx.reply(said.message)
                if self._on_kept is not None:
                    self._on_kept(said.in_flight.key)
            said.is_kept = True
            self._line.popleft()
            self._place.pending.remove(said.in_flight.key)

    async def _interrupt(self) -> None:
        """Keep at once what there is of everything."""
        if not self._may_write:
            await asyncio.sleep(0)  # the call before was interrupted too, most likely, and writes what it has first
        self._may_write_now()
        for said in self._line:
            if not said.is_complete:
                said.came.add(said.bursts.rest() if said.bursts is not None else ())
                said.message = said.came.message(said.promise.known_beforehand, _INTERRUPTED)
            said.is_complete = True
        self._keep()
