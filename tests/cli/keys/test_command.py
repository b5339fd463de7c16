"""`miniagents keys`: a key goes into its file and nowhere else."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from miniagents.cli.config.key_file import keys_in
from miniagents.cli.keys.command import keys_app
from miniagents.errors import MiniagentsError
from tests.fakes.llm_server import LLMServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Program

SECRET = "sk-nobody-may-see-1"
KEYRING = """
import json
from pathlib import Path
STORE = Path(__file__).with_suffix(".json")
def _kept():
    return json.loads(STORE.read_text()) if STORE.exists() else {}
def get_password(service, user):
    return _kept().get(f"{service} {user}")
def set_password(service, user, password):
    if "broken" in password:
        raise RuntimeError(password)
    STORE.write_text(json.dumps({**_kept(), f"{service} {user}": password}))
def delete_password(service, user):
    STORE.write_text(json.dumps({name: kept for name, kept in _kept().items() if name != f"{service} {user}"}))
"""
NEEDING = """
from miniagents.hookspecs import Key, hookimpl

@hookimpl
def register_keys(register):
    register(Key(name="huggy", variable="HUGGY_TOKEN", where="huggy.example"))
"""


@dataclass
class Keys:
    """A folder to be in, the keys file, and the command."""

    path: Path
    said: str = ""
    """All that was written, ever."""

    def run(self, *words: str, typed: str = "") -> str:
        """Run it and return what it wrote to standard output; its error is raised."""
        result = CliRunner().invoke(keys_app, words, input=typed)
        self.said += result.output
        if isinstance(result.exception, MiniagentsError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout

    def fails(self, *words: str, typed: str = "") -> str:
        """Run it and return its error, which says nothing of a key."""
        with pytest.raises(MiniagentsError, match=r"\A[^\n]*\Z") as caught:
            self.run(*words, typed=typed)
        assert SECRET not in f"{caught.value} {caught.value.__cause__} {caught.value.__context__} {self.said}"
        return str(caught.value)


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keys:
    """Give the command in a folder of its own, with a keys file that is not there yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINIAGENTS_CONFIG", str(tmp_path / "config" / "config.toml"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Keys(tmp_path / "config" / "keys.toml")


