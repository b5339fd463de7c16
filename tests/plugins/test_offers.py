"""Everything of one kind that plugins offer: known at once, imported when it is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from miniagents.plugins import by_note, load
from miniagents.plugins.catalogue import Catalogue
from miniagents.testing import scripted_agent
from tests.plugins.conftest import found, plugin
from tests.plugins.test_offer import PROVIDER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

    from miniagents.errors import PluginError
    from miniagents.plugins import Plugins

AGENT = scripted_agent()


class World:
    """Plugins that each offer one provider of their name, a run after the other with the same memory."""

    def __init__(self, folder: Path) -> None:
        self.imported: list[str] = []
        self.told: list[str] = []
        self.ranks = {"late": 30, "early": 10, "middle": 20}
        self.broken: set[str] = set()
        self._environment = {"XDG_CACHE_HOME": str(folder)}

    def run(self) -> Plugins:
        """Load them, as a new process would."""
        self.imported.clear()
        return load(
            [],
            [found(name, self._importer(name)) for name in self.ranks],
            catalogue=Catalogue(self._environment),
            told=self._take,
        )

    def _take(self, error: PluginError) -> None:
        self.told.append(str(error))

    def _importer(self, name: str) -> Callable[[], ModuleType]:
        def import_it() -> ModuleType:
            self.imported.append(name)
            if name in self.broken:
                raise ImportError("its SDK is gone")
            return plugin(register_models=register_models)

        def register_models(register: Any) -> None:
            from dataclasses import replace  # noqa: PLC0415 - as a plugin would

            register(replace(PROVIDER, name=name, rank=self.ranks[name]))

        return import_it


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give plugins that have been imported once."""
    world = World(tmp_path)
    assert [*world.run().providers] == ["late", "early", "middle"]
    assert world.imported == ["late", "early", "middle"]
    return world


def test_a_plugin_is_imported_when_something_of_it_is_taken(world: World) -> None:
    """Names, their number and what is noted of them are there without; then one is imported, once."""
    providers = world.run().providers
    assert ([*providers], len(providers), "no" in providers) == (["late", "early", "middle"], 3, False)
    assert world.imported == []
    assert providers["early"].rank == 10
    assert providers.get("early") is providers["early"]
    assert world.imported == ["early"]
    assert [name for name, _ in providers.items()] == [*providers]
    assert world.imported == ["early", "late", "middle"]


def test_by_their_notes(world: World) -> None:
    """Who looks for the first that will do imports none of those behind it."""
    providers = world.run().providers
    first = next(by_note(providers, lambda provider: provider.rank))
    assert (first.name, world.imported) == ("early", ["early"])
    ranks = [provider.rank for provider in by_note(providers, lambda provider: provider.rank)]
    assert ranks == [10, 20, 30]
    plain = {provider.name: provider for provider in providers.values()}
    assert [each.rank for each in by_note(plain, lambda provider: provider.rank)] == ranks


def test_one_that_breaks_later(world: World) -> None:
    """It is told once, its things are there no more, the others are, and the next run imports it again."""
    world.broken.add("early")
    plugins = world.run()
    assert plugins.broken == ()
    assert [provider.name for provider in plugins.providers.values()] == ["late", "middle"]
    assert [provider.name for provider in by_note(plugins.providers, lambda each: each.rank)] == ["middle", "late"]
    assert plugins.providers.get("early") is None
    assert "early" not in plugins.providers
    assert ([*plugins.providers], len(plugins.providers)) == (["late", "middle"], 2)
    (told,) = world.told
    assert told.startswith("plugin early skipped: ImportError: its SDK is gone (test_offers.py, line ")
    assert world.imported.count("early") == 1
    plugins = world.run()
    assert [str(error) for error in plugins.broken] == world.told
    assert (world.imported, [*plugins.providers]) == (["early"], ["late", "middle"])


def test_one_that_is_not_what_it_was(world: World) -> None:
    """A thing that is not offered any more is not there, and the next run knows better."""
    providers = world.run().providers
    world.ranks["early"] = 15
    assert providers["early"].rank == 15
    world.run()
    assert world.imported == []
    assert world.run().providers.notes["early"] == 15  # type: ignore[attr-defined]  # it is `Offers`
