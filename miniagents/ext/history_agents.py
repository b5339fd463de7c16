"""History agents: they keep what was said, in memory or in a Markdown file, and reply with all of it.

A history agent is called with what was said last, and with `previous`: its own reply to the call before, None at first.
It replies with the conversation up to and with what was said last, at a cost that does not grow with the conversation.
Nothing breaks in it: a message that broke ends where it broke, and its metadata tells: `status` is "interrupted"
(somebody cancelled it), "cut" (it stopped before its end) or "failed", and `error` says why. One that broke before its
first token or part was never said. The error itself is for whoever shows the reply.

In: messages. Out: messages. Never: how a transcript looks, what a message means to a model.
"""

import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from functools import partial as bound
from pathlib import Path
from typing import Any, TypeAlias

from ..content import Part
from ..frozen import EMPTY
from ..messages import Message, MessagePromise, MessageSequencePromise
from ..miniagents import InteractionContext, miniagent
from . import transcript, transcript_in_flight
from .transcript_format import MessageClasses
from .transcript_keeping import Keeping, Place, as_far_as_it_came, next_said
from .transcript_path import BEGINNING, conversation
from .whole_message import WholeMessage

__all__ = ["in_memory_history_agent", "markdown_history_agent"]

_File: TypeAlias = str | os.PathLike[str]


@miniagent
async def in_memory_history_agent(
    ctx: InteractionContext, previous: MessageSequencePromise | None = None, *, start: Iterable[Message] = ()
) -> None:
    """Keep the conversation for as long as somebody holds it; a message is in the reply as soon as it has begun.

    Args:
        ctx: The call.
        previous: The reply to the call before.
        start: What was said before the first call, for which there is no `previous`.
    """
    ctx.reply(tuple(start) if previous is None else previous)
    said = aiter(ctx.message_promises)
    while (promise := await next_said(said)) is not None:
        has_begun = False
        if not promise.is_done:
            with suppress(Exception):
                has_begun = await anext(promise.parts(), None) is not None
        ctx.reply(_as_it_comes(promise) if has_begun else await as_far_as_it_came(promise))


@miniagent
async def markdown_history_agent(  # noqa: PLR0913 - by name
    ctx: InteractionContext,
    history_md_file: _File | Callable[[], _File],
    previous: MessageSequencePromise | None = None,
    *,
    at: str | None = None,
    message_classes: MessageClasses = EMPTY,
    on_kept: Callable[[str], object] | None = None,
) -> None:
    """Keep the conversation in a Markdown file, and go on with what is there already.

    A message is in the reply once it is all there, and on the disk. Of one that is still arriving, the text that has
    come is on the disk too, in a file beside: a program that is killed loses the last 30th of a second of it at most.
    (Of thoughts, calls of tools and other parts it loses those that came since the last whole message.)

    Args:
        ctx: The call.
        history_md_file: The file, or what gives it; made when there is something to keep. chats/README.md describes it.
        previous: The reply to the call before; without it, the file is read.
        at: The key of the message in the file that the first call goes on from, "" for none; the last by default. What
            others say in the file meanwhile is not in the reply.
        message_classes: What to make messages of other classes of that the file holds, by their names; one that is not
            among them becomes a plain `Message` with `class` and `fields` in its metadata.
        on_kept: Called with the key of each message once it is on the disk.

    Raises:
        TranscriptError: The file cannot be read or written, or holds no message `at`.
    """
    path = Path(history_md_file() if callable(history_md_file) else history_md_file)
    place = Place(previous)
    ctx.reply(place)
    if previous is None:
        transcript_in_flight.recover(path)
        records = conversation(transcript.read_records(path, message_classes, missing_ok=True), at)
        place.kept = records[-1].key if records else BEGINNING
        ctx.reply([record.message for record in records])
    else:
        ctx.reply(previous)
    await Keeping(ctx, bound(transcript_in_flight.InFlight, path), place, on_kept).run(previous)


def _as_it_comes(promise: MessagePromise) -> MessagePromise:
    """Return a message that streams as `promise` does, and ends where that breaks."""
    afterwards: dict[str, Any] = {}

    async def pieces() -> AsyncIterator[str | Part]:
        with suppress(Exception):
            async for piece in promise.parts():
                yield piece
        afterwards[WholeMessage.MESSAGE] = await as_far_as_it_came(promise)

    return WholeMessage.promise(pieces(), afterwards=afterwards, **promise.known_beforehand)
