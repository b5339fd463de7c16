"""One message: an immutable value with a content hash, and the promise of one, which streams its tokens.

In: fields, tokens, parts. Out: `Message`, `MessagePromise`. Never: several messages, an agent, a provider.
"""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Generator, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, cast

from pydantic import BaseModel, ConfigDict, Field

from .by_part import PartReader, TextReader
from .errors import PendingPromiseError
from .frozen import AS_THEY_ARE, EMPTY, canonical_json, freeze, instances_inside
from .promising.failure import told
from .promising.marks import InText, has_mark, tokens_of
from .promising.passing import source_that
from .promising.scope import current
from .promising.source import ENDED, Source
from .promising.stream import Stream, StreamReader
from .promising.work import Work
from .recipe import PartsField, Recipe, checked, followed_by, is_one_text, one_by_one, pump, with_text

if TYPE_CHECKING:
    from .content import Part

__all__ = ["ErrorMessage", "Message", "MessagePromise"]


class Message(BaseModel):
    """Something that was said. Immutable, all the way down; subclass it to carry more than text.

    Two messages are equal if they are of one class and their content is: every field but `metadata`. `str()` is the
    text. A message counts as its own promise: `await` gives itself, `async for` its text as one token.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = ""
    role: str | None = None
    """Who speaks, as model APIs name it ("user", "assistant", "system"); None leaves it to whoever reads."""
    metadata: Mapping[str, Any] = Field(default_factory=lambda: EMPTY)
    """How it came about: model, usage, finish reason, times. No part of the content, so not of the hash either."""
    parts: PartsField = Field(default=cast("Any", ()))
    """All of its content, in order (see `content`), where that is more than text; `text` is then what the parts say.

    A text given beside parts without any comes first among them. Strings become `Text`; one part need be no list.
    """
    data: Any = None
    """The object that the text stands for, where a model was asked for one (`schema=`), validated."""

    def model_post_init(self, _context: Any, /) -> None:
        """Freeze what is inside, and refuse a text that has a promise in it.

        Raises:
            PendingPromiseError: The text was made from a promise that is still arriving.
            UnsupportedPieceError: Something in `parts` is no part of a message.
            UsageError: The text is another one than that of the parts.
        """
        for fields in (self.__dict__, self.__pydantic_extra__ or {}):
            for name, value in fields.items():
                if value.__class__ is str:
                    if has_mark(value):
                        raise PendingPromiseError(
                            "a Message needs its whole text; `await` the promise first,"
                            " or give the text to `reply` as a string"
                        )
                elif value.__class__ not in AS_THEY_ARE and value is not _NO_PARTS:
                    fields[name] = freeze(value)
        if self.parts:
            self.__dict__.update(with_text(self.text, self.parts))
        if isinstance(self.data, BaseModel):
            self.content_hash  # noqa: B018 - now, for only the models of `content` and messages are sure never to change

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:  # noqa: ARG002
        """Return this message with other values in some fields, validated like any; what is frozen needs no copy."""
        fields = {name: getattr(self, name) for name in self.model_fields_set} | (self.__pydantic_extra__ or {})
        return type(self)(**fields | dict(update or {}))

    @classmethod
    def promise(
        cls,
        tokens: "AsyncIterable[str | Part] | Iterable[str | Part]",
        /,
        *,
        afterwards: Mapping[str, Any] | None = None,
        keep: bool | None = None,
        **fields: Any,
    ) -> "MessagePromise":
        """Return a message of this class that streams `tokens`, starting at once.

        Args:
            tokens: The text, piece by piece; it is read once, by a task of its own where it is asynchronous. Between
                them may come other parts, whole, and what is thought as `Thought`s, with their `Thinking` behind them.
            afterwards: Fields that are known only when the last token has come; looked at then, so fill it meanwhile.
            keep: Whether tokens to come stay for readers to come. If not, `tokens` is read no faster than the slowest
                reader reads, and a reader that comes too late gets a `PiecesGoneError`; whoever awaits the message is a
                reader too. If nothing is said, as for the call in which it is made: see `MiniAgent.inquire`.
            fields: What is known beforehand.

        Raises:
            NoScopeError: The tokens are still to come and there is no open scope to own the task.
        """
        if isinstance(tokens, str):
            tokens = tokens_of(tokens) if has_mark(tokens) else [tokens]
        if parts := fields.pop("parts", ()):
            from .content import parts_of  # noqa: PLC0415 - most messages have none

            tokens = followed_by(tokens, parts_of(parts))
        recipe = Recipe(cls, ErrorMessage, fields, EMPTY if afterwards is None else afterwards)
        if not isinstance(tokens, AsyncIterable):
            tokens = tuple(tokens)
            if any(checked(token) and (token.__class__ is not str or has_mark(token)) for token in tokens):
                tokens = one_by_one(tokens)
        if isinstance(tokens, AsyncIterable):
            source = source_that(keeps=current().keeps_pieces if keep is None else keep)
            work = Work(None, source, recipe.tell)
            return MessagePromise(source, recipe, work.start(pump, source, tokens, recipe, work.scope))
        source = Source[str]()
        for token in tokens:
            if token:
                source.push(cast("str", token))
        recipe.make(source.pieces)
        source.close()
        return MessagePromise(source, recipe)

    @cached_property
    def content_hash(self) -> str:
        """The SHA-256 of the content, in hex: equal content, equal hash, in every process and version of Python.

        What is hashed is the canonical JSON of `{"version": 1, "class": …, "fields": {…}}` with the fields that differ
        from their defaults, `metadata` left out, and each message inside replaced by its own hash.
        """
        waiting: list[Message] = [self]
        while True:  # a thread of replies may be longer than the stack is high
            message, below = waiting[-1], list[Message]()
            content_hash = message._hash_unless(below)
            if below:
                waiting.extend(below)
                continue
            if len(waiting) == 1:
                return content_hash
            waiting.pop().__dict__.setdefault("content_hash", content_hash)

    @property
    def inside(self) -> "tuple[Message, ...]":
        """The messages that its content has in it, at any depth but not those inside other messages."""
        fields = {name: value for name, value in self.__dict__.items() if name in type(self).model_fields}
        fields.update({"metadata": None}, **(self.__pydantic_extra__ or {}))
        return tuple(instances_inside(fields, Message))

    def _hash_unless(self, below: "list[Message]") -> str:
        """Return the hash, unless there are messages in it that have none yet: put those into `below`."""

        def hash_instead(value: Any) -> dict[str, Any] | None:
            if not isinstance(value, Message):
                return to_hash(value) if is_rich else None
            content_hash = value.__dict__.get("content_hash")
            if content_hash is None:
                below.append(value)
            return {"$message": content_hash}

        if is_rich := bool(self.parts):
            from .content import to_hash  # noqa: PLC0415 - as above
        left_out = {"metadata", "parts"} if is_rich and is_one_text(self.parts) else {"metadata"}
        fields = {
            name: self.__dict__[name]
            for name, field in type(self).model_fields.items()
            if name not in left_out
            and self.__dict__[name] != field.get_default(call_default_factory=True, validated_data=self.__dict__)
        }
        fields.update(self.__pydantic_extra__ or {})
        content = {"version": 1, "class": type(self).__name__, "fields": fields}
        return hashlib.sha256(canonical_json(content, hash_instead)).hexdigest()

    def __str__(self) -> str:
        return self.text

    def __repr_args__(self) -> "Iterable[tuple[str | None, Any]]":
        rare = {"parts": (), "data": None}
        return [(name, value) for name, value in super().__repr_args__() if value is not rare.get(name or "", _set)]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return self is other or (type(self) is type(other) and self.content_hash == other.content_hash)

    def __hash__(self) -> int:
        return hash(self.content_hash)

    def __await__(self) -> Generator[None, None, Self]:
        return self
        yield  # makes this a generator, one that is done at once

    def __aiter__(self) -> AsyncIterator[str]:
        return MessagePromise.of(self).__aiter__()


class ErrorMessage(Message):
    """What an agent replies instead of an error where `errors_as_messages` is on.

    `text` is what had come of the message before, if it broke while it streamed, and then the error in one line.
    """

    error: str = ""
    """The name of the error's class."""

    @classmethod
    def of(cls, error: BaseException) -> Self:
        """Return the message that tells of `error`."""
        return cls(text=told(error), error=type(error).__name__)


