"""What one plugin offers: it is asked hook by hook, and what it registers is looked at.

In: a plugin, imported. Out: an `Offer`, and its outline in plain values. Never: other plugins, what the things are for.
"""

import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping
from dataclasses import replace
from typing import Any, Final, TypeAlias, TypeVar

import pluggy

from .. import hookspecs
from ..errors import MiniagentsError, PluginError
from ..hookspecs import Key, ModelProvider, ToolSource, Word
from ..messages import Message
from ..miniagents import MiniAgent
from ..safe_text import one_line
from .fault import in_one_line
from .outline import KINDS, Note, Outline

__all__ = ["Gather", "Offer", "asked"]

_Answer = TypeVar("_Answer")
_LOGGER: Final = logging.getLogger(__name__)

Gather: TypeAlias = Callable[[Callable[[Any], object]], Mapping[str, Any]]
"""Given what adds commands to an app, returns the commands by name; each has `get_short_help_str()`."""


class Offer:
    """What one plugin registers."""

    def __init__(self) -> None:
        self.things: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
        """By kind and name; of a renderer, the class and the function."""
        self.outline = Outline([], {}, [])

    def add_provider(self, provider: ModelProvider) -> None:
        """Take a provider of models."""
        _check(provider, ModelProvider)
        _check_agent(provider.agent, f"the agent of {provider.name}")
        self.add("providers", provider.name, _guarded(provider), provider.rank)

    def add_agent(self, name: str, agent: MiniAgent) -> None:
        """Take an agent that may answer."""
        _check_agent(agent, f"the agent {name}")
        self.add("agents", name, agent)

    def add_history(self, name: str, agent: MiniAgent) -> None:
        """Take a way to keep a conversation."""
        _check_agent(agent, f"the history {name}")
        self.add("histories", name, agent)

    def add_word(self, word: Word) -> None:
        """Take a word of the chat."""
        _check(word, Word)
        self.add("words", word.name, word, word.help)

    def add_renderer(self, kind: type[Message], render: Callable[[Any], Any]) -> None:
        """Take what shows messages of a class."""
        if not _is_class_of_messages(kind):
            raise PluginError(f"{getattr(kind, '__name__', kind)!r} is no subclass of Message")
        if not callable(render):
            raise PluginError(f"what renders {kind.__name__} cannot be called")
        self.add("renderers", f"{kind.__module__}.{kind.__qualname__}", (kind, render))

    def add_key(self, key: Key) -> None:
        """Take a key that somebody needs."""
        _check(key, Key)
        self.add("keys", key.name, key)

    def add_tools(self, source: ToolSource) -> None:
        """Take a source of tools."""
        _check(source, ToolSource)
        self.add("tools", source.name, source, source.help)

    def add(self, kind: str, name: str, thing: Any, note: Note = "") -> None:
        """Take anything; the first of a name is kept."""
        if name.__class__ is not str or not name.isprintable() or not name.strip():
            raise PluginError(f"{name!r} is no name; each {KINDS[kind]} needs one")
        if name in self.things[kind]:
            self.outline.twice.append([kind, name])
            return
        self.things[kind][name] = thing
        self.outline.names.setdefault(kind, {})[name] = note


def asked(plugin: object, name: str, gather: Gather | None = None) -> Offer:
    """Ask a plugin what it offers.

    Args:
        plugin: A module or an object with hooks.
        name: What it is called.
        gather: Makes an app for commands; without it nobody is asked for any.

    Raises:
        PluginError: It registers what it must not.
        Exception: Whatever else its hooks do wrong.
    """
    manager = pluggy.PluginManager("miniagents")  # one for each, so that the failure of one ends none of the others
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, name)
    manager.check_pending()
    offer = Offer()
    takes = {
        "register_models": offer.add_provider,
        "register_agents": offer.add_agent,
        "register_history": offer.add_history,
        "register_slash": offer.add_word,
        "register_renderers": offer.add_renderer,
        "register_keys": offer.add_key,
        "register_tools": offer.add_tools,
    }
    for hook, take in takes.items():
        caller = getattr(manager.hook, hook)
        if not caller.get_hookimpls():
            continue
        offer.outline.hooks.append(hook)
        _check_that_it_ran(hook, caller(register=take))
    commands = manager.hook.register_commands
    if commands.get_hookimpls():
        offer.outline.hooks.append("register_commands")
        for word, command in (
            gather(lambda app: _check_that_it_ran("register_commands", commands(app=app))).items() if gather else ()
        ):
            offer.add("commands", word, command, command.get_short_help_str())
    return offer


def _guarded(provider: ModelProvider) -> ModelProvider:
    """Return a provider that ends no program: where it fails to say what it has, it has nothing, and that is told."""

    def guarded(ask: Callable[..., _Answer], nothing: _Answer) -> Callable[..., _Answer]:
        def answer(*given: Any) -> _Answer:
            try:
                return ask(*given)
            except MiniagentsError:  # which is for the person
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, another provider may answer
                _LOGGER.warning("%s", one_line(f"provider {provider.name}: {in_one_line(error)}"))
                return nothing

        return answer

    kept = provider.kept
    return replace(
        provider,
        ready=guarded(provider.ready, None),
        models=guarded(lambda: tuple(provider.models()), ()),
        abilities=provider.abilities and guarded(provider.abilities, None),
        kept=kept and guarded(lambda: tuple(kept()), ()),
    )


def _check_that_it_ran(hook: str, results: list[object]) -> None:
    """Refuse a hook that is async, or yields: to call one does nothing yet."""
    for result in results:
        if isinstance(result, Coroutine | Generator | AsyncGenerator):
            getattr(result, "close", object)()  # else Python says that nobody waited for it
            raise PluginError(f"{hook} has to be a plain function: neither async, nor one that yields")


def _is_class_of_messages(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Message) and kind is not Message


def _check(thing: object, kind: type) -> None:
    if not isinstance(thing, kind):
        raise PluginError(f"{type(thing).__name__} is no {kind.__name__}")


def _check_agent(agent: object, what: str) -> None:
    if not isinstance(agent, MiniAgent):
        raise PluginError(f"{what} is no agent but {type(agent).__name__}")
