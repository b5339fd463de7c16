"""Where a log of requests is written to."""

import errno
import io
import logging
import os
import stat
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from miniagents import Message, MiniAgents
from miniagents.errors import SettingsError
from miniagents.ext.llm import log
from miniagents.ext.llm.log import Exchange, RequestLog, markdown_log_agent
from miniagents.testing import streaming_agent

NAME: Final = "MINIAGENTS_LOG"
THREADS: Final = 4
WRITES: Final = 50


@pytest.fixture(autouse=True)
def _nobody_was_warned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_warned", set())


def exchange(text: str = "hello", **more: Any) -> Exchange:
    """Return one with this question."""
    known = {"agent": "agent", "provider": "openai", "host": "here", "model": "model-1", "started": datetime.now(UTC)}
    return Exchange(**{**known, "messages": (Message(text=text, role="user"),), **more})


def of(setting: Any, environment: dict[str, str] | None = None) -> RequestLog:
    """Return the log, which is on."""
    found = RequestLog.of(setting, {} if environment is None else environment)
    assert found is not None
    return found


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was said to whoever runs the program."""
    assert all((record.name, record.levelno) == ("miniagents", logging.WARNING) for record in caplog.records)
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    ("setting", "variables"),
    [(None, {}), (None, {NAME: ""}), (None, {NAME: "  "}), ("", {}), ("", {NAME: "debug"}), (False, {})],
)
def test_there_is_no_log_unless_somebody_wants_one(setting: Any, variables: dict[str, str]) -> None:
    """Nothing, or an empty setting, is no log; what is said in the call counts more than the environment."""
    assert RequestLog.of(setting, variables) is None


def test_the_environment_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is given, or the process's own, as it is at that moment."""
    given, own = tmp_path / "given.md", tmp_path / "own.md"
    monkeypatch.setenv(NAME, str(own))
    of(None, {NAME: f" {given} "}).write(exchange("given"))
    found = RequestLog.of(None)
    assert found is not None
    found.write(exchange("own"))
    assert "given" in given.read_text()
    assert "own" in own.read_text()


@pytest.mark.parametrize("setting", [True, 1, ["x"]])
def test_what_is_no_path_is_refused(setting: Any) -> None:
    """The error says what may stand there."""
    with pytest.raises(SettingsError, match=r'^log=.* is no path; give a file, "debug", or "" for no log$'):
        RequestLog.of(setting)


def test_a_log_grows(tmp_path: Path) -> None:
    """Each exchange is added at the end; the file, and the folders that were made for it, are nobody else's."""
    path = tmp_path / "one" / "two" / "log.md"
    for text in ("first", "second"):
        of(path).write(exchange(text))
    assert path.read_text().count("\n## ") == 2
    assert path.read_text().index("first") < path.read_text().index("second")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, path.parent.parent)] == [0o700, 0o700]


def test_a_log_may_be_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tilde is the home of whoever runs the program."""
    monkeypatch.setenv("HOME", str(tmp_path))
    of("~/log.md").write(exchange())
    assert "hello" in (tmp_path / "log.md").read_text()


def test_many_may_log_to_one_file(tmp_path: Path) -> None:
    """Nothing of what several write at a time is lost or torn, however long it is."""
    path = tmp_path / "log.md"

    def write(name: str) -> None:
        for _ in range(WRITES):
            of(path).write(exchange(f"{name} " * 2000))

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"[:THREADS]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bodies = path.read_text().split("```")[1::2]
    assert sorted(bodies) == sorted(f"\n{f'{name} ' * 2000}\n" for name in "abcd" for _ in range(WRITES))


def test_debug_is_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """What is written there cannot steer the terminal."""
    of("debug").write(exchange("hello \x1b[2J"))
    written = capsys.readouterr()
    assert "hello ␛[2J" in written.err
    assert written.out == ""


def test_a_program_without_a_console_logs_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """There is no standard error then, and that is no failure."""
    monkeypatch.setattr(sys, "stderr", None)
    of("debug").write(exchange())
    assert warnings(caplog) == []


def test_a_standard_error_that_is_gone_breaks_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A closed one is a warning."""
    gone = io.StringIO()
    gone.close()
    monkeypatch.setattr(sys, "stderr", gone)
    monkeypatch.setattr(logging, "raiseExceptions", False)
    of("debug").write(exchange())
    assert warnings(caplog) == ["the log debug cannot be written: ValueError; name another file"]