@pytest.fixture
def kept(keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a package `keyring`, and give the file with what is in it."""
    (tmp_path / "keyring.py").write_text(KEYRING)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "keyring", raising=False)
    return tmp_path / "keyring.json"


def test_a_key_from_standard_input(keys: Keys) -> None:
    """It is in the file, which is its owner's only, and nothing is said."""
    assert keys.run("set", "OPENAI_API_KEY", typed=f"{SECRET}\n") == ""
    assert keys_in(keys.path)["OPENAI_API_KEY"].read() == SECRET
    assert keys.path.stat().st_mode & 0o777 == 0o600
    assert keys.said == ""


def test_a_reference_is_kept_as_it_is(keys: Keys) -> None:
    """A command is written down and not run."""
    keys.run("set", "OPENAI_API_KEY", typed=f"cmd:touch {keys.path.parent}/ran\n")
    assert keys.path.read_text() == f'OPENAI_API_KEY = "cmd:touch {keys.path.parent}/ran"\n'
    assert "ran" not in [path.name for path in keys.path.parent.iterdir()]


@pytest.mark.parametrize("typed", ["", " \n", f"{SECRET}\n{SECRET}\n", SECRET * 4000])
def test_what_is_not_one_line_is_no_key(keys: Keys, typed: str) -> None:
    """Nothing, two lines, or a line that has no end: nothing is written, and not the beginning of it either."""
    assert "OPENAI_API_KEY: nothing, too much, or more than one line was given" in keys.fails(
        "set", "OPENAI_API_KEY", typed=typed
    )
    assert not keys.path.exists()


@pytest.mark.parametrize("words", [("OPENAI_API_KEY", SECRET), ("OPENAI_API_KEY", "--key", SECRET), (SECRET, "x")])
def test_a_key_on_the_command_line_is_refused(keys: Keys, words: tuple[str, ...]) -> None:
    """It is not repeated, nor is one taken from standard input then; the line says why, and what to do."""
    said = keys.fails("set", *words, typed="sk-other\n")
    assert said.startswith("a key on a command line stays in the shell's history: give only its name")
    assert not keys.path.exists()


@pytest.mark.parametrize("command", ["set", "delete"])
@pytest.mark.parametrize("name", [SECRET, "opnai", "PATH"])
def test_what_is_no_name_is_not_repeated(keys: Keys, command: str, name: str) -> None:
    """It may be the key."""
    said = keys.fails(command, name, typed=SECRET)
    assert said == "that is no name of a key; write a variable such as OPENAI_API_KEY, in capitals"
    assert not keys.path.exists()


def test_the_list(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each key has a line with its name, where it comes from and whether it is there; the keys are not in it."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    keys.run("set", "OPENAI_API_KEY", typed=SECRET)
    keys.run("set", "OTHER_API_KEY", typed=f"cmd:echo {SECRET}")
    for words in ((), ("list",)):
        lines = [line.split("\t") for line in keys.run(*words).splitlines()]
        found = {line[0]: line[1:] for line in lines}
        assert found["ANTHROPIC_API_KEY"] == ["environment", "set"]
        assert found["OPENAI_API_KEY"] == ["keys file", "set"]
        assert found["OTHER_API_KEY"] == ["cmd", "asked for when it is needed"]
    assert SECRET not in keys.said


def test_the_list_of_a_file_that_is_not_used(keys: Keys) -> None:
    """Where others may read the file its keys are not there, and a line says why."""
    keys.run("set", "OPENAI_API_KEY", typed=SECRET)
    keys.path.chmod(0o644)
    assert "OPENAI_API_KEY\t\tnot set" in keys.run()
    assert f"{keys.path}: is not used, because others may read it" in keys.said.replace("\n", " ")


def test_one_that_comes_before_is_said(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the environment has another one, that one is used, and whoever sets a key hears of it."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other-1")
    keys.run("set", "OPENAI_API_KEY", typed=SECRET)
    assert (
        keys.said == f"miniagents: OPENAI_API_KEY is kept in {keys.path}, but that of the environment comes before it\n"
    )


def test_one_that_goes(keys: Keys) -> None:
    """A key that is deleted is not in the file any more; one that is not in it is an error."""
    keys.run("set", "A_API_KEY", typed=SECRET)
    keys.run("set", "B_API_KEY", typed="keyring:some/body")
    keys.run("delete", "A_API_KEY")
    keys.run("delete", "B_API_KEY")  # which is not ours to delete from there
    assert keys.path.read_text() == ""
    assert "has no A_API_KEY" in keys.fails("delete", "A_API_KEY")


def test_where_the_file_is(keys: Keys) -> None:
    """It is beside the config file, there or not."""
    assert keys.run("path") == f"{keys.path}\n"


def test_the_keyring_keeps_it(keys: Keys, kept: Path) -> None:
    """With `--keyring` the key is in the keyring and the file says so; to delete it takes it out of both."""
    keys.run("set", "--keyring", "OPENAI_API_KEY", typed=SECRET)
    assert keys.path.read_text() == 'OPENAI_API_KEY = "keyring:miniagents/OPENAI_API_KEY"\n'
    assert json.loads(kept.read_text()) == {"miniagents OPENAI_API_KEY": SECRET}
    assert keys_in(keys.path)["OPENAI_API_KEY"].read() == SECRET
    assert "OPENAI_API_KEY\tkeyring\tasked for when it is needed" in keys.run()
    keys.run("delete", "OPENAI_API_KEY")
    assert (keys.path.read_text(), json.loads(kept.read_text())) == ("", {})


def test_a_keyring_that_cannot_keep_it(keys: Keys, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A keyring that fails, one that is not installed, and what is no key: nothing is written, and nothing is shown."""
    for typed, said in (
        (f"{SECRET}broken", "the keyring failed (RuntimeError); leave --keyring out"),
        (f"cmd:echo {SECRET}", "it is no key but says where one is"),
    ):
        assert said in keys.fails("set", "--keyring", "OPENAI_API_KEY", typed=typed)
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert "install the package keyring" in keys.fails("set", "--keyring", "OPENAI_API_KEY", typed=SECRET)
    assert not keys.path.exists()
    assert not kept.exists()


@pytest.mark.usefixtures("measured")
def test_a_person_types_it_unseen(program: Program) -> None:
    """At a terminal it asks with the variable's name, and what is typed is not shown; Ctrl-D is nothing."""
    path = program.home / ".config" / "miniagents" / "keys.toml"
    terminal = program.terminal("keys", "set", "OPENAI_API_KEY")
    terminal.wait_for("OPENAI_API_KEY:")
    terminal.send(f"{SECRET}\r")
    assert terminal.end() == 0
    assert SECRET.encode() not in terminal.raw
    assert keys_in(path)["OPENAI_API_KEY"].read() == SECRET
    terminal = program.terminal("keys", "set", "OPENAI_API_KEY")
    terminal.wait_for("OPENAI_API_KEY:")
    terminal.send("\x04")
    assert terminal.end() == 2
    assert "nothing, too much, or more than one line was given" in " ".join(terminal.lines)


@pytest.mark.usefixtures("measured")
def test_closed_standard_input(program: Program) -> None:
    """Where there is nothing to read from, it says so."""
    (ran,) = program.shell("miniagents keys set OPENAI_API_KEY <&-")
    assert (ran.code, ran.out) == (2, b"")
    assert ran.err == "miniagents: standard input is closed; open it, or type the key in a terminal\n"


def test_keys_that_plugins_need(program: Program) -> None:
    """They are listed, and may be set by the name that the plugin gives them."""
    program.install("needing", needing=NEEDING)
    assert b"HUGGY_TOKEN\t\tnot set; get one at huggy.example\n" in program.run("keys").out
    assert program.run("keys", "set", "huggy", input=SECRET.encode()).code == 0
    assert b"HUGGY_TOKEN\tkeys file\tset\n" in program.run("keys").out


@pytest.mark.parametrize("form", ["{}", "cmd:sh -c 'echo ran >> log; echo {}; echo {} >&2'", "keyring:some/body"])
def test_a_model_is_asked_with_it(program: Program, form: str) -> None:
    """The key arrives at the model, however it is kept, and is in no transcript, no log and no output."""
    program.install("keyring", keyring=KEYRING)
    (program.site / "keyring.json").write_text(json.dumps({"some body": SECRET}))
    program.run("keys", "set", "OPENAI_API_KEY", input=form.format(SECRET, SECRET).encode())
    with LLMServer.in_thread(keys=[SECRET]) as server:
        program.environment["OPENAI_BASE_URL"] = server.openai_base_url
        ran = program.run("chat", "--log", "said.md", f"is {SECRET} known?", stdin=subprocess.PIPE)
        assert (ran.code, ran.err) == (0, "")
        assert len(server.requests) == 1
    assert SECRET not in (program.folder / "said.md").read_text()
    if form.startswith("cmd:"):
        assert (program.folder / "log").read_text() == "ran\n"


def test_a_command_is_run_for_a_model_that_needs_it_and_for_nothing_else(program: Program) -> None:
    """Neither help, nor lists, nor completion, nor another model's answer runs it."""
    program.install("echoing", echoing=_echoing())
    program.run("keys", "set", "OPENAI_API_KEY", input=b"cmd:sh -c 'echo ran >> log; echo sk-x'")
    for words in (
        ["--help"],
        ["keys"],
        ["models"],
        ["models", "default"],
        ["models", "options", "openai"],
        ["config"],
        ["plugins"],
        ["chat", "--model", "echo", "hi"],
    ):
        ran = program.run(*words)
        assert ran.code == 0, ran.err
    program.run("chat", "--model", "", environment={"_MINIAGENTS_COMPLETE": "zsh"})
    assert not (program.folder / "log").exists()


def test_a_command_that_fails_is_one_line(program: Program) -> None:
    """The chat says what went wrong, without what the command said, and asks no model."""
    program.run("keys", "set", "OPENAI_API_KEY", input=f"cmd:sh -c 'echo {SECRET}; echo {SECRET} >&2; exit 4'".encode())
    with LLMServer.in_thread() as server:
        ran = program.run("chat", "hi", environment={"OPENAI_BASE_URL": server.openai_base_url})
        assert server.requests == []
    assert (ran.code, ran.out) == (1, b"")
    cure = "run it yourself, and see what it says"
    assert ran.err == f"miniagents: OPENAI_API_KEY: the command sh ended with 4; {cure}\n"


def _echoing() -> str:
    from tests.cli.conftest import ECHOING  # noqa: PLC0415 - no fixture, because the environment is to name no model

    return ECHOING
