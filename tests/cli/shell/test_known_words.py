"""What a shell may complete: that it is what the program has, and for how long it is remembered."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from typer import Typer
from typer.main import get_command

from miniagents.cli.app import app
from miniagents.cli.shell.command import completion_command
from miniagents.cli.shell.known_words import Command, command_from, forget, recalled, remember

if TYPE_CHECKING:
    from pathlib import Path

EMPTY = Command(help="", options={}, arguments=[], commands={})


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a cache folder that is not there yet, and a folder of packages."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "path", [str(tmp_path / "packages"), str(tmp_path / "gone")])
    (tmp_path / "packages").mkdir()
    return tmp_path


def test_the_programs_own_words() -> None:
    """Every command and every option of the program is there, with its help, and whether a value follows it."""
    root = command_from(get_command(app))
    chat = root["commands"]["chat"]
    assert root["commands"]["models"]["commands"]["pull"]["help"]
    assert chat["options"]["-m"] == chat["options"]["--model"]
    assert chat["options"]["--model"]["value"] == "models"
    assert chat["options"]["--chats-dir"]["value"] == "folders"
    assert chat["options"]["-s"]["value"] == ""
    assert chat["options"]["--no-save"]["value"] is None
    assert chat["options"]["--help"]["value"] is None
    assert chat["arguments"] == ["files"]
    assert all(option["help"] for option in chat["options"].values())


def test_what_is_remembered() -> None:
    """What was kept is there at the next run, in a file that only the user may read."""
    assert recalled() is None
    kept = remember(EMPTY, {"models": ["m"]})
    assert recalled() == kept
    assert kept["names"] == {"models": ["m"]}


def test_it_is_forgotten_when_a_package_comes_or_goes(place: Path) -> None:
    """As soon as something is installed or removed, nothing is remembered."""
    remember(EMPTY, {})
    (place / "packages" / "a plugin").mkdir()
    assert recalled() is None


def test_it_is_forgotten_by_hand() -> None:
    """Who fetches a model forgets what was known before it, also where nothing was."""
    forget()
    remember(EMPTY, {})
    forget()
    assert recalled() is None


def test_it_belongs_to_one_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs in two environments do not remember each other's words."""
    remember(EMPTY, {})
    monkeypatch.setattr(sys, "prefix", "/another/environment")
    assert recalled() is None


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b"1"])
def test_a_file_that_is_something_else_is_forgotten(place: Path, content: bytes) -> None:
    """A file that is broken counts as none."""
    remember(EMPTY, {})
    (path,) = (place / "cache").rglob("*.json")
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(content)
    assert recalled() is None


def test_where_nothing_can_be_kept(place: Path) -> None:
    """Where no file can be written, it is answered all the same."""
    (place / "cache").touch()
    assert remember(EMPTY, {})["root"] == EMPTY


def test_a_parameter_whose_values_are_few() -> None:
    """Where a parameter shows its values, such as `[bash|zsh|fish]`, they are what is completed."""
    program = Typer()
    program.command()(completion_command)
    assert command_from(get_command(program))["arguments"] == ["bash|zsh|fish"]
