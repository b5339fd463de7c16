"""Plugins found and asked: entry points → a frozen `Plugins` value.

A plugin that cannot be imported or fails in a hook is named, skipped and reported; it never stops the program. Never
here: what the registered things are for.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any

import pluggy

from . import hookspecs
from .errors import PluginError
from .hookspecs import ModelProvider
from .miniagents import MiniAgent
from .safe_text import one_line

__all__ = ["ENTRY_POINT_GROUP", "Plugins", "load"]

ENTRY_POINT_GROUP = "miniagents"


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


def load(built_in: Iterable[object], installed: Iterable[EntryPoint] | None = None) -> Plugins:
    """Ask every plugin what it offers: ours first, then the installed ones by name; the first to claim a name keeps it.

    Args:
        built_in: Modules or objects with hooks.
        installed: Entry points to import; those of the group `miniagents` by default.
    """
    broken: list[PluginError] = []
    found = entry_points(group=ENTRY_POINT_GROUP) if installed is None else installed
    named: list[tuple[str, Callable[[], object]]] = [(_name_of(plugin), partial(_same, plugin)) for plugin in built_in]
    named += [(point.name, point.load) for point in sorted(found, key=lambda point: point.name)]
    taken = _Offer()
    for name, get in named:
        offer = _Offer(taken)
        try:
            _ask(get(), name, offer)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin does wrong, the program goes on
            broken.append(PluginError(f"plugin {name} skipped: {_in_one_line(error)}"))
            continue
        taken.providers.update(offer.providers)
        taken.agents.update(offer.agents)
        taken.histories.update(offer.histories)
        broken.extend(PluginError(f"plugin {name}: {clash}") for clash in offer.clashes)
    return Plugins(
        MappingProxyType(taken.providers),
        MappingProxyType(taken.agents),
        MappingProxyType(taken.histories),
        tuple(broken),
    )


class _Offer:
    """What one plugin registers; taken over only if none of its hooks fails."""

    def __init__(self, taken: "_Offer | None" = None) -> None:
        self._taken = taken
        self.providers: dict[str, ModelProvider] = {}
        self.agents: dict[str, MiniAgent] = {}
        self.histories: dict[str, MiniAgent] = {}
        self.clashes: list[str] = []

    def add_provider(self, provider: ModelProvider) -> None:
        if not isinstance(provider, ModelProvider):
            raise PluginError(f"{type(provider).__name__} is no ModelProvider")
        if not isinstance(provider.agent, MiniAgent):
            raise PluginError(f"the agent of {provider.name} is no agent but {type(provider.agent).__name__}")
        self._add("providers", provider.name, provider)

    def add_agent(self, name: str, agent: MiniAgent) -> None:
        if not isinstance(agent, MiniAgent):
            raise PluginError(f"the agent {name} is no agent but {type(agent).__name__}")
        self._add("agents", name, agent)

    def add_history(self, name: str, agent: MiniAgent) -> None:
        if not isinstance(agent, MiniAgent):
            raise PluginError(f"the history {name} is no agent but {type(agent).__name__}")
        self._add("histories", name, agent)

    def _add(self, kind: str, name: str, value: Any) -> None:
        offered = getattr(self, kind)
        if name in offered or (self._taken is not None and name in getattr(self._taken, kind)):
            self.clashes.append(f"the {_ONE_OF[kind]} {name!r} is taken already; the first to register it is used")
        else:
            offered[name] = value


_ONE_OF = {"providers": "provider", "agents": "agent", "histories": "history"}


def _ask(plugin: object, name: str, offer: _Offer) -> None:
    manager = pluggy.PluginManager("miniagents")  # one for each, so that the failure of one ends none of the others
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, name)
    manager.check_pending()
    manager.hook.register_models(register=offer.add_provider)
    manager.hook.register_agents(register=offer.add_agent)
    manager.hook.register_history(register=offer.add_history)


def _same(plugin: object) -> object:
    return plugin


def _name_of(plugin: object) -> str:
    return str(getattr(plugin, "__name__", type(plugin).__name__)).rpartition(".")[2]


def _in_one_line(error: BaseException) -> str:
    line = str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}"
    return one_line(line)
