"""A promise inside a text: `f"You said: {promise}"`.

Formatting a stream that is still arriving cannot give its text. It gives a mark instead, which whatever takes text from
an agent finds and replaces by the stream itself. A mark carries a nonce of this process, so nobody else can write one;
its words tell a person what to do if it ever gets to be seen. The stream lives as long as the agent (or the scope) in
which it was formatted.
"""

import re
import secrets
from collections.abc import AsyncGenerator
from itertools import count
from typing import TYPE_CHECKING, Any, Final, cast
from weakref import WeakKeyDictionary, WeakValueDictionary

from ..errors import PendingPromiseError
from .scope import current
from .stream import Stream

__all__ = ["MARK", "InText", "has_mark", "tokens_of"]

MARK: Final = f"\u2063<await this promise first: {secrets.token_hex(8)}:"
"""How a mark begins; what has it not has no mark."""
_CLOSE = ">\u2063"
_MARK = re.compile(f"{re.escape(MARK)}([0-9]+){re.escape(_CLOSE)}")
_next_number = count().__next__
_numbers: WeakKeyDictionary[Stream[Any, Any], str] = WeakKeyDictionary()
_marked: WeakValueDictionary[str, Stream[Any, Any]] = WeakValueDictionary()


class InText:
    """How a stream behaves in texts: its text if it is all there, else a mark; mixed into those that have a text."""

    __slots__ = ()

    if TYPE_CHECKING:

        def _now(self) -> object:
            """Return the whole, or None if it is not there yet."""

    def __str__(self) -> str:
        whole = self._now()
        if whole is None:
            raise PendingPromiseError(
                f"the text of this {type(self).__name__} is not there yet; `await` it first, or put it into an f-string"
                " that goes to `reply` or `inquire`"
            )
        return str(whole)

    def __format__(self, spec: str) -> str:
        if spec or self._now() is not None:
            return format(str(self), spec)
        return _mark(cast("Stream[Any, Any]", self))


def _mark(stream: Stream[Any, Any]) -> str:
    owner = current()
    number = _numbers.get(stream)
    if number is None:
        number = _numbers[stream] = str(_next_number())
        _marked[number] = stream
    if owner.keeps is None:
        owner.keeps = {}
    owner.keeps[number] = stream
    return f"{MARK}{number}{_CLOSE}"


def has_mark(text: str) -> bool:
    """Say whether there is a mark in `text`."""
    return MARK in text


def tokens_of(text: str) -> AsyncGenerator[str, None]:
    """Give `text` with what its marks stand for in their places, each as it arrives; sequences by blank lines.

    Raises:
        PendingPromiseError: A stream is gone: the text was kept after the agent ended that had formatted it.
    """
    parts = _split_at_marks(text)  # now, while they are there
    for part in parts:
        if isinstance(part, Stream):
            part._wanted = True  # whoever reads the text wants all of it
    return _tokens(parts)


async def _tokens(parts: list[str | Stream[Any, Any]]) -> AsyncGenerator[str, None]:
    for part in parts:
        if isinstance(part, str):
            yield part
            continue
        separator = ""
        async for piece in part:
            if isinstance(piece, str):
                yield piece
                continue
            if separator:
                yield separator
            separator = "\n\n"
            async for token in piece:
                yield token


def _split_at_marks(text: str) -> list[str | Stream[Any, Any]]:
    parts: list[str | Stream[Any, Any]] = []
    for position, part in enumerate(_MARK.split(text)):
        if position % 2 == 0:
            parts.extend([part] if part else [])
            continue
        stream = _marked.get(part)
        if stream is None:
            raise PendingPromiseError("a text outlived the promise inside it; `await` the promise before formatting it")
        parts.append(stream)
    return parts
