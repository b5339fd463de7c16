"""The command as a whole: what is asked for, and what comes of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.chain.conftest import Shell


def test_a_file_is_run(shell: Shell) -> None:
    """The last agent's reply is standard output, to the byte; what happens is told on standard error."""
    told = shell("echoes.yaml", "hello", "there")
    assert (told.code, told.out) == (0, "hello there")
    assert sorted(told.lines) == ["one: done, 1 token", "one: started", "two: done, 1 token", "two: started"]
    assert told.err.count("miniagents: kept in ") == 1


def test_standard_input_is_the_text_too(shell: Shell) -> None:
    """What is piped in comes behind the words, as for a chat."""
    assert shell("echoes.yaml", given="piped\n").out == "piped"
    assert shell("echoes.yaml", "words", given="piped\n").out == "words\n\npiped"
    told = shell("echoes.yaml")
    assert (told.code, told.lines) == (2, ["miniagents: there is nothing to work on; give a text, or pipe it in"])


def test_quiet(shell: Shell) -> None:
    """`--quiet` leaves errors alone on standard error."""
    assert shell("echoes.yaml", "--quiet", "hi").err == ""
    shell.write("config.toml", "")
    (shell.folder.parent / "home" / "config.toml").write_text("quiet = true\n")
    assert shell("echoes.yaml", "hi").err == ""


def test_all_faults_of_a_file_are_told(shell: Shell) -> None:
    """A file that makes no sense is told of in a line a fault, and nothing runs."""
    shell.write("bad.yaml", "version: 1\nagents:\n  one: {plugn: echo}\n  two: {plugin: echo}\nflow: [one, three]\n")
    told = shell("bad.yaml", "hi")
    assert (told.code, told.out, len(told.lines)) == (2, "", 2)
    assert told.lines[0].startswith("miniagents: bad.yaml:3:9: ")
    assert told.lines[1].startswith("miniagents: bad.yaml:5:13: ")


@pytest.mark.parametrize("form", ["tree", "mermaid", "dot"])
def test_graph(shell: Shell, form: str) -> None:
    """`--graph` draws the flow, also of a file whose code nobody allowed, and runs nothing."""
    shell.write("c.yaml", "version: 1\nagents: {a: {python: 'x:y'}}\ninputs: {topic: {required: true}}\n")
    told = shell("c.yaml", "--graph", form)
    assert (told.code, told.err) == (0, "")
    assert "a (x:y)" in told.out
    assert not (shell.folder / "chats").exists()


def test_schema(shell: Shell) -> None:
    """`schema` prints a JSON Schema."""
    assert json.loads(shell("schema").out)["$schema"].startswith("https://json-schema.org/")


def test_check(shell: Shell) -> None:
    """`check` leaves with 2 if something is wrong in any file."""
    assert shell("check", "echoes.yaml").code == 0
    assert shell("check", "echoes.yaml", "none.yaml").code == 2


def test_new(shell: Shell) -> None:
    """`new` begins a file, `new --list` lists what it may begin as."""
    assert shell("new", "mine").out == "mine.yaml\n"
    assert shell("check", "mine.yaml").code == 0
    assert "critique\t" in shell("new", "--list").out


def test_dry_run(shell: Shell) -> None:
    """`--dry-run` says what would run, and leaves nothing behind."""
    told = shell("echoes.yaml", "--dry-run", "hi")
    assert (told.code, told.err) == (0, "")
    assert told.out.endswith("\nechoes\n├── one (echo)\n└── two (echo)\n")
    assert not (shell.folder / "chats").exists()
