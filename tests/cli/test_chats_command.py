"""`miniagents chats`: for a person at a terminal, and for a script that reads a pipe."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from miniagents.cli.chats_command import chats_app
from miniagents.errors import SettingsError, TranscriptError
from miniagents.ext.transcript import read
from miniagents.messages import Message
from tests.cli.chats import conftest as of_chats
from tests.cli.chats import notebook
from tests.cli.chats.conftest import Chats
from tests.cli.chats.notebook import Notebook

ON_A_TERMINAL = f"{sys.executable} -c 'from miniagents.cli.chats_command import chats_app; chats_app()'"
EVIL = "evil \x1b]0;owned\x07 \u202e"


folder, chat = of_chats.folder, of_chats.chat  # the fixtures of what the command is about


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the settings be those of nobody, and the chats those of the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINIAGENTS_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("MINIAGENTS_CHATS_DIR", str(folder))
    monkeypatch.setenv("TZ", "UTC")


def run(*arguments: str, code: int = 0) -> str:
    """Run the command in a pipe, and return what it writes."""
    ran = CliRunner().invoke(chats_app, arguments)
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    assert ran.exit_code == code
    return ran.stdout_bytes.decode()


def test_list(chat: Chats) -> None:
    """In a pipe, each chat is a line of fields; without a word the command lists."""
    chat("a", "Why?", "Because.", at_s=1_000)
    chat("b", "Who?", title="A\tname", at_s=2_000)
    lines = "b\tA name\t1\t1970-01-01T00:33:20Z\t\na\tWhy?\t1\t1970-01-01T00:16:40Z\tsim\n"
    assert run("list") == run() == lines
    assert run("list", "-n", "1") == lines.splitlines(keepends=True)[0]


def test_titles_that_are_off(chat: Chats, tmp_path: Path) -> None:
    """With the setting off, a beginning is no title, in lists and in what is found."""
    (tmp_path / "config.toml").write_text("titles = false\n")
    chat("a", "Why?", at_s=1_000)
    assert run("list").split("\t")[:2] == ["a", ""]
    assert run("search", "why").split("\t")[:2] == ["a", ""]


def test_other_folder(chat: Chats, folder: Path, tmp_path: Path) -> None:
    """The option counts before and behind the command's name."""
    chat("a", "Why?")
    folder.rename(tmp_path / "other")
    assert run("list") == ""
    assert run("--chats-dir", str(tmp_path / "other"), "list") != ""
    assert run("list", "--chats-dir", "other") != ""
    assert run("--chats-dir", "other") != ""
    assert run("path", "--chats-dir", "other") == f"{tmp_path / 'other'}\n"


def test_show(chat: Chats) -> None:
    """In a pipe it is the exact transcript; without a name, that of the newest chat."""
    path = chat("a", f"Why {EVIL}?", at_s=1_000)
    assert run("show", "a") == run("show") == path.read_text()


def test_search(chat: Chats) -> None:
    """In a pipe, each chat is a line with what was found; where nothing was, the exit code says so."""
    chat("a", "Why is it\nblue?", "Because.")
    assert run("search", "BLUE", "why") == "a\tWhy is it\tWhy is it blue? Because.\n"
    assert run("search", "green", code=1) == ""


def test_export(chat: Chats, tmp_path: Path) -> None:
    """A copy goes where it is to go, in the form that the option or the name of the file says."""
    chat("a", "Why?", "Because.")
    assert run("export", "a") == "you:\nWhy?\n\nsim:\nBecause.\n"
    assert json.loads(run("export", "a", "--format", "jsonl").splitlines()[0]) == {"role": "user", "content": "Why?"}
    for name, beginning in ("a.html", "<!doctype html>"), ("a.json", "{"), ("copy", "you:"):
        assert run("export", "a", "-o", name) == ""
        assert (tmp_path / name).read_text().startswith(beginning)
    assert run("export", "a", "-f", "json", "-o", "-").startswith("{")
    assert run("export", "a", "-f", "md", "-o", "a.txt") == ""
    assert read(tmp_path / "a.txt")[0].text == "Why?"


def test_no_file_is_written_over_unasked(chat: Chats, tmp_path: Path) -> None:
    """A file that is there stays as it is, unless the person says that it may go; a device is no such file."""
    chat("a", "Why?")
    there = tmp_path / "notes.md"
    there.write_text("mine")
    with pytest.raises(SettingsError, match=r"notes\.md: is there already; name another file, or say --force"):
        run("export", "a", "-o", "notes.md")
    assert there.read_text() == "mine"
    run("export", "a", "-o", "notes.md", "--force")
    assert read(there)[0].text == "Why?"
    run("export", "a", "-f", "md", "-o", os.devnull)


def test_rename(chat: Chats) -> None:
    """A chat gets another title, and is known by it."""
    chat("a", "Why?")
    assert run("rename", "a", "The", "Reasons") == ""
    assert run("list").split("\t")[1] == "The Reasons"
    assert run("rename", "reasons", "") == ""
    assert run("list").split("\t")[1] == "Why?"


def test_delete(chat: Chats, folder: Path) -> None:
    """Where nobody can be asked, a chat is deleted only if that is said; what had arrived for it goes too."""
    path = chat("a", "Why?")
    part = folder / ".inflight" / "a.md.0123456789abcdef.part"
    part.parent.mkdir()
    part.write_text("")
    with pytest.raises(SettingsError, match="a: nobody is asked here; say --yes"):
        run("delete", "a")
    assert path.exists()
    run("delete", "a", "--yes")
    assert [*folder.glob("[!.]*"), *folder.glob(".inflight")] == []
    assert run("list") == ""


