"""What is in a folder of chats, in an SQLite file beside them, so that nobody has to read them all.

In: a folder. Out: a database that is in step with its files. Never: what somebody looks for; the truth. It can be
deleted at any time. Where it cannot be used (locked, broken, a folder that cannot be written), the same is made in
memory, which only takes longer.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from ...errors import TranscriptError
from .words import separated

if TYPE_CHECKING:
    from .summary import Summary

__all__ = ["ask", "written_at"]

_Answer = TypeVar("_Answer")
_NAME = ".index.sqlite3"
_VERSION = 1
"""Of the tables below, and of what `summary` puts into them: another one's index is made anew."""
_WAIT_S = 10.0
"""For another program to end its batch (50 ms)."""
_TRIES = 10
"""Two programs that look at the same moment see other files, and each takes out what only the other one saw."""
_BATCH = 200
"""How many files are taken in at once; others may look between two batches."""
_TABLES = """
DROP TABLE IF EXISTS chats;
DROP TABLE IF EXISTS said;
DROP TABLE IF EXISTS step;
CREATE TABLE chats (
    id INTEGER PRIMARY KEY, name TEXT UNIQUE, file TEXT, is_chat INTEGER,
    given TEXT, derived TEXT, turns INTEGER, model TEXT
);
CREATE TABLE step (files TEXT);
INSERT INTO step VALUES ('');
CREATE VIRTUAL TABLE said USING fts5 (title, text, tokenize = "unicode61 remove_diacritics 2");
"""
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH}
"""What says that the file holds something else than was put there; everything else says that it cannot be used now."""


_File: TypeAlias = str
"""When a file was written, in nanoseconds, its size in bytes, and its name: a text, for 10,000 of them are compared."""


def ask(folder: Path, question: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
    """Ask the index of a folder, once it is in step with the files there.

    Raises:
        TranscriptError: The folder cannot be read, or SQLite lacks full-text search.
    """
    files = _files_in(folder)
    path = folder / _NAME
    for _ in range(2):  # a broken one is taken away, and made once more
        try:
            return _asked(folder, files, question, path)
        except (sqlite3.Error, OSError) as error:
            if _code(error) not in _BROKEN:
                break
            for name in path, path.with_name(f"{_NAME}-journal"):
                with suppress(OSError):
                    name.unlink()
    try:
        return _asked(folder, files, question, None)
    except sqlite3.Error as error:
        raise TranscriptError(f"{folder}: {error}; install a Python whose SQLite has FTS5") from error


def _asked(
    folder: Path, files: list[_File], question: Callable[[sqlite3.Connection], _Answer], path: Path | None
) -> _Answer:
    if path is not None:  # SQLite makes files that all may read
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    with closing(sqlite3.connect(path or ":memory:", timeout=_WAIT_S, isolation_level=None)) as index:
        for _ in range(_TRIES):
            _bring_into_step(index, folder, files)
            index.execute("BEGIN")  # from the look on, nobody changes what is asked
            if _is_in_step(index, files):
                return question(index)
            index.execute("ROLLBACK")
    raise sqlite3.OperationalError("others bring it into step with other files all the time")


def _code(error: Exception) -> int | None:
    """Return what kind of error it is, for SQLite."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF


def _files_in(folder: Path) -> list[_File]:
    """Return the files that may be chats; nearly all of the time that an answer takes is spent here."""
    files: list[_File] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if name.endswith(".md") and (name.isascii() or _can_be_written(name)) and name[0] != ".":
                    try:
                        status = entry.stat()
                    except OSError:  # it is gone again
                        continue
                    files.append(f"{status.st_mtime_ns:020} {status.st_size} {name}")
    except FileNotFoundError:
        pass
    except OSError as error:
        raise TranscriptError(f"{folder}: {error.strerror}; name another folder (--chats-dir)") from error
    files.sort()
    return files


def _can_be_written(name: str) -> bool:
    """Say whether it is Unicode; a file system knows other names too."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bring_into_step(index: sqlite3.Connection, folder: Path, files: list[_File]) -> None:
    if index.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
        index.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT")
    if _is_in_step(index, files):
        return
    from .summary import summary_of  # noqa: PLC0415 - brings in the library, which takes longer than a search

    known = _known(index)
    there = set(files)
    gone = known - there
    new = [file for file in files if file not in known]  # in the order of writing, and so are the rows
    for start in range(0, len(new), _BATCH):
        batch = [(file, summary_of(folder / _name(file))) for file in new[start : start + _BATCH]]
        with _transaction(index):
            index.execute("UPDATE step SET files = ''")
            for file, summary in batch:
                _take_in(index, file, summary)
    with _transaction(index):
        for file in gone:
            _take_out(index, _name(file), only=file)
        if _known(index) == there:  # or else another program took one of ours out meanwhile
            index.execute("UPDATE step SET files = ?", ("\n".join(files),))


def _known(index: sqlite3.Connection) -> set[_File]:
    return {file for (file,) in index.execute("SELECT file FROM chats")}


def _is_in_step(index: sqlite3.Connection, files: list[_File]) -> bool:
    return bool(index.execute("SELECT files FROM step").fetchone()[0] == "\n".join(files))


@contextmanager
def _transaction(index: sqlite3.Connection) -> Iterator[None]:
    index.execute("BEGIN IMMEDIATE")
    yield
    index.execute("COMMIT")


def written_at(file: _File) -> datetime:
    """Return when a file in the index was written."""
    return datetime.fromtimestamp(int(file.partition(" ")[0]) / 1e9, UTC)


def _name(file: _File) -> str:
    return file.split(" ", 2)[2]


def _take_out(index: sqlite3.Connection, name: str, only: _File | None = None) -> None:
    query = "SELECT id FROM chats WHERE name = ? AND file = coalesce(?, file)"
    for row in index.execute(query, (name, only)).fetchall():
        index.execute("DELETE FROM chats WHERE id = ?", row)
        index.execute("DELETE FROM said WHERE rowid = ?", row)


def _take_in(index: sqlite3.Connection, file: _File, summary: "Summary | None") -> None:
    """Take a file in; one that is no chat is remembered too, so that it is not read each time."""
    name = _name(file)
    _take_out(index, name)
    told = (None, None, None, None) if summary is None else summary[:4]
    row = index.execute(
        "INSERT INTO chats (name, file, is_chat, given, derived, turns, model) VALUES (?,?,?,?,?,?,?)",
        (name, file, summary is not None, *told),
    )
    if summary is not None:
        title = separated(summary.given or summary.derived)
        index.execute("INSERT INTO said (rowid, title, text) VALUES (?,?,?)", (row.lastrowid, title, summary.text))
