"""A chain put together, and its models made ready."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from miniagents import builtins, plugins
from miniagents.cli.chain.opening import opened, preparing
from miniagents.cli.chain.order import Order
from miniagents.cli.config.environment import KeyedEnvironment
from miniagents.cli.config.settings import Flags, settings_from
from miniagents.errors import KeyMissingError, SettingsError
from miniagents.ext.misc_agents import echo_agent
from miniagents.hookspecs import ModelProvider
from miniagents.plugins.choosing import Choice
from miniagents.plugins.decisions import Decisions, keep
from miniagents.plugins.project import digest_of, sources_below
from tests.cli.chain.conftest import CODE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miniagents.chains.loading import Chain

TEXT = "version: 1\nagents:\n  a: {python: 'spoken:says', with: {text: x}}\n"


def chain_of(folder: Path, text: str, **order: Any) -> Chain:
    """Return the chain of a file of this text, with the settings of a person who has none."""
    path = folder / "c.yaml"
    path.write_text(text)
    (folder / "spoken.py").write_text(CODE)
    settings = settings_from(Flags(), {"MINIAGENTS_CONFIG": str(folder / "home" / "config.toml")}, folder)
    return opened(Order(file=path, **order), settings, plugins.load([builtins], []))


def test_code_is_run_where_it_is_trusted(tmp_path: Path) -> None:
    """A folder that the person trusts as it is needs no flag; when it changes, they are asked again."""
    with pytest.raises(SettingsError, match="--allow-code"):
        chain_of(tmp_path, TEXT)
    folder = tmp_path.resolve()
    (tmp_path / "home").mkdir()
    keep(tmp_path / "home", Decisions(trusted={str(folder): digest_of(folder, sources_below(folder))}))
    assert set(chain_of(tmp_path, TEXT).agents) == {"a"}
    (tmp_path / "other.py").write_text("")
    with pytest.raises(SettingsError, match="changed since it was trusted"):
        chain_of(tmp_path, TEXT)
    assert set(chain_of(tmp_path, TEXT, allow_code=True).agents) == {"a"}


def test_the_default_model_of_the_flag_comes_behind_other_values(tmp_path: Path) -> None:
    """What `--set` says of the default model is said more closely."""
    text = "version: 1\nagents: {a: {}}\n"
    path = tmp_path / "c.yaml"
    path.write_text(text)
    flags = Flags(model="openai:flag: with a colon")
    settings = settings_from(flags, {"MINIAGENTS_CONFIG": str(tmp_path / "config.toml")}, tmp_path)
    known = plugins.load([builtins], [])
    assert str(opened(Order(file=path), settings, known).agents["a"]) == "openai:flag: with a colon"
    chain = opened(Order(file=path, sets=["defaults.model=openai:set"]), settings, known)
    assert str(chain.agents["a"]) == "openai:set"


def test_who_named_a_model_that_nobody_has(tmp_path: Path) -> None:
    """The line names the option that was typed."""
    path = tmp_path / "c.yaml"
    path.write_text("version: 1\nagents: {a: {}}\n")
    known = plugins.load([builtins], [])
    settings = settings_from(Flags(model="nope:x"), {"MINIAGENTS_CONFIG": str(tmp_path / "config.toml")}, tmp_path)
    with pytest.raises(SettingsError, match=r"\A--model: no model is called 'nope:x'"):
        opened(Order(file=path), settings, known)
    with pytest.raises(SettingsError, match=r"\A--set defaults\.model: no model is called 'nope:y'"):
        opened(Order(file=path, sets=["defaults.model=nope:y"]), settings, known)


class Pulled:
    """A provider of a model on this machine, and what was fetched."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.provider = ModelProvider(
            name="here",
            agent=echo_agent,
            source="here",
            way_out="",
            default_model="small",
            ready=lambda _: "always",
            rank=90,
            pull=self._pull,
        )

    async def _pull(self, model: str, _told: Any, _environment: Mapping[str, str]) -> str:
        await asyncio.sleep(1)
        self.names.append(model)
        return model


async def test_a_model_is_fetched_once() -> None:
    """Agents that ask for it at the same time wait for the one who fetches it; other models are left alone."""
    pulled = Pulled()
    prepare = preparing({})
    small, large = (Choice(pulled.provider, name) for name in ("small", "large"))
    await asyncio.gather(prepare(small), prepare(small), prepare(large))
    await prepare(small)
    assert pulled.names == ["small"]


class _Key:
    """A key that has to be asked of somebody."""

    is_here = False
    origin = "a password manager"

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.times = 0

    def read(self, _stop: Any = None) -> str:
        self.times += 1
        if self.error is not None:
            raise self.error
        return "sk-made-up"


@pytest.mark.real_time
async def test_a_key_is_asked_for_before_the_model() -> None:
    """It is read once; where it is not to be had, that is raised, and the next time it is asked for again."""
    pulled = Pulled()
    choice = Choice(pulled.provider, "large")
    key = _Key()
    prepare = preparing(KeyedEnvironment({}, {"HERE_API_KEY": key}))  # type: ignore[dict-item]  # all of it that is used
    await asyncio.gather(prepare(choice), prepare(choice))
    assert key.times == 1
    key = _Key(KeyMissingError("locked"))
    prepare = preparing(KeyedEnvironment({}, {"HERE_API_KEY": key}))  # type: ignore[dict-item]  # as above
    for times in (1, 2):
        with pytest.raises(KeyMissingError, match="locked"):
            await prepare(choice)
        assert key.times == times