def test_path(chat: Chats, folder: Path) -> None:
    """It is the chat's, or the folder's."""
    path = chat("a", "Why?")
    assert run("path", "why") == f"{path}\n"
    assert run("path") == f"{folder}\n"


KEEPS = """
from miniagents.hookspecs import hookimpl
from tests.cli.chats import notebook

@hookimpl
def register_history(register):
    register("notes", notebook.notebook_agent.fork(shelf=notebook.SHELF))
"""


def test_chats_that_a_plugin_keeps(chat: Chats, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a plugin keeps them, they are listed, found, shown, copied and renamed; a folder that is named is meant."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "notes.py").write_text(KEEPS)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    pages = [Message(text="Why?", role="user"), Message(text=f"Because {EVIL}.", role="assistant")]
    monkeypatch.setattr(notebook, "SHELF", Notebook(pages, "0 1"), raising=False)
    chat("a", "In a file.")
    assert run("list").startswith("a\t")
    (tmp_path / "config.toml").write_text('history = "notes"\n')
    assert run("list") == "0 1\t\n"
    assert run("rename", "why", "New", "title") == ""
    assert run("list") == run() == "0 1\tNew title\n"
    assert run("search", "Bec") == "1\tNew title\tBecause evil ␛]0;owned␇ ⟨U+202E⟩.\n"
    assert run("search", "xyz", code=1) == ""
    assert run("show", "why").startswith("---\nminiagents: 1\n")
    assert run("export", "why") == f"you:\nWhy?\n\nassistant:\nBecause {EVIL}.\n"
    for command in (["path"], ["delete", "why", "--yes"]):
        with pytest.raises(SettingsError, match="chats of --history notes are in no folder"):
            run(*command)
    assert run("--history", "markdown", "list").startswith("a\t")
    assert run("--chats-dir", str(folder), "list").startswith("a\t")
    (tmp_path / "config.toml").unlink()
    assert run("--history", "notes", "list") == "0 1\tNew title\n"


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        (["show", "x"], SettingsError, "x: no chat is called so; the newest is a"),
        (["path", "x"], SettingsError, "no chat"),
        (["delete", "x", "--yes"], SettingsError, "no chat"),
        (["rename", "x", "y"], SettingsError, "no chat"),
        (["export", "x"], SettingsError, "no chat"),
        (["export", "a", "-f", "pdf"], SettingsError, "pdf: is no form"),
        (["export", "a", "-o", "a.pdf"], SettingsError, "a.pdf: say the form"),
        (["export", "a", "-o", "chats/a.md/b.txt"], TranscriptError, "name another file"),
        (["show", "broken"], TranscriptError, "broken.md:1: is not UTF-8"),
        (["list", "--chats-dir", "chats/a.md"], TranscriptError, "name another folder"),
    ],
)
def test_errors(chat: Chats, folder: Path, arguments: list[str], error: type[Exception], told: str) -> None:
    """What cannot be done is an error that says what to do instead."""
    chat("a", "Why?")
    (folder / "broken.md").write_bytes(b"\xff")
    with pytest.raises(error, match=told):
        run(*arguments)
    assert (folder / "a.md").exists()


@pytest.fixture
def on_terminal(program: Any, folder: Path, measured: None) -> Callable[..., Any]:
    """Return what runs the command in a terminal."""
    here = {name: os.environ[name] for name in ("MINIAGENTS_CONFIG", "MINIAGENTS_CHATS_DIR", "TZ")}

    def started(arguments: str, columns: int = 80) -> Any:
        return program.terminal(shell=f"{ON_A_TERMINAL} {arguments}", columns=columns, environment=here)

    return started


def test_table(chat: Chats, on_terminal: Callable[..., Any]) -> None:
    """On a terminal the list is a table, safe, of the newest chats; how many more there are is told."""
    for number in range(52):
        chat(f"2026-{number:02}", f"Question {number}", at_s=1_000 + number)
    chat("2026-99", "Why?", "Because.", title=EVIL, at_s=100_000)
    terminal = on_terminal("list")
    assert terminal.end() == 0
    assert terminal.raw.count(b"Question") == 49
    assert "3 more; -n 53 shows them" in terminal.text
    assert "evil ␛]0;owned␇ ⟨U+202E⟩".encode() in terminal.raw
    assert b"\x1b]" not in terminal.raw
    assert b"1970-01-02 03:46" in terminal.raw


def test_show_and_search_on_a_terminal(chat: Chats, on_terminal: Callable[..., Any]) -> None:
    """What was said is shown safely, and what was found stands out."""
    chat("a", f"Why {EVIL}?", "Because.", title=EVIL)
    for arguments in "show a", "search why", "search evil", "path a", "export a -f md":
        terminal = on_terminal(arguments)
        assert terminal.end() == 0
        assert b"\x1b]" not in terminal.raw
        assert "\u202e".encode() not in terminal.raw
        if arguments == "show a":
            assert "you:\nWhy evil ␛]0;owned␇ ⟨U+202E⟩?\n\nsim:\nBecause." in terminal.text
        elif arguments == "search why":
            assert b"\x1b[1mWhy\x1b[0m" in terminal.raw


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1)])
def test_delete_on_a_terminal(chat: Chats, on_terminal: Callable[..., Any], answer: str, code: int) -> None:
    """A person is asked first, with the title, and what they say is done."""
    path = chat("a", "Why?")
    terminal = on_terminal("delete a")
    terminal.wait_for("Delete a (Why?), 1 message?")
    terminal.send(f"{answer}\r")
    assert terminal.end() == code
    assert path.exists() == bool(code)
