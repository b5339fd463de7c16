"""The first word of `miniagents chain`: a command, or a file."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.chain.conftest import Shell


def test_a_file_comes_first_or_behind_options(shell: Shell) -> None:
    """What is none of the commands is a file, wherever options stand; `./check` is a file, too."""
    assert shell("--quiet", "echoes.yaml", "hi").out == "hi"
    assert shell("echoes.yaml", "--quiet", "hi").out == "hi"
    (shell.folder / "echoes.yaml").rename(shell.folder / "check")
    assert shell("./check", "hi").out == "hi"
    (shell.folder / "check").rename(shell.folder / "run")
    assert shell("run", "hi").out == "hi"


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("echoes.yaml", "--help"), ("--quiet", "-h")])
def test_the_help_is_of_all_of_it(shell: Shell, words: tuple[str, ...]) -> None:
    """Whoever asks for help sees the options of a run, and the commands."""
    told = shell(*words)
    assert "chain [OPTIONS]" in told.out
    for said in ("--allow-code", "--dry-run", "check ", "schema ", "new "):
        assert said in told.out
    assert "run " not in told.out.partition("Commands:")[2]


def test_help_as_text(shell: Shell) -> None:
    """Behind `--` it is what the agents are sent."""
    assert shell("echoes.yaml", "--", "--help").out == "--help"


def test_other_commands_do_not_wait_for_it() -> None:
    """The options of a run are made when somebody wants them, and not for every other command."""
    code = (
        "import sys; from typer.main import get_command; from miniagents.cli.app import app; group = get_command(app);"
        "print('miniagents.cli.chain.command' in sys.modules); len(group.commands['chain'].commands);"
        "print('miniagents.cli.chain.command' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.split() == ["False", "True"]
