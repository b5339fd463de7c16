"""Parts: files beside where conversations are kept, with what has come of messages that are still arriving.

In: tokens. Out: a part, `.inflight/<file>.<key>.part` below the folder of the file that conversations are kept in;
the lines of parts whose programs are gone. Never: a loop, an agent, how a whole message is kept.

A part is locked for as long as its writer lives. It is lines of JSON: what is known beforehand, then the tokens, then,
where the message is complete but has to wait for its turn, how it is to be written. So tokens cost no write to what
is kept, and no two programs wait for each other because of them.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..messages import Message
from .transcript import lock, new_key, open_file, timestamp, write_whole
from .transcript_format import one_json_line, written

__all__ = ["PartInFlight", "abandoned", "leave_folder", "parts_beside"]

_TRIES = 5
"""How often to begin again when another program takes the empty folder, or the empty part, away in between."""
_LOCK_WAIT_S = 0.2
"""How long to wait for a program that looks whether a new part is abandoned: it reads nothing and takes it away."""


class PartInFlight:
    """A message on its way: the half of `transcript_keeping.Flight` that saves what has come of it."""

    def __init__(self, path: Path, known_beforehand: Mapping[str, Any], place: str = "") -> None:
        """Begin; nothing is written yet, and no file made.

        Args:
            path: The file beside which its part is to be.
            known_beforehand: What is known of it.
            place: What its key begins with.
        """
        self._known = known_beforehand
        self._message_key = new_key()
        self._time = timestamp()
        self._part = _folder(path) / f"{path.name}.{self._message_key}.part"
        self._file: int | None = None
        self._closed = False
        self._saved = 0
        self.key = f"{place}{self._message_key}"
        """What it is to be known by where it is kept."""
        self.tokens: list[str] = []
        """What has come so far; append to it."""
        self.parents: list[str] = []
        """The keys of messages that it may go on from when it is recovered, the likeliest first."""

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
            self._saved = len(self.tokens)  # a save that is under way already has nothing to add

    def close(self) -> None:
        """Leave the part, if there is one, to be recovered."""
        self._closed = True
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def land(self) -> None:
        """Take the part away, if there is one: the message is kept."""
        if self._file is not None:
            with suppress(OSError):
                self._part.unlink()
                self._part.parent.rmdir()  # if nothing else is in flight
        self.close()

    def _write(self, line: Any) -> bool:
        """Write a line of the part, or nothing of it; return whether that went well."""
        with suppress(OSError):
            if self._file is None:
                self._file = _open_part(self._part)
            if os.fstat(self._file).st_size == 0:
                head = {"key": self.key, "time": self._time, "parents": self.parents, "known": self._known}
                write_whole(self._file, f"{one_json_line(head)}\n".encode())
            write_whole(self._file, f"{one_json_line(line)}\n".encode())
            return True
        return False


def parts_beside(path: Path) -> dict[str, Path]:
    """Return the parts beside a file, by the keys of their messages without their place, in order."""
    name = re.compile(re.escape(f"{path.name}.") + r"([0-9a-f]{16})\.part")
    try:
        return dict(
            sorted((found[1], part) for part in _folder(path).iterdir() if (found := name.fullmatch(part.name)))
        )
    except OSError:  # there is no such folder
        return {}


@contextmanager
def abandoned(part: Path) -> Iterator[list[bytes]]:
    """Give the whole lines of a part whose writer is gone, and take it away unless the block raises.

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


def leave_folder(path: Path) -> None:
    """Take the folder for the parts beside a file away, if nothing is left in it."""
    with suppress(OSError):
        _folder(path).rmdir()


def _open_part(part: Path) -> int:
    """Make and lock it; another program may take it away in between, for it is empty and nobody's."""
    for _ in range(_TRIES):
        with suppress(FileNotFoundError):
            file = open_file(part, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            try:
                lock(file, wait_s=_LOCK_WAIT_S)
                if os.path.samestat(os.fstat(file), part.stat()):
                    return file
            except OSError:
                os.close(file)
                raise
            os.close(file)
    raise FileNotFoundError(part)


def _folder(path: Path) -> Path:
    return path.parent / ".inflight"
