"""Plugins of a project in the real program: never run unasked. And late failures, clashes, names of nobody."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Program

pytestmark = pytest.mark.usefixtures("measured")

STRANGE = """
from pathlib import Path
from miniagents import miniagent
from miniagents.hookspecs import hookimpl

Path("was-run").touch()

@miniagent
async def agent(ctx):
    ctx.reply("from a strange plugin")

@hookimpl
def register_agents(register):
    register("strange", agent)
"""
ASKS = "Do you trust them as they are? [y/N]"


def strange(program: Program) -> Path:
    """Put a plugin into the folder that the program is started in, as a clone would."""
    (program.folder / "plugins").mkdir()
    path = program.folder / "plugins" / "strange.py"
    path.write_text(STRANGE)
    return path


def test_a_clone_is_never_run_unasked(program: Program) -> None:
    """Without a terminal a project's plugins are not loaded, one line says so, and after `trust` they are."""
    path = strange(program)
    line = f"miniagents: {path.parent}: not trusted, so not loaded; see it through, then `miniagents plugins trust`\n"
    ran = program.run("chat", "--agent", "strange", "hi")
    assert (ran.code, ran.err.startswith(line)) == (2, True)
    for command in (("models",), ("--help",), ("plugins",), ("no-such-command",)):
        program.run(*command)
    program.run("chat", environment={"_MINIAGENTS_COMPLETE": "zsh"})
    assert not (program.folder / "was-run").exists()
    ran = program.run("plugins", "trust")
    assert (ran.code, ran.err) == (0, f"miniagents: trusted as they are: plugins/strange.py in {program.folder}\n")
    assert not (program.folder / "was-run").exists()
    ran = program.run("chat", "--agent", "strange", "hi")
    assert (ran.code, ran.out, ran.err) == (0, b"from a strange plugin", "")
    path.write_text(STRANGE.replace("from a strange", "from a changed"))
    (program.folder / "was-run").unlink()
    ran = program.run("chat", "--agent", "strange", "hi")
    assert (ran.code, ran.err.startswith(line)) == (2, True)
    assert not (program.folder / "was-run").exists()


def test_at_a_terminal_the_user_is_asked(program: Program) -> None:
    """Yes loads them now and later, until they change; no is asked no more before they change."""
    path = strange(program)
    terminal = program.terminal("chat", "--agent", "strange", "hi", columns=300)
    terminal.wait_for(ASKS)
    assert "plugins/strange.py in " in terminal.text
    terminal.send("n\r")
    assert terminal.end() == 2
    assert "not asked again before they change" in terminal.text
    assert not (program.folder / "was-run").exists()
    terminal = program.terminal("chat", "--agent", "strange", "hi")
    assert terminal.end() == 2
    assert ASKS not in terminal.text
    path.write_text(f"{STRANGE}# changed\n")
    for answer in ("y\r", ""):
        terminal = program.terminal("chat", "--agent", "strange", "hi", columns=300)
        if answer:
            terminal.wait_for(ASKS)
            terminal.send(answer)
        assert terminal.end() == 0
        assert "from a strange plugin" in terminal.text
        assert (ASKS in terminal.text) == bool(answer)


def test_the_question_comes_before_the_prompt_of_a_chat(program: Program) -> None:
    """Both read what is typed, so a chat is asked about plugins first, and its prompt stands below the answer."""
    strange(program)
    terminal = program.terminal("chat", "--agent", "strange", columns=300)
    terminal.wait_for(ASKS)
    assert "Enter sends" not in terminal.text
    terminal.send("y\r")
    terminal.wait_for_prompt("strange · /help lists the words of this chat")
    terminal.ask("hi", "from a strange plugin")
    terminal.send("\x04")
    assert terminal.end() == 0


def test_the_help_asks_nothing(program: Program) -> None:
    """Who wants to know which commands there are is not asked whom they trust."""
    strange(program)
    terminal = program.terminal("--help")
    assert terminal.end() == 0
    assert "plugins/strange.py" not in terminal.text
    assert not (program.folder / "was-run").exists()


def test_no_answer_is_no(program: Program) -> None:
    """Where the person only ends their input, nothing is run, and the next time they are asked again."""
    strange(program)
    for _ in range(2):
        terminal = program.terminal("chat", "--agent", "strange", "hi", columns=300)
        terminal.wait_for(ASKS)
        terminal.send("\x04")
        assert terminal.end() == 2
    assert not (program.folder / "was-run").exists()


def test_what_was_typed_before_the_question_is_no_answer(program: Program) -> None:
    """A yes to something else does not trust anybody."""
    strange(program)
    start = f"read line; {sys.executable} -m miniagents.cli chat --agent strange hi"
    terminal = program.terminal(shell=start, columns=300)
    terminal.send("go\ry\r")
    terminal.wait_for(ASKS)
    terminal.send("\x04")
    assert terminal.end() == 2
    assert not (program.folder / "was-run").exists()


def test_the_users_own_folder(program: Program) -> None:
    """A file there is a plugin without a word from anybody, and one that is broken is named and skipped."""
    folder = program.home / ".config" / "miniagents" / "plugins"
    folder.mkdir(parents=True)
    (folder / "mine.py").write_text(STRANGE)
    (folder / "wrong.py").write_text("import no_such_thing")
    ran = program.run("chat", "--agent", "strange", "hi")
    assert (ran.code, ran.out) == (0, b"from a strange plugin")
    assert (
        ran.err
        == "miniagents: plugin wrong skipped: ModuleNotFoundError: No module named 'no_such_thing' (wrong.py, line 1)\n"
    )


def test_only_some_and_none(program: Program) -> None:
    """`MINIAGENTS_PLUGINS` names those that are loaded, and `--no-plugins` loads none; who is not there is told."""
    program.install("some", good=STRANGE, broken="raise ValueError")
    environment = {"MINIAGENTS_PLUGINS": "good,nobody"}
    ran = program.run("chat", "--agent", "strange", "hi", environment=environment)
    assert (ran.code, ran.out) == (0, b"from a strange plugin")
    assert ran.err == (
        "miniagents: MINIAGENTS_PLUGINS: no plugin is called nobody; `miniagents plugins` lists what is there\n"
    )
    ran = program.run("--no-plugins", "chat", "--agent", "strange", "hi")
    assert (ran.code, "no agent is called 'strange'; there is echo" in ran.err, "broken" in ran.err) == (2, True, False)


def test_one_that_breaks_after_it_was_remembered(program: Program) -> None:
    """It is named when it is wanted, and not before; the program goes on without it."""
    program.install("some", good=STRANGE)
    assert program.run("chat", "--agent", "strange", "hi").code == 0
    (program.site / "good.py").write_text("import no_such_thing")
    ran = program.run("chat", "--agent", "echo", "hi")
    assert (ran.code, ran.out, ran.err) == (0, b"hi", "")
    ran = program.run("chat", "--agent", "strange", "hi")
    assert ran.code == 2
    assert ran.err == (
        "miniagents: plugin good skipped: ModuleNotFoundError: No module named 'no_such_thing' (good.py, line 1)\n"
        "miniagents: no agent is called 'strange'; there is echo\n"
    )
