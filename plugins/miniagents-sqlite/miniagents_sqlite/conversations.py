"""Conversations in the database: messages put there, and the ways through them.

In: messages, places. Out: messages, places. Never: how they come, a transcript's file, what somebody looks for.

A place is a text: the conversation's key, "/", and the key of a message in it; with nothing behind the "/" it is the
place before the first message. What goes on from an earlier place is a branch: nothing that was said is taken back.
"""

import secrets
from datetime import UTC, datetime
from typing import NamedTuple

from miniagents import Message
from miniagents.cli.chats.titles import derived_title
from miniagents.cli.chats.words import SEPARATOR, separated
from miniagents.errors import SettingsError, TranscriptError
from miniagents.ext.transcript import timestamp
from miniagents.ext.transcript_format import MessageClasses, parse, written
from miniagents.frozen import EMPTY
from miniagents.safe_text import safe

from .database import Database

__all__ = [
    "Listed",
    "Past",
    "conversations",
    "delete",
    "find",
    "given_title",
    "is_kept",
    "keep",
    "new_conversation",
    "past",
    "rename",
]

_NEW_CONVERSATION = "INSERT OR IGNORE INTO conversations (key, created) VALUES (?, ?)"
_NEW_MESSAGE = """
INSERT OR IGNORE INTO messages (conversation, key, parent, hash, time, role, agent, model, status, record) VALUES (
    :owner, :key, (SELECT id FROM messages WHERE conversation = :owner AND key = :parent),
    :hash, :time, :role, :agent, :model, :status, :record
)
"""
_LIST = """
SELECT c.key, c.title, count(m.id) FILTER (WHERE m.role = 'user'), max(m.time),
    (SELECT model FROM messages WHERE conversation = c.id AND model IS NOT NULL ORDER BY id DESC LIMIT 1),
    (SELECT text FROM said WHERE rowid =
        (SELECT id FROM messages WHERE conversation = c.id AND role = 'user' ORDER BY id LIMIT 1))
FROM conversations c JOIN messages m ON m.conversation = c.id GROUP BY c.id ORDER BY max(m.id) DESC
"""
_WAY = """
WITH RECURSIVE way (id, parent, steps) AS (
    SELECT id, parent, 0 FROM messages WHERE id = :id
    UNION ALL SELECT m.id, m.parent, way.steps + 1 FROM way JOIN messages m ON m.id = way.parent
) SELECT m.key, m.record FROM way JOIN messages m ON m.id = way.id ORDER BY way.steps DESC
"""
_LAST = """
SELECT m.id FROM messages m JOIN conversations c ON c.id = m.conversation
WHERE c.key = :conversation AND (m.key = :key OR :key IS NULL) ORDER BY m.id DESC LIMIT 1
"""
_TOLD = 5
"""How many conversations an error names."""


class Past(NamedTuple):
    """What was said in a conversation up to one of its places."""

    places: list[str]
    """The place before the first message, and the one after each."""
    messages: list[Message]


class Listed(NamedTuple):
    """A conversation in a list."""

    key: str
    title: str
    """Its beginning where it was given none."""
    turns: int
    """How many questions were asked, in all its branches."""
    time: str
    """When the last message in it began, as a transcript has it."""
    model: str
    """Who answered last, "" if nobody did."""


def new_conversation() -> str:
    """Return a key that no other conversation has; sorted, they are sorted by time."""
    now = datetime.now(UTC)
    return f"{now:%Y-%m-%dT%H-%M-%S}.{now.microsecond // 1000:03}Z-{secrets.token_hex(4)}"


def keep(  # noqa: PLR0913 - by name
    database: Database, place: str, message: Message, *, parent: str, time: str, record: str | None = None
) -> None:
    """Put a message into the database, with its conversation if that is not there; one that is there stays as it is.

    Args:
        database: Where.
        place: What it is to be known by.
        message: It, whole.
        parent: The place that it goes on from, in the same conversation; one that is not there is its beginning.
        time: When it began.
        record: It, written with the key of its place, where somebody has that already.

    Raises:
        TranscriptError: It cannot be written; then the database is as it was.
    """
    conversation, key = _split(place)
    named = {name: _name(message.metadata.get(name)) for name in ("agent", "model", "status")}
    columns = {"role": _name(message.role), "hash": message.content_hash, "time": time, **named}
    columns |= {"key": key, "parent": _split(parent)[1], "record": record or written(message, key, time)}
    with database.writing() as connection:
        connection.execute(_NEW_CONVERSATION, (conversation, time or timestamp()))
        (owner,) = connection.execute("SELECT id FROM conversations WHERE key = ?", (conversation,)).fetchone()
        row = connection.execute(_NEW_MESSAGE, columns | {"owner": owner})
        if row.rowcount:
            said = separated(safe(message.text))
            connection.execute("INSERT INTO said (rowid, text) VALUES (?, ?)", (row.lastrowid, said))


