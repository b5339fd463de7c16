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
from tests.cli.conftest import Ran

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Program


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
    with pytest.raises(SettingsError, match=r"\Amodels default: no model is called 'haikku'; did you mean haiku"):
        run("default", "haikku")
    with pytest.raises(SettingsError, match=r"\Amodels options: no model is called 'haikku'"):
        run("options", "haikku")
    assert not config.exists()


def test_what_can_be_neither_fetched_nor_taken_away() -> None:
    """The error says what brings a model that can."""
    with pytest.raises(SettingsError, match="openai: no such model can be fetched; the plugin miniagents-llamacpp"):
        run("pull", "openai")
    with pytest.raises(SettingsError, match="openai:x: no such model can be taken away; the plugin miniagents-llama"):
        run("remove", "openai:x")
    with pytest.raises(SettingsError, match=r"\Amodels: no model is called 'nonsense'"):
        run("pull", "nonsense")


KEEPER = """
from miniagents import miniagent
from miniagents.hookspecs import KeptModel, ModelProvider, hookimpl

models = {"big": 2_500_000_000, "small": 1_000}

@miniagent
async def agent(ctx, *, model, **_):
    ctx.reply(model)

async def pull(model, progress, environment):
    progress(0, 10)
    progress(10, 10)
    return f"shelf/{model} of {environment['SHELF']}"

async def remove(model, environment):
    return models.pop(model)

@hookimpl
def register_models(register):
    register(ModelProvider(
        name="kept", agent=agent, source="s", way_out="w", default_model="big", rank=0, ready=lambda _: "always",
        pull=pull, remove=remove, fetches=lambda model: model.startswith("far"),
        kept=lambda: [KeptModel(name=name, size_bytes=size, where="shelf") for name, size in models.items()],
    ))
"""


@pytest.fixture
def keeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a plugin that keeps models."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "keeper.py").write_text(KEEPER)
    monkeypatch.setenv("MINIAGENTS_PLUGINS", "keeper")
    monkeypatch.setenv("SHELF", "mine")


@pytest.mark.usefixtures("keeper")
def test_models_that_are_kept() -> None:
    """They are listed with their size, fetched by name, and taken away without a question where nobody could answer."""
    assert run("list", "--local") == "kept:big\t2,500.0 MB\tshelf\nkept:small\t0.0 MB\tshelf\n"
    assert run("list", "--local", "SMALL") == "kept:small\t0.0 MB\tshelf\n"
    with pytest.raises(ModelNotFoundError, match="no model is kept for 'medium'; `miniagents models pull` fetches one"):
        run("list", "--local", "medium")
    assert run("pull", "kept:far/away") == "shelf/far/away of mine\n"
    assert run("remove", "kept") == "removed kept:big (2,500.0 MB)\n"


def test_at_a_terminal_a_person_is_asked(program: Program) -> None:
    """The question has the size; anything but a yes leaves the model, and --yes asks nothing."""
    program.environment["SHELF"] = "mine"
    program.install("keeper", keeper=KEEPER)
    terminal = program.terminal("models", "remove", "kept:small")
    terminal.wait_for("Remove kept:small (0.0 MB)? [y/N]:")
    terminal.send("n\r")
    assert terminal.end() == 1
    assert "removed" not in terminal.text
    terminal = program.terminal("models", "remove", "kept:small")
    terminal.wait_for("[y/N]:")
    terminal.send("y\r")
    assert terminal.end() == 0
    assert "removed kept:small (0.0 MB)" in terminal.text
    assert program.run("models", "remove", "--yes", "kept:big") == Ran(0, b"removed kept:big (2,500.0 MB)\n", "")
