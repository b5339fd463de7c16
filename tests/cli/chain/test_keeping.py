"""Where what is said in a chain is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.chain.conftest import Shell, Told

CHAIN = "version: 1\nname: kept\nagents: {echo: {plugin: echo}}\n"


def run(shell: Shell, history: str, *words: str) -> Told:
    """Run a chain that says where it is to be kept."""
    (shell.folder / "sub").mkdir(exist_ok=True)
    shell.write("sub/c.yaml", f"{CHAIN}history: {history}\n")
    return shell("sub/c.yaml", *words, "hi")


def test_a_file_of_its_own(shell: Shell) -> None:
    """Its name counts from the chain's file; the next run goes on in it."""
    for times in (1, 2):
        told = run(shell, "{file: talk.md}")
        assert (told.code, told.out) == (0, "hi")
        assert told.err.endswith("talk.md\n")
        assert [message.text for message in shell.said(name="sub/talk.md")] == ["hi"] * 2 * times
    assert not (shell.folder / "chats").exists()


@pytest.mark.parametrize("history", ["none", "memory"])
def test_nowhere(shell: Shell, history: str) -> None:
    """A file may say that nothing is left."""
    told = run(shell, history)
    assert (told.code, told.out) == (0, "hi")
    assert "kept in" not in told.err
    assert not (shell.folder / "chats").exists()


def test_the_command_line_comes_first(shell: Shell) -> None:
    """`--history` and `--no-save` say more than the file."""
    assert "kept in" not in run(shell, "{file: talk.md}", "--no-save").err
    assert not (shell.folder / "sub" / "talk.md").exists()
    run(shell, "none", "--history", "markdown")
    assert len(shell.said()) == 2


def test_the_file_comes_before_the_settings(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who keeps no chats has those of a chain that says so."""
    monkeypatch.setenv("MINIAGENTS_SAVE", "false")
    run(shell, "markdown")
    assert len(shell.said()) == 2


def test_nobody_keeps_it(shell: Shell) -> None:
    """A history that nobody has is told of with its place; so is a folder that is not there."""
    told = run(shell, "sqlight")
    assert told.code == 2
    assert told.lines[-1].startswith("miniagents: sub/c.yaml:4:1: no history is called 'sqlight'")
    told = run(shell, "{file: none/talk.md}")
    assert (told.code, "there is no folder" in told.lines[-1]) == (1, True)
