"""Completion in real shells, with a Tab that is really pressed."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from typer import Typer
from typer.testing import CliRunner

from miniagents.cli.shell.command import completion_command
from miniagents.errors import SettingsError
from tests.cli.conftest import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Program

SHELLS = {
    "bash": ["--norc", "--noprofile", "-i"],
    "zsh": ["-f", "-i"],
    "fish": ["--no-config", "-i", "-C", "function fish_prompt; echo '> '; end"],
}
READ = {
    "bash": "source ../script",
    "zsh": "autoload -Uz compinit; compinit -u -D; source ../script",
    "fish": "source ../script",
}
PROGRAM = f"""#!{sys.executable}
from miniagents.cli.shell.completion import answer
answer()
"""


def script_for(*words: str) -> str:
    """Return what the command prints."""
    app = Typer()
    app.command()(completion_command)
    result = CliRunner().invoke(app, words)
    if isinstance(result.exception, SettingsError):
        raise result.exception
    return result.stdout


def test_a_shell_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name it is the person's shell; one that nobody knows is an error that names those there are."""
    monkeypatch.setenv("SHELL", "/bin/zsh")
    assert script_for() == script_for("zsh")
    monkeypatch.delenv("SHELL")
    with pytest.raises(SettingsError, match=r"\Ano shell: words are completed in bash, zsh, fish; name one of them"):
        script_for()
    with pytest.raises(SettingsError, match=r"\Atcsh: words are completed in "):
        script_for("tcsh")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_tab_completes(program: Program, tmp_path: Path, shell: str) -> None:
    """In a real shell a Tab completes commands, options, models with a colon, roles with a space, files and folders."""
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"there is no {shell}")
    (tmp_path / "script").write_text(script_for(shell))
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "miniagents").write_text(PROGRAM)
    (bin_folder / "miniagents").chmod(0o700)
    roles = program.home / ".config" / "miniagents" / "roles"
    roles.mkdir(parents=True)
    (roles / "my role.md").touch()
    (program.folder / "some file").touch()
    (program.folder / "some folder").mkdir()
    environment = program.environment | {"PATH": f"{bin_folder}:{program.environment['PATH']}", "PS1": "> "}
    terminal = Terminal([path, *SHELLS[shell]], program.folder, environment, columns=100)
    program.left.callback(terminal.close)
    terminal.wait_for_prompt()
    terminal.send(f"{READ[shell]}\r")
    terminal.wait_for_prompt("source")
    for typed, comes in (
        ("miniagents mod", "miniagents models"),
        ("miniagents chat --chats-d", "miniagents chat --chats-dir"),
        ("miniagents chat --chats-dir so", "miniagents chat --chats-dir some\\ folder/"),
        ("miniagents chat -m openai:", "miniagents chat -m openai:gpt-"),
        ("echo x | miniagents chat --log some\\ fi", "echo x | miniagents chat --log some\\ file"),
        ("miniagents chat --role m", "miniagents chat --role my\\ role"),
        ("miniagents chat -o seed", "miniagents chat -o seed="),
    ):
        terminal.send(f"\x15{typed}")
        terminal.wait_for(lambda typed=typed: terminal.text.rstrip().endswith(f"> {typed}"))
        terminal.send("\t")
        terminal.wait_for(lambda comes=comes: f"> {comes}" in terminal.text)
