"""`miniagents config`: what it shows, what it writes, and what it refuses to write."""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from miniagents.cli.config.command import config_app
from miniagents.cli.config.setting import SETTINGS
from miniagents.errors import MiniagentsError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Program


@dataclass
class Config:
    """A folder to be in, a user's file, and the command."""

    folder: Path
    user: Path
    told: str = ""
    """What the last run wrote to standard error."""

    @property
    def project(self) -> Path:
        """The project's file."""
        return self.folder / ".miniagents.toml"

    def run(self, *words: str) -> str:
        """Run it and return what it wrote; its error is raised."""
        result = CliRunner().invoke(config_app, words)
        self.told = result.stderr
        if isinstance(result.exception, MiniagentsError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout

    def fails(self, *words: str) -> str:
        """Run it and return its error."""
        with pytest.raises(MiniagentsError) as caught:
            self.run(*words)
        return str(caught.value)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Give the command in a folder of its own, with a config file that is not there yet."""
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("MINIAGENTS_MODEL", "VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MINIAGENTS_CONFIG", str(tmp_path / "home" / "config.toml"))
    return Config(folder, tmp_path / "home" / "config.toml")


def test_the_list_says_where_each_value_comes_from(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every setting is a row with its value and its place, and so is every option; `config` alone lists too."""
    monkeypatch.setenv("MINIAGENTS_MODEL", "m")
    config.user.parent.mkdir()
    config.user.write_text('model = "x"\nvi = true\n[options]\nseed = 1\n[models."a.b"]\nstop = ["é"]\n')
    config.project.write_text("plain = true\n[options]\nseed = 2\n")
    listed = config.run("list")
    rows = [line.split("\t") for line in listed.splitlines()]
    for row in (
        ["model", "m", "MINIAGENTS_MODEL"],
        ["vi", "true", str(config.user)],
        ["plain", "true", str(config.project)],
        ["system", "", "default"],
        ["chats_dir", str(config.folder / "chats"), "default"],
        ["options.seed", "2", str(config.project)],
        ["models.a.b.stop", '["é"]', str(config.user)],
    ):
        assert row in rows
    assert config.run() == listed


def test_one_value_alone(config: Config) -> None:
    """`get` prints the value and nothing else, exactly; what has none is an empty output, what is none an error."""
    config.run("set", "system", "two\nlines\t!")
    config.run("set", "options.temperature", "0.2")
    assert config.run("get", "system") == "two\nlines\t!\n"
    assert config.run("get", "options.temperature") == "0.2\n"
    assert config.run("get", "model") == config.run("get", "options.seed") == ""
    assert config.fails("get", "modle") == "modle is no setting; did you mean model?"


@pytest.mark.usefixtures("measured")
def test_a_value_steers_no_terminal(program: Program) -> None:
    """What a project's file says is shown on a terminal as it is safe, and exactly where a program reads it."""
    (program.folder / ".miniagents.toml").write_text('system = "\\u001b[2Jx"\n')
    shell = f'{sys.executable} -c \'from miniagents.cli.config.command import config_app as a; a(["get", "system"])\''
    terminal = program.terminal(shell=shell)
    assert terminal.end() == 0
    assert terminal.text == "␛[2Jx"
    (ran,) = program.shell(shell)
    assert ran.out == b"\x1b[2Jx\n"


def test_a_value_is_written_into_the_users_file(config: Config) -> None:
    """`set` writes text, switches, numbers and options where they belong, and only the user may read the file."""
    for words in (
        ("model", "gpt-4o"),
        ("vi", "yes"),
        ("retries", "3"),
        ("options.stop", '["a"]'),
        ("models.gpt-3.5-turbo.top_p", "0.5"),
        ("vi", "off"),
    ):
        assert config.run("set", *words) == ""
    assert config.user.read_text() == (
        'model = "gpt-4o"\nvi = false\nretries = 3\n'
        '\n[options]\nstop = ["a"]\n'
        '\n[models."gpt-3.5-turbo"]\ntop_p = 0.5\n'
    )
    assert config.user.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("modle", "x"), "modle is no setting; did you mean model?"),
        (("options.", "1"), "options. is no setting; "),
        (("models.m", "1"), "models.m is no setting; "),
        (("vi", "perhaps"), "vi must be true or false"),
        (("options.model", "x"), "options.model: use model for it"),
        (("options.a b", "null"), "TOML has no null"),
        (("role", "none"), "no role is called none; write it into "),
    ],
)
def test_what_makes_no_sense_is_not_written(config: Config, words: tuple[str, str], said: str) -> None:
    """A value that would be an error at the next start is one now, and no file is made."""
    assert config.fails("set", *words).startswith(said)
    assert not config.user.exists()


def test_a_file_that_is_wrong_stays_as_it_is(config: Config) -> None:
    """Nothing is added to a file with an error in it; the error is named with its place."""
    config.user.parent.mkdir()
    config.user.write_text("vi = 1\n")
    assert config.fails("set", "model", "m").startswith(f"{config.user}:1:1: vi must be")
    assert config.user.read_text() == "vi = 1\n"