class MessagePromise(InText, Stream[str, Message]):
    """A message that may still be arriving: iterate it for tokens (`str`, none empty), await it for the message."""

    __slots__ = ("_recipe", "_text")

    _text: str | None
    """The text, where it was there from the start; then there is no source before somebody iterates."""

    def __init__(self, source: Source[str], recipe: Recipe, work: Work | None = None) -> None:
        """For `Message.promise`, which sees to it that something fills the source."""
        self._source, self._work, self._wanted, self._whole = source, work, False, None
        self._recipe, self._text = recipe, None

    @classmethod
    def of(cls, message: Message | str) -> "MessagePromise":
        """Return the promise of a message, or of one with just this text, that is there already."""
        promise = cls(ENDED, _NO_RECIPE)
        if isinstance(message, str):
            promise._text = message  # the message itself is made if somebody wants it
        else:
            promise._text, promise._whole = message.text, message
        return promise

    @property
    def known_beforehand(self) -> Mapping[str, Any]:
        """The message's fields as far as they were known before its content."""
        if self._whole is None:
            return self._recipe.known_beforehand
        return {name: getattr(self._whole, name) for name in type(self._whole).model_fields if name not in _CONTENT}

    def parts(self) -> PartReader:
        """Read it by part: its tokens, as `str`; what is thought, as `Thought`s; every other part, when it is whole.

        As `async for token in promise`, this gives everything from the start, to any number of readers. The `Thinking`
        that comes whole behind its thoughts is given too.
        """
        reader = self.__aiter__()
        if self._whole is not None and self._whole.parts and not self._recipe.between and self._source.keeps:
            return PartReader(self, ENDED, [(0, part) for part in self._whole.parts])
        return PartReader(self, reader._source, self._recipe.between)

    def __aiter__(self) -> StreamReader[str]:
        if self._text and self._source is ENDED:
            self._source = Source()
            self._source.push(self._text)
            self._source.close()
        return super().__aiter__() if self._source.keeps else TextReader(self, super().__aiter__()._source)

    def __repr__(self) -> str:
        if self._whole is not None:
            return f"<MessagePromise of {self._whole!r}>"
        if self._text is not None:
            return f"<MessagePromise of {self._text!r}>"
        state = "failed" if self._source.failure else "complete" if self._source.closed else "arriving"
        return f"<MessagePromise, {state}: {len(self._source.pieces)} tokens so far>"

    def _make_whole(self, pieces: Sequence[str]) -> Message:
        if self._recipe is _NO_RECIPE:
            return _message_of(self._text or "")
        if self._recipe.message is None:
            message = self._recipe.make(pieces)
            if self._work is not None:
                self._work.scope.made(message)
        return cast("Message", self._recipe.message)

    def _now(self) -> Message | None:
        if self._whole is None and self._source.closed and self._source.keeps:
            return self.take()
        return self._whole


def _message_of(text: str) -> Message:
    """Return what `Message(text=text)` does for a text without marks; that is the most frequent one, and takes long."""
    message = Message.__new__(Message)
    _set(message, "__dict__", {"text": text, "role": None, "metadata": EMPTY, "parts": (), "data": None})
    _set(message, "__pydantic_fields_set__", {"text"})
    _set(message, "__pydantic_extra__", None)
    _set(message, "__pydantic_private__", None)
    return message


_set = object.__setattr__
_NO_PARTS = ()
_CONTENT = frozenset({"text", "parts", "data"})
"""The fields that are known when a message is whole."""
_NO_RECIPE = Recipe(Message, ErrorMessage, EMPTY, EMPTY)
