"""Plugins: found, asked, and left out where they fail."""

from __future__ import annotations

import asyncio
import sys
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from miniagents import builtins
from miniagents.errors import PluginError
from miniagents.hookspecs import ModelProvider, hookimpl
from miniagents.plugins import ENTRY_POINT_GROUP, Plugins, load
from miniagents.testing import scripted_agent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AGENT = scripted_agent()


def provider(name: str, **changes: Any) -> ModelProvider:
    """Return a provider of this name."""
    fields = {"agent": AGENT, "source": "", "way_out": "", "default_model": "m", "ready": lambda _: None, "rank": 50}
    return ModelProvider(name=name, **{**fields, **changes})


def plugin(**hooks: Callable[..., None]) -> ModuleType:
    """Return a plugin with these hooks."""
    module = ModuleType("plugin")
    for name, hook in hooks.items():
        setattr(module, name, hookimpl(hook))
    return module


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Plugins]:
    """Load our own plugin and some that are installed under these names."""

    def load_with(**named: ModuleType) -> Plugins:
        for name, module in named.items():
            monkeypatch.setitem(sys.modules, f"plugin_{name}", module)
        return load([builtins], [EntryPoint(name, f"plugin_{name}", ENTRY_POINT_GROUP) for name in named])

    return load_with


def test_ours_are_plugins_too() -> None:
    """Without any plugin that is installed there are our providers and histories, and nothing is broken."""
    loaded = load([builtins], [])
    assert set(loaded.providers) == {"openai", "anthropic"}
    assert set(loaded.histories) == {"memory", "markdown"}
    assert loaded.broken == ()


def test_what_is_loaded_cannot_be_changed() -> None:
    """The result is frozen."""
    loaded = load([builtins], [])
    with pytest.raises(TypeError):
        loaded.providers["x"] = provider("x")  # type: ignore[index]
    with pytest.raises(AttributeError):
        loaded.broken = ()  # type: ignore[misc]


def test_an_installed_plugin_adds_what_it_offers(installed: Callable[..., Plugins]) -> None:
    """A plugin's providers and histories are there under their names."""

    def register_models(register: Any) -> None:
        register(provider("one"))
        register(provider("two"))

    def register_other(register: Any) -> None:
        register("other", AGENT)

    hooks = {"register_agents": register_other, "register_history": register_other}
    loaded = installed(good=plugin(register_models=register_models, **hooks))
    assert {"openai", "one", "two"} < set(loaded.providers)
    assert loaded.agents["other"] is loaded.histories["other"] is AGENT
    assert loaded.broken == ()


def _raises(register: Any) -> None:
    register(provider("half"))
    raise ValueError("bad\nnews \x1b[31m")


def _leaves(register: Any) -> None:
    raise SystemExit(3)


def _is_cancelled(register: Any) -> None:
    raise asyncio.CancelledError  # no Exception


async def _waits(register: Any) -> None:
    """Do nothing."""


def _yields(register: Any) -> Iterator[None]:
    yield


HERE = r"\(test_loading.py, line \d+\)"
"""Which line of a plugin it was."""


