"""Messages that are still arriving, kept beside their transcript in case the program is killed.

In: tokens. Out: a part, `.inflight/<transcript>.<key>.part` below the transcript's folder; for the parts of programs
that are gone, messages in their transcripts. Never: a loop, an agent.

A part is locked for as long as its writer lives. It is lines of JSON: what is known beforehand, then the tokens, then,
where the message is complete but has to wait for its turn, how it is to stand in the transcript.
"""

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import TranscriptError
from ..messages import Message
from .transcript import (
    append_records,
    content_of,
    lock,
    locked,
    new_key,
    open_file,
    records_in,
    timestamp,
    write_whole,
)
from .transcript_format import one_json_line, partial, written
from .transcript_path import BEGINNING

__all__ = ["InFlight", "recover"]

_TRIES = 5
"""How often to begin again when another program takes the empty folder away in between."""


def recover(path: str | os.PathLike[str]) -> None:
    """Add to a transcript what programs that were killed had received for it, marked as interrupted.

    Raises:
        TranscriptError: There is something to add, and the transcript cannot be read or written.
    """
    path = Path(path)
    parts = _parts_of(path)
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
    with suppress(OSError):
        _inflight(path).rmdir()  # if nothing is left in it


def discard(path: str | os.PathLike[str]) -> None:
    """Delete a transcript, and what programs that are gone had received for it.

    Raises:
        TranscriptError: It cannot be deleted.
    """
    path = Path(path)
    with locked(path):
        path.unlink()
    for part in _parts_of(path).values():
        with suppress(OSError):
            file = os.open(part, os.O_RDWR)
            try:
                lock(file, wait_s=0)  # its writer lives: raises
                part.unlink()
            finally:
                os.close(file)
    with suppress(OSError):
        _inflight(path).rmdir()  # if nothing is left in it


def _parts_of(path: Path) -> dict[str, Path]:
    """Return the parts beside a transcript, by the keys of their messages, in order."""
    name = re.compile(re.escape(f"{path.name}.") + r"([0-9a-f]{16})\.part")
    try:
        return dict(
            sorted((found[1], part) for part in _inflight(path).iterdir() if (found := name.fullmatch(part.name)))
        )
    except OSError:  # there is no such folder
        return {}


class InFlight:
    """A message on its way into a transcript."""

    def __init__(self, path: str | os.PathLike[str], known_beforehand: Mapping[str, Any]) -> None:
        """Begin; nothing is written yet, and no file made."""
        self._path = Path(path)
        self._known = known_beforehand
        self._key = new_key()
        self._time = timestamp()
        self._part: Path | None = None
        self._file: int | None = None
        self._closed = False
        self._saved = 0
        self.tokens: list[str] = []
        """What has come so far; append to it."""
        self.parents: list[str] = []
        """The keys of messages that it may go on from when it is recovered, the likeliest first."""

    @property
    def key(self) -> str:
        """What it is to be known by in the transcript."""
        return self._key

    @property
    def is_saved(self) -> bool:
        """Whether everything that has come was saved, as far as that is possible."""
        return self._saved == len(self.tokens)

    def save(self) -> None:
        """Save in the part what has come since the last time; never fails: keeping the whole message will say why."""
        if not self._closed and not self.is_saved:
            tokens = self.tokens[self._saved :]
            if self._write("".join(tokens)):
                self._saved += len(tokens)

    def hold(self, message: Message) -> None:
        """Save `message`, which is complete but must not be kept yet; never fails, as `save`."""
        if self._write({"record": written(message, self._key, self._time)}):
            self._saved = len(self.tokens)  # a save that is under way already has nothing to add

    def keep(self, message: Message, parent: str | None = None) -> None:
        """Add `message` to the transcript; when this returns it is on the disk.

        Args:
            message: It, whole.
            parent: The key of the message that it goes on from; by default that is the last one in the file.

        Raises:
            TranscriptError: It cannot be written; then the file is as it was.
        """
        with locked(self._path) as transcript:
            append_records(transcript, written(message, self._key, self._time), parent)
        if self._part is not None:
            with suppress(OSError):
                self._part.unlink()
                self._part.parent.rmdir()  # if nothing else is in flight
        self.close()

    def close(self) -> None:
        """Leave the part, if there is one, to be recovered."""
        self._closed = True
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _write(self, line: Any) -> bool:
        """Write a line of the part, or nothing of it; return whether that went well."""
        with suppress(OSError, TranscriptError):
            if self._part is None:
                self._part = _inflight(self._path) / f"{self._path.name}.{self._key}.part"
                with locked(self._path):  # whoever recovers has it too, so finds no part without its own lock
                    self._file = _open_part(self._part)
                head = {"key": self._key, "time": self._time, "parents": self.parents, "known": self._known}
                self._write(head)
            if self._file is not None:
                write_whole(self._file, f"{one_json_line(line)}\n".encode())
                return True
        return False


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
    with suppress(OSError, ValueError, LookupError, TypeError):  # what cannot be recovered now stays where it is
        file = os.open(part, os.O_RDWR)
        try:
            lock(file, wait_s=0)  # its writer lives: raises
            lines = [json.loads(line) for line in part.read_bytes().split(b"\n")[:-1]]
            if lines and lines[0]["key"] not in kept:
                parents = lines[0].get("parents", ())
                if record := _record_in(lines):
                    append_records(transcript, record, next((key for key in parents if key in kept), None))
                    kept.add(lines[0]["key"])
            part.unlink()
        finally:
            os.close(file)


def _record_in(lines: list[Any]) -> str:
    """Return what is to stand in the transcript for a part."""
    head, last = lines[0], lines[-1]
    if isinstance(last, dict) and "record" in last:
        return str(last["record"])
    text = "".join(lines[1:])
    message = partial(head["known"], text, status="interrupted", recovered=True)
    return written(message, head["key"], head["time"]) if text else ""


def _open_part(part: Path) -> int:
    for _ in range(_TRIES):
        with suppress(FileNotFoundError):  # the folder was empty, and somebody took it away
            file = open_file(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND)
            lock(file, wait_s=0)
            return file
    raise FileNotFoundError(part)


def _inflight(path: Path) -> Path:
    return path.parent / ".inflight"
