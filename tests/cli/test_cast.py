"""Where the program keeps what was said, and what it says when it cannot."""

from __future__ import annotations

import os
import re
import signal
import time
from typing import TYPE_CHECKING

import pytest

from miniagents import builtins, plugins
from miniagents.cli.cast import Cast
from miniagents.cli.config import key_file
from miniagents.cli.config.settings import Flags, settings_from
from miniagents.errors import SettingsError
from miniagents.ext import transcript
from tests.fakes.llm_server import Reply

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Program
    from tests.fakes.llm_server import LLMServer

pytestmark = pytest.mark.usefixtures("measured")


@pytest.mark.usefixtures("echo")
def test_each_run_has_its_transcript_where_it_is_wanted(program: Program) -> None:
    """`--chats-dir` comes before `MINIAGENTS_CHATS_DIR`, that before the config file, that before `chats` here."""
    config = program.home / ".config" / "miniagents" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('chats_dir = "~/from the config"\nsystem = "Be kind."\n')
    named = {"MINIAGENTS_CHATS_DIR": "from/the environment", "MINIAGENTS_CONFIG": str(config)}
    for options, environment, folder in (
        (("--chats-dir", "from the flag"), named, program.folder / "from the flag"),
        ((), named, program.folder / "from" / "the environment"),
        ((), {"MINIAGENTS_CONFIG": str(config)}, program.home / "from the config"),
        ((), {"MINIAGENTS_CONFIG": str(config.parent / "gone")}, program.folder / "chats"),
    ):
        ran = program.run("chat", *options, "hi", environment=environment)
        assert (ran.code, ran.err) == (0, "")
        (path,) = folder.glob("*.md")
        assert [message.text for message in transcript.read(path)] == ["hi", "You said: hi"]
        assert (path.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.usefixtures("echo")
def test_no_save_keeps_nothing(program: Program) -> None:
    """With `--no-save` no file or folder is made, not even where none could be."""
    ran = program.run("chat", "--no-save", "--chats-dir", "/dev/null/x", "hi")
    assert (ran.code, ran.out, ran.err) == (0, b"You said: hi", "")
    assert list(program.folder.iterdir()) == []


@pytest.mark.parametrize("way", ["pipe", "terminal"])
def test_a_folder_that_cannot_be_written(program: Program, provider: LLMServer, way: str) -> None:
    """Before anything is asked, of a person or a model, one line says so, with the two ways out."""
    (program.folder / "file").touch()
    if way == "pipe":
        ran = program.run("chat", "--chats-dir", "file/chats", "hi")
        code, said = ran.code, ran.err
    else:
        terminal = program.terminal("chat", "--chats-dir", "file/chats", columns=200)
        code, said = terminal.end(), "".join(terminal.lines) + "\n"
    cure = "name another folder (--chats-dir), or keep no transcript (--no-save)"
    assert (code, said) == (1, f"miniagents: {program.folder}/file/chats: Not a directory; {cure}\n")
    assert provider.requests == []


def test_a_disk_that_is_full_from_the_start(program: Program, provider: LLMServer) -> None:
    """What cannot be kept is not asked: the model hears nothing, and one line says why."""
    (ran,) = program.shell("ulimit -f 0; PYTHONDONTWRITEBYTECODE=1 COVERAGE_PROCESS_CONFIG= miniagents chat hi")
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, b"", 1)
    assert re.match(rf"miniagents: {program.folder}/chats/\S+\.md: File too large; ", ran.err)
    assert provider.requests == []
    assert program.transcripts == []


def test_a_disk_that_fills_up_costs_no_word_of_the_reply(program: Program, provider: LLMServer) -> None:
    """A transcript that cannot take the reply leaves it on standard output, whole; then one line says why."""
    provider.script(Reply(["word "] * 3000))
    (ran,) = program.shell("ulimit -f 4; PYTHONDONTWRITEBYTECODE=1 COVERAGE_PROCESS_CONFIG= miniagents chat hi")
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, b"word " * 3000, 1)
    assert ran.err.startswith(f"miniagents: {program.transcripts[0]}: File too large; ")
    assert [message.text for message in program.said()] == ["hi"]


def test_a_reply_that_looks_like_the_format_stays_one_message(program: Program, provider: LLMServer) -> None:
    """A reply that quotes a transcript, heading and all, is read back as the one message that it was."""
    provider.script("kept so far")
    program.run("chat", "hi")
    text = program.transcripts[0].read_text()
    provider.script(Reply([text[start : start + 7] for start in range(0, len(text), 7)]))
    ran = program.run("chat", "--chats-dir", "quoted", "what did you keep?")
    assert ran.out.decode() == text
    (path,) = (program.folder / "quoted").glob("*.md")
    assert [message.text for message in transcript.read(path)] == ["what did you keep?", text]


def test_a_command_for_a_key_ends_with_who_waits_for_it(program: Program, provider: LLMServer) -> None:
    """Whoever interrupts the program while a command gets the key ends the command, and no model is asked."""
    program.environment["OPENAI_API_KEY"] = ""
    path = program.home / ".config" / "miniagents" / "keys.toml"
    key_file.write(path, "OPENAI_API_KEY", "cmd:sh -c 'echo $$ > pid; exec sleep 100'")
    process = program.start("chat", "-m", "openai:x", "hi")
    pid = program.folder / "pid"
    while not (pid.exists() and pid.read_text().endswith("\n")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    ran = program.end(process)
    assert (ran.code, ran.out) == (130, b"")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert provider.requests == []


def test_a_wrong_option_keeps_the_chat_as_it_is(tmp_path: Path) -> None:
    """A cast that cannot be is not made: the option is named before there is anything to ask."""
    settings = settings_from(
        Flags(model="openai:x", options=["temperature=hot"]), {"MINIAGENTS_CONFIG": str(tmp_path / "c")}, tmp_path
    )
    with pytest.raises(SettingsError, match="-o temperature: it must be a number from 0 to 2 for openai:x"):
        Cast(settings, plugins.load([builtins], []))