@pytest.mark.parametrize(
    ("hooks", "reason"),
    [
        ({"register_models": _raises}, f"ValueError: bad news ␛[31m {HERE}"),
        ({"register_models": _leaves}, f"SystemExit: 3 {HERE}"),
        ({"register_models": _is_cancelled}, f"CancelledError {HERE}"),
        ({"register_models": _waits}, "register_models has to be a plain function: neither async, nor one that yields"),
        ({"register_keys": _yields}, "register_keys has to be a plain function: neither async, nor one that yields"),
        ({"register_models": lambda wrong: None}, "PluginValidationError: .*{'wrong'}.*not be found in the hookspec.*"),
        ({"register_everything": lambda: None}, "PluginValidationError: unknown hook 'register_everything' .*"),
        ({"register_models": lambda register: register(None)}, f"NoneType is no ModelProvider {HERE}"),
        (
            {"register_models": lambda register: register(provider("x", agent=print))},
            f"the agent of x is no agent but builtin_function_or_method {HERE}",
        ),
        ({"register_agents": lambda register: register("x", print)}, "the agent x is no agent but builtin_.*"),
        ({"register_history": lambda register: register("x", print)}, "the history x is no agent but builtin_.*"),
        ({"register_history": lambda register: register()}, "TypeError: .*missing 2 required positional arguments.*"),
    ],
)
def test_a_plugin_that_fails_is_named_and_left_out(
    hooks: dict[str, Callable[..., None]], reason: str, installed: Callable[..., Plugins]
) -> None:
    """Whatever is wrong with a plugin, one line names it, nothing of it is used, and the others work."""

    def register_models(register: Any) -> None:
        register(provider("fine"))

    loaded = installed(bad=plugin(**hooks), good=plugin(register_models=register_models))
    assert set(loaded.providers) == {"openai", "anthropic", "fine"}
    (error,) = loaded.broken
    with pytest.raises(PluginError, match=rf"\Aplugin bad skipped: {_escaped(reason)}\Z"):
        raise error
    assert "\n" not in str(error)


def _escaped(reason: str) -> str:
    return reason.replace("[", r"\[").replace("{", r"\{").replace("}", r"\}")


def test_a_plugin_that_is_not_there_is_named() -> None:
    """An entry point of a module that cannot be imported is one line."""
    loaded = load([], [EntryPoint("gone", "no_such_module_anywhere", ENTRY_POINT_GROUP)])
    assert [str(error) for error in loaded.broken] == [
        "plugin gone skipped: ModuleNotFoundError: No module named 'no_such_module_anywhere'"
    ]


def test_the_first_to_claim_a_name_keeps_it(installed: Callable[..., Plugins]) -> None:
    """Ours come first, then the others by their names; who comes too late is told, and the rest of it is used."""

    def claims(name: str) -> ModuleType:
        def register_models(register: Any) -> None:
            register(provider("openai"))
            register(provider("both", source=name))
            register(provider(name))

        def register_history(register: Any) -> None:
            register("memory", AGENT)

        return plugin(register_models=register_models, register_history=register_history)

    loaded = installed(b=claims("b"), a=claims("a"))
    assert loaded.providers["openai"].agent is not AGENT
    assert loaded.providers["both"].source == "a"
    assert {"a", "b"} < set(loaded.providers)
    taken = "is taken already; the first to register it is used"
    assert [str(error) for error in loaded.broken] == [
        f"plugin a: the provider 'openai' {taken}",
        f"plugin a: the history 'memory' {taken}",
        f"plugin b: the provider 'openai' {taken}",
        f"plugin b: the provider 'both' {taken}",
        f"plugin b: the history 'memory' {taken}",
    ]


def test_a_name_that_one_plugin_registers_twice(installed: Callable[..., Plugins]) -> None:
    """Within one plugin the first keeps the name as well."""

    def register_models(register: Any) -> None:
        register(provider("x", source="first"))
        register(provider("x", source="second"))

    loaded = installed(a=plugin(register_models=register_models))
    assert loaded.providers["x"].source == "first"
    assert len(loaded.broken) == 1


def test_an_object_can_be_a_plugin() -> None:
    """A plugin needs not be a module: any object with hooks will do, and is named by its class."""

    class Mine:
        @hookimpl
        def register_models(self, register: Any) -> None:
            raise ValueError("no")

    (error,) = load([Mine()], []).broken
    assert str(error).startswith("plugin Mine skipped: ValueError: no (test_loading.py, line ")


def test_the_person_may_interrupt(installed: Callable[..., Plugins]) -> None:
    """Ctrl-C while a plugin is imported is for the program."""

    def register_models(register: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        installed(slow=plugin(register_models=register_models))


def test_one_without_hooks(installed: Callable[..., Plugins]) -> None:
    """Whoever forgot the mark of a hook is told so, not that all is well."""
    loaded = installed(bare=ModuleType("bare"))
    assert loaded.broken == ()
    assert loaded.members[-1].state == "offers nothing: no function of it is marked with @hookimpl"
