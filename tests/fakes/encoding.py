"""JSON and server-sent events as both APIs write them: compact, and in UTF-8 beyond ASCII.

Wire format: WHATWG HTML, section 9.2 "Server-sent events" (2026-11).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]

PLACEHOLDER = "\0token\0"  # no model is named like this

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def to_json(value: object) -> bytes:
    """Encode a value; half a surrogate pair, which UTF-8 cannot hold, becomes the JSON escape of itself."""
    return _encode(value).encode("utf-8", "backslashreplace")


def fill(event: bytes, tokens: Iterable[str]) -> list[bytes]:
    """Give one event a token, each token an event: the event holds `PLACEHOLDER` where its token goes."""
    before, after = event.split(to_json(PLACEHOLDER))
    return [before + to_json(token) + after for token in tokens]
