"""`miniagents plugins`: what it lists, and what it keeps of what the user decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.plugins.test_gathering import STRANGE, strange

if TYPE_CHECKING:
    from tests.cli.conftest import Program

pytestmark = pytest.mark.usefixtures("measured")


def rows(program: Program, *arguments: str) -> list[list[str]]:
    """Return the table of plugins."""
    ran = program.run("plugins", *arguments)
    assert (ran.code, ran.err) == (0, "")
    return [line.split("\t") for line in ran.out.decode().splitlines()]


def test_the_list(program: Program) -> None:
    """Each plugin has its name, version, origin, hooks and state: also those that are broken, off or not trusted."""
    program.install("the_package", good=STRANGE, broken="raise ValueError('no')", off="")
    path = strange(program)
    clash = "the agent 'strange' is taken already; the first to register it is used"
    (program.home / ".config" / "miniagents" / "plugins").mkdir(parents=True)
    mine = program.home / ".config" / "miniagents" / "plugins" / "mine.py"
    mine.write_text(STRANGE)
    assert program.run("plugins", "disable", "off").code == 0
    assert rows(program) == [
        ["broken", "1.0", "the-package", "", "skipped: ValueError: no (broken.py, line 1)"],
        ["good", "1.0", "the-package", "agents", "in use"],
        ["mine", "", str(mine), "agents", clash],
        ["off", "1.0", "the-package", "", "disabled (miniagents plugins enable off)"],
        ["strange", "", str(path), "", "not trusted: see it through, then `miniagents plugins trust`"],
    ]
    assert rows(program, "list") == rows(program)


def test_disable_and_enable(program: Program) -> None:
    """A plugin that is disabled is left out until it is enabled; a name that nobody has is refused with the nearest."""
    program.install("some", good=STRANGE)
    for _ in range(2):
        assert program.run("plugins", "disable", "good").code == 0
        ran = program.run("chat", "--agent", "strange", "hi")
        assert (ran.code, "there is echo" in ran.err) == (2, True)
    assert program.run("plugins", "enable", "good").code == 0
    assert program.run("chat", "--agent", "strange", "hi").out == b"from a strange plugin"
    ran = program.run("plugins", "disable", "gooood")
    assert (ran.code, ran.err) == (2, "miniagents: no plugin is called gooood; did you mean good?\n")
    ran = program.run("plugins", "enable", "good")
    assert (ran.code, ran.err) == (2, "miniagents: good is not disabled; no plugin is\n")


def test_trust(program: Program) -> None:
    """A folder can be named, and where there is nothing to trust, that is said."""
    ran = program.run("plugins", "trust")
    assert (ran.code, ran.err) == (
        2,
        f"miniagents: {program.folder}: no project with plugins; they are .py files in its folder plugins\n",
    )
    strange(program)
    ran = program.run("plugins", "trust", str(program.folder), cwd=program.home)
    assert ran.code == 0
    assert rows(program)[-1][-1] == "in use"


def test_trust_the_python_of_files_of_agents(program: Program) -> None:
    """A folder with such files beside Python is trusted as a whole, until any of it changes."""
    file, code = program.folder / "loud.yaml", program.folder / "loudness.py"
    file.write_text('version: 1\nagents: {loud: {python: "loudness:loud"}}\n', encoding="utf-8")
    code.write_text(
        "from miniagents import miniagent\n\n\n@miniagent\nasync def loud(ctx):\n    ctx.reply('LOUD')\n",
        encoding="utf-8",
    )
    ran = program.run("chain", "loud.yaml", "hi")
    assert ran.code == 2
    assert f"`miniagents plugins trust {program.folder}`" in ran.err
    ran = program.run("plugins", "trust", str(program.folder))
    assert (ran.code, ran.err) == (
        0,
        f"miniagents: trusted as it is, for files of agents: the Python in {program.folder}\n",
    )
    assert program.run("chain", "loud.yaml", "hi").out == b"LOUD"
    code.write_text(code.read_text(encoding="utf-8").replace("LOUD", "other"), encoding="utf-8")
    ran = program.run("chain", "loud.yaml", "hi")
    assert ran.code == 2
    assert "it has changed since it was trusted" in ran.err


def test_new_and_check(program: Program) -> None:
    """What is begun passes the contract suite at once; a plugin that does not is told of, and the exit code is 1."""
    ran = program.run("plugins", "new", "shout")
    assert (ran.code, ran.out.decode()) == (0, f"{program.folder / 'miniagents-shout'}\n")
    ran = program.run("plugins", "check", "miniagents-shout")
    assert (ran.code, ran.err) == (0, "")
    assert "model shout: streams\tkept\n" in ran.out.decode()
    (program.folder / "wrong.py").write_text("raise ValueError('no')")
    ran = program.run("plugins", "check", "wrong.py")
    assert (ran.code, ran.out.decode()) == (1, "wrong: can be imported\tBROKEN: ValueError: no (wrong.py, line 1)\n")


def test_install_and_uninstall(program: Program) -> None:
    """They call the pip of this environment; uninstalling by a plugin's name takes the package that it came with."""
    program.install("the_package", good=STRANGE)
    (program.site / "sitecustomize.py").write_text(
        "import subprocess\n"
        "def run(command, **_):\n"
        "    print(*command)\n"
        "    return subprocess.CompletedProcess(command, 0)\n"
        "subprocess.run = run\n"
    )
    pip = "-P -m pip --no-input --disable-pip-version-check"

    def said(*arguments: str) -> str:
        return program.run("plugins", *arguments).out.decode().partition(" ")[2]

    assert said("install", "a==1", "./b") == f"{pip} install a==1 ./b\n"
    assert said("uninstall", "good", "c") == f"{pip} uninstall --yes the-package c\n"
