"""What one plugin offers, hook by hook."""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest
import typer

from miniagents import Message
from miniagents.cli.plugins.gathering import commands_of
from miniagents.errors import KeyMissingError, PluginError
from miniagents.hookspecs import Key, ModelProvider, ToolSource, Word
from miniagents.plugins.offer import asked
from miniagents.plugins.outline import KINDS
from miniagents.testing import scripted_agent
from tests.plugins.conftest import plugin

if TYPE_CHECKING:
    from collections.abc import Callable

AGENT = scripted_agent()
PROVIDER = ModelProvider(
    name="mine", agent=AGENT, source="s", way_out="w", default_model="m", ready=lambda _: "always", rank=50
)


async def act(chat: Any, rest: str) -> None:
    """Do nothing."""


WORD = Word(name="hello", help="Say hello.", act=act)
KEY = Key(name="mine", variable="MINE_API_KEY", where="here")
TOOLS = ToolSource(name="shop", help="Buy things.", open=lambda argument, environment: nullcontext([argument]))


class Weather(Message):
    """A message that is more than text."""


def register_models(register: Any) -> None:
    """Offer models."""
    register(PROVIDER)


def register_agents(register: Any) -> None:
    """Offer an agent."""
    register("counts", AGENT)


def register_history(register: Any) -> None:
    """Offer a history."""
    register("forgets", AGENT)


def register_slash(register: Any) -> None:
    """Offer a word."""
    register(WORD)


def register_commands(app: typer.Typer) -> None:
    """Offer a command and a group."""

    @app.command("fortune")
    def fortune() -> None:
        """Say what will be."""

    group = typer.Typer()
    group.command("in")(fortune)
    app.add_typer(group, name="more", help="Say more.")


def register_renderers(register: Any) -> None:
    """Offer a look."""
    register(Weather, str)


def register_keys(register: Any) -> None:
    """Offer a key."""
    register(KEY)


def register_tools(register: Any) -> None:
    """Offer tools."""
    register(TOOLS)


@pytest.mark.parametrize(
    ("hook", "kind", "things", "notes"),
    [
        (register_models, "providers", {"mine": PROVIDER}, {"mine": 50}),
        (register_agents, "agents", {"counts": AGENT}, {"counts": ""}),
        (register_history, "histories", {"forgets": AGENT}, {"forgets": ""}),
        (register_slash, "words", {"hello": WORD}, {"hello": "Say hello."}),
        (register_renderers, "renderers", {f"{__name__}.Weather": (Weather, str)}, {f"{__name__}.Weather": ""}),
        (register_keys, "keys", {"mine": KEY}, {"mine": ""}),
        (register_tools, "tools", {"shop": TOOLS}, {"shop": "Buy things."}),
    ],
)
def test_each_hook(hook: Callable[..., None], kind: str, things: dict[str, object], notes: dict[str, object]) -> None:
    """What a hook registers is there by its name, and nothing else is; its outline says the same in plain values."""
    offer = asked(plugin(**{hook.__name__: hook}), "p")
    assert {each: [*those] for each, those in offer.things.items()} == {
        each: [*things] if each == kind else [] for each in KINDS
    }
    assert kind == "providers" or offer.things[kind] == things
    assert offer.outline == ([hook.__name__], {kind: notes}, [], "")


def test_commands() -> None:
    """Commands and groups are gathered on an app of their own, by whoever has one; without one they are not."""
    offer = asked(plugin(register_commands=register_commands), "p", commands_of)
    assert offer.outline == (
        ["register_commands"],
        {"commands": {"fortune": "Say what will be.", "more": "Say more."}},
        [],
        "",
    )
    assert [*offer.things["commands"]["more"].commands] == ["in"]
    assert asked(plugin(register_commands=register_commands), "p").outline == (["register_commands"], {}, [], "")


def test_a_name_twice() -> None:
    """The first is kept, and the second is said to be one."""

    def register_models(register: Any) -> None:
        register(PROVIDER)
        register(dataclasses.replace(PROVIDER, rank=1))

    offer = asked(plugin(register_models=register_models), "p")
    assert offer.things["providers"]["mine"].rank == PROVIDER.rank
    assert offer.outline.twice == [["providers", "mine"]]


def _fails(*_given: object) -> Any:
    raise ZeroDivisionError("no\nway")


def _complains(*_given: object) -> Any:
    raise KeyMissingError("no key", cure="get one")


def test_a_provider_that_fails_to_say_what_it_has(caplog: pytest.LogCaptureFixture) -> None:
    """It has nothing, a line says so each time, and others may answer; what it says to the person gets there."""
    changes: dict[str, Any] = {"models": _fails, "abilities": _fails, "kept": lambda: (_fails() for _ in "x")}
    given = [
        dataclasses.replace(PROVIDER, ready=_fails, **changes),
        dataclasses.replace(PROVIDER, name="other", ready=_complains),
    ]

    def register_models(register: Any) -> None:
        for each in given:
            register(each)

    providers = asked(plugin(register_models=register_models), "p").things["providers"]
    broken, other = providers.values()
    assert (broken.ready({}), broken.models(), broken.abilities("m"), broken.kept()) == (None, (), None, ())
    (said,) = {record.getMessage() for record in caplog.records}
    assert said.startswith("provider mine: ZeroDivisionError: no way (test_offer.py, line ")
    assert len(caplog.records) == 4
    with pytest.raises(KeyMissingError):
        other.ready({})
    assert (other.models(), other.abilities, other.kept) == ((), None, None)


@pytest.mark.parametrize(
    ("hook", "given", "reason"),
    [
        ("register_models", [None], "NoneType is no ModelProvider"),
        ("register_models", [dataclasses.replace(PROVIDER, agent=print)], "the agent of mine is no agent but builtin"),
        ("register_models", [dataclasses.replace(PROVIDER, name="")], "'' is no name; each provider needs one"),
        ("register_agents", ["x", print], "the agent x is no agent but builtin"),
        ("register_agents", [3, AGENT], "3 is no name; each agent needs one"),
        ("register_agents", [" ", AGENT], "' ' is no name; each agent needs one"),
        ("register_agents", ["a\x1b[2J", AGENT], r"'a\\x1b\[2J' is no name; each agent needs one"),
        ("register_history", ["x", print], "the history x is no agent but builtin"),
        ("register_slash", ["word"], "str is no Word"),
        ("register_renderers", [Message, str], "'Message' is no subclass of Message"),
        ("register_renderers", [str, str], "'str' is no subclass of Message"),
        ("register_renderers", ["text", str], "'text' is no subclass of Message"),
        ("register_renderers", [Weather, 3], "what renders Weather cannot be called"),
        ("register_keys", [WORD], "Word is no Key"),
    ],
)
def test_what_must_not_be_registered(hook: str, given: list[object], reason: str) -> None:
    """A thing of a wrong kind is refused at once, in words that say what it is."""
    with pytest.raises(PluginError, match=f"^{reason}"):
        asked(plugin(**{hook: lambda register: register(*given)}), "p")
