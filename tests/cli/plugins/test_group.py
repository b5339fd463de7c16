"""Commands of plugins are commands of the program, and cost nothing while nobody wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Program

pytestmark = pytest.mark.usefixtures("measured")

FORTUNE = """
import sys
from miniagents.hookspecs import hookimpl

print("imported")

@hookimpl
def register_commands(app):
    @app.command("fortune")
    def fortune(times: int = 1) -> None:
        "Say what will be."
        print("a plugin " * times)

    @app.command("chat")
    def chat() -> None:
        "Be another chat."
"""


def test_a_command_of_a_plugin(program: Program) -> None:
    """It is there with its help and options; what it prints is on standard output; ours stay ours, and that is said."""
    program.install("some", telling=FORTUNE)
    ran = program.run("fortune", "--times", "2")
    assert (ran.code, ran.out) == (0, b"a plugin a plugin \n")
    clash = "miniagents: a plugin offers the command 'chat', which is ours and stays so\n"
    assert ran.err == f"imported\n{clash}"
    ran = program.run("--help")
    assert (ran.code, ran.err) == (0, "")  # it is known by now, and is not imported
    assert "  fortune     Say what will be.\n" in ran.out.decode()
    assert "Be another chat." not in ran.out.decode()
    ran = program.run("fortune", "--help")
    assert "--times" in ran.out.decode()
    ran = program.run("config", "path")
    assert (ran.code, ran.err) == (0, "")


def test_a_shell_completes_it(program: Program) -> None:
    """Its name and its options are among the words that a shell is offered, as long as it is not off."""
    program.install("some", telling=FORTUNE)
    offered = program.run("for", environment={"_MINIAGENTS_COMPLETE": "zsh"})
    assert offered.out.decode() == "values\nfortune\tSay what will be.\n"
    offered = program.run("fortune", "--t", environment={"_MINIAGENTS_COMPLETE": "zsh"})
    assert offered.out.decode() == "values\n--times\n"
    assert program.run("plugins", "disable", "telling").code == 0
    offered = program.run("for", environment={"_MINIAGENTS_COMPLETE": "zsh"})
    assert offered.out.decode() == "values\n"


def test_the_help_says_nothing_of_plugins(program: Program) -> None:
    """It lists the commands of those that work, also the first time; others name those that fail."""
    program.install("some", telling=FORTUNE, wrong="raise ValueError")
    for err in ("imported\n", ""):
        ran = program.run("--help")
        assert (ran.code, ran.err) == (0, err)
        assert "  fortune     Say what will be.\n" in ran.out.decode()


def test_without_plugins(program: Program) -> None:
    """`--no-plugins` goes before the command, and takes those of plugins away."""
    program.install("some", telling=FORTUNE)
    ran = program.run("--no-plugins", "fortune")
    assert (ran.code, "No such command 'fortune'" in ran.err) == (2, True)
    ran = program.run("--no-plugins", "--help")
    assert "fortune" not in ran.out.decode()


def test_the_help_comes_whatever_is_wrong(program: Program) -> None:
    """A file of decisions that is broken, or a folder that is gone, is no reason to explain nothing."""
    folder = program.home / ".config" / "miniagents"
    folder.mkdir(parents=True)
    (folder / "plugins.json").write_text("broken")
    gone = program.folder / "gone"
    gone.mkdir()
    for command in ("miniagents --help", f'cd "{gone}" && rmdir "{gone}" && miniagents --help'):
        (ran,) = program.shell(command)
        assert (ran.code, ran.err) == (0, "")
        assert "Commands:" in ran.out.decode()
    (ran,) = program.shell("miniagents no-such-command")
    assert (ran.code, "plugins.json: cannot be read" in ran.err) == (2, True)
