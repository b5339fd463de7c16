"""Where what is said in a chain is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.chain.conftest import Shell, Told

CHAIN = "version: 1\nname: kept\nagents: {echo: {plugin: echo}}\n"

DIALOG = """version: 1
agents: {draft: {python: "hearing:hearing"}, answer: {python: "hearing:hearing"}}
flow: [user, draft, {agent: answer, input: text}]
history: {file: talk.md}
"""
HEARING = """
from miniagents import miniagent

@miniagent
async def hearing(ctx):
    ctx.reply(f"{len(await ctx.message_promises)} messages")
"""


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


def test_a_file_that_the_environment_names(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """As any setting; and a home is one."""
    monkeypatch.setenv("TALK", "talk")
    monkeypatch.setenv("HOME", str(shell.folder))
    for name in ("${env:TALK}.md", "~/sub/talk.md"):
        assert run(shell, f"{{file: '{name}'}}").code == 0
    assert len(shell.said(name="sub/talk.md")) == 4


def test_a_title_that_is_there_stays(shell: Shell) -> None:
    """A run without a text is called by the chain's name only in a file that is new."""
    shell.write(
        "c.yaml",
        CHAIN + "inputs: {x: {default: y}}\nhistory: {file: talk.md}\nflow: [{agent: echo, input: inputs.x}]\n",
    )
    assert shell("c.yaml").out == "y"
    text = (shell.folder / "talk.md").read_text()
    assert 'title: "kept"' in text
    (shell.folder / "talk.md").write_text(text.replace('title: "kept"', 'title: "mine"'))
    assert shell("c.yaml").code == 0
    assert 'title: "mine"' in (shell.folder / "talk.md").read_text()


def test_a_dialog_goes_on_in_a_file_of_its_own(shell: Shell) -> None:
    """What the person said and what they were answered is there again, not what agents said to each other."""
    shell.write("hearing.py", HEARING)
    shell.write("c.yaml", DIALOG)
    for count in (1, 3, 5):
        told = shell("c.yaml", "--allow-code", given="one\n")
        assert (told.code, shell.said(name="talk.md")[-2].text) == (0, f"{count} messages")
    assert len(shell.said(name="talk.md")) == 9


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


@pytest.mark.parametrize("name", ["~nobody-is-called-so/x.md", r"a\0b"])
def test_a_name_that_is_no_path(shell: Shell, name: str) -> None:
    """One line, with its place."""
    told = run(shell, f'{{file: "{name}"}}')
    assert (told.code, told.lines[-1]) == (2, "miniagents: sub/c.yaml:4:17: it is no path; mend it")


def test_nobody_keeps_it(shell: Shell) -> None:
    """A history that nobody has is told of with its place; so is a folder that is not there."""
    told = run(shell, "sqlight")
    assert told.code == 2
    assert told.lines[-1].startswith("miniagents: sub/c.yaml:4:1: no history is called 'sqlight'")
    told = run(shell, "{file: none/talk.md}")
    assert (told.code, "there is no folder" in told.lines[-1]) == (1, True)
