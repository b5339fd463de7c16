"""What a person said before, from session to session: one private file, which several programs may append to at once.

An entry is kept whole, lines and all, in the format of prompt_toolkit's own histories (`# time`, then `+` before each
line). Nothing that is wrong with the file ends anything: it is told once, and what is said is kept in memory.

In: texts. Out: texts, the newest first. Never: keys.
Imports prompt_toolkit, so it is imported late.
"""

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from io import FileIO
from pathlib import Path

from prompt_toolkit.history import History

from ..tell import in_words

__all__ = ["InputHistory"]

_FILE_BYTES = 1024 * 1024
"""A file that is larger when it is read loses its older half: about 10,000 entries stay, read in a few milliseconds."""
_ENTRY_BYTES = 64 * 1024
"""What is longer is a pasted file, and not kept in ours."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class InputHistory(History):
    """Texts that were said, in this session and before."""

    def __init__(self, path: Path | None, tell: Callable[[str], None]) -> None:
        """Read `path` if there is one; `tell` hears of trouble with it, once."""
        super().__init__()
        self._path = path
        self._tell = tell
        self._read: list[str] = []
        if path is not None:
            with self._troubles_told():
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with _opened(path) as file:
                    self._read = _entries(_kept(file))

    def load_history_strings(self) -> Iterable[str]:
        """Return what was read, the newest first."""
        return reversed(self._read)

    def store_string(self, string: str) -> None:
        """Append a text to the file, in one write."""
        lines = "".join(f"+{line}\n" for line in string.split("\n"))
        entry = f"\n# {datetime.now().astimezone().isoformat(timespec='seconds')}\n{lines}".encode(errors="replace")
        if self._path is None or len(entry) > _ENTRY_BYTES:
            return
        with self._troubles_told(), _opened(self._path, to_append=True) as file:
            _lock(file)
            file.write(entry)

    @contextmanager
    def _troubles_told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._path = None
            self._tell(f"what you type is not kept for later sessions: {in_words(error)}")


@contextmanager
def _opened(path: Path, *, to_append: bool = False) -> Iterator[FileIO]:
    """Open a regular file, made if it is not there, that nobody else may read."""
    number = os.open(path, os.O_RDWR | os.O_CREAT | (os.O_APPEND if to_append else 0), 0o600)
    with os.fdopen(number, "r+b", buffering=0) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(None, "not a regular file", str(path))
        if status.st_mode & _OTHERS:
            path.chmod(0o600)
        yield file


def _kept(file: FileIO) -> bytes:
    """Return what the file holds; one that is too large is cut first, if nobody is at it."""
    data = file.read()
    if len(data) <= _FILE_BYTES or not _lock(file, alone=True):
        return data[-_FILE_BYTES:]
    file.seek(0)
    data = file.read()[-_FILE_BYTES // 2 :]
    data = data[data.find(b"\n\n# ") + 1 :]  # not from the middle of an entry
    file.seek(0)
    file.write(data)  # whoever dies here leaves entries twice, and loses none
    file.truncate()
    return data


def _entries(data: bytes) -> list[str]:
    entries: list[list[str]] = [[]]
    for line in data.decode(errors="replace").split("\n"):
        if line.startswith("+"):
            entries[-1].append(line[1:])
        elif entries[-1]:
            entries.append([])
    return ["\n".join(lines) for lines in entries if lines]


def _lock(file: FileIO, *, alone: bool = False) -> bool:
    """Keep the file from being cut while it is appended to, and the other way round; say whether that was possible."""
    if sys.platform == "win32":
        return not alone
    import fcntl  # noqa: PLC0415 - is not there on Windows

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
    except OSError:  # somebody appends, or the file system knows no locks
        return False
    return True
