"""What plugins offered when they were imported last."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from miniagents.plugins import catalogue
from miniagents.plugins.catalogue import Catalogue
from miniagents.plugins.outline import Outline
from tests.plugins.conftest import found

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MINE = found("mine", object)
OUTLINE = Outline(["register_agents"], {"agents": {"one": "", "two": ""}, "providers": {"p": 3}}, [["agents", "one"]])


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    """Give an environment with a cache of its own."""
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


def kept(environment: Mapping[str, str]) -> Path:
    """Return the file, after something was learnt."""
    memory = Catalogue(environment)
    memory.learn(MINE, OUTLINE)
    memory.keep()
    (path,) = (catalogue.Path(environment["XDG_CACHE_HOME"]) / "miniagents").iterdir()
    return path


def test_what_is_learnt_is_recalled(environment: Mapping[str, str]) -> None:
    """The next run knows it, equal to what it was; of a plugin with another key, or with none, it knows nothing."""
    assert Catalogue(environment).recall(MINE) is None
    kept(environment)
    memory = Catalogue(environment)
    assert memory.recall(MINE) == OUTLINE
    assert memory.recall(found("mine", object, key="other")) is None
    nobody = found("mine", object, key=None)
    memory.learn(nobody, OUTLINE)
    assert memory.recall(nobody) is None


def test_it_is_written_only_where_something_has_changed(environment: Mapping[str, str]) -> None:
    """A run that learns nothing new writes nothing, and nothing is forgotten because it was not asked for."""
    path = kept(environment)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    memory = Catalogue(environment)
    memory.learn(MINE, OUTLINE)
    memory.keep()
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before
    memory.learn(found("other", object), OUTLINE)
    memory.keep()
    assert Catalogue(environment).recall(MINE) == OUTLINE
    memory.learn(MINE, Outline([], {}, [], "no"))
    memory.keep()
    assert Catalogue(environment).recall(MINE) == Outline([], {}, [], "no")


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"key": 1}', "\0"])
def test_a_file_that_is_none_of_ours(environment: Mapping[str, str], text: str) -> None:
    """It is as if there were none, and is replaced."""
    path = kept(environment)
    path.write_text(text)
    assert Catalogue(environment).recall(MINE) is None
    assert kept(environment) == path
    assert Catalogue(environment).recall(MINE) == OUTLINE


@pytest.mark.parametrize("outline", [[], [1, 2, 3], [[], {"nothing": {}}, []], [[], {"agents": 3}, []], None])
def test_an_outline_that_is_none(environment: Mapping[str, str], outline: object) -> None:
    """A file in which something is wrong is taken as a whole for none."""
    path = kept(environment)
    content = json.loads(path.read_bytes())
    content["plugins"]["mine"] = outline
    path.write_text(json.dumps(content))
    assert Catalogue(environment).recall(MINE) is None


def test_another_program_remembers_nothing_of_it(
    environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version of ours, or a file that has grown without bounds, is begun anew."""
    kept(environment)
    with monkeypatch.context() as patch:
        patch.setattr(catalogue, "__version__", "0")
        assert Catalogue(environment).recall(MINE) is None
    with monkeypatch.context() as patch:
        patch.setattr(catalogue, "_MOST", 0)
        assert Catalogue(environment).recall(MINE) is None
    assert Catalogue(environment).recall(MINE) == OUTLINE


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    """Nothing is remembered, nothing is said, and nothing half is left."""
    (tmp_path / "cache").write_text("a file")
    memory = Catalogue({"XDG_CACHE_HOME": str(tmp_path / "cache")})
    memory.learn(MINE, OUTLINE)
    memory.keep()
    (tmp_path / "other" / "miniagents").mkdir(parents=True)
    memory = Catalogue({"XDG_CACHE_HOME": str(tmp_path / "other")})
    memory.learn(MINE, Outline(["\ud800"], {}, []))
    memory._path.mkdir()  # in its place, so that the draft cannot take it
    memory.keep()
    assert [*memory._path.parent.iterdir()] == [memory._path]


def test_somebody_without_a_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is remembered, and nothing is written into the current folder."""

    def fail(path: Path) -> Path:
        raise RuntimeError

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(catalogue.Path, "expanduser", fail)
    memory = Catalogue({})
    memory.learn(MINE, OUTLINE)
    memory.keep()
    assert Catalogue({}).recall(MINE) is None
    assert [*tmp_path.iterdir()] == []
