"""Which chats there are, and which have these words.

In: a folder, what a person typed. Out: chats, with a few words around what was found. Never: how they are shown.
"""

import re
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from ...safe_text import safe
from .index import ask, written_at
from .words import SEPARATOR, separated

__all__ = ["Chat", "Hit", "chats_in", "search"]

_MARKS = "\x02", "\x03"
"""Around what was found; no text in the index holds them, for it is safe."""
_MARKED = re.compile("\x02([^\x03]*)\x03")
_SNIPPET_WORDS = 16
_LIST = """
SELECT name, CASE WHEN given != '' OR NOT :titles THEN given ELSE derived END, turns, model, file
FROM chats WHERE is_chat ORDER BY file DESC
"""
_FIND = """
SELECT name, CASE WHEN given != '' OR NOT :titles THEN given ELSE derived END,
       snippet(said, -1, :left, :right, '…', :length)
FROM said JOIN chats ON chats.id = said.rowid WHERE said MATCH :words ORDER BY said.rowid DESC LIMIT :count
"""
"""The rows are in the order in which the files were written; to weigh 10,000 chats takes as long as all the rest."""


class Chat(NamedTuple):
    """A chat in a list."""

    path: Path
    title: str
    """"" if it has none."""
    turns: int
    model: str
    """Who answered last, "" if nobody did."""
    written: datetime
    """When it was written last."""


class Hit(NamedTuple):
    """A chat in which something was found."""

    path: Path
    title: str
    snippet: str
    """A few words around the best place, on one line."""
    matches: tuple[tuple[int, int], ...]
    """Where in the snippet what was looked for begins and ends."""


def chats_in(folder: Path, *, titles: bool = True) -> list[Chat]:
    """Return the chats in a folder, the one that was written last first.

    Args:
        folder: Where; it need not be there.
        titles: Whether one that was given no title has its beginning as title.

    Raises:
        TranscriptError: The folder cannot be read.
    """

    def rows(index: sqlite3.Connection) -> list[tuple[str, str, int, str, str]]:
        return index.execute(_LIST, {"titles": titles}).fetchall()

    return [
        Chat(folder / name, title, turns, model, written_at(file))
        for name, title, turns, model, file in ask(folder, rows)
    ]


def search(folder: Path, words: str, *, limit: int = 20, titles: bool = True) -> list[Hit]:
    """Return the chats that have all these words, or words that begin so, the one written last first.

    Args:
        folder: Where; it need not be there.
        words: Whatever a person typed; nothing in it is an operator.
        limit: How many at the most.
        titles: As for `chats_in`.

    Raises:
        TranscriptError: The folder cannot be read.
    """
    query = " ".join(f'"{separated(safe(word)).replace(chr(34), " ")}"*' for word in words.split())
    if not query:
        return []
    named = {"words": query, "count": limit, "titles": titles, "length": _SNIPPET_WORDS}
    named |= {"left": _MARKS[0], "right": _MARKS[1]}

    def rows(index: sqlite3.Connection) -> list[tuple[str, str, str]]:
        return index.execute(_FIND, named).fetchall()

    return [Hit(folder / name, title, *_unmarked(snippet)) for name, title, snippet in ask(folder, rows)]


def _unmarked(snippet: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return a snippet without its marks, and where they were."""
    pieces = _MARKED.split(" ".join(snippet.replace(SEPARATOR, "").split()))
    matches: list[tuple[int, int]] = []
    text = ""
    for number, piece in enumerate(pieces):
        if number % 2:
            matches.append((len(text), len(text) + len(piece)))
        text += piece
    return text, tuple(matches)
