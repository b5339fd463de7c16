"""Packages put into this very environment, by its pip, or its uv."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING

import pytest

from miniagents.cli.plugins import packages
from miniagents.errors import PluginError, SettingsError

if TYPE_CHECKING:
    from pathlib import Path

CLIENT = """#!{python}
import sys
print(*sys.argv[1:])
sys.exit({code})
"""


@pytest.fixture
def uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an environment without pip, and with a uv that says what it is told."""
    path = tmp_path / "uv"
    path.write_text(CLIENT.format(python=sys.executable, code=0))
    path.chmod(0o755)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("UV", str(path))
    return path


def test_uv(uv: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Without pip it is uv, told which Python it is for."""
    packages.install(["a", "b"])
    packages.uninstall(["a"])
    python = f"--python={sys.executable}"
    assert capfd.readouterr().out == f"pip install {python} a b\npip uninstall {python} a\n"


def test_the_real_pip(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What pip says is there to read, and its failure is one line more."""
    with pytest.raises(PluginError, match=r"^pip could not install .*/none; see what it said above$"):
        packages.install([str(tmp_path / "none")])
    assert "none" in capfd.readouterr().err


@pytest.mark.parametrize("verb", [packages.install, packages.uninstall])
def test_a_client_that_fails(uv: Path, verb: object) -> None:
    """It is named, with what could not be done; one that cannot be started, too."""
    name = verb.__name__  # type: ignore[attr-defined]  # it is a function
    uv.write_text(CLIENT.format(python=sys.executable, code=3))
    with pytest.raises(PluginError, match=f"^uv could not {name} a, b; see what it said above$"):
        verb(["a", "b"])  # type: ignore[operator]  # as above
    uv.unlink()
    with pytest.raises(PluginError, match="cannot be started"):
        verb(["a"])  # type: ignore[operator]  # as above


def test_no_client(uv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any, the cure is said."""
    monkeypatch.delenv("UV")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PluginError, match="neither is in this environment; run `python -m ensurepip`"):
        packages.install(["a"])


def test_what_is_no_name(uv: Path) -> None:
    """An option is refused, and so is the program itself."""
    with pytest.raises(SettingsError, match=r"^--index-url=x is no name of a package"):
        packages.install(["--index-url=x"])
    with pytest.raises(SettingsError, match="is the program itself"):
        packages.uninstall(["Miniagents"])
