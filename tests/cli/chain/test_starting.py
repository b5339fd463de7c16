"""`miniagents chain new`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from miniagents.chains.chain_file import read
from miniagents.cli.chain.starting import _templates, begin
from miniagents.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.chain.conftest import Shell


@pytest.mark.parametrize("template", _templates())
def test_every_template_is_a_sound_chain(template: str, tmp_path: Path) -> None:
    """Each can be begun with, and nothing is wrong with it."""
    begin("mine", template, tmp_path)
    read(tmp_path / "mine.yaml", needs_inputs=False)


def test_templates_say_what_they_are_for(shell: Shell) -> None:
    """The list has a line for each."""
    lines = shell("new", "--list").out.splitlines()
    assert {line.partition("\t")[0] for line in lines} == {*_templates()}
    assert all(line.partition("\t")[2] for line in lines)


@pytest.mark.parametrize(("name", "path"), [("mine", "mine.yaml"), ("a.b", "a.b.yaml"), ("x.yml", "x.yml")])
def test_a_name(shell: Shell, name: str, path: str) -> None:
    """It gets the ending of YAML if it has none; the next command is told."""
    told = shell("new", name)
    assert (told.code, told.out) == (0, f"{path}\n")
    assert told.lines == [f'miniagents: next: miniagents chain {path} "what the agents shall work on"']


def test_without_a_name(shell: Shell) -> None:
    """The file is called as the template is; what the template says of itself is what comes next."""
    told = shell("new", "--template", "review")
    assert told.out == "review.yaml\n"
    assert told.lines == ["miniagents: next: git diff | miniagents chain review.yaml"]
    told = shell("new", "-t", "review", "my review")
    assert told.lines == ["miniagents: next: git diff | miniagents chain 'my review.yaml'"]


def test_nothing_is_overwritten(shell: Shell) -> None:
    """What is there stays."""
    path = shell.write("mine.yaml", "mine")
    told = shell("new", "mine")
    assert (told.code, told.lines) == (2, ["miniagents: mine.yaml: is there already; choose another name"])
    assert path.read_text() == "mine"


def test_what_cannot_be(tmp_path: Path) -> None:
    """No such template, no such folder, no name at all: each is told with the cure."""
    with pytest.raises(SettingsError, match=r"--template critic: there is no such template; did you mean critique\?"):
        begin("x", "critic", tmp_path)
    with pytest.raises(SettingsError, match="cannot be written"):
        begin("none/x", "critique", tmp_path)
    with pytest.raises(SettingsError, match="cannot be written"):
        begin("x\0", "critique", tmp_path)
