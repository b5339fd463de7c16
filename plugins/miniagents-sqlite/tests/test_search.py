"""The search: everything that was said is found by its words, and nothing that is typed is an operator."""

from miniagents_sqlite.conversations import delete, keep
from miniagents_sqlite.database import Database
from miniagents_sqlite.search import search

from miniagents import Message


def say(database: Database, place: str, text: str) -> None:
    """Keep a message."""
    keep(database, place, Message(text=text, role="user"), parent="", time="2026-01-02T03:04:05Z")


def places(database: Database, words: str, limit: int = 20) -> list[str]:
    """Return where these words are."""
    return [hit.place for hit in search(database, words, limit=limit)]


def test_words_are_found(database: Database) -> None:
    """All words, in any order, whole or their beginnings, without accents or case; the newest first."""
    assert places(database, "anything") == []
    assert not database.is_there
    say(database, "a/1", "The Café in Zürich")
    say(database, "b/1", "cafés everywhere")
    say(database, "b/2", "nothing here")
    assert places(database, "cafe") == ["b/1", "a/1"]
    assert places(database, "cafe", limit=1) == ["b/1"]
    assert places(database, "ZURICH caf") == ["a/1"]
    assert places(database, "zurich everywhere") == places(database, " ") == []
    delete(database, "b")
    assert places(database, "cafe") == ["a/1"]


def test_scripts_without_spaces(database: Database) -> None:
    """A word in the middle of a line of Japanese is found, and the line shown as it was."""
    say(database, "a/1", "私は東京に住んでいます")
    (hit,) = search(database, "東京")
    assert "東京" in hit.snippet
    assert "\u200b" not in hit.snippet
    assert "".join(hit.snippet[start:end] for start, end in hit.matches) == "東京"


def test_nothing_is_an_operator(database: Database) -> None:
    """Whatever is typed is looked for as it is, and no error of SQLite comes of it."""
    say(database, "a/1", 'say "quoted" NOT or AND * (what) text:x \x1b[31m')
    for words in ('"quoted"', "NOT or", "*", "(what)", "text:x", "a\0b", "NEAR(", "\x1b", '"', "\ud800"):
        search(database, words)
    assert places(database, '"quoted" NOT') == ["a/1"]
    assert "\x1b" not in search(database, "say")[0].snippet


def test_where_it_was_found(database: Database) -> None:
    """A hit says who said it when, and where in the snippet the words are."""
    say(database, "a/1", "one two\nthree")
    (hit,) = search(database, "two")
    assert hit == ("a/1", "2026-01-02T03:04:05Z", "user", "one two three", ((4, 7),))
