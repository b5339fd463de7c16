"""Conversations: each message once, on its own way, and found by whatever a person calls it."""

from pathlib import Path

import pytest
from miniagents_sqlite.conversations import (
    conversations,
    delete,
    find,
    given_title,
    is_kept,
    keep,
    new_conversation,
    past,
    rename,
)
from miniagents_sqlite.database import Database

from miniagents import Message
from miniagents.errors import SettingsError, TranscriptError


def say(database: Database, place: str, text: str, parent: str = "", **fields: object) -> str:
    """Keep a message; return its place."""
    keep(database, place, Message(text=text, **{"role": "user", **fields}), parent=parent, time="2026-01-02T03:04:05Z")
    return place


def texts(database: Database, at: str) -> list[str]:
    """Return what was said up to a place."""
    return [message.text for message in past(database, at).messages]


def test_ways_through_a_conversation(database: Database) -> None:
    """What goes on from an earlier place is a branch; every place leads back to the beginning, and to nothing else."""
    one = say(database, "c/1", "one", "c/")
    two = say(database, "c/2", "two", one)
    other = say(database, "c/3", "other two", one)
    root = say(database, "c/4", "another one", "c/")
    say(database, "d/1", "elsewhere", "d/")
    assert texts(database, two) == ["one", "two"]
    assert texts(database, other) == ["one", "other two"]
    assert texts(database, root) == texts(database, "c") == ["another one"]
    assert past(database, two).places == ["c/", one, two]
    assert past(database, "c/") == (["c/"], [])
    with pytest.raises(TranscriptError, match="there is no message c/9 in it; name another one"):
        past(database, "c/9")


def test_a_message_is_kept_once(database: Database) -> None:
    """Of one place there is one message, known by the hash of its content; what comes again changes nothing."""
    say(database, "c/1", "one", "c/")
    say(database, "c/1", "changed", "c/")
    assert texts(database, "c") == ["one"]
    assert database.rows("SELECT hash FROM messages") == [(Message(text="one", role="user").content_hash,)]
    assert is_kept(database, "c/1")
    assert is_kept(database, "c/")
    assert not is_kept(database, "c/2")
    assert not is_kept(database, "d/")


def test_the_list(database: Database) -> None:
    """Each with its title or its beginning, its questions, who answered; the one that was written last first."""
    assert conversations(database) == []
    assert not database.is_there
    say(database, "a/1", "# What about 東京?\nand more", "a/")
    say(database, "a/2", "nice", "a/1", role="assistant", metadata={"model": "m\x1b"})
    say(database, "b/1", "bees", "b/")
    rename(database, "b", "All  about\nbees")
    listed = [each[:3] + each[4:] for each in conversations(database)]
    assert listed == [("b", "All about bees", 1, ""), ("a", "What about 東京?", 1, "m␛")]
    assert given_title(database, "b") == "All about bees"
    assert given_title(database, "a") == given_title(database, "z") == ""


def test_which_one_is_meant(database: Database) -> None:
    """The newest, a key or its beginning, a place, words of a title; where that is unclear, the candidates are told."""
    with pytest.raises(SettingsError, match="there is no conversation to go on with; begin one"):
        find(database)
    say(database, "2026-a/1", "about rivers", "2026-a/")
    say(database, "2026-b/1", "about lakes", "2026-b/")
    assert find(database) == find(database, "2026-b") == find(database, "LAKES") == "2026-b"
    assert find(database, "2026-a/1") == "2026-a/1"
    assert find(database, "2026-a/") == "2026-a/"
    with pytest.raises(SettingsError, match="about: 2 conversations are called so; say which: 2026-b, 2026-a"):
        find(database, "about")
    with pytest.raises(SettingsError, match="2026: 2 conversations"):
        find(database, "2026")
    for nothing in ("2026-a/7", "xyz"):
        with pytest.raises(SettingsError, match=r"no conversation is called so; the newest is 2026-b \(about lakes\)"):
            find(database, nothing)


def test_a_long_conversation_is_deleted(database: Database, path: Path) -> None:
    """However long it is, nothing of it stays, neither its messages nor its words; others stay."""
    with database.writing():
        place = "c/"
        for number in range(3000):
            place = say(database, f"c/{number}", f"word {number}", place)
        say(database, "d/1", "word", "d/")
    assert len(texts(database, "c")) == 3000
    delete(database, "c")
    assert [each.key for each in conversations(database)] == ["d"]
    assert database.rows("SELECT count(*) FROM messages") == database.rows("SELECT count(*) FROM said") == [(1,)]
    assert database.rows("SELECT count(*) FROM said WHERE said MATCH 'word'") == [(1,)]


def test_keys_of_conversations_are_sorted_by_time() -> None:
    """No two are the same, and a later one comes later."""
    keys = [new_conversation() for _ in range(100)]
    assert len(set(keys)) == 100
    assert [key[:24] for key in keys] == sorted(key[:24] for key in keys)
