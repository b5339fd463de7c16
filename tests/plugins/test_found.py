"""Plugins that are there, before any is imported."""

from __future__ import annotations

import os
import sys
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

import pytest

from miniagents.plugins.found import from_sources, in_folder, installed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugins.conftest import Site


def test_installed_ones(site: Site) -> None:
    """Those of our group are found by name, each with its package and that one's version, and none is imported."""
    site.install("b-package", version="2.1", beta="raise RuntimeError")
    site.install("a_package", alpha="X = 1", gamma="X = 3")
    alpha, beta, gamma = installed()
    assert [(each.name, each.package, each.version()) for each in (alpha, beta, gamma)] == [
        ("alpha", "a-package", "1.0"),
        ("beta", "b-package", "2.1"),
        ("gamma", "a-package", "1.0"),
    ]
    assert {each.origin for each in (alpha, beta)} == {"installed"}
    assert not {"alpha", "beta", "gamma"} & set(sys.modules)
    assert alpha.get().X == 1  # type: ignore[attr-defined]  # a module
    with pytest.raises(RuntimeError):
        beta.get()


def test_a_package_that_changes_has_another_key(site: Site) -> None:
    """Another version, or the same one installed again, is another plugin; one that is not touched is the same."""
    info = site.install("package", alpha="")
    (first,) = installed()
    assert first.key == installed()[0].key
    os.utime(info / "entry_points.txt", (1, 1))
    (again,) = installed()
    assert again.key not in {first.key, None}
    info.rename(info.with_name("package-1.1.dist-info"))
    (newer,) = installed()
    assert newer.key not in {first.key, again.key, None}


def test_what_the_key_does_not_say(site: Site) -> None:
    """The code of a package that is installed from a folder may change at any time, and so may that of no package."""
    site.install("package", direct_url='{"dir_info": {"editable": true}}', alpha="")
    (editable,) = installed()
    assert not editable.is_pinned
    site.install("package", direct_url='{"dir_info": {}, "url": "file:///a/folder"}', alpha="")
    assert installed()[0].is_pinned
    (nobodys,) = installed([EntryPoint("alpha", "alpha", "miniagents")])
    assert (nobodys.key, nobodys.package, nobodys.version()) == (None, "", "")


def test_files_in_a_folder(tmp_path: Path) -> None:
    """Each Python file is a plugin but those that begin with an underscore or a dot; no folder is no plugins."""
    assert in_folder(tmp_path / "none") == []
    for name in ("two.py", "one.py", "_three.py", ".four.py", "five.txt"):
        (tmp_path / name).write_text(f"NAME = {name!r}")
    (tmp_path / "six").mkdir()
    one, two = in_folder(tmp_path)
    assert (one.name, one.origin, two.name) == ("one", str(tmp_path / "one.py"), "two")
    assert one.get().NAME == "one.py"  # type: ignore[attr-defined]  # a module
    (tmp_path / "one.py").write_text("NAME = 'another'")
    assert in_folder(tmp_path)[0].key not in {one.key, None}


def test_a_file_is_a_whole_module(tmp_path: Path) -> None:
    """What looks a class up by its module finds it; a file that fails leaves no module behind."""
    (tmp_path / "typed.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass, KW_ONLY\n"
        "import pickle\n\n@dataclass\nclass A:\n    _: KW_ONLY\n    x: int\n\n"
        "THERE = pickle.loads(pickle.dumps(A(x=1)))\n"
    )
    (tmp_path / "wrong.py").write_text("raise ValueError")
    typed, wrong = in_folder(tmp_path)
    try:
        assert typed.get().THERE.x == 1  # type: ignore[attr-defined]  # a module
        for _ in range(2):
            with pytest.raises(ValueError):  # noqa: PT011 - which one, the file says
                wrong.get()
            assert "miniagents_plugin_wrong" not in sys.modules
    finally:
        sys.modules.pop("miniagents_plugin_typed", None)


def test_sources_that_were_read(tmp_path: Path) -> None:
    """What was read is what is run: not what the file is by now, and not a compiled file beside it."""
    path = tmp_path / "mine.py"
    path.write_text("NAME = 'another'")
    (found,) = from_sources({path: b"NAME = 'the one that was read'"})
    assert (found.name, found.origin) == ("mine", str(path))
    assert found.key != from_sources({path: b"NAME = 'another'"})[0].key
    try:
        assert found.get().NAME == "the one that was read"  # type: ignore[attr-defined]  # a module
    finally:
        sys.modules.pop("miniagents_plugin_mine", None)