def test_a_value_is_taken_back(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """`unset` takes out what `set` wrote, and says who decides now, if anybody does."""
    for words in (("model", "gpt-4o"), ("options.temperature", "1"), ("models.gpt-3.5-turbo.top_p", "0.5")):
        config.run("set", *words)
        config.run("unset", words[0])
        assert config.told == ""
    assert config.run("get", "model") == config.run("get", "options.temperature") == ""
    config.run("set", "model", "x")
    monkeypatch.setenv("MINIAGENTS_MODEL", "m")
    config.run("unset", "model")
    assert config.told == "miniagents: model is 'm' now, from MINIAGENTS_MODEL\n"
    assert config.fails("unset", "model") == (
        f"{config.user}: does not set model; `miniagents config list` says what does"
    )
    assert config.user.stat().st_mode & 0o777 == 0o600


def test_a_mistake_can_be_taken_out(config: Config) -> None:
    """What makes the file wrong goes like any other key; a file that is no TOML stays as it is."""
    config.user.parent.mkdir()
    config.user.write_text('modle = "x"\nvi = 1\n')
    config.run("unset", "modle")
    config.run("unset", "vi")
    assert config.user.read_text() == ""
    config.user.write_text("vi =\n")
    assert config.fails("unset", "vi").startswith(f"{config.user}:1:")
    assert config.user.read_text() == "vi =\n"


def test_who_comes_before_what_was_written_is_told(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a stronger place says something else, one line says so; where that place is wrong, it is written anyhow."""
    monkeypatch.setenv("MINIAGENTS_MODEL", "m")
    config.run("set", "model", "x")
    assert config.told == f"miniagents: {config.user}: model is written, but MINIAGENTS_MODEL comes before it\n"
    config.run("set", "plain", "on")
    assert config.told == ""
    monkeypatch.setenv("MINIAGENTS_VI", "perhaps")
    config.run("set", "model", "y")
    assert config.user.read_text() == 'model = "y"\nplain = true\n'


def test_the_projects_file(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--project` writes the nearest one, readable for others; what it may not say is refused, with the reason."""
    config.run("set", "--project", "model", "m")
    assert config.project.read_text() == 'model = "m"\n'
    assert not config.user.exists()
    (config.folder / "deep").mkdir()
    monkeypatch.chdir(config.folder / "deep")
    config.run("set", "--project", "plain", "true")
    assert config.project.read_text() == 'model = "m"\nplain = true\n'
    assert config.run("path", "--project") == f"{config.project}\n"
    said = config.fails("set", "--project", "log", "x")
    assert said.startswith(f"{config.project}: log is not taken from a project's file: ")
    assert config.fails("set", "--project", "options.extra_body", "{}").startswith(f"{config.project}: options.extra")
    assert config.fails("set", "--project", "model", "./x.gguf").endswith("name it yourself (--model)")
    assert config.project.read_text() == 'model = "m"\nplain = true\n'


def test_where_the_files_are(config: Config) -> None:
    """`path` prints where a file is or would be, also when it is broken."""
    config.user.parent.mkdir()
    config.user.write_text("broken")
    assert config.run("path") == f"{config.user}\n"
    assert config.run("path", "--project") == f"{config.project}\n"


def test_the_editor_and_what_it_leaves(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """The editor of VISUAL, with its words, gets the file, which says what it could say; then the file is checked."""
    monkeypatch.setenv("EDITOR", "false")
    monkeypatch.setenv("VISUAL", 'sh -c \'cat "$0" > seen; echo modle = 1 >> "$0"\'')
    assert config.fails("edit").endswith(": modle is no setting; did you mean model?")
    seen = (config.folder / "seen").read_text()
    assert '# model = "…"  # Which model answers.\n' in seen
    said = tomllib.loads("".join(line.removeprefix("# ") for line in seen.splitlines(keepends=True)))
    assert set(said) == {*SETTINGS, "options"}
    assert all(SETTINGS[name].checked(value) == value for name, value in said.items() if name != "options")
    assert config.user.stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("VISUAL", "sh -c 'echo > \"$0\"'")
    config.run("edit")
    assert config.user.read_text() == "\n"
    config.run("edit", "--project")
    assert config.project.read_text() == "\n"


@pytest.mark.parametrize(
    ("editor", "said"),
    [
        ("", "no editor is named; set VISUAL or EDITOR"),
        ("'", "VISUAL or EDITOR: ': No closing quotation; write a command"),
        ("/no/such/editor", "/no/such/editor: No such file or directory; set VISUAL or EDITOR to an editor"),
        ("false", "false ended with 1; set VISUAL or EDITOR to an editor that works"),
    ],
)
def test_an_editor_that_is_none(config: Config, monkeypatch: pytest.MonkeyPatch, editor: str, said: str) -> None:
    """Without an editor, or with one that fails, one line says what to set."""
    monkeypatch.setenv("EDITOR", editor)
    assert config.fails("edit").startswith(said)
