"""Plugins that are there, before any is imported."""

from __future__ import annotations

import importlib
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


EDITABLE = '{"dir_info": {"editable": true}}'


def test_code_that_is_edited_where_it_is(site: Site) -> None:
    """Of a package that is installed from a folder, each change of a source file makes another plugin."""
    info = site.install("package", direct_url=EDITABLE, alpha="raise RuntimeError")
    keys = [installed()[0].key]
    (site.folder / "alpha").mkdir()
    (site.folder / "alpha" / "__init__.py").write_text("raise RuntimeError")  # comes before the module of that name
    importlib.invalidate_caches()

    def is_another() -> bool:
        keys.append(installed()[0].key)
        return keys[-1] not in {None, *keys[:-1]}

    assert is_another()
    assert not is_another()
    (site.folder / "alpha" / "deep").mkdir()
    (site.folder / "alpha" / "deep" / "more.py").write_text("X = 1")
    assert is_another()
    (site.folder / "alpha" / "deep" / "more.py").write_text("X = 12")
    assert is_another()
    os.utime(site.folder / "alpha" / "__init__.py", (1, 1))
    assert is_another()
    (site.folder / "alpha" / "notes.txt").touch()
    assert not is_another()
    (info / "direct_url.json").write_text('{"dir_info": {}, "url": "file:///a/folder"}')
    assert is_another()
    os.utime(site.folder / "alpha" / "__init__.py", (2, 2))
    assert not is_another()
    assert "alpha" not in sys.modules


def test_what_nobody_can_know_has_no_key(site: Site, tmp_path: Path) -> None:
    """The code of no package, and that which is not where it was, may be anything."""
    (nobodys,) = installed([EntryPoint("alpha", "alpha", "miniagents")])
    assert (nobodys.key, nobodys.package, nobodys.version()) == (None, "", "")
    site.install("package", direct_url=EDITABLE, alpha="")
    (site.folder / "alpha.py").unlink()
    importlib.invalidate_caches()
    assert installed()[0].key is None
    (site.folder / "alpha").mkdir()  # a namespace, with nothing in it
    importlib.invalidate_caches()
    assert installed()[0].key is None


def test_an_entry_point_of_no_module(site: Site) -> None:
    """It is found, and to import it fails, which is for others to tell."""
    info = site.install("package", direct_url=EDITABLE, alpha="")
    (info / "entry_points.txt").write_text("[miniagents]\nalpha = !! no module\n")
    (found,) = installed()
    assert (found.name, found.key) == ("alpha", None)
    with pytest.raises((AttributeError, AssertionError)):  # as the version of Python has it
        found.get()


def test_files_in_a_folder(tmp_path: Path) -> None:
    """Each Python file is a plugin but those that begin with an underscore or a dot; no folder is no plugins."""
    assert in_folder(tmp_path / "none") == []
    for name in ("two.py", "one.py", "_three.py", ".four.py", "five.txt"):
        (tmp_path / name).write_text(f"NAME = {name!r}")
    (tmp_path / "a_folder.py").mkdir()
    (tmp_path / "a_link.py").symlink_to("nowhere")
    (tmp_path / "a_device.py").symlink_to("/dev/zero")
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
