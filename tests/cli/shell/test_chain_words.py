"""What a shell may complete of a chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.main import get_command

from miniagents.cli.app import app
from miniagents.cli.shell.completion import completed
from miniagents.cli.shell.known_words import command_from, remember

if TYPE_CHECKING:
    from pathlib import Path

FLOW = """
version: 1
inputs: {topic: {description: what to write on}, size: {}}
vars: {lang: English}
agents: {writer: {description: writes}, critic: {}}
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with files of agents and others, and let our commands be known."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for name in ("flow.yaml", "sub/deep.yml", "notes.md", "bad.yaml", "list.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text({"bad.yaml": "a: [", "list.yaml": "- a"}.get(name, FLOW))
    remember(command_from(get_command(app)), {"models": ["m"], "histories": ["markdown"], "agents": ["echo"]})
    return tmp_path


def offered(*words: str) -> list[str]:
    """Return the answer for the last of these words, without descriptions."""
    kind, *values = completed(["chain", *words], {})
    return sorted(value.partition("\t")[0] for value in values) if kind == "values" else [f"<{kind}>"]


def test_a_first_word() -> None:
    """It may be one of the commands, a file of agents, or a folder that leads to one."""
    assert offered("") == ["bad.yaml", "cache/", "check", "flow.yaml", "list.yaml", "new", "schema", "sub/"]
    assert offered("fl") == ["flow.yaml"]
    assert offered("sub/") == ["sub/deep.yml"]
    assert offered("--quiet", "f") == ["flow.yaml"]
    assert offered("none/") == []


def test_behind_the_file() -> None:
    """There the text stands, which nobody can guess; the files of `check` are any."""
    assert offered("flow.yaml", "") == []
    assert offered("check", "") == ["<files>"]


def test_options_are_those_of_a_run() -> None:
    """Before and behind the file."""
    assert {"--dry-run", "--allow-code", "--help"} <= {*offered("flow.yaml", "--")}
    assert offered("flow.yaml", "--graph", "") == ["dot", "mermaid", "tree"]
    assert offered("--output", "") == ["<files>"]


def test_names_of_the_file() -> None:
    """Agents, inputs and constants are those of the file that is there already."""
    assert offered("flow.yaml", "--show", "") == ["all", "critic", "last", "writer"]
    assert offered("flow.yaml", "--show", "critic,w") == ["critic,writer"]
    assert offered("sub/deep.yml", "--show=cr") == ["--show=critic"]
    assert offered("flow.yaml", "--input", "") == ["size=", "topic="]
    assert offered("flow.yaml", "--var", "l") == ["lang="]
    assert completed(["chain", "flow.yaml", "--input", "to"], {}) == ["values", "topic=\twhat to write on"]


@pytest.mark.parametrize("name", ["bad.yaml", "list.yaml", "none.yaml"])
def test_a_file_that_is_none(name: str) -> None:
    """It offers nothing, and nothing is told."""
    assert offered(name, "--input", "") == []
    assert offered("--input", "") == []


def test_a_file_too_large_to_wait_for(place: Path) -> None:
    """It is not read."""
    (place / "flow.yaml").write_text(FLOW + "#" * 1_000_001)
    assert offered("flow.yaml", "--input", "") == []


def test_a_folder_too_large_to_wait_for(place: Path) -> None:
    """Of very many files, some are offered."""
    for number in range(2_100):
        (place / "sub" / f"{number}.md").touch()
    assert len(offered("sub/")) <= 1
