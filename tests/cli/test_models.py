"""Which model a name means, and which one it is where nobody named any."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from miniagents import builtins, plugins
from miniagents.cli.config.environment import KeyedEnvironment
from miniagents.cli.config.key import Key
from miniagents.cli.config.settings import Flags, settings_from
from miniagents.cli.models import Choice, check_options, choose, state_of, wanted
from miniagents.errors import KeyMissingError, SettingsError
from miniagents.ext.llm import anthropic, openai
from miniagents.hookspecs import ModelProvider, Option
from miniagents.testing import scripted_agent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

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
    aliases={"tiny": "small-2026", "spare": "other"},
    options={
        "heat": Option(kind=float, least=0, most=2),
        "length": Option(kind=int, least=1),
        "depth": Option(kind=float, most=-1),
        "seed": Option(kind=int),
        "voice": Option(kind=str, one_of=("high", "low")),
        "speed": Option(kind=int, one_of=(1, 2)),
        "name": Option(kind=str),
        "cache": Option(kind=bool),
        "stop": Option(kind=list),
        "extra": Option(kind=dict),
    },
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
        ("tiny", "local:small-2026"),
        ("local:tiny", "local:small-2026"),
        ("openai:tiny", "openai:tiny"),
        ("haiku", f"anthropic:{anthropic.DEFAULT_MODEL}"),
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


def test_no_key_is_read_to_see_who_is_ready(providers: Mapping[str, ModelProvider], tmp_path: Path) -> None:
    """A key of a command makes its provider ready, and the command is not run for that."""
    key = Key("ANTHROPIC_API_KEY", f"cmd:touch {tmp_path}/ran")
    environment = KeyedEnvironment({}, {key.name: key})
    assert choose(None, "", providers, environment).provider.name == "anthropic"
    assert state_of(providers["anthropic"], environment) == "ANTHROPIC_API_KEY"
    assert state_of(providers["openai"], environment) is None
    assert list(tmp_path.iterdir()) == []


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
        ("spar", "did you mean spare?"),
        ("openai:", "did you mean openai?"),
        ("mystery", "write openai:mystery for a model of an OpenAI-compatible server"),
    ],
)
def test_a_name_that_nobody_knows(providers: Mapping[str, ModelProvider], name: str, hint: str) -> None:
    """The error says who named it, what is near to it, and how to list what there is."""
    with pytest.raises(SettingsError) as caught:
        chosen(providers, name)
    assert (
        str(caught.value) == f"--model: no model is called {name!r}; {hint} (`miniagents models` lists what is there)"
    )


@pytest.mark.parametrize("name", ["local", "my.gguf"])
def test_a_local_model_without_its_plugin(name: str) -> None:
    """Whoever wants a model on this machine and lacks the plugin is told how to get it."""
    with pytest.raises(SettingsError, match="install the plugin miniagents-llamacpp"):
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


def check(folder: Path, *options: str, **environment: str) -> None:
    """Check options of the command line for the model that runs here."""
    settings = settings_from(Flags(options=options), {"MINIAGENTS_CONFIG": str(folder / "c"), **environment}, folder)
    check_options(Choice(LOCAL, "small"), settings)


@pytest.mark.parametrize(
    "option",
    [
        *("heat=0", "heat=2", "heat=0.5", "heat=null", "length=1", "depth=-1", "seed=-7", "voice=low", "speed=2"),
        *("name=any", "cache=true", "stop=[]", "extra={}", "unknown=anything", "unknown=-1e9"),
    ],
)
def test_an_option_that_may_be(tmp_path: Path, option: str) -> None:
    """What is in its range, what is not given, and what nobody knows passes."""
    check(tmp_path, option)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("heat=hot", "a number from 0 to 2"),
        ("heat=-0.1", "a number from 0 to 2"),
        ("heat=2.1", "a number from 0 to 2"),
        ("heat=true", "a number from 0 to 2"),
        ("length=0", "a whole number, 1 or more"),
        ("length=1.5", "a whole number, 1 or more"),
        ("depth=0", "a number, -1 or less"),
        ("seed=x", "a whole number"),
        ("voice=medium", "high or low"),
        ("voice=1", "high or low"),
        ("speed=true", "1 or 2"),
        ("name=1", "text"),
        ("cache=1", "true or false"),
        ("stop=x", "a list"),
        ("extra=[]", "an object"),
    ],
)
def test_an_option_that_may_not_be(tmp_path: Path, option: str, said: str) -> None:
    """The error says who gave which option, and what it must be."""
    with pytest.raises(SettingsError) as caught:
        check(tmp_path, "unknown=1", option)
    assert str(caught.value) == f"-o {option.partition('=')[0]}: it must be {said} for local:small"


def test_another_server_has_ranges_of_its_own(tmp_path: Path) -> None:
    """Where a base URL is named only the kind of an option is looked at, not how large it is."""
    check(tmp_path, "heat=3", "length=-1", LOCAL_BASE_URL="http://x")
    for option in ("heat=hot", "length=1.5", "voice=medium"):
        with pytest.raises(SettingsError):
            check(tmp_path, option, LOCAL_BASE_URL="http://x")


def test_only_what_counts_is_looked_at(tmp_path: Path) -> None:
    """What a stronger place corrects is no error; what a file says for this model is one of the file."""
    (tmp_path / "c").write_text('[models."local:small"]\nheat = 7\n[models.other]\nlength = 0\n')
    check(tmp_path, "heat=1")
    with pytest.raises(SettingsError) as caught:
        check(tmp_path)
    assert str(caught.value) == f"{tmp_path / 'c'}:2:1: heat must be a number from 0 to 2 for local:small"


def test_a_kind_that_json_does_not_know() -> None:
    """A plugin that asks for something else has it named by its class."""
    assert wanted(Option(kind=bytes)) == "bytes"


def test_a_wrong_option_reaches_no_model(program: Program, provider: LLMServer) -> None:
    """The program ends with exit code 2 and one line, before anything is sent."""
    ran = program.run("chat", "-m", "openai:x", "-o", "temperature=hot", "hi")
    said = "-o temperature: it must be a number from 0 to 2 for openai:x"
    assert (ran.code, ran.out, ran.err) == (2, b"", f"miniagents: {said}\n")
    assert provider.requests == []
    assert program.run("chat", "-m", "openai:x", "-o", "temperature=7", "-o", "unknown=hot", "hi").code == 0
    assert provider.requests[0].body["unknown"] == "hot"
