"""Markdown transcripts: read into the database, and written from it; nothing is lost on the way.

In: files, conversations. Out: conversations, files. Never: what a transcript looks like.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from miniagents.errors import SettingsError
from miniagents.ext import transcript
from miniagents.ext.transcript_copy import replace
from miniagents.ext.transcript_format import Record, front_matter
from miniagents.ext.transcript_path import going_on_from
from miniagents.ext.transcript_title import retitle, title_in

from .conversations import given_title, is_kept, keep, rename
from .database import Database
from .stand_ins import STAND_INS

__all__ = ["export_markdown", "import_markdown", "markdown_of"]

_RECORDS = """
SELECT m.key, p.key, m.record FROM messages m LEFT JOIN messages p ON p.id = m.parent
JOIN conversations c ON c.id = m.conversation WHERE c.key = :key ORDER BY m.id
"""
_OURS = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z-[0-9a-f]{4,8}")
"""What `transcript.new_transcript` calls a file, and `new_conversation` a conversation: nobody else has that name."""
_HASH_DIGITS = 8


def import_markdown(database: Database, path: str | Path) -> tuple[str, int]:
    """Take a transcript into the database; return the conversation's key, and how many messages are new.

    It may be done again at any time: what is there stays, also where the transcript says something else now; what has
    come since is added.

    Raises:
        TranscriptError: The file cannot be read, or the database not written.
    """
    path = Path(path)
    text = transcript.text_of(path)
    records = transcript.records_in(text.encode(), path, STAND_INS)
    key = _key(path.stem, records)
    with database.writing():
        new = _add(database, key, records)
        if (title := title_in(text)) and new:
            rename(database, key, title)
    return key, new


def _add(database: Database, key: str, records: Iterable[Record]) -> int:
    """Add to a conversation what it lacks of these records; return how much that is."""
    new, places, last = 0, {"": f"{key}/"}, f"{key}/"
    for record in records:
        message = record.message
        parent = last if record.parent is None else places.get(record.parent, last)
        last = f"{key}/{record.key.replace('/', '|')}"
        if _hash_of(database, last) not in {None, message.content_hash}:  # `#1`: a key that others may have too
            last += f"-{message.content_hash[:_HASH_DIGITS]}"
        places[record.key] = last
        if not is_kept(database, last):
            keep(database, last, message, parent=parent, time=record.time)
            new += 1
    return new


def markdown_of(database: Database, key: str) -> str:
    """Return a conversation as a transcript, with all its branches; without its title.

    Raises:
        TranscriptError: The database cannot be read.
    """
    ((created,),) = database.rows("SELECT created FROM conversations WHERE key = :key", key=key) or [("",)]
    written, before = [front_matter(created)], ""
    for message_key, parent, record in database.rows(_RECORDS, key=key):
        written.append(record if (parent or "") == before else going_on_from(parent or "", record))
        before = message_key
    return "".join(written)


def export_markdown(database: Database, key: str, path: str | Path, *, over: bool = False) -> None:
    """Write a conversation to a file.

    Args:
        database: Where it is.
        key: Its key.
        path: The file.
        over: Whether it may take the place of a file that is there.

    Raises:
        SettingsError: The file is there.
        TranscriptError: The database cannot be read, or the file not written.
    """
    if not over and Path(path).is_file():
        raise SettingsError(f"{path}: is there already; name another file, or say --force to write over it")
    replace(path, markdown_of(database, key).encode())
    if title := given_title(database, key):
        retitle(path, title)


def _hash_of(database: Database, place: str) -> str | None:
    conversation, _, key = place.partition("/")
    rows = database.rows(
        "SELECT hash FROM messages WHERE key = :key"
        " AND conversation = (SELECT id FROM conversations WHERE key = :conversation)",
        key=key,
        conversation=conversation,
    )
    return rows[0][0] if rows else None


def _key(name: str, records: list[Record]) -> str:
    """Return the key of the conversation in a file of this name; files of one name may hold different ones."""
    if _OURS.fullmatch(name) or not records:
        return name
    first = records[0]
    told = hashlib.sha256(f"{first.key} {first.time} {first.message.content_hash}".encode()).hexdigest()
    return f"{name}-{told[:_HASH_DIGITS]}"
