"""Everything of one kind that plugins offer, by name; a plugin is imported when something of it is taken.

In: plugins that were found, with outlines of what they offer. Out: read-only mappings. Never: which plugins are wanted.
"""

import sys
from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, ValuesView
from contextlib import redirect_stdout, suppress
from types import MappingProxyType
from typing import Any, TypeVar

from ..errors import PluginError
from ..safe_text import one_line
from .catalogue import Catalogue
from .fault import in_one_line
from .found import Found
from .offer import Gather, Offer, asked
from .outline import Note, Outline

__all__ = ["Offers", "Source", "by_note"]

_Thing = TypeVar("_Thing")


class Source:
    """A plugin, asked once, when somebody wants to know."""

    def __init__(
        self,
        found: Found,
        gather: Gather | None,
        failed: Callable[[PluginError], None],
        catalogue: Catalogue | None = None,
    ) -> None:
        """Make it; `failed` is told, once, when the plugin cannot be used."""
        self.found = found
        self.outline: Outline | None = None
        """What is known of what it offers."""
        known = catalogue.recall(found) if catalogue is not None else None
        if known is not None and not known.error:  # what was wrong with it may be cured by now
            self.outline = known
        self._gather = gather
        self._failed = failed
        self._catalogue = catalogue
        self._offer: Offer | None = None
        self._is_asked = False

    def offer(self) -> Offer | None:
        """Return what it offers, None if it cannot be used."""
        if not self._is_asked:
            self._is_asked = True
            try:
                with redirect_stdout(sys.stderr):  # standard output is for replies: a plugin that prints is no reply
                    self._offer = asked(self.found.get(), self.found.name, self._gather)
            except KeyboardInterrupt:  # the person, not the plugin
                raise
            except BaseException as error:  # noqa: BLE001 - whatever a plugin does wrong, the program goes on
                failure = PluginError(f"plugin {one_line(self.found.name)} skipped: {in_one_line(error)}")
                self._remember(Outline([], {}, [], str(failure)))
                self._failed(failure)
            else:
                self._remember(self._offer.outline)
        return self._offer

    def may_offer(self, kind: str, name: str) -> bool:
        """Say whether it offers this, as far as is known: once it was asked, what was remembered counts no more."""
        return not self._is_asked or (self._offer is not None and name in self._offer.things[kind])

    def _remember(self, outline: Outline) -> None:
        if self._catalogue is not None:
            self._catalogue.learn(self.found, outline)
            if self.outline is not None:  # it is not what was remembered
                self._catalogue.keep()
        if self.outline is None and not outline.error:
            self.outline = outline  # else the names are given away already


class Offers(Mapping[str, _Thing]):
    """Things of one kind by name. Names and notes are known at once; to ask whether one is there imports its plugin."""

    __slots__ = ("_kind", "_owners")

    def __init__(self, kind: str, owners: Mapping[str, Source]) -> None:
        """Make it of the names, each with the plugin that offers it."""
        self._kind = kind
        self._owners = owners

    def __getitem__(self, name: str) -> _Thing:
        offer = self._owners[name].offer()
        if offer is None:
            raise KeyError(name)
        thing: _Thing = offer.things[self._kind][name]  # a KeyError where the plugin is not what was remembered
        return thing

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, source in self._owners.items() if source.may_offer(self._kind, name)])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def values(self) -> ValuesView[_Thing]:
        """Return the things; each plugin is imported when its turn comes."""
        return _Values(self)

    def items(self) -> ItemsView[str, _Thing]:
        """Return the things with their names, as `values` does."""
        return _Items(self)

    @property
    def notes(self) -> Mapping[str, Note]:
        """What is known of each without importing its plugin: a provider's rank, the help of a word or a command."""
        notes: dict[str, Note] = {}
        for name, source in self._owners.items():
            if source.outline is not None:
                notes[name] = source.outline.names[self._kind][name]
        return MappingProxyType(notes)


class _Values(ValuesView[_Thing]):
    def __init__(self, offers: Offers[_Thing]) -> None:
        super().__init__(offers)
        self._offers = offers

    def __iter__(self) -> Iterator[_Thing]:
        return (thing for _, thing in _there(self._offers))


class _Items(ItemsView[str, _Thing]):
    def __init__(self, offers: Offers[_Thing]) -> None:
        super().__init__(offers)
        self._offers = offers

    def __iter__(self) -> Iterator[tuple[str, _Thing]]:
        return _there(self._offers)


def _there(offers: Offers[_Thing], names: Iterable[str] | None = None) -> Iterator[tuple[str, _Thing]]:
    """Give what is still there when its turn comes."""
    for name in offers if names is None else names:
        with suppress(KeyError):
            yield name, offers[name]


def by_note(things: Mapping[str, _Thing], note: Callable[[_Thing], Any]) -> Iterator[_Thing]:
    """Give things in the order of their notes: providers by rank; a plugin is imported only when its turn comes.

    Args:
        things: `Offers`, or any other mapping.
        note: What stands in the notes, of a thing itself.
    """
    if not isinstance(things, Offers):
        yield from sorted(things.values(), key=note)
        return
    notes = things.notes
    yield from (thing for _, thing in _there(things, sorted(notes, key=notes.__getitem__)))
