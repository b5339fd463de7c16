"""Messages that are still arriving, kept beside their transcript in case the program is killed.

In: tokens. Out: a part beside the transcript (`parts_in_flight`); for the parts of programs that are gone, messages in
their transcripts. Never: a loop, an agent.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..messages import Message
from .parts_in_flight import PartInFlight, abandoned, leave_folder, parts_beside
from .transcript import append_records, content_of, locked, records_in
from .transcript_format import partial, written
from .transcript_path import BEGINNING

__all__ = ["InFlight", "discard", "recover"]


def recover(path: str | os.PathLike[str]) -> None:
    """Add to a transcript what programs that were killed had received for it, marked as interrupted.

    Raises:
        TranscriptError: There is something to add, and the transcript cannot be read or written.
    """
    path = Path(path)
    parts = parts_beside(path)
    if parts:
        with locked(path) as transcript:
            content = content_of(transcript)
            kept = {BEGINNING, *(record.key for record in records_in(content, path))}
            torn = _torn_end(content)
            for key, part in parts.items():
                if torn and _is_beginning_of(key, torn):
                    os.ftruncate(transcript, len(content) - len(torn))
                    kept.discard(key)
                    torn = b""
                _recover(transcript, part, kept)
    leave_folder(path)


def discard(path: str | os.PathLike[str]) -> None:
    """Delete a transcript, and what programs that are gone had received for it.

    Raises:
        TranscriptError: It cannot be deleted.
    """
    path = Path(path)
    with locked(path):
        path.unlink()
    for part in parts_beside(path).values():
        with suppress(OSError), abandoned(part):
            pass  # it is taken away, unless its writer lives
    leave_folder(path)


class InFlight(PartInFlight):
    """A message on its way into a transcript."""

    def __init__(self, path: str | os.PathLike[str], known_beforehand: Mapping[str, Any]) -> None:
        """Begin; nothing is written yet, and no file made."""
        self._path = Path(path)
        super().__init__(self._path, known_beforehand)

    def keep(self, message: Message, parent: str | None = None, /) -> None:
        """Add `message` to the transcript; when this returns it is on the disk.

        Args:
            message: It, whole.
            parent: The key of the message that it goes on from; by default that is the last one in the file.

        Raises:
            TranscriptError: It cannot be written; then the file is as it was.
        """
        with locked(self._path) as transcript:
            append_records(transcript, written(message, self.key, self._time), parent)
        self.land()


def _torn_end(content: bytes) -> bytes:
    """Return the beginning of a message that was being written when its writer was killed, where there is one."""
    start, end = content.rfind(b"\n<!-- msg "), content.rfind(b"\n<!-- end ")
    is_whole = start < end and content.find(b" -->", end) >= 0
    return b"" if is_whole or start < 0 else content[start:]


def _is_beginning_of(key: str, torn: bytes) -> bool:
    opening = f'\n<!-- msg {{"id":"{key}"'.encode()
    return torn.startswith(opening) or opening.startswith(torn)


def _recover(transcript: int, part: Path, kept: set[str]) -> None:
    """Add the message of a part to a transcript, of which `kept` are the keys."""
    what_stays_where_it_is = (OSError, ValueError, LookupError, TypeError, RecursionError)
    with suppress(*what_stays_where_it_is), abandoned(part) as told:
        lines = [json.loads(line) for line in told]
        if lines and lines[0]["key"] not in kept:
            parents = lines[0].get("parents", ())
            if record := _record_in(lines):
                append_records(transcript, record, next((key for key in parents if key in kept), None))
                kept.add(lines[0]["key"])


def _record_in(lines: list[Any]) -> str:
    """Return what is to stand in the transcript for a part."""
    head, last = lines[0], lines[-1]
    if isinstance(last, dict) and "record" in last:
        return str(last["record"])
    text = "".join(lines[1:])
    message = partial(head["known"], text, status="interrupted", recovered=True)
    return written(message, head["key"], head["time"]) if text else ""
