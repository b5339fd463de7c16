"""The database as the chat program looks into it, to go on with a conversation.

In: what a person calls a conversation, places. Out: places, messages, titles. Never: what is said next.
"""

from miniagents import Message

from . import conversations
from .database import Database, named
from .flights import recover
from .search import search

__all__ = ["Shelf"]


class Shelf:
    """See `miniagents.cli.chats.elsewhere.Shelf`."""

    def __init__(self, argument: str = "") -> None:
        """Look into the database that stands in `--history sqlite:FILE`, or the usual one."""
        self._path = named(argument) if argument else None

    def find(self, what: str) -> str:
        """Return the place where a conversation stands; "" is the one written last.

        Raises:
            SettingsError: None is called so, or several are.
            TranscriptError: The database cannot be read.
        """
        with Database(self._path) as database:
            if database.is_there:
                recover(database)
            return conversations.past(database, conversations.find(database, what)).places[-1]

    def listed(self, count: int) -> list[tuple[str, str]]:
        """Return the keys and titles of the conversations that were written last, the last one first.

        Raises:
            TranscriptError: The database cannot be read.
        """
        with Database(self._path) as database:
            return [(each.key, each.title) for each in conversations.conversations(database)[:count]]

    def search(self, words: str, count: int) -> list[tuple[str, str, str, tuple[tuple[int, int], ...]]]:
        """Return the messages that have all these words: place, title, some words, and where in them these are.

        Raises:
            TranscriptError: The database cannot be read.
        """
        with Database(self._path) as database:
            hits = search(database, words, limit=count)
            titles = {each.key: each.title for each in conversations.conversations(database)} if hits else {}
        return [(hit.place, titles[hit.place.partition("/")[0]], hit.snippet, hit.matches) for hit in hits]

    def past(self, place: str) -> tuple[list[str], list[Message]]:
        """Return the places and the messages up to one.

        Raises:
            TranscriptError: There is no such place, or the database cannot be read.
        """
        with Database(self._path) as database:
            return conversations.past(database, place)

    def title(self, place: str) -> str:
        """Return the title that a person gave, "" if none.

        Raises:
            TranscriptError: The database cannot be read.
        """
        with Database(self._path) as database:
            return conversations.given_title(database, place.partition("/")[0])

    def rename(self, place: str, title: str) -> None:
        """Give the conversation a title, none if it is "".

        Raises:
            TranscriptError: It cannot be written.
        """
        with Database(self._path) as database:
            conversations.rename(database, place.partition("/")[0], title)
