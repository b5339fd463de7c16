"""A history that a plugin might bring: conversations in a list, as long as the test lasts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from miniagents.errors import SettingsError
from miniagents.miniagents import InteractionContext, miniagent

if TYPE_CHECKING:
    from collections.abc import Callable

    from miniagents.messages import Message, MessageSequencePromise

__all__ = ["Notebook", "notebook_agent"]


@dataclass
class Notebook:
    """A shelf; a place is the numbers of the messages that lead to it."""

    pages: list[Message] = field(default_factory=list)
    last: str = ""
    titles: dict[str, str] = field(default_factory=dict)
    """By the first number of a place."""
    argument: str | None = None
    """What stood behind the colon, last."""

    def __call__(self, argument: str) -> Notebook:
        """Make the shelf: the same one again."""
        self.argument = argument
        return self

    def find(self, what: str) -> str:
        """Return the place that was written last, whatever it is called but "nothing"."""
        if what == "nothing":
            raise SettingsError("nothing: no conversation is called so; call it something else")
        return self.last

    def listed(self, count: int) -> list[tuple[str, str]]:
        """Return the last place, and its title."""
        return [(self.last, self.title(self.last))][:count] if self.last else []

    def search(self, words: str, count: int) -> list[tuple[str, str, str, list[tuple[int, int]]]]:
        """Return the messages that begin so."""
        found = [number for number, page in enumerate(self.pages) if page.text.startswith(words)]
        return [(f"{number}", self.title("0"), self.pages[number].text, [(0, len(words))]) for number in found][:count]

    def past(self, place: str) -> tuple[list[str], list[Message]]:
        """Return the places up to one, and the messages."""
        numbers = place.split()
        places = [" ".join(numbers[:length]) for length in range(len(numbers) + 1)]
        return places, [self.pages[int(number)] for number in numbers]

    def title(self, place: str) -> str:
        """Return the title that was given."""
        return self.titles.get(place[:1], "")

    def rename(self, place: str, title: str) -> None:
        """Give a title."""
        self.titles[place[:1]] = title


@miniagent
async def notebook_agent(  # noqa: PLR0913 - by name
    ctx: InteractionContext,
    *,
    shelf: Notebook,
    on_kept: Callable[[str], None],
    at: str | None = None,
    previous: MessageSequencePromise | None = None,
    argument: str = "",
) -> None:
    """Keep what is said in a notebook, once all of it is there."""
    if previous is None:
        before, place = shelf.past(at or "")[1], at
    else:
        before, place = await previous, shelf.last
    ctx.reply(before)
    for message in await ctx.message_promises:
        shelf.pages.append(message)
        place = shelf.last = f"{place or ''} {len(shelf.pages) - 1}".strip()
        on_kept(place)
        ctx.reply(message)
