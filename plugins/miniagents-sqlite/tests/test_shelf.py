"""The program, installed with the plugin: conversations go on, branch, and survive."""

import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from miniagents_sqlite import register_history
from miniagents_sqlite.conversations import conversations, keep, past
from miniagents_sqlite.database import Database
from miniagents_sqlite.shelf import Shelf

from miniagents import Message
from miniagents.errors import SettingsError

PROGRAM = Path(sysconfig.get_path("scripts"), "miniagents")
FOREIGN = ("MINIAGENTS_", "OPENAI_", "ANTHROPIC_", "XDG_", "COVERAGE_")


def run(path: Path, *words: str) -> tuple[int, str, str]:
    """Run `miniagents` in an empty folder, with this database; return code, output and standard error."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    environment |= {"HOME": str(path.parent), "MINIAGENTS_SQLITE": str(path)}
    ran = subprocess.run(
        [str(PROGRAM), *words],
        cwd=path.parent,
        env=environment,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout, ran.stderr


def chat(path: Path, *words: str) -> tuple[int, str, str]:
    """Run `miniagents chat`, which keeps what is said in the database."""
    return run(path, "chat", "--agent", "echo", "--history", "sqlite", *words)


def test_the_program_keeps_its_chats_here(path: Path) -> None:
    """`--history sqlite` keeps what is said, `--continue` goes on with it, `--at` branches; no transcript is made."""
    assert chat(path, "one") == (0, "one", "")
    code, out, told = chat(path, "--continue", "two")
    assert (code, out) == (0, "two")
    assert told.startswith("miniagents: going on with ")
    assert chat(path, "--resume", "one", "--at", "1", "three")[:2] == (0, "three")
    assert chat(path, "--resume", "one", "--at", "0", "four")[:2] == (0, "four")
    with Database(path) as database:
        (listed,) = conversations(database)
        ways = [
            [message.text for message in past(database, f"{listed.key}/{key}").messages]
            for (key,) in database.rows("SELECT key FROM messages WHERE role IS NOT 'user' ORDER BY id")
        ]
    assert ways == [["one"] * 2, ["one"] * 2 + ["two"] * 2, ["one"] * 2 + ["three"] * 2, ["four"] * 2]
    assert not (path.parent / "chats").exists()
    assert chat(path, "--continue", "--no-save", "five")[:2] == (0, "five")
    assert chat(path, "--resume", "xyz", "six")[0] == 2


def test_the_program_finds_its_chats_here(path: Path) -> None:
    """`chats` lists, searches, shows and renames those in the database, where the settings or the option say so."""
    assert chat(path, "Which rivers?")[0] == 0
    assert run(path, "chats", "--history", "sqlite", "rename", "rivers", "Water")[0] == 0
    (path.parent / ".config" / "miniagents").mkdir(parents=True)
    (path.parent / ".config" / "miniagents" / "config.toml").write_text('history = "sqlite"\n')
    code, out, _ = run(path, "chats", "list")
    assert (code, out.split("\t")[1:]) == (0, ["Water\n"])
    code, out, _ = run(path, "chats", "search", "riv")
    assert (code, [line.split("\t")[1:] for line in out.splitlines()]) == (0, [["Water", "Which rivers?"]] * 2)
    place = out.splitlines()[-1].split("\t")[0]
    assert run(path, "chats", "export", place)[:2] == (0, "you:\nWhich rivers?\n")


def test_another_database(path: Path) -> None:
    """`--history sqlite:FILE` names one; one that cannot be used is told in one line, and is no success."""
    other = path.with_name("other.db")
    assert chat(path, "--history", f"sqlite:{other}", "one")[0] == 0
    assert not path.exists()
    path.write_bytes(b"something else" * 1000)
    code, _, told = chat(path, "one")
    assert (code, told) == (1, f"miniagents: {path}: is no database; name another file\n")


def test_what_the_program_looks_into(database: Database) -> None:
    """A place is found by what a person calls it, with the messages before it and its title."""
    shelf = Shelf()
    with pytest.raises(SettingsError, match="there is no conversation to go on with"):
        shelf.find("")
    keep(database, "c/1", Message(text="one", role="user"), parent="c/", time="")
    keep(database, "c/2", Message(text="two", role="user"), parent="c/1", time="")
    assert shelf.find("") == shelf.find("c") == "c/2"
    assert shelf.find("c/1") == "c/1"
    places, messages = shelf.past("c/2")
    assert (places, [message.text for message in messages]) == (["c/", "c/1", "c/2"], ["one", "two"])
    assert shelf.title("c/2") == ""
    shelf.rename("c/2", "New title")
    assert Shelf(str(database.path)).title("c/1") == "New title"
    keep(database, "d/1", Message(text="why?", role="user"), parent="d/", time="2026-01-01T00:00:00Z")
    assert shelf.listed(5) == [("d", "why?"), ("c", "New title")]
    assert shelf.listed(1) == [("d", "why?")]
    assert shelf.search("O", 5) == [("c/1", "New title", "one", ((0, 3),))]
    assert shelf.search("no such", 5) == []


def test_the_hook() -> None:
    """The history is called `sqlite`, and the program finds its shelf in it."""
    offered: dict[str, Any] = {}
    register_history(offered.__setitem__)
    assert list(offered) == ["sqlite"]
    assert offered["sqlite"].parameters == {"argument": "", "shelf": Shelf}
