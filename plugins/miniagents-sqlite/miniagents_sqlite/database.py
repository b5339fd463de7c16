"""The database: one file, its tables, and how many programs use it at once.

In: a path. Out: a connection that is ready; errors in one line, with the cure. Never: what a message looks like.

It is in WAL mode, so who reads never waits for who writes. Every change is one `BEGIN IMMEDIATE` transaction: it has
the write lock from its first line, so it waits for others at its beginning and never fails in the middle. A commit is
on the disk when it returns.
"""

import os
import random
import sqlite3
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self, TypeVar

from miniagents.errors import TranscriptError
from miniagents.ext.transcript import open_file

__all__ = ["VARIABLE", "Database", "default_path", "explained", "named"]

VARIABLE = "MINIAGENTS_SQLITE"
"""The environment variable that names another database."""
_Result = TypeVar("_Result")
_OURS = 0x6D61_6368
"""The application id in the file's first bytes: "mach"."""
_WAIT_S, _PAUSE_S = 10.0, 0.02
"""How long to wait for others, who hold the lock for one message (some ms); how long a turn of that is at the most."""
_STEPS = (
    (
        """CREATE TABLE conversations (
            id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, created TEXT NOT NULL, title TEXT NOT NULL DEFAULT ''
        )""",
        """CREATE TABLE messages (
            id INTEGER PRIMARY KEY,
            conversation INTEGER NOT NULL REFERENCES conversations ON DELETE CASCADE,
            key TEXT NOT NULL,
            parent INTEGER REFERENCES messages,
            hash TEXT NOT NULL,
            time TEXT NOT NULL,
            role TEXT, agent TEXT, model TEXT, status TEXT,
            record TEXT NOT NULL,
            UNIQUE (conversation, key)
        )""",
        "CREATE INDEX messages_by_parent ON messages (parent)",
        "CREATE INDEX messages_by_hash ON messages (hash)",
        "CREATE VIRTUAL TABLE said USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2')",
        """CREATE TRIGGER said_no_more AFTER DELETE ON messages BEGIN
            DELETE FROM said WHERE rowid = old.id;
        END""",
    ),
)
"""What makes each version of the tables out of the one before it; the first makes version 1."""
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_WAYS_OUT = {
    sqlite3.SQLITE_BUSY: "is locked by another program; end that one",
    sqlite3.SQLITE_LOCKED: "is locked by another program; end that one",
    sqlite3.SQLITE_NOTADB: "is no database; name another file",
    sqlite3.SQLITE_CORRUPT: "is broken; put it aside, and take a copy or begin a new one",
    sqlite3.SQLITE_FULL: "the disk is full; free some space",
    sqlite3.SQLITE_READONLY: "cannot be written; name another file",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; name another file",
}


def default_path(environment: Mapping[str, str] | None = None) -> Path:
    """Return where the database is: what MINIAGENTS_SQLITE says, or a file in the user's data folder."""
    said = (os.environ if environment is None else environment).get(VARIABLE)
    if said:
        return named(said)
    import platformdirs  # noqa: PLC0415 - where the user says it, nobody has to find out

    return platformdirs.user_data_path("miniagents", appauthor=False) / "conversations.sqlite3"


def named(text: str) -> Path:
    """Return the path that a person means: "~" is their home."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 - that of `Path` fails where there is no such user


class Database:
    """One open database; nothing is opened, and no file made, before it is asked for something.

    It is closed when nobody has it any more, at the latest; to open it for each message takes as long as four messages.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = default_path() if path is None else Path(path)
        self._connection: sqlite3.Connection | None = None

    @property
    def is_there(self) -> bool:
        """Whether there is such a file."""
        return self.path.exists()

    def rows(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        """Return what a query gives, of which `:name` stands for the value of that name.

        Raises:
            TranscriptError: The database cannot be read.
        """
        with explained(self.path):
            return self._open().execute(query, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Change something, all of it or nothing; when the outermost of these returns it is on the disk.

        Raises:
            TranscriptError: The database cannot be written; then it is as it was.
        """
        with explained(self.path):
            connection = self._open()
            if connection.in_transaction:
                yield connection
                return
            with _transaction(connection):
                yield connection

    def close(self) -> None:
        """Close it now; the next question opens it again."""
        if self._connection is not None:
            self._closing()
            self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _opened(self.path)
            self._closing = weakref.finalize(self, self._connection.close)
        return self._connection


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Let an error of SQLite or of the system be a TranscriptError, which names the file and the cure."""
    try:
        yield
    except sqlite3.Error as error:
        way_out = _WAYS_OUT.get(_code(error), "")
        if "fts5" in str(error):
            way_out = "needs full-text search; install a Python whose SQLite has FTS5"
        raise TranscriptError(f"{path}: {way_out or f'{error}; name another file'}") from error
    except OSError as error:
        raise TranscriptError(f"{path}: {error.strerror}; name another file") from error


def _code(error: sqlite3.Error) -> int:
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def _opened(path: Path) -> sqlite3.Connection:
    if not path.exists():  # SQLite makes files that all may read; its other files get the mode of this one
        with suppress(FileExistsError):
            os.close(open_file(path, os.O_CREAT | os.O_EXCL | os.O_RDWR))
    connection = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
    try:
        _patiently(lambda: _prepare(connection, path))
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    version = _version(connection, path)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    if version < len(_STEPS):
        connection.execute("PRAGMA journal_mode = WAL")
        with _transaction(connection):
            for step in _STEPS[_version(connection, path) :]:  # others may have made them meanwhile
                for statement in step:
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_OURS}")
            connection.execute(f"PRAGMA user_version = {len(_STEPS)}")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of the tables, 0 if there are none.

    Raises:
        TranscriptError: It is another program's, or of a version that is not known here.
    """
    owner, version, tables = connection.execute(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)"
        " FROM pragma_application_id, pragma_user_version"
    ).fetchone()
    if tables and owner != _OURS:
        raise TranscriptError(f"{path}: is another program's database; name another file")
    if version > len(_STEPS):
        raise TranscriptError(
            f"{path}: is of version {version}, not {len(_STEPS)}; use it with a newer miniagents-sqlite"
        )
    return int(version)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    _patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
    try:
        yield
        _patiently(lambda: connection.execute("COMMIT"))
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _patiently(step: Callable[[], _Result]) -> _Result:
    """Do it again while others are in the way: SQLite waits too, but not where two would wait for each other."""
    deadline = time.monotonic() + _WAIT_S
    while True:
        try:
            return step()
        except sqlite3.OperationalError as error:
            if _code(error) not in _BUSY or time.monotonic() >= deadline:
                raise
        time.sleep(random.uniform(0, _PAUSE_S))  # noqa: S311 - so that no two keep in step; no secret
