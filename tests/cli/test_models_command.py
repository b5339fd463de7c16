"""`miniagents models`: words that are no command are a query; the default; what can be fetched."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from miniagents.cli.config.file import text_of
from miniagents.cli.models_command import models_app
from miniagents.errors import KeyMissingError, MiniagentsError, ModelNotFoundError, SettingsError
from miniagents.ext.llm import anthropic

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the path of a config file that is not there yet, in a folder to be in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINIAGENTS_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("MINIAGENTS_PLUGINS", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "config.toml"


def run(*words: str) -> str:
    """Run it and return what it wrote; its error is raised."""
    result = CliRunner().invoke(models_app, words)
    if isinstance(result.exception, MiniagentsError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_words_that_are_no_command_are_a_query() -> None:
    """`models opus` is `models list opus`, and `models` alone lists all; a command and an option are what they are."""
    (line,) = run("opus").splitlines()
    assert line.startswith("anthropic:claude-opus-")
    assert run("list", "opus") == run("opus")
    assert line in run().splitlines()
    assert "temperature" in run("options", "opus")
    assert "opus" not in run("--help")


def test_the_default_is_written_and_printed(config: Path) -> None:
    """A name, as the person wrote it, is the model from then on, and without one it is printed who answers."""
    with pytest.raises(KeyMissingError):
        run("default")
    assert run("default", "haiku") == ""
    assert tomllib.loads(text_of(config) or "") == {"model": "haiku"}
    assert run("default") == f"anthropic:{anthropic.DEFAULT_MODEL}\n"


def test_a_name_that_nobody_knows_is_not_written(config: Path) -> None:
    """The error says so, and the file is as it was."""
    with pytest.raises(ModelNotFoundError, match=r"\Amodels default: no model is called 'haikku'; did you mean haiku"):
        run("default", "haikku")
    with pytest.raises(ModelNotFoundError, match=r"\Amodels options: no model is called 'haikku'"):
        run("options", "haikku")
    assert not config.exists()


def test_what_cannot_be_fetched() -> None:
    """The error says what brings a model that can."""
    with pytest.raises(SettingsError, match="openai: no such model can be fetched; the plugin miniagents-llamacpp"):
        run("pull", "openai")
