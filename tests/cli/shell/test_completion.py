"""What a shell is answered: the words that may come next, at once, and never an error."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from miniagents.cli.shell.completion import ASKING, answer, completed
from miniagents.cli.shell.known_words import Command, Option, remember

if TYPE_CHECKING:
    from pathlib import Path


def takes(value: str | None, help: str = "") -> Option:  # noqa: A002 - as it is called there
    """Return an option whose value is of this kind."""
    return Option(help=help, value=value)


CHAT = Command(
    help="Answer.",
    options={
        "--model": takes("models", "Which."),
        "-m": takes("models", "Which."),
        "-s": takes(""),
        "-x": takes(None),
        "--log": takes("files"),
        "--role": takes("roles"),
        "--template": takes("templates"),
        "--resume": takes("chats"),
        "--chats-dir": takes("folders"),
        "-o": takes("options"),
    },
    arguments=["files"],
    commands={},
)
SET = Command(help="", options={}, arguments=["settings", "setting values"], commands={})
PRINT = Command(help="", options={}, arguments=["bash|zsh|fish"], commands={})
CONFIG = Command(help="Show.", options={"--all": takes(None)}, arguments=[], commands={"set": SET, "shell": PRINT})
PLAIN = Command(help="Nothing.", options={}, arguments=[], commands={})
ROOT = Command(help="", options={}, arguments=[], commands={"chat": CHAT, "config": CONFIG, "clear": PLAIN})
NAMES = {"models": ["local", "openai:gpt-4o", "openai:gpt-5"], "histories": ["memory"], "tools": ["mcp"]}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a config file, roles, templates and chats, and let words be known."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("MINIAGENTS_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.chdir(tmp_path)
    for name in (
        "roles/coder",
        "roles/my role",
        "roles/evil\x1b[2J",
        "templates/t",
        "chats/1 b",
        "chats/2",
        "chats/README",
    ):
        path = tmp_path / f"{name}.md"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    remember(ROOT, NAMES)
    return tmp_path


def offered(line: str, place: Path) -> list[str]:
    """Return what may stand in the place of the last word, without descriptions."""
    kind, *values = completed(line.split(" "), {"MINIAGENTS_CONFIG": str(place / "config.toml")})
    return [value.partition("\t")[0] for value in values] if kind == "values" else [f"<{kind}>"]


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("", ["chat", "config", "clear"]),
        ("c", ["chat", "config", "clear"]),
        ("ch", ["chat"]),
        ("x", []),
        ("chat --mo", ["--model"]),
        ("chat -", list(CHAT["options"])),
        ("chat --model ", NAMES["models"]),
        ("chat --model openai:gpt-4", ["openai:gpt-4o"]),
        ("chat --model=lo", ["--model=local"]),
        ("chat -x=lo", []),
        ("chat -m local --role c", ["coder"]),
        ("chat -s chat --role my", ["my role"]),
        ("chat --role e", []),
        ("chat --template ", ["t"]),
        ("chat --resume ", ["2", "1 b"]),
        ("chat -o temp", ["temperature="]),
        ("chat -o temperature=", []),
        ("chat -s ", []),
        ("chat --log ", ["<files>"]),
        ("chat --log=", ["<files>"]),
        ("chat --chats-dir ", ["<folders>"]),
        ("chat summarize ", ["<files>"]),
        ("chat - -x ", ["<files>"]),
        ("chat -- --mo", ["<files>"]),
        ("chat --unknown --mo", ["--model"]),
        ("config ", ["set", "shell"]),
        ("config --", ["--all"]),
        ("config set vi ", ["true", "false"]),
        ("config set model l", ["local"]),
        ("config set role ", ["coder", "my role"]),
        ("config set history ", ["memory"]),
        ("config set tools ", ["mcp"]),
        ("config set log ", []),
        ("config set mo", ["model", "models."]),
        ("config shell z", ["zsh"]),
        ("clear ", []),
    ],
)
def test_what_may_come_next(place: Path, line: str, values: list[str]) -> None:
    """After each beginning of a line come the words that may stand there, in order, and no others."""
    assert offered(line, place) == values


def test_a_value_has_its_description(place: Path) -> None:
    """A description follows its value after a tab, where there is one."""
    assert completed(["ch"], {}) == ["values", "chat\tAnswer."]
    assert completed(["config", "shell", "b"], {}) == ["values", "bash"]


def test_many_chats_are_not_all_offered(place: Path) -> None:
    """Of a great many the newest are offered."""
    for number in range(600):
        (place / "chats" / f"3-{number:03}.md").touch()
    found = offered("chat --resume ", place)
    assert (len(found), found[0]) == (500, "3-599")


def test_a_chat_is_known_by_its_title(place: Path) -> None:
    """Behind a chat's id stands the title that its first lines give it, if they do; nothing in it steers a terminal."""
    (place / "chats" / "3.md").write_text('---\ndate: 1\ntitle: "Of \x1b[2Jbees"\n---\n\nhi\n')
    (place / "chats" / "4.md").write_text("---\ndate: 1\n---\ntitle: no title\n")
    assert completed(["chat", "--resume", ""], {}) == ["values", "4", "3\tOf ␛[2Jbees", "2", "1 b"]


