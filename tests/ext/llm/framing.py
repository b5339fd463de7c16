"""Amazon's frames around the events of a model, put together as Amazon's pages describe them."""

import json
from base64 import b64encode
from struct import pack
from typing import Any
from zlib import crc32


def header(name: str, kind: int, value: bytes) -> bytes:
    """Return one header."""
    return bytes([len(name)]) + name.encode() + bytes([kind]) + value


def text(name: str, value: str) -> bytes:
    """Return a header that is a text."""
    return header(name, 7, pack(">H", len(value)) + value.encode())


def frame(headers: bytes, payload: bytes) -> bytes:
    """Return a frame with its two checksums."""
    prelude = pack(">II", 16 + len(headers) + len(payload), len(headers))
    whole = prelude + pack(">I", crc32(prelude)) + headers + payload
    return whole + pack(">I", crc32(whole))


def chunk(event: Any) -> bytes:
    """Return the frame of an event."""
    payload = json.dumps({"bytes": b64encode(json.dumps(event).encode()).decode()}).encode()
    others = header("flag", 0, b"") + header("number", 4, b"\0\0\0\1") + header("blob", 6, pack(">H", 2) + b"ab")
    return frame(others + text(":message-type", "event") + text(":event-type", "chunk"), payload)


def failed(kind: str, payload: bytes = b'{"message": "slow down"}') -> bytes:
    """Return the frame of an exception."""
    return frame(text(":message-type", "exception") + text(":exception-type", kind), payload)
