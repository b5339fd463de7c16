"""Server-sent events: what comes of the bytes of a model's stream, before anybody knows which provider's it is.

Format: WHATWG HTML, section 9.2 "Server-sent events" (2026-11). In: bytes, cut anywhere. Out: events, and their JSON as
`Loose` objects; what nobody here knows stays in reach. Never: HTTP, an SDK, the words of a provider.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

if TYPE_CHECKING:
    from ...content import Part

__all__ = ["EventDecoder", "Loose", "ServerSentEvent", "TokenDecoder", "keep", "loose", "text_of", "written"]

_BOM: Final = b"\xef\xbb\xbf"
_LINE_ENDS: Final = (b"\n", b"\r")
_USUAL_EVENT: Final = re.compile(rb"(?:event: (.*+)\n)?data: (.++)\n\n")
"""An event in the shape in which providers write it; nothing but its parts, and no CR, may be in it."""

_KEPT_BYTES: Final = 4096
"""How long a value may be, as JSON, that is kept though nobody knows it: a metadata's line, not a second reply."""
_KEPT_NAMES: Final = 32
"""How many such values a reply keeps: providers add a handful."""


ServerSentEvent: TypeAlias = tuple[bytes, bytes]
"""The name of an event, empty where none was given, and its lines of data, joined by line feeds.

There are data, and neither is known to be UTF-8. A bare tuple, because there is one for each token.
"""


class TokenDecoder(Protocol):
    """What makes tokens of a provider's events, and fills an `Answer` with the rest."""

    ended: bool
    """Whether the API's end mark has come: what follows is none of the reply."""

    def tokens(self, events: Iterable[ServerSentEvent]) -> "Iterator[str | Part]":
        """Give the tokens and parts in these events, none empty, and then raise what is wrong with the next event."""


class EventDecoder:
    """Puts events together of bytes as they come, in time linear in their length; an unfinished event is no event.

    The fields `id` and `retry` are for clients that connect again, which no stream of a model allows.
    """

    __slots__ = ("_after_cr", "_data", "_is_between", "_is_first_line", "_name", "_unfinished")

    def __init__(self) -> None:
        self._unfinished: list[bytes] = []
        """The pieces of the last line, whose end has not come."""
        self._after_cr = False
        """Whether a line feed that comes next belongs to the line end before it."""
        self._is_first_line = True
        self._is_between = False
        """Whether what came last was the end of an event, so that the next byte begins another."""
        self._name = b""
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Return the events that these bytes complete."""
        events: list[ServerSentEvent] = []
        if self._is_between and b"\r" not in chunk:
            place = 0
            while found := _USUAL_EVENT.match(chunk, place):
                events.append((found[1] or b"", found[2]))
                place = found.end()
            chunk = chunk[place:]
        return [*events, *self._fed(chunk)] if chunk else events

    def _fed(self, chunk: bytes) -> list[ServerSentEvent]:
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_cr = False
        if not chunk:
            return []
        self._after_cr = chunk.endswith(b"\r")
        lines = chunk.splitlines()  # of bytes: at CR, LF and CRLF, and nowhere else
        rest = b"" if chunk.endswith(_LINE_ENDS) else lines.pop()
        if lines and (self._unfinished or self._is_first_line):
            lines[0] = self._first(lines[0])
        if rest:
            self._unfinished.append(rest)
        events = self._events(lines) if lines else []
        self._is_between = not (rest or self._data or self._name or self._after_cr or self._is_first_line)
        return events

    def _first(self, line: bytes) -> bytes:
        if self._unfinished:
            line = b"".join([*self._unfinished, line])
            self._unfinished.clear()
        if self._is_first_line:
            self._is_first_line = False
            line = line.removeprefix(_BOM)
        return line

    def _events(self, lines: list[bytes]) -> list[ServerSentEvent]:
        events, data = [], self._data
        for line in lines:
            if line.startswith(b"data:"):
                data.append(line[6:] if line.startswith(b" ", 5) else line[5:])
            elif line.startswith(b"event:"):
                self._name = line[7:] if line.startswith(b" ", 6) else line[6:]
            elif not line:
                if data:
                    joined = data[0] if len(data) == 1 else b"\n".join(data)
                    if joined:
                        events.append((self._name, joined))
                    data.clear()
                self._name = b""
            elif line == b"data":
                data.append(b"")
            elif line == b"event":
                self._name = b""
        return events


class Loose(dict[str, Any]):
    """A JSON object that is read like an SDK's: by attributes, and what is not there is None.

    Read only such names as no dict has of its own.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        return self.get(name)


_decoded: Final = json.JSONDecoder(object_hook=Loose).decode


def loose(data: bytes) -> Any:
    """Return the JSON of an event, objects as `Loose` ones.

    Takes all that the SDKs' decoder takes, `NaN` and half a surrogate pair included.

    Raises:
        json.JSONDecodeError: It is none.
    """
    try:
        return _decoded(data.decode("utf-8", "replace"))
    except RecursionError:
        raise json.JSONDecodeError("nested too deeply", "", 0) from None


def text_of(token: Any) -> str | None:
    """Return a token as it is.

    Raises:
        TypeError: It is no text.
    """
    if token is not None and not isinstance(token, str):
        raise TypeError("a token that is no text")
    return token


def written(answer: Any) -> bytes:
    """Return the JSON of an SDK's object, as it came: half a surrogate pair, which a model may say, included."""
    return json.dumps(answer.model_dump(warnings=False, exclude_unset=True), default=str).encode()


def keep(kept: dict[str, Any], said: dict[str, Any], known: frozenset[str]) -> None:
    """Keep what a provider said under names that are not known, the latest of each, unless it is null or long."""
    for name in said.keys() - known:
        value = said[name]
        if value is None or (name not in kept and len(kept) >= _KEPT_NAMES):
            continue
        try:
            written = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError):  # NaN, or half a surrogate pair: no metadata can hold them
            continue
        if len(written) <= _KEPT_BYTES:
            kept[name] = json.loads(written)