def test_a_log_that_cannot_be_written_is_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder, a file in the place of a folder, a pipe that nobody reads, what is no path: the program goes on."""
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "file" / "log.md", tmp_path / "pipe", "a\0b"):
        for _ in range(2):
            of(path).write(exchange())
    said = warnings(caplog)
    assert len(said) == 4
    for line, cause in zip(said, (errno.EISDIR, errno.ENOTDIR, errno.ENXIO, None), strict=True):
        assert f"cannot be written: {os.strerror(cause) if cause else 'ValueError'}; name another file" in line
        assert "\0" not in line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    """And so is each other cause at the same path."""
    for _ in range(3):
        of("/dev/full").write(exchange())
    assert warnings(caplog) == [f"the log /dev/full cannot be written: {os.strerror(errno.ENOSPC)}; name another file"]


def test_what_is_written_in_parts_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that takes less than it was given is gone on with."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, content: write(file, content[:7]))
    of(tmp_path / "log.md").write(exchange("hello there"))
    assert "\n```\nhello there\n```\n" in (tmp_path / "log.md").read_text()


def test_what_cannot_be_shown_breaks_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An error whose words fail is a warning too."""

    class Wordless(Exception):  # noqa: N818 - its name is of no account
        def __str__(self) -> str:
            raise LookupError

    of(tmp_path / "log.md").write(exchange(error=Wordless()))
    assert warnings(caplog) == [f"the log {tmp_path / 'log.md'} cannot be written: LookupError; name another file"]


def test_half_a_character_is_no_failure(tmp_path: Path) -> None:
    """What is no Unicode, from a file name say, is shown."""
    of(tmp_path / "log.md").write(exchange("half \ud800"))
    assert "half ⟨U+D800⟩" in (tmp_path / "log.md").read_text()


async def test_the_log_agent_hands_on_what_it_writes_down(tmp_path: Path) -> None:
    """Its reply streams as it is sent, and each message is in the file once it is whole."""
    path = tmp_path / "log.md"
    async with MiniAgents():
        said = streaming_agent(["a", "b"], delay_s=1.0).inquire()
        tokens = []
        async for promise in markdown_log_agent.inquire([said, Message(text="c", role="user")], log_md_file=path):
            async for token in promise:
                assert token == "c" or not path.exists()
                tokens.append(token)
    assert tokens == ["a", "b", "c"]
    first, second = path.read_text().split("\n## ")[1:]
    assert first.endswith(" assistant\n\n```\nab\n```\n\n")
    assert second.endswith(" user\n\n```\nc\n```\n\n")


async def test_the_log_agent_writes_down_errors(tmp_path: Path) -> None:
    """They reach whoever reads its reply, and what comes after them is logged too."""
    path = tmp_path / "log.md"
    async with MiniAgents():
        broken = streaming_agent(["a"], error=ValueError("broke")).inquire()
        reply = markdown_log_agent.inquire([broken, "after"], log_md_file=path)
        with pytest.raises(ValueError, match="broke"):
            await reply
    assert " assistant\n\n" in path.read_text()
    assert "- error: ValueError: broke\n" in path.read_text()
    assert "\n```\nafter\n```\n" in path.read_text()


async def test_without_a_file_the_log_agent_only_hands_on() -> None:
    """Nothing is written where nobody wants a log."""
    async with MiniAgents():
        assert str(await markdown_log_agent.inquire("hello", log_md_file="")) == "hello"
