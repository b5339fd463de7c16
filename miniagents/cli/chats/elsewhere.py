"""The conversation that goes on now, where a plugin keeps it: in a database, say.

In: what is said, through the plugin's history agent. Out: that agent; the messages so far; a place to go back to.
Never: how they are kept.

A history that lasts is registered as an agent forked with `shelf=`, which makes its `Shelf`. The agent is called with
`at=`, the place to go on from, None where a new conversation begins, and `on_kept=`, to be called with the place after
each message that is kept. A place is any text by which `past` finds it again. Where the agent is forked with
`argument=""` too, both get what stands behind the colon in `--history NAME:argument`.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from shlex import quote
from typing import Protocol

from ...errors import UsageError
from ...messages import Message
from ...miniagents import MiniAgent
from .titles import derived_title

__all__ = ["Elsewhere", "Shelf"]


class Shelf(Protocol):
    """Where a plugin keeps conversations, as the program looks into it; all of it may raise a `MiniagentsError`."""

    def find(self, what: str) -> str:
        """Return the place where a conversation stands, by whatever a person calls it; "" is the one written last.

        Raises:
            SettingsError: None is called so, or several are.
        """

    def listed(self, count: int) -> Iterable[tuple[str, str]]:
        """Give those that were written last, the last one first: each by what `find` takes, and its title."""

    def search(self, words: str, count: int) -> Iterable[tuple[str, str, str, Sequence[tuple[int, int]]]]:
        """Give what has all these words, the one written last first, `count` at the most.

        Each by what `find` takes, its title, some words around what was found, and where in these that begins and ends.
        """

    def past(self, place: str) -> tuple[Sequence[str], Sequence[Message]]:
        """Return the messages up to a place, and the places: the one before the first message, and one after each."""

    def title(self, place: str) -> str:
        """Return the title that a person gave to the conversation of this place, "" if none."""

    def rename(self, place: str, title: str) -> None:
        """Give it a title, none if it is ""."""


class Elsewhere:
    """One that a plugin keeps; it stays on its own path, whatever others keep there meanwhile."""

    path: Path | None = None
    """None: it has no file."""

    def __init__(
        self, agent: MiniAgent, shelf: Shelf, *, at: str | None = None, titles: bool = True, history: str = ""
    ) -> None:
        """Take up the conversation at a place, or begin one.

        Args:
            agent: Keeps what is said.
            shelf: Where.
            at: The place.
            titles: Whether what was said first is the title of one that was given none.
            history: What stands behind `--history` for this plugin.
        """
        self._agent, self._shelf, self._history = agent, shelf, history
        self._titles = titles
        self._given_title = ""
        """Given before there was anything to write it to."""
        self.at = at
        """Where it stands; None before anything is kept."""

    def history_agent(self) -> MiniAgent:
        """Return the agent that keeps what is said next."""
        return self._agent.fork(at=self.at, on_kept=self._go_to)

    def make(self) -> None:
        """Do nothing: the plugin says why it cannot keep something when there is something to keep."""

    def messages(self) -> list[Message]:
        """Return what was said, up to where the conversation stands."""
        return [] if self.at is None else list(self._shelf.past(self.at)[1])

    def go_back(self, keep: int) -> None:
        """Let the next dialog go on after the first `keep` messages; the others stay where they are.

        Raises:
            UsageError: There are not so many.
        """
        places = [None] if self.at is None else self._shelf.past(self.at)[0]
        if not 0 <= keep < len(places):
            raise UsageError(f"{len(places) - 1} messages were said; keep as many or fewer")
        self.at = places[keep]

    @property
    def title(self) -> str:
        """What it is about, "" if nobody knows yet."""
        given = self._given_title if self.at is None else self._shelf.title(self.at)
        return given or (derived_title(self.messages()) if self._titles else "")

    def rename(self, title: str) -> None:
        """Give it a title, none if that is ""."""
        if self.at is None:
            self._given_title = title
        else:
            self._shelf.rename(self.at, title)

    def others(self, count: int) -> Iterable[tuple[str, str]]:
        """Give what is kept there too, as `Shelf.listed` does."""
        return self._shelf.listed(count)

    @property
    def kept_in(self) -> str:
        """Where it is kept, for people; "" while nothing of it is."""
        return f"{self._history} as {self.at}" if self.at else ""

    @property
    def resumed_by(self) -> str:
        """The options of `miniagents chat` by which it goes on."""
        return "" if self.at is None else f"--history {quote(self._history)} --resume {quote(self.at)}"

    def _go_to(self, place: str) -> None:
        is_new, self.at = self.at is None, place
        if is_new and self._given_title:
            self._shelf.rename(place, self._given_title)
