"""`miniagents chain FILE`, as its line is read and obeyed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from miniagents.cli.chain import run_command as module
from miniagents.cli.chain.command import chain_app
from miniagents.cli.chain.run_command import OTHERS, run_command
from miniagents.cli.plain_line import plainly_given

if TYPE_CHECKING:
    from tests.cli.chain.conftest import Shell


def test_no_file(shell: Shell) -> None:
    """Options alone are no run; the line says what to do."""
    told = shell("--quiet")
    assert (told.code, told.lines) == (2, ["miniagents: which FILE? name one, or begin one: miniagents chain new NAME"])


def test_a_file_that_is_none(shell: Shell) -> None:
    """A name that is no file's is told of in one line; it may be that of a command that is meant."""
    told = shell("chek")
    assert (told.code, told.lines) == (
        2,
        ["miniagents: chek: there is no such file; did you mean miniagents chain check?"],
    )
    told = shell("tale.yaml", "hi")
    assert (told.code, told.lines) == (2, ["miniagents: tale.yaml: there is no such file; mend its name"])


def test_no_such_picture(shell: Shell) -> None:
    """Another picture is refused with those that there are."""
    told = shell("echoes.yaml", "--graph", "tee")
    assert (told.code, told.lines) == (2, ["miniagents: --graph tee: did you mean tree?"])


@pytest.mark.parametrize(
    "line",
    [
        "c.yaml",
        "c.yaml some words --json --quiet",
        "--input a=1 -i b=2 c.yaml --var x=y --set a.b=c - -m openai:m",
        "c.yaml --output out.md --force --allow-code --dry-run --no-save --chats-dir d --show a,b --graph tree",
        "c.yaml --history=memory --log debug --usage --plain --jsonl",
    ],
)
def test_a_plain_line_means_what_typer_reads(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that is read without Typer, to be sooner done, asks for the same."""
    asked: list[Any] = []
    monkeypatch.setattr(module, "_do", lambda words, given: asked.append((words, {**given, "file_and_text": words})))
    words = line.split()
    given = plainly_given(run_command, words)
    assert given is not None
    run_command(**given)
    chain_app(["run", *words], standalone_mode=False)
    assert asked[0] == asked[1]
    assert asked[0][1]["output"] in (None, Path("out.md"))


def test_the_other_commands_are_known() -> None:
    """What is no file is known without Typer, too."""
    assert {command.name for command in chain_app.registered_commands} == {*OTHERS, "run"}


@pytest.mark.parametrize(("word", "is_read"), [("c.yaml", False), ("check", True), ("--help", True)])
def test_a_run_needs_no_typer(word: str, is_read: bool) -> None:
    """It is imported for commands and help, and not where agents are to begin soon."""
    code = (
        f"import sys; sys.argv[1:] = ['chain', {word!r}]; from miniagents.cli.__main__ import _program; _program();"
        "print('typer' in sys.modules, 'pydantic' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.split()[0] == str(is_read)
