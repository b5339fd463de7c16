"""The stream of a model on Amazon's Bedrock as server-sent events: frames of Amazon's own, with events inside.

Format: Amazon's event stream encoding, https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html,
and `InvokeModelWithResponseStream` of Bedrock's runtime (2026-11). All of a frame is covered by a checksum.

In: an HTTP library's response. Out: one that is read in its place. Never: an SDK; what the events say.
"""

import json
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator, Mapping
from struct import error as StructError  # noqa: N812 - the name alone would say nothing
from struct import unpack_from
from typing import Any, Final, Self
from zlib import crc32

__all__ = ["CONTENT_TYPE", "FrameDecoder", "Unframed"]

CONTENT_TYPE: Final = "application/vnd.amazon.eventstream"

_PRELUDE_BYTES: Final = 12
"""The length of all, that of the headers, and the checksum of both."""
_CHECKSUM_BYTES: Final = 4
_LONGEST_FRAME_BYTES: Final = 24 * 1024 * 1024
"""As Amazon's own decoder allows."""
_TEXT: Final = 7
_LENGTHS: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes in the value of a header, by its type; those of the types 6 and 7 say it themselves."""
_TYPES: Final = {
    "throttlingException": "rate_limit_error",
    "serviceUnavailableException": "overloaded_error",
    "validationException": "invalid_request_error",
}
"""What Anthropic's own API calls the exceptions of Amazon's; all others are failures."""


class FrameDecoder:
    """Makes events of frames that come cut anywhere; an unfinished frame is no event."""

    def __init__(self) -> None:
        self._unread = bytearray()

    def feed(self, chunk: bytes) -> bytes:
        """Return the server-sent events in the frames that these bytes complete.

        Raises:
            ValueError: They are no frames.
        """
        self._unread += chunk
        try:
            return b"".join(map(_event_in, self._frames()))
        except (ValueError, StructError):
            raise _broken() from None

    def _frames(self) -> Iterator[bytes]:
        while len(self._unread) >= _PRELUDE_BYTES:
            length, _, checksum = unpack_from(">III", self._unread)
            fits = _PRELUDE_BYTES + _CHECKSUM_BYTES <= length <= _LONGEST_FRAME_BYTES
            if not fits or crc32(self._unread[: _PRELUDE_BYTES - _CHECKSUM_BYTES]) != checksum:
                raise _broken()
            if len(self._unread) < length:
                return
            frame = bytes(self._unread[:length])
            del self._unread[:length]
            if (crc32(frame[:-_CHECKSUM_BYTES]),) != unpack_from(">I", frame, length - _CHECKSUM_BYTES):
                raise _broken()
            yield frame


def _event_in(frame: bytes) -> bytes:
    (length,) = unpack_from(">I", frame, 4)
    headers = dict(_headers_in(frame[_PRELUDE_BYTES : _PRELUDE_BYTES + length]))
    payload = json.loads(frame[_PRELUDE_BYTES + length : -_CHECKSUM_BYTES] or b"{}")
    if headers.get(":message-type") != "event":
        kind = headers.get(":exception-type") or headers.get(":error-code") or "error"
        kind = _TYPES.get(kind, kind)
        said = payload.get("message") or headers.get(":error-message") or ""
        return _written("error", json.dumps({"type": "error", "error": {"type": kind, "message": said}}).encode())
    event = b64decode(payload.get("bytes") or "")
    name = json.loads(event).get("type") if event else None
    return _written(name, event) if isinstance(name, str) else b""


def _written(name: str, data: bytes) -> bytes:
    lines = b"".join(b"data: %b\n" % line for line in data.splitlines())
    return b"event: %b\n%b\n" % (name.encode(), lines)


def _headers_in(data: bytes) -> Iterator[tuple[str, str]]:
    """Give those of the headers that are texts."""
    place = 0
    while place < len(data):
        end = place + 1 + data[place]
        name, kind = data[place + 1 : end].decode(), data[end]
        place = end + 1
        if kind in _LENGTHS:
            place += _LENGTHS[kind]
            continue
        (length,) = unpack_from(">H", data, place)
        if kind == _TEXT:
            yield name, data[place + 2 : place + 2 + length].decode()
        place += 2 + length


def _broken() -> ValueError:
    return json.JSONDecodeError("no frame of Amazon's event stream", "", 0)


class Unframed:
    """A response that is a stream of frames, read as one of server-sent events."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self.headers: Mapping[str, str] = response.headers
        self.stream = _UnframedBody(aiter(response.stream))

    async def aclose(self) -> None:
        """Close the response."""
        await self._response.aclose()


class _UnframedBody:
    """No generator, for one that is closed would leave that inside it to the garbage collector."""

    def __init__(self, body: AsyncIterator[bytes]) -> None:
        self._body = body
        self._frames = FrameDecoder()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while not (events := self._frames.feed(await anext(self._body))):
            pass
        return events
