"""A package that is begun is whole: it can be imported, it is in order, and its own tests pass."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from miniagents.cli.plugins.new import begun
from miniagents.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["shout", "miniagents-two-words", "under_scored2"])
def test_a_package_is_whole(tmp_path: Path, name: str) -> None:
    """Its own tests pass, ruff finds nothing in it, and its entry point names its module."""
    folder = begun(name, tmp_path)
    short = name.removeprefix("miniagents-")
    module = f"miniagents_{short.replace('-', '_')}"
    assert folder == tmp_path / f"miniagents-{short.replace('_', '-')}"
    content = tomllib.loads((folder / "pyproject.toml").read_text())
    assert content["project"]["entry-points"]["miniagents"] == {short: module}
    assert content["project"]["name"] == folder.name
    for command in (["pytest", "-q", "-p", "no:cacheprovider"], ["ruff", "check", "--no-cache", "--isolated", "."]):
        ran = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=folder,
            env={"PYTHONPATH": str(folder), "PATH": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("name", ["", "Shout", "a b", "../x", "2x", "x-", "a--b"])
def test_what_is_no_name(tmp_path: Path, name: str) -> None:
    """It is refused, and nothing is written."""
    with pytest.raises(SettingsError, match="is no name for a package"):
        begun(name, tmp_path)
    assert [*tmp_path.iterdir()] == []


def test_what_is_there_stays(tmp_path: Path) -> None:
    """A folder of that name is left alone, and one that cannot be written to is named."""
    (tmp_path / "miniagents-shout").mkdir()
    with pytest.raises(SettingsError, match="is there already"):
        begun("shout", tmp_path)
    assert [*(tmp_path / "miniagents-shout").iterdir()] == []
    with pytest.raises(SettingsError, match="cannot be written"):
        begun("other", tmp_path / "none")
