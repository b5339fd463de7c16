"""The ways through a transcript: which message answers which.

In: what is in a transcript. Out: one conversation of those that are in it. Never: what a message says.

A message goes on from the one before it in the file, or from the one that its first line names as its `parent`. So
nothing that was said is ever taken back: a conversation that goes on from an earlier message leaves the rest beside it.
"""

import json
import os
import re
from collections.abc import Sequence

from ..errors import TranscriptError
from .transcript_format import Record, one_json_line

__all__ = ["BEGINNING", "conversation", "going_on_from", "last_key"]

BEGINNING = ""
"""What a message has as its parent that nothing was said before."""
_OPENING = b"\n<!-- msg "
_CHUNK_BYTES = 4096
"""How much of a file's end is read first: more than most messages are long."""
_TIME = re.compile(r',"time":')


def conversation(records: Sequence[Record], at: str | None = None) -> list[Record]:
    """Return those that lead to the last one, or to the one that is known by `at`, and that one, in order.

    A parent that does not stand before its message counts as if it was not named; where two have one key, the nearer
    one is meant. `BEGINNING` leads to nothing.

    Raises:
        TranscriptError: None is known by `at`.
    """
    if at == BEGINNING:
        return []
    places: dict[str, int] = {BEGINNING: -1}
    parents: list[int] = []
    for place, record in enumerate(records):
        parents.append(place - 1 if record.parent is None else places.get(record.parent, place - 1))
        places[record.key] = place
    place = len(records) - 1 if at is None else places.get(at, -1)
    if at is not None and place < 0:
        raise TranscriptError(f"there is no message {at} in it; name another one")
    path: list[Record] = []
    while place >= 0:
        path.append(records[place])
        place = parents[place]
    return path[::-1]


def going_on_from(parent: str, record: str) -> str:
    """Return a written record with its parent named."""
    return _TIME.sub(lambda time: f',"parent":{_json(parent)}{time[0]}', record, count=1)


def last_key(transcript: int) -> str | None:
    """Return what the last message of an open transcript is known by, `BEGINNING` if there is none, None if unknown.

    Takes as long as that message is.
    """
    size = os.fstat(transcript).st_size
    length = _CHUNK_BYTES
    while size > 0:
        start = max(0, size - length)
        end = os.pread(transcript, size - start, start)
        if start == 0:
            end = b"\n" + end
        place = end.rfind(_OPENING)
        if place >= 0:
            return _key_in(end[place + len(_OPENING) :].partition(b"\n")[0])
        if start == 0:
            break
        length *= 4
    return BEGINNING


def _key_in(head: bytes) -> str | None:
    try:
        key = json.loads(head.rstrip().removesuffix(b"-->"))["id"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
    return key if isinstance(key, str) else None


def _json(text: str) -> str:
    return one_json_line(text).replace("--", "-\\u002d").replace(">", "\\u003e")
