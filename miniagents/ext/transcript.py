"""Transcripts on the disk: whole messages, appended and read.

In: messages and paths. Out: files that are well-formed at every moment, and their messages. Never: a loop, an agent.

Many programs may write to one transcript: each appends under a lock, in one write, and has it on the disk before it
goes on. A write that fails leaves the file as it was. A program that is killed in the middle of a write can leave the
beginning of a message, which reads as interrupted (Linux ends a write that a kill interrupts at the end of a page).
"""

import errno
import os
import secrets
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISCHR, S_ISREG
from typing import TypeAlias

from ..errors import TranscriptError
from ..frozen import EMPTY
from ..messages import Message
from .transcript_format import MessageClasses, Record, front_matter, parse, written
from .transcript_path import conversation, going_on_from, last_key

__all__ = [
    "append",
    "append_records",
    "content_of",
    "explained",
    "lock",
    "locked",
    "new_key",
    "new_transcript",
    "open_file",
    "read",
    "read_records",
    "records_in",
    "text_of",
    "timestamp",
    "write_whole",
]

_Path: TypeAlias = str | os.PathLike[str]
_CHARACTER_BYTES = 4
"""The longest that UTF-8 makes a character."""
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700
_LOCK_WAIT_S, _LOCK_PAUSE_S = 2.0, 0.002
"""How long to wait for another program, which holds the lock for a write (0.3 ms) or has been stopped in the middle;
where many write, anew after each."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_sync: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)


def new_transcript(folder: _Path) -> Path:
    """Make a transcript that nobody else has, in `folder`; sorted by name they are sorted by time.

    Raises:
        TranscriptError: The folder, or a file in it, cannot be made.
    """
    while True:
        now = datetime.now(UTC)
        milliseconds = now.microsecond // 1000
        path = Path(folder, f"{now:%Y-%m-%dT%H-%M-%S}.{milliseconds:03}Z-{secrets.token_hex(2)}.md")
        with explained(path), suppress(FileExistsError):
            os.close(open_file(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            return path


def read(path: _Path, message_classes: MessageClasses = EMPTY, *, missing_ok: bool = False) -> tuple[Message, ...]:
    """Return the conversation that leads to a transcript's last message; the arguments are those of `read_records`.

    Raises:
        TranscriptError: As for `read_records`.
    """
    records = read_records(path, message_classes, missing_ok=missing_ok)
    return tuple(record.message for record in conversation(records))


def read_records(path: _Path, message_classes: MessageClasses = EMPTY, *, missing_ok: bool = False) -> list[Record]:
    """Return all that is in a transcript, also what no conversation goes on from any more.

    Args:
        path: Where it is.
        message_classes: See `transcript_format.parse`.
        missing_ok: Whether no file is as good as one without messages.

    Raises:
        TranscriptError: There is none, or it cannot be read; the line is named.
    """
    return records_in(_bytes_of(path, missing_ok=missing_ok), path, message_classes)


def text_of(path: _Path, *, missing_ok: bool = False) -> str:
    """Return a transcript as it stands in its file.

    Raises:
        TranscriptError: As for `read_records`.
    """
    return _text(_bytes_of(path, missing_ok=missing_ok), path)


def _bytes_of(path: _Path, *, missing_ok: bool) -> bytes:
    with explained(path):
        try:
            file = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            if missing_ok:
                return b""
            raise
        try:
            return content_of(file)
        finally:
            os.close(file)


def append(path: _Path, *messages: Message) -> None:
    """Add whole messages to a transcript, made if it is not there; when this returns they are on the disk.

    Raises:
        TranscriptError: They cannot be written; then the file is as it was.
    """
    with locked(path) as transcript:
        append_records(transcript, "".join(written(message, new_key(), timestamp()) for message in messages))


def append_records(transcript: int, records: str, parent: str | None = None) -> None:
    """Add to a locked transcript what `transcript_format.written` gave, all of it or nothing.

    Args:
        transcript: It, open.
        records: Several, or, if `parent` is given, one.
        parent: The key of the message that it goes on from; by default that is the one before it.
    """
    if parent is not None and last_key(transcript) != parent:
        records = going_on_from(parent, records)
    status = os.fstat(transcript)
    size, end = status.st_size, b""
    if size == 0:
        records = front_matter(timestamp()) + records
    else:
        end = os.pread(transcript, _CHARACTER_BYTES, max(0, size - _CHARACTER_BYTES))
    if torn := _half_character_at_end(end):
        os.ftruncate(transcript, size - torn)
    if end and not end.endswith(b"\n"):
        records = f"\n{records}"
    write_whole(transcript, records.encode(), and_then=_sync if S_ISREG(status.st_mode) else None)


def write_whole(file: int, content: bytes, and_then: Callable[[int], None] | None = None) -> None:
    """Write all of it or nothing, at the end of a file that nobody else writes to meanwhile."""
    size = os.fstat(file).st_size
    left = memoryview(content)
    try:
        while left:
            left = left[os.write(file, left) :]
        if and_then is not None:
            and_then(file)
    except BaseException:
        with suppress(OSError):
            os.ftruncate(file, size)
        raise


@contextmanager
def locked(path: _Path) -> Iterator[int]:
    """Open a transcript, made if it is not there, that nobody else writes to meanwhile.

    Where the block fails and nothing is in the file, it is taken away again.

    Raises:
        TranscriptError: Instead of an OSError, also one from inside the block.
    """
    with explained(path):
        transcript = _opened(Path(path))
        try:
            yield transcript
        except BaseException:
            if S_ISREG((status := os.fstat(transcript)).st_mode) and not status.st_size:
                with suppress(OSError):
                    Path(path).unlink()
            raise
        finally:
            os.close(transcript)


def _opened(path: Path) -> int:
    """Open and lock it; where somebody has put another file in its place meanwhile, that one."""
    while True:
        transcript = open_file(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        try:
            try:
                lock(transcript, wait_s=_LOCK_WAIT_S)
            except BlockingIOError:
                raise
            except OSError:  # a file system that knows no locks
                return transcript
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(transcript), path.stat()):
                    return transcript
        except BaseException:
            os.close(transcript)
            raise
        os.close(transcript)


def lock(file: int, *, wait_s: float) -> None:
    """Lock it until it is closed; the wait begins anew whenever the file has grown, for then others take turns.

    Raises:
        BlockingIOError: Somebody else has it locked.
    """
    import fcntl  # noqa: PLC0415 - is not there on Windows, where the rest of the library works

    size, deadline = -1, 0.0
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            now_s, size_before = time.monotonic(), size
            size = os.fstat(file).st_size
            if size != size_before:
                deadline = now_s + wait_s
            if now_s >= deadline:
                raise
            time.sleep(_LOCK_PAUSE_S)


def open_file(path: Path, flags: int) -> int:
    """Open it, with the folders that it lacks."""
    try:
        return os.open(path, flags, _FILE_MODE)
    except FileNotFoundError:
        for folder in reversed(path.parents):
            if not folder.exists():
                with suppress(FileExistsError):
                    folder.mkdir(_FOLDER_MODE)
        return os.open(path, flags, _FILE_MODE)


def content_of(file: int) -> bytes:
    """Return all of an open file, but for half a character at its end."""
    if S_ISCHR(os.fstat(file).st_mode):  # /dev/null has no past
        return b""
    with open(file, "rb", buffering=0, closefd=False) as reader:
        content = reader.readall()
    return content[: len(content) - _half_character_at_end(content[-_CHARACTER_BYTES:])]


def records_in(content: bytes, path: _Path, message_classes: MessageClasses = EMPTY) -> list[Record]:
    """Return what is in a transcript.

    Raises:
        TranscriptError: It is none, or not UTF-8.
    """
    return parse(_text(content, path), os.fspath(path), message_classes)


def _text(content: bytes, path: _Path) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TranscriptError(f"{os.fspath(path)}:{line}: is not UTF-8; save it as UTF-8") from None


def _half_character_at_end(end: bytes) -> int:
    """Return how many bytes of a UTF-8 character that was cut are at the end."""
    decoder = getincrementaldecoder("utf-8")("ignore")
    decoder.decode(end)
    return len(decoder.getstate()[0])


@contextmanager
def explained(path: _Path) -> Iterator[None]:
    """Let an OSError in the block be a TranscriptError, which names the file and the cure."""
    try:
        yield
    except BlockingIOError:
        raise TranscriptError(f"{os.fspath(path)}: is locked by another program; end that one") from None
    except OSError as error:
        cure = "free some space" if error.errno in _FULL else "name another file"
        raise TranscriptError(f"{os.fspath(path)}: {error.strerror}; {cure}") from error


def timestamp() -> str:
    """Return the time as it stands in transcripts."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def new_key() -> str:
    """Return a key that comes after every earlier one; it is the time in nanoseconds, in hex."""
    global _last_key  # noqa: PLW0603 - so that two in one nanosecond differ
    _last_key = max(time.time_ns(), _last_key + 1)
    return f"{_last_key:016x}"


_last_key = 0
