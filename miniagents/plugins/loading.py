"""Plugins asked what they offer, and all of it together: a `Plugins` value.

A plugin that cannot be imported or fails in a hook is named, skipped and reported; it never stops the program. Never
here: what the registered things are for.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import EntryPoint
from typing import Any

from ..errors import PluginError
from ..frozen import EMPTY
from ..hookspecs import Key, ModelProvider, ToolSource, Word
from ..miniagents import MiniAgent
from ..safe_text import one_line
from .catalogue import Catalogue
from .found import Found, installed
from .offer import Gather
from .offers import Offers, Source
from .outline import KINDS

__all__ = ["Member", "Plugins", "load"]


@dataclass(frozen=True, slots=True)
class Member:
    """A plugin that was found, for people."""

    found: Found
    hooks: tuple[str, ...]
    """The hooks that it has, as far as is known."""
    state: str
    """What there is to say of it: "in use", or why it is not."""


@dataclass(frozen=True, slots=True)
class Plugins:
    """Everything that plugins offer, and the plugins that could not."""

    providers: Mapping[str, ModelProvider]
    """By prefix."""
    agents: Mapping[str, MiniAgent]
    """Who may answer in a chat in a model's place, by name."""
    histories: Mapping[str, MiniAgent]
    """By name."""
    broken: tuple[PluginError, ...]
    """One line each: which plugin, and why it was skipped."""
    words: Mapping[str, Word] = field(default_factory=lambda: EMPTY)
    """Words of the chat, by name."""
    commands: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    """Commands of the program as Typer made them, by name; none where nobody has gathered them."""
    renderers: Mapping[str, tuple[type, Callable[[Any], Any]]] = field(default_factory=lambda: EMPTY)
    """What shows messages of a class, with the class; by the name of its module and its own."""
    keys: Mapping[str, Key] = field(default_factory=lambda: EMPTY)
    """By name."""
    tools: Mapping[str, ToolSource] = field(default_factory=lambda: EMPTY)
    """Sources of tools, by name."""
    members: tuple[Member, ...] = ()
    """The plugins that were asked, in order."""


def load(
    built_in: Iterable[object],
    others: Iterable[Found | EntryPoint] | None = None,
    *,
    catalogue: Catalogue | None = None,
    gather: Gather | None = None,
    told: Callable[[PluginError], object] | None = None,
) -> Plugins:
    """Ask every plugin what it offers; the first to claim a name keeps it: ours, then the others in their order.

    Args:
        built_in: Modules or objects with hooks.
        others: Plugins, in the order in which they are asked; those that are installed, by name, if None.
        catalogue: Remembers what plugins offer: one that is in it is imported only when something of it is taken.
        gather: Makes an app for the commands of plugins; without it there are none.
        told: Called when a plugin of the catalogue turns out to be broken, later.
    """
    broken: list[PluginError] = []
    is_late = False

    def failed(error: PluginError) -> None:
        if not is_late:
            broken.append(error)
        elif told is not None:
            told(error)

    merged = _Merged(broken)
    members: list[Member] = []
    for found in [*map(_of_ours, built_in), *_found(others)]:
        source = Source(found, gather, failed, catalogue)
        before = len(broken)
        if source.outline is None:
            source.offer()
        if source.outline is not None:
            merged.add(source)
        hooks = () if source.outline is None else tuple(source.outline.hooks)
        members.append(Member(found, hooks, _state(found, hooks, broken[before:])))
    if catalogue is not None:
        catalogue.keep()
    is_late = True
    offers = {kind: Offers[Any](kind, owners) for kind, owners in merged.owners.items()}
    return Plugins(broken=tuple(broken), members=tuple(members), **offers)


class _Merged:
    """Who owns which name."""

    def __init__(self, broken: list[PluginError]) -> None:
        self.owners: dict[str, dict[str, Source]] = {kind: {} for kind in KINDS}
        self._broken = broken

    def add(self, source: Source) -> None:
        """Give a plugin the names that nobody has yet, and say of the others that they are taken."""
        assert source.outline is not None  # noqa: S101 - else there is nothing to add
        clashes = [(kind, name) for kind, name in source.outline.twice]
        for kind, names in source.outline.names.items():
            clashes += [(kind, name) for name in names if name in self.owners[kind]]
            self.owners[kind] |= {name: source for name in names if name not in self.owners[kind]}
        self._broken += [
            PluginError(
                f"plugin {one_line(source.found.name)}: the {KINDS[kind]} {one_line(name)!r} is taken already;"
                " the first to register it is used"
            )
            for kind, name in clashes
        ]


def _found(others: Iterable[Found | EntryPoint] | None) -> list[Found]:
    if others is None:
        return installed()
    others = list(others)
    points = [other for other in others if isinstance(other, EntryPoint)]
    return [*installed(points), *(other for other in others if isinstance(other, Found))]


def _of_ours(plugin: object) -> Found:
    name = str(getattr(plugin, "__name__", type(plugin).__name__)).rpartition(".")[2]
    return Found(name=name, origin="miniagents", get=partial(_same, plugin))


def _same(plugin: object) -> object:
    return plugin


def _state(found: Found, hooks: tuple[str, ...], errors: list[PluginError]) -> str:
    said = [str(error).removeprefix(f"plugin {one_line(found.name)}").lstrip(": ") for error in errors]
    return "; ".join(said) or ("in use" if hooks else "offers nothing: no function of it is marked with @hookimpl")
