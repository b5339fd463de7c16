"""What the plugin registers, and what that does."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from hub_server import CONTENT, REPOSITORY, HubServer
from miniagents_llamacpp import register_commands, register_keys, register_models, store
from typer.testing import CliRunner

from miniagents.errors import ModelNotFoundError, SettingsError
from miniagents.hookspecs import KeptModel

if TYPE_CHECKING:
    from miniagents.hookspecs import Key, ModelProvider

Run = Callable[[Awaitable[Any]], Any]


def offered() -> "ModelProvider":
    """Return what the plugin registers."""
    providers: list[ModelProvider] = []
    register_models(providers.append)
    (provider,) = providers
    return provider


@pytest.mark.usefixtures("files")
def test_models_come_and_go_by_the_hooks(hub: HubServer, models: Path, run: Run) -> None:
    """What a chat and `models` call: whether a model is fetched first, fetch it, which are kept, take one away."""
    provider = offered()
    assert provider.ready({}) == "fetched when first used, 93 MB"
    assert provider.fetches is not None
    assert provider.pull is not None
    assert provider.kept is not None
    assert provider.remove is not None
    assert [provider.fetches(name) for name in (REPOSITORY, store.DEFAULT_MODEL, "./x.gguf")] == [True, True, False]
    path = models / REPOSITORY / "tiny-Q4_K_M.gguf"
    assert run(provider.pull(REPOSITORY, lambda *_: None, hub.environment)) == str(path)
    assert not provider.fetches(REPOSITORY)
    name = f"{REPOSITORY}:Q4_K_M"
    assert list(provider.kept()) == [KeptModel(name=name, size_bytes=len(CONTENT), where=str(path))]
    assert list(provider.models()) == [name]
    assert run(provider.remove(name, {})) == len(CONTENT)
    assert list(provider.kept()) == []


def test_the_token_of_the_hub_has_a_name() -> None:
    """A person who needs one is told which, and where it is to be had."""
    keys: list[Key] = []
    register_keys(keys.append)
    assert [(key.name, key.variable) for key in keys] == [("huggingface", "HF_TOKEN")]


def embedded(*words: str, said: str = "") -> Any:
    """Run `miniagents embed`, as it is registered; give what it wrote, raise its error."""
    app = typer.Typer()
    register_commands(app)
    result = CliRunner().invoke(app, words, input=said)
    if result.exception is not None:
        raise result.exception
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.timeout(600)  # the first test of a machine fetches the model
@pytest.mark.usefixtures("model")
def test_the_command_embeds_words_or_lines() -> None:
    """Each becomes a line of JSON."""
    assert embedded("a cat", "a dog") == embedded("--model", "local", said="a cat\n\na dog\n")
    with pytest.raises(SettingsError, match="there is nothing to embed"):
        embedded()


@pytest.mark.usefixtures("models")
def test_the_command_fetches_nothing() -> None:
    """A model that is not here is for `models pull` to fetch, which shows how far it is."""
    with pytest.raises(ModelNotFoundError, match="`miniagents models pull local:a/b` fetches it"):
        embedded("hi", "-m", "local:a/b")
