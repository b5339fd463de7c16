"""Messages that are still arriving, kept in files beside the database in case the program is killed.

In: tokens. Out: a part, `.inflight/<database>.<key>.part` below the database's folder; for the parts of programs that
are gone, messages in the database. Never: a loop, an agent.

A part is locked for as long as its writer lives. It is lines of JSON: what is known beforehand, then the tokens, then,
where the message is complete but has to wait for its turn, how it is to be written. So tokens cost no transaction, and
no two programs wait for each other because of them.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from miniagents import Message
from miniagents.ext.transcript import lock, new_key, open_file, timestamp, write_whole
from miniagents.ext.transcript_format import one_json_line, parse, partial, written

from .conversations import is_kept, keep
from .database import Database
from .stand_ins import STAND_INS

__all__ = ["Flight", "recover"]

_TRIES = 5
"""How often to begin again when another program takes the empty folder, or the empty part, away in between."""


class Flight:
    """A message on its way into the database (see `transcript_keeping.Flight`)."""

    def __init__(self, database: Database, conversation: str, known_beforehand: Mapping[str, Any]) -> None:
        """Begin; nothing is written yet, and no file made."""
        self._database = database
        self._known = known_beforehand
        self._message_key = new_key()
        self._time = timestamp()
        self._part: Path | None = None
        self._file: int | None = None
        self._closed = False
        self._saved = 0
        self.key = f"{conversation}/{self._message_key}"
        """Its place."""
        self.tokens: list[str] = []
        """What has come so far; append to it."""
        self.parents: list[str] = []
        """The places that it may go on from when it is recovered, the likeliest first."""

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

    def hold(self, message: Message, /) -> None:
        """Save `message`, which is complete but must not be kept yet; never fails, as `save`."""
        if not self._closed and self._write({"record": written(message, self._message_key, self._time)}):
            self._saved = len(self.tokens)

    def keep(self, message: Message, parent: str | None = None, /) -> None:
        """Put `message` into the database; when this returns it is on the disk.

        Raises:
            TranscriptError: It cannot be written; then the database is as it was.
        """
        keep(self._database, self.key, message, parent=parent or "", time=self._time)
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
        with suppress(OSError):
            if self._file is None:
                self._part = _inflight(self._database.path) / f"{self._database.path.name}.{self._message_key}.part"
                self._file = _open_part(self._part)
            if os.fstat(self._file).st_size == 0:
                head = {"place": self.key, "time": self._time, "parents": self.parents, "known": self._known}
                write_whole(self._file, f"{one_json_line(head)}\n".encode())
            write_whole(self._file, f"{one_json_line(line)}\n".encode())
            return True
        return False


def recover(database: Database) -> None:
    """Put into the database what programs that were killed had received for it, marked as interrupted.

    Raises:
        TranscriptError: There is something to put there, and it cannot be written.
    """
    folder = _inflight(database.path)
    name = re.compile(re.escape(f"{database.path.name}.") + r"[0-9a-f]{16}\.part")
    with suppress(OSError):  # there is no such folder
        for part in sorted(path for path in folder.iterdir() if name.fullmatch(path.name)):
            with suppress(OSError), _abandoned(part) as lines:
                _recover(database, lines)
    with suppress(OSError):
        folder.rmdir()  # if nothing is left in it


@contextmanager
def _abandoned(part: Path) -> Iterator[list[bytes]]:
    """Give the whole lines of a part whose writer is gone, and take it away when they were read.

    Raises:
        OSError: Its writer lives, or another program recovers it.
    """
    file = os.open(part, os.O_RDWR)
    try:
        lock(file, wait_s=0)
        yield part.read_bytes().split(b"\n")[:-1]
        part.unlink()
    finally:
        os.close(file)


def _recover(database: Database, lines: list[bytes]) -> None:
    with suppress(ValueError, LookupError, TypeError, RecursionError):  # a part of some other program, or edited
        head, *told = map(json.loads, lines)
        place, time = str(head["place"]), str(head["time"])
        if is_kept(database, place):
            return
        parents = [str(parent) for parent in head["parents"]]
        parent = next((parent for parent in parents if is_kept(database, parent)), "")
        if told and isinstance(told[-1], dict):
            record = str(told[-1]["record"])
            message = parse(record, message_classes=STAND_INS)[0].message
            keep(database, place, message, parent=parent, time=time, record=record)
        elif text := "".join(told):
            message = partial(head["known"], text, status="interrupted", recovered=True)
            keep(database, place, message, parent=parent, time=time)


def _open_part(part: Path) -> int:
    """Make and lock it; another program may take it away in between, for it is empty and nobody's."""
    for _ in range(_TRIES):
        with suppress(FileNotFoundError):
            file = open_file(part, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            try:
                lock(file, wait_s=0)
                if os.path.samestat(os.fstat(file), part.stat()):
                    return file
            except OSError:
                os.close(file)
                raise
            os.close(file)
    raise FileNotFoundError(part)


def _inflight(path: Path) -> Path:
    return path.parent / ".inflight"