def asked(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, shell: str, *words: str) -> str:
    """Return what is answered to a shell."""
    monkeypatch.setenv(ASKING, shell)
    monkeypatch.setattr(sys, "argv", ["miniagents", *words])
    answer()
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("miniagents ch", ["chat"]),
        ("A=1 B='x y' miniagents ch", ["chat"]),
        ("miniagents chat ", None),
        ("miniagents chat --role my\\ ", ["my\\ role"]),
        ("miniagents chat --role 'my ", ["my role"]),
        ('miniagents chat -s "it\'s" --role "my', ["my role"]),
        ("miniagents chat --role m\\", ["my\\ role"]),
        ("miniagents chat -m openai:", ["gpt-4o", "gpt-5"]),
        ("miniagents chat -m 'openai:", ["openai:gpt-4o", "openai:gpt-5"]),
        ("miniagents chat --model=lo", ["local"]),
        ("miniagents chat -o temp", ["temperature="]),
    ],
)
def test_bash_gets_what_it_puts_in(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, line: str, values: list[str] | None
) -> None:
    """Bash gets a piece as it breaks words, quoted where the person did not begin a quote."""
    monkeypatch.setenv("_MINIAGENTS_BREAKS", " \t\n\"'><=;|&(:")
    out = asked(capsys, monkeypatch, "bash", line)
    assert out.splitlines() == (["files"] if values is None else ["values", *values])


def test_bash_without_a_colon_among_its_breaks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has taken the colon out of COMP_WORDBREAKS gets the whole word."""
    monkeypatch.setenv("_MINIAGENTS_BREAKS", " =")
    assert asked(capsys, monkeypatch, "bash", "miniagents chat -m openai:gpt-4") == "values\nopenai:gpt-4o\n"


def test_fish_gives_words_as_they_were_typed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quotes that fish leaves in the words are no part of them."""
    assert asked(capsys, monkeypatch, "fish", "chat", "--role", "'my ") == "values\nmy role\n"
    assert asked(capsys, monkeypatch, "zsh", "chat", "--role", "my ") == "values\nmy role\n"


def test_whatever_goes_wrong_is_silent(
    place: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A config file with an error, a folder that is not there, or words that are none: no answer, and no error."""
    (place / "config.toml").write_text("broken")
    assert asked(capfd, monkeypatch, "zsh", "chat", "--resume", "") == ""
    (place / "config.toml").write_text('chats_dir = "none"')
    assert asked(capfd, monkeypatch, "zsh", "chat", "--resume", "") == ""
    assert asked(capfd, monkeypatch, "bash") == ""
    assert asked(capfd, monkeypatch, "bash", "") == ""
    assert capfd.readouterr().err == ""


def test_what_nobody_remembers_is_asked_for(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a memory the program and its plugins are asked, and then it is remembered."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "another"))
    assert "chat" in offered("", place)
    assert {"openai", "anthropic"} <= set(offered("chat -m ", place))
    (path,) = (place / "another").rglob("completion-*.json")
    assert "markdown" in json.loads(path.read_text())["names"]["histories"]
    assert offered("keys set openai", place) == ["openai"]
    assert offered("keys delete ANTH", place) == ["ANTHROPIC_API_KEY"]
    assert "vi" in offered("config unset ", place)


HISTORY = """
from miniagents.hookspecs import hookimpl
from miniagents.miniagents import miniagent

@miniagent
async def notes(ctx, *, shelf): ...

class Shelf:
    def __init__(self, argument): print("noise")
    def listed(self, count): return [("a", "Of bees")]

@hookimpl
def register_history(register):
    register("notes", notes.fork(shelf=Shelf))
    register("short", notes)
"""


def test_chats_that_a_plugin_keeps(
    place: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where settings have chats kept by a plugin, it is asked which there are; nothing that it prints is an answer."""
    (place / "plugins").mkdir()
    (place / "plugins" / "own.py").write_text(HISTORY)
    for history, answered in (
        ("notes", "values\na\tOf bees\n"),
        ("short", "values\n"),
        ("memory", "values\n2\n1 b\n"),
        ("none", ""),
    ):
        (place / "config.toml").write_text(f'history = "{history}"\n')
        assert asked(capfd, monkeypatch, "zsh", "chat", "--resume", "") == answered
    assert capfd.readouterr() == ("", "")


def test_plugins_by_their_names(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plugins are offered where one is to be disabled or uninstalled, and files where one is to be checked."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "another"))
    (place / "plugins").mkdir()
    (place / "plugins" / "own.py").touch()
    for command in ("disable", "enable", "uninstall"):
        assert offered(f"plugins {command} ow", place) == ["own"]
    assert offered("plugins check ", place) == ["<files>"]
    assert offered("plugins trust ", place) == ["<folders>"]


HEAVY = (
    "typer",
    "rich",
    "pydantic",
    "openai",
    "anthropic",
    "pluggy",
    "asyncio",
    "prompt_toolkit",
)


@pytest.mark.parametrize(
    "words", [["chat", "--mo"], ["chat", "-m", ""], ["chat", "--role", ""], ["chat", "--resume", ""]]
)
def test_what_is_remembered_is_answered_at_once(words: list[str]) -> None:
    """An answer imports neither Typer nor a plugin nor an SDK, nor anything else that takes long."""
    code = (
        "import sys; from miniagents.cli.shell.known_words import remember\n"
        f"remember({ROOT!r}, {NAMES!r})\n"
        "from miniagents.cli.shell.completion import answer; answer()\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    import os  # noqa: PLC0415 - as the child has it

    ran = subprocess.run(
        [sys.executable, "-c", code, *words], env={**os.environ, ASKING: "zsh"}, capture_output=True, check=True
    )
    lines = ran.stdout.decode().splitlines()
    assert (lines[0], len(lines) > 2, lines[-1]) == ("values", True, "")
