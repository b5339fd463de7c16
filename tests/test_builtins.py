"""Our own agents, as the hooks offer them."""

from __future__ import annotations

import dataclasses
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pytest

from miniagents import builtins
from miniagents.cli.config.setting import checked_option
from miniagents.ext.history_agents import in_memory_history_agent, markdown_history_agent
from miniagents.ext.llm.anthropic import anthropic_agent
from miniagents.ext.llm.openai import openai_agent
from miniagents.ext.llm.terms import Terms
from miniagents.ext.misc_agents import echo_agent
from miniagents.hookspecs import Abilities

if TYPE_CHECKING:
    from miniagents.hookspecs import ModelProvider


@pytest.fixture
def providers() -> dict[str, ModelProvider]:
    """Give our providers by their names."""
    registered: list[ModelProvider] = []
    builtins.register_models(registered.append)
    return {provider.name: provider for provider in registered}


def test_the_providers(providers: dict[str, ModelProvider]) -> None:
    """There are two, OpenAI's first, and neither is so early that a plugin could not come before it."""
    assert [provider.agent for provider in providers.values()] == [openai_agent, anthropic_agent]
    assert 10 <= providers["openai"].rank < providers["anthropic"].rank


@pytest.mark.parametrize(("name", "key"), [("openai", "OPENAI_API_KEY"), ("anthropic", "ANTHROPIC_API_KEY")])
def test_a_key_makes_a_provider_ready(providers: dict[str, ModelProvider], name: str, key: str) -> None:
    """It is ready where its key is there and not empty, and its way out names that key."""
    ready = providers[name].ready
    assert (ready({key: "k"}), ready({key: ""}), ready({})) == (key, None, None)
    assert key in providers[name].way_out


def test_what_is_known_of_their_models(providers: dict[str, ModelProvider]) -> None:
    """Short names mean models of the provider; what a model can do is said of those that are known, and of no other."""
    for provider in providers.values():
        assert all(
            any(fnmatchcase(each, pattern) for pattern in provider.patterns) for each in provider.aliases.values()
        )
        assert provider.abilities is not None
        assert provider.abilities(provider.default_model) == Abilities(images=True, tools=True, schema=True)
        assert provider.abilities("gpt-3.5-turbo") is provider.abilities("o3-mini") is None


def test_the_options(providers: dict[str, ModelProvider]) -> None:
    """Each says what it does, and may be given; among them are terms that every model agent takes."""
    for provider in providers.values():
        assert all(option.help for option in provider.options.values())
        assert [checked_option(name, None) for name in provider.options] == [None] * len(provider.options)
        terms = {each.name for each in dataclasses.fields(Terms)}
        assert {"max_retries", "max_rounds", "effort"} <= terms & provider.options.keys()


def test_the_agents() -> None:
    """One says what it is told."""
    registered: dict[str, object] = {}
    builtins.register_agents(lambda name, agent: registered.update({name: agent}))
    assert registered == {"echo": echo_agent}


def test_the_histories() -> None:
    """One is forgotten, one is a Markdown file."""
    registered: dict[str, object] = {}
    builtins.register_history(lambda name, agent: registered.update({name: agent}))
    assert registered == {"memory": in_memory_history_agent, "markdown": markdown_history_agent}
