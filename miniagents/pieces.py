"""Several messages: sequences of promises, and the one door through which everything that can be a message comes in.

In: strings, dicts, messages, promises, sequences, and iterables of all these. Out: `MessageSequencePromise`, a stream
of message promises. Never: who asked, but for a name to put into an error.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard, Union

from pydantic import BaseModel, ValidationError

from .errors import UnsupportedPieceError
from .message import ErrorMessage, Message, MessagePromise
from .promising.marks import MARK, InText, has_mark, tokens_of
from .promising.passing import source_that
from .promising.promise import Promise
from .promising.scope import Scope, current
from .promising.sequence import SequencePromise, SequenceReader
from .promising.source import ENDED, Source
from .promising.stream import Stream, let_go_after
from .promising.work import Work

if TYPE_CHECKING:
    from .content import Part

__all__ = [
    "MessageSequencePromise",
    "MessageTuple",
    "MessageType",
    "is_plain_text",
    "pieces_of",
    "sequence_of",
    "tell_as_message",
    "text_promise",
]

_Given: TypeAlias = Union[
    str,
    Mapping[str, Any],
    "Message",
    "MessagePromise",
    "MessageSequencePromise",
    "Part",
    Promise[Any],
    Iterable["_Given"],
    AsyncIterable["_Given"],
]
MessageType: TypeAlias = _Given | None
"""What can be handed to an agent, or be its reply. A dict has a message's fields; None is no message at all."""


