"""Which model a name means, and which one it is where nobody named any."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from miniagents import builtins, plugins
from miniagents.cli.models import Choice, choose
from miniagents.errors import KeyMissingError, ModelNotFoundError
from miniagents.ext.llm import anthropic, openai
from miniagents.hookspecs import ModelProvider
from miniagents.testing import scripted_agent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cli.conftest import Program
    from tests.fakes.llm_server import LLMServer

KEYS = {"OPENAI_API_KEY": "a", "ANTHROPIC_API_KEY": "b"}
LOCAL = ModelProvider(
    name="local",
    agent=scripted_agent(),
    source="here",
    way_out="use --model local",
    patterns=("*.gguf",),
    default_model="small",
    ready=lambda _: "on this machine",
    rank=30,
    models=lambda: ["small", "other"],
)


@pytest.fixture
def providers() -> Mapping[str, ModelProvider]:
    """Give our two providers and one that runs here."""
    return {**plugins.load([builtins], []).providers, "local": LOCAL}


def chosen(providers: Mapping[str, ModelProvider], name: str | None, **environment: str) -> str:
    """Return what a name means, as `provider:model`."""
    return str(choose(name, "--model", providers, environment))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("gpt-3.5-turbo", "openai:gpt-3.5-turbo"),
        ("o3-mini", "openai:o3-mini"),
        ("claude-anything", "anthropic:claude-anything"),
        ("openai:anything:at all", "openai:anything:at all"),
        ("openai:claude-x", "openai:claude-x"),
        ("anthropic:gpt-x", "anthropic:gpt-x"),
        ("local", "local:small"),
        ("local:other", "local:other"),
        ("other", "local:other"),
        ("path/to/my.gguf", "local:path/to/my.gguf"),
        ("C:\\models\\my.gguf", "local:C:\\models\\my.gguf"),
    ],
)
def test_what_a_name_means(providers: Mapping[str, ModelProvider], name: str, meant: str) -> None:
    """A prefix says who serves it; without one, the names and patterns that a provider knows as its own."""
    assert chosen(providers, name) == meant


def test_a_provider_by_itself_is_its_default_model(providers: Mapping[str, ModelProvider]) -> None:
    """The name of a provider means its default model, whether its key is there or not."""
    for name in ("openai", "anthropic"):
        assert chosen(providers, name) == f"{name}:{providers[name].default_model}"


def test_without_a_name_the_first_that_is_ready(providers: Mapping[str, ModelProvider]) -> None:
    """OpenAI if its key is there, else Anthropic if its key is there, else the local model; an empty key is none."""
    assert chosen(providers, None, **KEYS).startswith("openai:")
    assert chosen(providers, None, **KEYS, OPENAI_BASE_URL="x").startswith("openai:")
    assert chosen(providers, None, OPENAI_API_KEY="", ANTHROPIC_API_KEY="b").startswith("anthropic:")
    assert chosen(providers, None, OPENAI_BASE_URL="x") == "local:small"


def test_without_any_the_ways_out(providers: Mapping[str, ModelProvider]) -> None:
    """Where nothing is ready, one line says what to do: a key of either provider, or the plugin of the local model."""
    ours: dict[str, Any] = {name: provider for name, provider in providers.items() if name != "local"}
    with pytest.raises(KeyMissingError) as caught:
        choose(None, "", ours, {})
    of_openai, of_anthropic = (provider.way_out for provider in ours.values())
    local = "install the plugin miniagents-llamacpp for a model on this machine"
    assert str(caught.value) == f"no model to talk to; {of_openai}, or {of_anthropic}, or {local}"
    with pytest.raises(KeyMissingError, match=r"or use --model local\Z"):
        choose(None, "", {**ours, "local": replace(LOCAL, ready=lambda _: None)}, {})


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("opnai", "did you mean openai?"),
        ("smal", "did you mean small?"),
        ("openai:", "did you mean openai?"),
        ("mystery", "write openai:mystery for a model of an OpenAI-compatible server"),
    ],
)
def test_a_name_that_nobody_knows(providers: Mapping[str, ModelProvider], name: str, hint: str) -> None:
    """The error says who named it, what is near to it, and how to list what there is."""
    with pytest.raises(ModelNotFoundError) as caught:
        chosen(providers, name)
    assert (
        str(caught.value) == f"--model: no model is called {name!r}; {hint} (`miniagents models` lists what is there)"
    )


@pytest.mark.parametrize("name", ["local", "my.gguf"])
def test_a_local_model_without_its_plugin(name: str) -> None:
    """Whoever wants a model on this machine and lacks the plugin is told how to get it."""
    with pytest.raises(ModelNotFoundError, match="install the plugin miniagents-llamacpp"):
        choose(name, "config.toml", plugins.load([builtins], []).providers, {})


def test_a_choice_is_shown_with_its_provider() -> None:
    """A choice is written so that it can be given to `--model` again."""
    assert str(Choice(LOCAL, "m")) == "local:m"


@pytest.mark.usefixtures("echo")
def test_the_whole_order(program: Program, provider: LLMServer) -> None:
    """Flag, environment, `.env`, config file, OpenAI's key, Anthropic's key: each counts where those before it lack."""
    config = program.home / "config.toml"
    config.write_text('model = "echo:of-config"')
    (program.folder / ".env").write_text("MINIAGENTS_MODEL=echo:of-file\n")
    nowhere = program.home / "nowhere"
    nowhere.mkdir()
    of_config = {"MINIAGENTS_CONFIG": str(config), "MINIAGENTS_MODEL": ""}
    of_all = {**of_config, "MINIAGENTS_MODEL": "echo:of-environment"}
    nothing = {"MINIAGENTS_MODEL": ""}
    runs: list[tuple[tuple[str, ...], dict[str, str], Any, str]] = [
        (("-m", "echo:of-flag"), of_all, program.folder, "of-flag"),
        ((), of_all, program.folder, "of-environment"),
        ((), of_config, program.folder, "of-file"),
        ((), of_config, nowhere, "of-config"),
        ((), nothing, nowhere, openai.DEFAULT_MODEL),
        ((), {**nothing, "OPENAI_API_KEY": ""}, nowhere, anthropic.DEFAULT_MODEL),
        ((), {**nothing, "OPENAI_API_KEY": "", "ANTHROPIC_API_KEY": ""}, nowhere, "e"),
    ]
    running = [
        program.start("chat", *arguments, "--json", "hi", environment=environment, cwd=cwd, stdin=subprocess.DEVNULL)
        for arguments, environment, cwd, _ in runs
    ]
    for process, (*_, model) in zip(running, runs, strict=True):
        ran = program.end(process)
        assert (ran.code, ran.err) == (0, "")
        assert json.loads(ran.out)["model"] == model
