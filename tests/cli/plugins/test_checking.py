"""A plugin imported from where it is, and checked."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from miniagents.cli.plugins.checking import checked
from miniagents.errors import PluginError, SettingsError

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
from miniagents.hookspecs import Key, hookimpl

@hookimpl
def register_keys(register):
    register(Key(name="k", variable="K_KEY", where="there"))
"""
PROJECT = '[project.entry-points.miniagents]\n{name} = "{name}"\n'


@pytest.fixture(autouse=True)
def _imports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is imported be forgotten."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "modules", {**sys.modules})


@pytest.mark.parametrize("source", ["", "src"])
def test_a_package(tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str) -> None:
    """It needs not be installed: its entry points are in its pyproject.toml, its code beside it or in src."""
    name = f"good_{source}"
    (tmp_path / "pyproject.toml").write_text(PROJECT.format(name=name))
    (tmp_path / source).mkdir(exist_ok=True)
    (tmp_path / source / f"{name}.py").write_text(GOOD)
    assert checked(tmp_path)
    assert capsys.readouterr().out == f"{name}: its hooks can be called\tkept (register_keys)\n"


def test_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that cannot be imported, or keeps not what it must, is told of."""
    path = tmp_path / "p.py"
    path.write_text(GOOD)
    assert checked(path)
    path.write_text("")
    assert not checked(path)
    path.write_text("raise SystemExit(3)")
    assert not checked(path)
    assert capsys.readouterr().out.splitlines()[1:] == [
        "p: its hooks can be called\tBROKEN: it has none marked with @hookimpl",
        "p: can be imported\tBROKEN: SystemExit: 3 (p.py, line 1)",
    ]


def test_no_plugin(tmp_path: Path) -> None:
    """A folder without an entry point, or with a file that is no TOML, is refused with the reason."""
    for path in (tmp_path, tmp_path / "none", tmp_path / "none.py"):
        with pytest.raises(SettingsError, match=r"no plugin; name a \.py file, or a folder"):
            checked(path)
    (tmp_path / "pyproject.toml").write_text("=")
    with pytest.raises(PluginError, match="cannot be read"):
        checked(tmp_path)