class MessageTuple(tuple[Message, ...]):
    """Messages that are all there; `str()` is their texts with a blank line between them."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n\n".join(message.text for message in self if message.text or not message.parts)

    @property
    def data(self) -> Any:
        """The object that the last message which stands for one has (see `Message.data`), or None."""
        return next((message.data for message in reversed(self) if message.data is not None), None)


class MessageSequencePromise(InText, SequencePromise[MessagePromise, MessageTuple]):
    """Messages that may still be arriving: iterate it for their promises, in order; await it for all of them, whole."""

    __slots__ = ()

    def __init__(self, prefill_pieces: MessageType = None) -> None:
        """Make a sequence of what is known already; `prefill_pieces` is anything that could be a reply.

        Raises:
            UnsupportedPieceError: Something in it can be no message.
        """
        source: Source[Any] = Source()
        source.pieces = pieces_of(prefill_pieces, "prefill_pieces")
        source.close()
        super().__init__(source)

    @classmethod
    def over(cls, source: Source[Any], work: Work | None) -> "MessageSequencePromise":
        """Return the sequence of what `work` puts into `source`."""
        sequence = cls.__new__(cls)
        sequence._source, sequence._work, sequence._wanted, sequence._whole = source, work, False, None
        return sequence

    def __repr__(self) -> str:
        source = self._source
        state = "failed" if source.failure else "complete" if source.closed else "arriving"
        return f"<MessageSequencePromise, {state}: {len(source.pieces)} pieces so far>"

    async def _settle(self) -> MessageTuple:
        if self._whole is not None:
            return self._whole
        promises: list[MessagePromise] = []
        reader = SequenceReader(self, self._source.first())
        try:
            while reader.source is not ENDED:
                promise = reader.step()
                if promise is not None:
                    promises.append(promise)
                elif reader.source is not ENDED:
                    await reader.source.next()
            self._whole = MessageTuple([promise._now() or await promise for promise in promises])
        except asyncio.CancelledError as error:
            let_go_after(error)
            raise
        return self._whole

    def _now(self) -> MessageTuple | None:
        pending: list[Stream[Any, Any]] = [self]
        while pending:
            stream = pending.pop()
            if not stream.is_done or not stream._source.keeps:
                return None
            if isinstance(stream, MessageSequencePromise):
                pending.extend(stream._source.pieces)
        if self._whole is None:
            promises = iter(SequenceReader(self, self._source).step, None)
            self._whole = MessageTuple([promise.take() for promise in promises])
        return self._whole


Piece: TypeAlias = MessagePromise | MessageSequencePromise


def pieces_of(messages: MessageType, taker: str, *, keep: bool | None = None) -> list[Piece]:
    """Return the promises that `messages` stands for, in order; lists and iterators are read, streams are not.

    Args:
        messages: What was handed over.
        taker: Who was given it.
        keep: Whether messages to come, from async iterables, stay for readers to come; else as for whoever asks.

    Raises:
        UnsupportedPieceError: Something in it can be no message; `taker` is named as who would not take it.
        NoScopeError: Something in it is still to come and there is no open scope.
    """
    if messages is None:
        return []
    if is_plain_text(messages):
        return [MessagePromise.of(messages)]
    if _is_whole(messages):
        return [MessagePromise.of(message) for message in messages]
    one = _one_piece(messages, taker, keep)
    return [one] if one is not None else _flattened(messages, taker, keep)


def _flattened(messages: Any, taker: str, keep: bool | None) -> list[Piece]:  # noqa: FBT001 - as it came
    pieces: list[Piece] = []
    started: list[Piece] = []
    nested: list[Iterator[Any]] = [_iterator(messages, taker)]
    try:
        while nested:
            for message in nested[-1]:
                one = _one_piece(message, taker, keep)
                if one is None:
                    nested.append(_iterator(message, taker))
                    break
                pieces.append(one)
                if one is not message:
                    started.append(one)
            else:
                nested.pop()
    except BaseException:
        for piece in started:  # what is refused is refused whole
            piece.cancel()
        raise
    return pieces


def is_plain_text(messages: object) -> TypeGuard[str]:
    """Say whether it is by far the most frequent kind of message: a text with no promise inside it."""
    return messages.__class__ is str and MARK not in messages


def sequence_of(messages: MessageType, taker: str, *, keep: bool | None = None) -> MessageSequencePromise:
    """Return `messages` as a sequence: itself, where it is one; the arguments are those of `pieces_of`.

    Raises:
        UnsupportedPieceError: As for `pieces_of`.
        NoScopeError: As for `pieces_of`.
    """
    if isinstance(messages, MessageSequencePromise):
        return messages
    source: Source[Any] = Source()
    source.pieces = pieces_of(messages, taker, keep=keep)
    source.closed = True
    sequence = MessageSequencePromise.over(source, None)
    sequence._whole = messages if _is_whole(messages) else None
    return sequence


def _is_whole(messages: object) -> TypeGuard[MessageTuple]:
    """Say whether it is what one gets when one awaits a sequence: that is sent on often, and needs no looking into."""
    if messages.__class__ is not MessageTuple:
        return False
    for message in messages:  # noqa: SIM110 - `all` takes three times as long
        if not isinstance(message, Message):
            return False
    return True


def text_promise(text: str, **fields: Any) -> MessagePromise:
    """Return `text` as a message with these `fields`; the promises inside it (f-strings) are put in as they arrive.

    Raises:
        NoScopeError: There is a promise inside it that is still to come, and no open scope.
        PendingPromiseError: There was a promise inside it that is gone.
    """
    if has_mark(text):
        return Message.promise(tokens_of(text), **fields)
    return MessagePromise.of(Message(text=text, **fields) if fields else text)


def _one_piece(  # noqa: PLR0911 - one return a kind of message
    message: Any,
    taker: str,
    keep: bool | None,  # noqa: FBT001 - as it came
) -> Piece | None:
    """Return the promise for it, or None where it holds many."""
    if isinstance(message, str):
        return text_promise(message)
    if isinstance(message, Message):
        return MessagePromise.of(message)
    if isinstance(message, MessagePromise | MessageSequencePromise):
        return message
    if isinstance(message, list | tuple):  # before the classes below, which take longer to rule out
        return None
    if isinstance(message, Mapping):
        return _from_fields(message, taker)
    from .content import Part  # noqa: PLC0415 - most messages are text alone

    if isinstance(message, Part):
        return MessagePromise.of(Message(parts=(message,)))
    if isinstance(message, Promise | AsyncIterable):
        source = source_that(keeps=current().keeps_pieces if keep is None else keep)
        work = Work(None, source, tell_as_message)
        return MessageSequencePromise.over(source, work.start(_pump, source, message, taker, work.scope))
    return None


def _from_fields(fields: Mapping[Any, Any], taker: str) -> MessagePromise:
    text = fields.get("text")
    streams = isinstance(text, str) and has_mark(text)
    try:
        message = Message(**{**fields, "text": ""} if streams else fields)
    except UnsupportedPieceError as error:  # by one of its parts
        raise UnsupportedPieceError(f"{taker}: {error}") from None
    except (ValidationError, TypeError) as error:
        faults = [repr(key) for key in fields if type(key) is not str]
        if isinstance(error, ValidationError):
            faults = [".".join(map(str, fault["loc"])) for fault in error.errors()]
        known, faulty = ", ".join(Message.model_fields), ", ".join(faults)
        raise UnsupportedPieceError(f"{taker}: a dict with {faulty} is no message; its keys may be {known}") from None
    return text_promise(**fields) if streams else MessagePromise.of(message)


def _iterator(messages: Any, taker: str) -> Iterator[Any]:
    if isinstance(messages, list | tuple):
        return iter(messages)
    if isinstance(messages, Iterable) and not isinstance(messages, bytes | bytearray | BaseModel | Awaitable):
        return iter(messages)
    raise UnsupportedPieceError(
        f"{taker}: {type(messages).__qualname__} is no message;"
        " give str, dict, Message, Part, a promise of one, or an (async) iterable of these"
    )


async def _pump(source: Source[Any], messages: Promise[Any] | AsyncIterable[Any], taker: str, scope: Scope) -> None:
    try:
        if isinstance(messages, Promise):
            await _put(source, pieces_of(await messages, taker), scope)
        else:
            async for message in messages:
                await _put(source, pieces_of([message], taker), scope)
    finally:
        if isinstance(messages, AsyncGenerator):
            await messages.aclose()


async def _put(source: Source[Any], pieces: Iterable[Piece], scope: Scope) -> None:
    for piece in pieces:
        source.push(piece)
        scope.made(piece)
        if not source.keeps:
            await source.room()


def tell_as_message(work: Work, error: Exception) -> None:
    """Let the reply that a work makes end with an error, as a message."""
    promise = MessagePromise.of(ErrorMessage.of(error))
    work.source.push(promise)
    work.scope.made(promise)
