"""The database: made once however many begin at once, readable by its owner only, and clear about what is wrong."""

import gc
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from miniagents_sqlite import database as module
from miniagents_sqlite.database import Database, default_path

from miniagents.errors import TranscriptError

SideBySide = Callable[..., list[tuple[int, str]]]
BEGINNER = """
import sys
from miniagents import Message
from miniagents_sqlite.conversations import keep, new_conversation, past
from miniagents_sqlite.database import Database

print("ready", flush=True)
sys.stdin.readline()
for name in sys.argv[1:]:
    conversation = new_conversation()
    with Database(name) as database:
        parent = f"{conversation}/"
        for number in range(5):
            place = f"{conversation}/{number}"
            keep(database, place, Message(text=f"message {number}"), parent=parent, time="now")
            parent = place
        assert [message.text for message in past(database, parent).messages] == [f"message {n}" for n in range(5)]
"""


def test_ten_processes_begin_at_once(tmp_path: Path, side_by_side: SideBySide) -> None:
    """Where there is no database yet, ten programs that want one at the same time all write all that they have."""
    paths = [tmp_path / f"{number}.db" for number in range(8)]
    assert side_by_side(BEGINNER, 10, *map(str, paths)) == [(0, "")] * 10
    for path in paths:
        with Database(path) as database:
            assert database.rows("SELECT count(*), count(DISTINCT conversation) FROM messages") == [(50, 10)]
            assert database.rows("PRAGMA integrity_check") == [("ok",)]


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    """The file, those that SQLite puts beside it, and the folders that it lacked are for their owner only."""
    path = tmp_path / "new" / "folder" / "chats.db"
    with Database(path) as database:
        with database.writing():
            pass
        assert {file.name: oct(file.stat().st_mode & 0o777) for file in path.parent.iterdir()} == dict.fromkeys(
            ("chats.db", "chats.db-wal", "chats.db-shm"), "0o600"
        )
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_readers_and_writers_do_not_wait_for_each_other(database: Database) -> None:
    """It is in WAL mode, a commit is on the disk, and what has no message cannot be one's parent."""
    assert database.rows("PRAGMA journal_mode") == [("wal",)]
    assert database.rows("PRAGMA synchronous") == [(2,)]
    assert database.rows("PRAGMA foreign_keys") == [(1,)]


def test_nothing_happens_before_it_is_asked_for_something(database: Database) -> None:
    """A database that nobody asks makes no file; closed, it is there again for the next question."""
    assert not database.is_there
    database.close()
    assert database.rows("SELECT 1") == [(1,)]
    database.close()
    assert database.rows("SELECT 2") == [(2,)]
    assert database.is_there


def test_it_is_closed_when_nobody_has_it_any_more(path: Path) -> None:
    """One that is forgotten leaves no file beside it, and no warning."""
    database = Database(path)
    database.rows("SELECT 1")
    assert len(list(path.parent.iterdir())) == 3
    del database
    gc.collect()
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_all_or_nothing(database: Database) -> None:
    """What breaks in the middle of a change leaves the database as it was, also where one change is part of another."""

    def change() -> None:
        with database.writing() as outer:
            outer.execute("INSERT INTO conversations (key, created) VALUES ('a', '')")
            with database.writing() as inner:
                inner.execute("INSERT INTO conversations (key, created) VALUES ('b', '')")
            raise KeyError

    with pytest.raises(KeyError):
        change()
    assert database.rows("SELECT * FROM conversations") == []


def spoiled(path: Path, *statements: str) -> None:
    """Do something to a database that only others would."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def said_of(path: Path) -> str:
    """Return what is said where it cannot be used."""
    with Database(path) as database, pytest.raises(TranscriptError) as caught:
        database.rows("SELECT * FROM messages")
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    assert "\n" not in said
    return said.removeprefix(f"{path}: ")


def test_what_is_wrong_with_it_is_one_clear_line(path: Path, tmp_path: Path) -> None:
    """Another kind of file, another program's database, one of a newer version, a broken one: each says what to do."""
    path.write_bytes(b"no database at all, but long enough to be taken for one" * 100)
    assert said_of(path) == "is no database; name another file"
    path.unlink()
    spoiled(path, "CREATE TABLE theirs (x)")
    before = path.read_bytes()
    assert said_of(path) == "is another program's database; name another file"
    assert path.read_bytes() == before
    path.unlink()
    with Database(path) as database:
        database.rows("SELECT 1")
    spoiled(path, "PRAGMA user_version = 7")
    assert said_of(path) == "is of version 7, not 1; use it with a newer miniagents-sqlite"
    spoiled(path, "PRAGMA user_version = 1")
    pages = path.read_bytes()
    path.write_bytes(pages[:4096] + bytes([255]) * (len(pages) - 4096))
    assert said_of(path) == "is broken; put it aside, and take a copy or begin a new one"
    assert said_of(tmp_path) == "cannot be opened; name another file"
    (tmp_path / "file").touch()
    assert said_of(tmp_path / "file" / "chats.db") == "Not a directory; name another file"


def test_one_that_is_locked_is_waited_for_and_then_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who holds the lock too long is told of; who lets go in time is not noticed."""
    monkeypatch.setattr(module, "_WAIT_S", 0.05)
    with Database(path) as database, closing(sqlite3.connect(path, isolation_level=None)) as other:
        database.rows("SELECT 1")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TranscriptError, match=r"is locked by another program; end that one"), database.writing():
            pass
        other.execute("ROLLBACK")
        with database.writing():
            pass


def test_what_does_not_wait_by_itself_is_tried_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where SQLite says at once that somebody is in the way (two that both would wait for each other), we wait."""
    monkeypatch.setattr(module, "_WAIT_S", 0)
    with Database(path) as database, closing(sqlite3.connect(path, isolation_level=None)) as other:
        database.rows("SELECT 1")
        monkeypatch.setattr(module, "_WAIT_S", 30)
        other.execute("BEGIN IMMEDIATE")
        pauses = iter([lambda: None, lambda: other.execute("COMMIT")])
        monkeypatch.setattr(module.time, "sleep", lambda _: next(pauses)())
        with database.writing() as connection:
            connection.execute("INSERT INTO conversations (key, created) VALUES ('a', '')")
        assert list(pauses) == []
        assert database.rows("SELECT key FROM conversations") == [("a",)]


def test_a_python_without_full_text_search(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where SQLite lacks what the search needs, that is said, and the tables are not half made."""
    broken = (("CREATE TABLE half (x)", "CREATE VIRTUAL TABLE said USING no_fts5 (text)"),)
    monkeypatch.setattr(module, "_STEPS", broken)
    with Database(path) as database, pytest.raises(TranscriptError, match="needs full-text search; install a Python"):
        database.rows("SELECT 1")
    monkeypatch.undo()
    with Database(path) as database:
        assert database.rows("SELECT count(*) FROM sqlite_master WHERE name = 'half'") == [(0,)]


def test_where_it_is(tmp_path: Path) -> None:
    """MINIAGENTS_SQLITE names it; else it is with the user's data, and asking for it makes nothing."""
    assert default_path({"MINIAGENTS_SQLITE": "~/x.db"}) == Path.home() / "x.db"
    assert default_path({"MINIAGENTS_SQLITE": "~nobody-at-all/x.db"}) == Path("~nobody-at-all/x.db")
    assert default_path({}).parts[-2:] == ("miniagents", "conversations.sqlite3")
