"""The history agent whose conversations are in the database.

In: messages. Out: messages. Never: tables, files, what a message means to a model.
"""

from collections.abc import Callable, Iterable
from functools import partial
from os import PathLike
from typing import TypeAlias

from miniagents import InteractionContext, Message, miniagent
from miniagents.ext.transcript import new_key, timestamp
from miniagents.ext.transcript_format import MessageClasses
from miniagents.ext.transcript_keeping import Keeping, Place
from miniagents.frozen import EMPTY
from miniagents.messages import MessageSequencePromise

from .conversations import keep, new_conversation, past
from .database import Database, named
from .flights import Flight, recover

__all__ = ["sqlite_history_agent"]

_File: TypeAlias = str | PathLike[str]


@miniagent
async def sqlite_history_agent(  # noqa: PLR0913 - by name
    ctx: InteractionContext,
    previous: MessageSequencePromise | None = None,
    *,
    database: _File | None = None,
    at: str | None = None,
    start: Iterable[Message] = (),
    message_classes: MessageClasses = EMPTY,
    on_kept: Callable[[str], object] | None = None,
    argument: str = "",
    shelf: object = None,  # noqa: ARG001 - for the chat program, which finds it in the agent's parameters
) -> None:
    """Keep the conversation in an SQLite database, and go on with one that is there already.

    A message is in the reply once it is all there, and on the disk. Of one that is still arriving, the text that has
    come is on the disk too, in a file beside: a program that is killed loses the last 30th of a second of it at most.
    (Of thoughts, calls of tools and other parts it loses those that came since the last whole message.)

    Args:
        ctx: The call.
        previous: The reply to the call before.
        database: Its file, made when there is something to keep; by default what MINIAGENTS_SQLITE names, or a file in
            the user's data folder. README.md describes its tables.
        at: The place that the first call goes on from, or the key of a conversation: after what was kept in it last.
            By default a new conversation begins.
        start: What was said before, where a new conversation begins.
        message_classes: As for `markdown_history_agent`.
        on_kept: Called with the place of each message once it is on the disk.
        argument: The database, where `database` says nothing: what a person wrote in `--history sqlite:FILE`.
        shelf: Nothing to the agent.

    Raises:
        TranscriptError: The database cannot be read or written, or has no place `at`.
    """
    place = _Place(previous, database or (named(argument) if argument else None))
    ctx.reply(place)
    if previous is None:
        ctx.reply(_taken_up(place, at, tuple(start), message_classes))
    else:
        ctx.reply(previous)
    places = place.parents()
    if not places:
        if place.before is not None:  # the call before failed, which is in the reply
            return
        place.kept = f"{new_conversation()}/"
        places = [place.kept]
    conversation = places[0].partition("/")[0]
    await Keeping(ctx, partial(Flight, place.database, conversation), place, on_kept).run(previous)


class _Place(Place):
    """A place that has the database with it, so that a conversation opens it once."""

    __slots__ = ("database",)

    def __init__(self, before: MessageSequencePromise | None, path: _File | None) -> None:
        super().__init__(before)
        if isinstance(self.before, _Place):
            self.database: Database = self.before.database
        else:
            self.before = None  # another agent's
            self.database = Database(path)


def _taken_up(
    place: _Place, at: str | None, start: tuple[Message, ...], message_classes: MessageClasses
) -> list[Message]:
    """Let `place` be where the conversation stands at its beginning, and return what was said before."""
    database = place.database
    if database.is_there:
        recover(database)
    if at:
        told = past(database, at, message_classes)
        place.kept = told.places[-1]
        return told.messages
    place.kept = beginning = f"{new_conversation()}/"
    for message in start:
        then = f"{beginning}{new_key()}"
        keep(database, then, message, parent=place.kept, time=timestamp())
        place.kept = then
    return list(start)
