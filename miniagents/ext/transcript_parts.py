"""Messages of more than text in a transcript: what stands in the body for them, and their parts in the last line.

In: a message's parts, or their JSON. Out: text for people, JSON, parts. Never: a file, the rest of the format. Imported
where there are parts, for most transcripts have none.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ..content import Part, Text, described, part_from_json, part_to_json, text_in
from ..errors import UnsupportedPieceError

__all__ = ["content_of", "described", "parts_to_json", "shown"]


def parts_to_json(parts: tuple[Part, ...]) -> list[dict[str, Any]]:
    """Return what stands in the last line of a message."""
    return [part_to_json(part) for part in parts]


def shown(told: Any) -> str:
    """Return the body of a message without a text, from the parts in its last line."""
    return described(_parts(told))


def content_of(told: Any, text: str) -> Mapping[str, Any]:
    """Return the fields for a content; where a person has edited the body, that is the text, in one piece."""
    parts = _parts(told)
    if text_in(parts) == text:
        return {"text": text, "parts": parts}
    place = next((place for place, part in enumerate(parts) if isinstance(part, Text)), 0)
    rest = [part for part in parts if not isinstance(part, Text)]
    return {"text": text, "parts": (*rest[:place], Text(text), *rest[place:])}


def _parts(told: Any) -> tuple[Part, ...]:
    """Return the parts; what can be none any more, because a person has edited it, is left out."""
    parts: list[Part] = []
    for part in told if isinstance(told, list) else ():
        with suppress(UnsupportedPieceError, AttributeError, RecursionError):
            parts.append(part_from_json(part))
    return tuple(parts)
