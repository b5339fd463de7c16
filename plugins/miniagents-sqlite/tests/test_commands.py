"""The commands: what a person or a script sees of the database, and its exit codes."""

import sys
from pathlib import Path

import pytest
import typer
from miniagents_sqlite import commands, register_commands
from miniagents_sqlite.conversations import keep
from miniagents_sqlite.database import Database
from typer.testing import CliRunner

from miniagents import Message
from miniagents.errors import MiniagentsError, SettingsError
from miniagents.ext import transcript


def run(*arguments: str) -> tuple[int, str]:
    """Run a command; return its exit code and standard output."""
    ran = CliRunner().invoke(commands.app, arguments)
    if isinstance(ran.exception, MiniagentsError):
        raise ran.exception
    return ran.exit_code, ran.stdout


@pytest.fixture
def talk(database: Database) -> None:
    """Let there be two conversations."""
    for place, text, role in (
        ("a/1", "rivers?", "user"),
        ("a/2", "long \x1b[31mones", "assistant"),
        ("b/1", "lakes", "user"),
    ):
        keep(database, place, Message(text=text, role=role), parent="a/1", time="2026-01-02T03:04:05Z")


def test_list_and_search(talk: None) -> None:
    """A line a conversation, a line a hit, fields between tabs; what is not found is an exit code."""
    assert run("list") == (
        0,
        "b\tlakes\t1\t2026-01-02T03:04:05Z\t\na\trivers?\t1\t2026-01-02T03:04:05Z\t\n",
    )
    assert run("list", "-n", "1")[1].startswith("b\t")
    assert run("list", "-n", "1")[1].count("\n") == 1
    assert run("search", "LONG", "31m") == (0, "a/2\tassistant\tlong ␛[31mones\n")
    assert run("search", "nothing") == (1, "")


def test_show_export_import(talk: None, tmp_path: Path) -> None:
    """A conversation is shown as a transcript, written to one, and read into another database."""
    copy = tmp_path / "copy.md"
    assert run("export", "rivers", str(copy)) == (0, "")
    with pytest.raises(SettingsError, match=r"copy\.md: is there already; name another file, or say --force"):
        run("export", "rivers", str(copy))
    assert run("export", "rivers", str(copy), "--force") == (0, "")
    assert run("show", "a") == (0, copy.read_text())
    assert "lakes" in run("show")[1]
    assert [message.text for message in transcript.read(copy)] == ["rivers?", "long \x1b[31mones"]
    other = tmp_path / "other.db"
    code, out = run("-d", str(other), "import", str(copy))
    assert (code, out.split("\t")[1]) == (0, "2\n")
    assert run("-d", str(other), "path") == (0, f"{other}\n")
    assert run("-d", str(other), "search", "rivers")[0] == 0


def test_rename_and_delete(talk: None) -> None:
    """A title is changed at once; nothing is deleted unless somebody says so."""
    run("rename", "a", "All", "rivers")
    assert "a\tAll rivers\t" in run("list")[1]
    with pytest.raises(SettingsError, match="a: nobody is asked here; say --yes to delete it"):
        run("delete", "All rivers")
    assert run("delete", "a", "--yes") == (0, "")
    assert run("list")[1].startswith("b\t")
    with pytest.raises(SettingsError, match="rivers: no conversation is called so"):
        run("show", "rivers")


def test_they_are_commands_of_the_program() -> None:
    """`miniagents sqlite` has all of them."""
    app = typer.Typer()
    register_commands(app)
    app.command("other")(lambda: None)
    ran = CliRunner().invoke(app, ["sqlite", "--help"])
    assert ran.exit_code == 0
    assert all(name in ran.stdout for name in ("list", "search", "show", "import", "export", "rename", "delete"))


@pytest.mark.usefixtures("talk")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["list"], 0, ""),
        (["show", "nothing"], 2, "miniagents: nothing: no conversation is called so; the newest is b (lakes)\n"),
        (["import", "nowhere.md"], 1, "miniagents: nowhere.md: No such file or directory; name another file\n"),
    ],
)
def test_a_program_of_their_own(
    words: list[str],
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """`miniagents-sqlite` leaves with 0, 1 or 2, and what went wrong is one line on standard error."""
    monkeypatch.setattr(sys, "argv", ["miniagents-sqlite", *words])
    with pytest.raises(SystemExit) as left:
        commands.main()
    assert left.value.code == code
    assert capfd.readouterr().err == said
