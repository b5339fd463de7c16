"""What has these words, of all that was said in all conversations.

In: what a person typed. Out: places, with a few words around what was found. Never: how they are shown.
"""

import re
from typing import NamedTuple

from miniagents.cli.chats.words import SEPARATOR, separated
from miniagents.safe_text import safe

from .database import Database

__all__ = ["Hit", "search"]

_MARKS = "\x02", "\x03"
"""Around what was found; no text in the index holds them, for it is safe."""
_MARKED = re.compile("\x02([^\x03]*)\x03")
_SNIPPET_WORDS = 16
_FIND = """
SELECT c.key || '/' || m.key, m.time, m.role, snippet(said, 0, :left, :right, '…', :length)
FROM said JOIN messages m ON m.id = said.rowid JOIN conversations c ON c.id = m.conversation
WHERE said MATCH :words ORDER BY said.rowid DESC LIMIT :count
"""


class Hit(NamedTuple):
    """A message in which something was found."""

    place: str
    time: str
    role: str
    snippet: str
    """A few words around the best place, on one line."""
    matches: tuple[tuple[int, int], ...]
    """Where in the snippet what was looked for begins and ends."""


def search(database: Database, words: str, *, limit: int = 20) -> list[Hit]:
    """Return the messages that have all these words, or words that begin so, the one that was kept last first.

    Args:
        database: Where.
        words: Whatever a person typed; nothing in it is an operator.
        limit: How many at the most.

    Raises:
        TranscriptError: The database cannot be read.
    """
    query = " ".join(f'"{separated(safe(word)).replace(chr(34), " ")}"*' for word in words.split())
    if not query or not database.is_there:
        return []
    left, right = _MARKS
    rows = database.rows(_FIND, words=query, count=limit, left=left, right=right, length=_SNIPPET_WORDS)
    return [Hit(place, time, role or "", *_unmarked(snippet)) for place, time, role, snippet in rows]


def _unmarked(snippet: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return a snippet without its marks, and where they were."""
    matches: list[tuple[int, int]] = []
    text = ""
    for number, piece in enumerate(_MARKED.split(" ".join(snippet.replace(SEPARATOR, "").split()))):
        if number % 2:
            matches.append((len(text), len(text) + len(piece)))
        text += piece
    return text, tuple(matches)
