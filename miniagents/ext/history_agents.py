"""History agents: they keep what was said, in memory or in a Markdown file, and reply with all of it.

A history agent is called with what was said last, and with `previous`: its own reply to the call before, None at first.
It replies with the conversation up to and with what was said last, at a cost that does not grow with the conversation.
Nothing breaks in it: a message that broke ends where it broke, and its metadata tells: `status` is "interrupted"
(somebody cancelled it), "cut" (it stopped before its end) or "failed", and `error` says why. One that broke before its
first token or part was never said. The error itself is for whoever shows the reply.

In: messages. Out: messages. Never: how a transcript looks, what a message means to a model.
"""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial as bound
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from ..content import Part, Thought
from ..errors import CallCancelledError, ReplyCutError
from ..frozen import EMPTY
from ..messages import Message, MessagePromise, MessageSequencePromise
from ..miniagents import InteractionContext, miniagent
from ..promising.promise import Promise
from ..recipe import assembled
from ..safe_text import one_line
from . import transcript, transcript_in_flight
from .transcript_format import MessageClasses, partial

__all__ = ["in_memory_history_agent", "markdown_history_agent"]

_File: TypeAlias = str | os.PathLike[str]


@miniagent
async def in_memory_history_agent(ctx: InteractionContext, previous: MessageSequencePromise | None = None) -> None:
    """Keep the conversation for as long as somebody holds it; a message is in the reply as soon as it has begun."""
    ctx.reply(previous)
    said = aiter(ctx.message_promises)
    while (promise := await _next(said)) is not None:
        has_begun = False
        if not promise.is_done:
            with suppress(Exception):
                has_begun = await anext(promise.parts(), None) is not None
        ctx.reply(_as_it_comes(promise) if has_begun else await _as_far_as_it_came(promise))


@miniagent
async def markdown_history_agent(
    ctx: InteractionContext,
    history_md_file: _File | Callable[[], _File],
    previous: MessageSequencePromise | None = None,
    *,
    message_classes: MessageClasses = EMPTY,
) -> None:
    """Keep the conversation in a Markdown file, and go on with what is there already.

    A message is in the reply once it is all there, and on the disk. Of one that is still arriving, the text that has
    come is on the disk too, in a file beside: a program that is killed loses nothing of it. (Of thoughts, calls of
    tools and other parts it loses those that came since the last whole message.)

    Args:
        ctx: The call.
        history_md_file: The file, or what gives it; made when there is something to keep. chats/README.md describes it.
        previous: The reply to the call before; without it, the file is read.
        message_classes: What to make messages of other classes of that the file holds, by their names; one that is not
            among them becomes a plain `Message` with `class` and `fields` in its metadata.

    Raises:
        TranscriptError: The file cannot be read or written.
    """
    path = Path(history_md_file() if callable(history_md_file) else history_md_file)
    if previous is None:
        transcript_in_flight.recover(path)
        ctx.reply(transcript.read(path, message_classes, missing_ok=True))
    else:
        ctx.reply(previous)
    await _Keeping(ctx, path).run(previous)


async def _next(said: AsyncIterator[MessagePromise]) -> MessagePromise | None:
    """Return the next message of those that there are, None at the end."""
    while True:
        try:
            return await anext(said, None)
        except Exception:  # noqa: BLE001, S112 - whoever shows the reply shows why there is no more of this part of it
            continue


async def _as_far_as_it_came(promise: MessagePromise) -> Message | None:
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
        async for piece in promise.parts():
            came.add(piece)
    return came.message(promise.known_beforehand, status)


_INTERRUPTED = {"status": "interrupted"}


class _Came:
    """What has come of a message."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self._between: list[tuple[int, Thought | Part]] = []

    def add(self, piece: "str | Part") -> None:
        """Take what is next, read by part."""
        if isinstance(piece, Thought | Part):
            self._between.append((len(self.tokens), piece))
        else:
            self.tokens.append(piece)

    def message(self, known_beforehand: Mapping[str, Any], status: Mapping[str, Any]) -> Message | None:
        """Return it as a message, None if there is nothing of it."""
        if not self.tokens and not self._between:
            return None
        return partial(known_beforehand, "".join(self.tokens), assembled(self.tokens, self._between), **status)


def _as_it_comes(promise: MessagePromise) -> MessagePromise:
    """Return a message that streams as `promise` does, and ends where that breaks."""
    afterwards: dict[str, Any] = {}

    async def pieces() -> AsyncIterator[str | Part]:
        with suppress(Exception):
            async for piece in promise.parts():
                yield piece
        afterwards[_Whole.MESSAGE] = await _as_far_as_it_came(promise)

    return _Whole.promise(pieces(), afterwards=afterwards, **promise.known_beforehand)


class _Whole(Message):
    """Makes a message that is there already, of a class that nobody knew when it began to stream."""

    MESSAGE: ClassVar = "message"

    def __new__(cls, **fields: Any) -> Message:  # type: ignore[misc]  # what it returns is what counts
        message: Message = fields[cls.MESSAGE]
        return message


class _Said:
    """One message that was said: how far it is on its way to the disk."""

    def __init__(self, promise: MessagePromise, path: Path) -> None:
        self.promise = promise
        self.in_flight = transcript_in_flight.InFlight(path, promise.known_beforehand)
        self.came = _Came()
        self.came.tokens = self.in_flight.tokens
        self.is_complete = False
        self.is_kept = False
        self.message: Message | None = None
        """What there is to keep, if it is complete."""


class _Keeping:
    """What one call has to keep, in the order in which it was said: each message once those before it are kept."""

    def __init__(self, ctx: InteractionContext, path: Path) -> None:
        self._ctx = ctx
        self._path = path
        self._line: deque[_Said] = deque()
        self._may_write = False
        """Whether everything that was said before this call is kept, and there was no error yet."""

    async def run(self, previous: MessageSequencePromise | None) -> None:
        """Keep it all, and reply with it."""
        helpers: list[Promise[None]] = []
        try:
            if previous is None or previous.is_done:
                self._may_write = True
            else:
                helpers.append(self._start(bound(self._wait_for, previous)))
            said = aiter(self._ctx.message_promises)
            while (promise := await _next(said)) is not None:
                self._line.append(_Said(promise, self._path))
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
        self._may_write = True
        self._keep()

    async def _follow(self, said: _Said) -> None:
        """Follow a message to its end, saving what has come of it once a turn of the loop."""
        in_flight, came, soon = said.in_flight, said.came, asyncio.get_running_loop().call_soon
        if not said.promise.is_done:
            with suppress(Exception):
                async for piece in said.promise.parts():
                    if in_flight.is_saved:
                        soon(in_flight.save)  # which does nothing where this is no token
                    came.add(piece)
        said.message = await _as_far_as_it_came(said.promise)
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
                said.in_flight.keep(said.message)
                self._may_write = True
                self._ctx.reply(said.message)
            said.is_kept = True
            self._line.popleft()

    async def _interrupt(self) -> None:
        """Keep at once what there is of everything."""
        if not self._may_write:
            await asyncio.sleep(0)  # the call before was interrupted too, most likely, and writes what it has first
        self._may_write = True
        for said in self._line:
            if not said.is_complete:
                said.message = said.came.message(said.promise.known_beforehand, _INTERRUPTED)
            said.is_complete = True
        self._keep()