def is_kept(database: Database, place: str) -> bool:
    """Say whether there is such a place.

    Raises:
        TranscriptError: The database cannot be read.
    """
    conversation, key = _split(place)
    if key:
        return bool(database.rows(_LAST, conversation=conversation, key=key))
    return bool(database.rows("SELECT 1 FROM conversations WHERE key = :key", key=conversation))


def past(database: Database, at: str, message_classes: MessageClasses = EMPTY) -> Past:
    """Return what was said up to a place; a conversation's key alone means the message that was kept last.

    Args:
        database: Where.
        at: The place.
        message_classes: As for `transcript_format.parse`.

    Raises:
        TranscriptError: There is no such place, or the database cannot be read.
    """
    conversation, _, key = at.partition("/")
    told = Past([f"{conversation}/"], [])
    if at.endswith("/"):
        return told
    found = database.rows(_LAST, conversation=conversation, key=key or None)
    if not found:
        raise TranscriptError(f"{database.path}: there is no message {at} in it; name another one")
    for message_key, record in database.rows(_WAY, id=found[0][0]):
        (read,) = parse(record, f"{database.path}: {conversation}/{message_key}", message_classes)[:1]
        told.places.append(f"{conversation}/{message_key}")
        told.messages.append(read.message)
    return told


def conversations(database: Database) -> list[Listed]:
    """Return the conversations there are, the one that was written last first.

    Raises:
        TranscriptError: The database cannot be read.
    """
    if not database.is_there:
        return []
    return [
        Listed(key, title or _beginning(begun or ""), turns, time, model or "")
        for key, title, turns, time, model, begun in database.rows(_LIST)
    ]


def find(database: Database, what: str = "") -> str:
    """Return the place that is meant: by itself, by the conversation's key, its beginning, or words of its title.

    Args:
        database: Where.
        what: "" means the conversation that was written last.

    Raises:
        SettingsError: There is none, or there are several; some are named.
        TranscriptError: The database cannot be read.
    """
    there = conversations(database)
    if not there:
        raise SettingsError(f"{database.path}: there is no conversation to go on with; begin one")
    if not what:
        return there[0].key
    key, slash, message = what.partition("/")
    exact = [each.key for each in there if each.key == key]
    begins = exact or [each.key for each in there if each.key.startswith(key)]
    if len(begins) == 1 and (not message or is_kept(database, f"{begins[0]}/{message}")):
        return f"{begins[0]}{slash}{message}"
    called = [each.key for each in there if what.casefold() in each.title.casefold()]
    if len(called) == 1:
        return called[0]
    several = begins or called
    if several and not message:
        named = ", ".join(several[:_TOLD]) + (", …" if len(several) > _TOLD else "")
        raise SettingsError(f"{what}: {len(several)} conversations are called so; say which: {named}")
    raise SettingsError(f"{what}: no conversation is called so; the newest is {there[0].key} ({there[0].title})")


def given_title(database: Database, key: str) -> str:
    """Return the title that a person gave to a conversation, "" if none.

    Raises:
        TranscriptError: The database cannot be read.
    """
    rows = database.rows("SELECT title FROM conversations WHERE key = :key", key=key)
    return str(rows[0][0]) if rows else ""


def rename(database: Database, key: str, title: str) -> None:
    """Give a conversation a title, none if it is "".

    Raises:
        TranscriptError: It cannot be written.
    """
    with database.writing() as connection:
        connection.execute("UPDATE conversations SET title = ? WHERE key = ?", (safe(" ".join(title.split())), key))


def delete(database: Database, key: str) -> None:
    """Delete a conversation for good, and what can be found of it.

    Raises:
        TranscriptError: It cannot be written.
    """
    with database.writing() as connection:
        connection.execute("DELETE FROM conversations WHERE key = ?", (key,))


def _beginning(text: str) -> str:
    return derived_title([Message(text=text.replace(SEPARATOR, ""), role="user")])


def _split(place: str) -> tuple[str, str]:
    conversation, _, key = place.partition("/")
    return conversation, key


def _name(value: object) -> str | None:
    return safe(value) if isinstance(value, str) else None
