"""What was said before, from session to session."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.history import FileHistory

from miniagents.cli.prompt import input_history
from miniagents.cli.prompt.input_history import InputHistory

if TYPE_CHECKING:
    from pathlib import Path

LINES = st.text(st.characters(exclude_categories=["Cs"]))


def fail(trouble: str) -> None:
    """Take what is told where nothing may be."""
    pytest.fail(trouble)


def kept(path: Path) -> list[str]:
    """Return what another session finds, the oldest first."""
    return list(InputHistory(path, fail).load_history_strings())[::-1]


def test_what_is_said_is_there_in_the_next_session(tmp_path: Path) -> None:
    """Lines and all, in order, in a file and a folder that nobody else may read."""
    path = tmp_path / "state" / "history"
    history = InputHistory(path, fail)
    for text in ("one", "two\n\n  lines +\n# no time", "drei ä\t"):
        history.append_string(text)
    assert history.get_strings() == ["one", "two\n\n  lines +\n# no time", "drei ä\t"]
    assert kept(path) == ["one", "two\n\n  lines +\n# no time", "drei ä\t"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@given(st.lists(LINES, max_size=5))
def test_any_text_is_kept_exactly(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """Whatever lines and characters it has."""
    path = tmp_path_factory.mktemp("history") / "file"
    history = InputHistory(path, fail)
    for text in texts:
        history.append_string(text)
    assert kept(path) == texts


def test_the_format_is_prompt_toolkits(tmp_path: Path) -> None:
    """Its own history reads what we wrote, and we what it wrote."""
    path = tmp_path / "history"
    InputHistory(path, fail).append_string("ours\nof two lines")
    theirs = FileHistory(str(path))
    theirs.append_string("theirs")
    assert kept(path) == ["ours\nof two lines", "theirs"]
    assert list(FileHistory(str(path)).load_history_strings()) == ["theirs", "ours\nof two lines"]


def test_no_text_is_there_twice_in_a_row(tmp_path: Path) -> None:
    """Neither in a session nor from one to the next."""
    path = tmp_path / "history"
    for _ in range(2):
        history = InputHistory(path, fail)
        history._loaded_strings = list(history.load_history_strings())
        buffer = Buffer(history=history)
        for text in ("same", "same", "other", "same"):
            buffer.text = text
            buffer.append_to_history()
    assert kept(path) == ["same", "other", "same", "other", "same"]


def test_a_file_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    """As prompt_toolkit itself makes it, say."""
    path = tmp_path / "history"
    path.write_text("\n# long ago\n+before\n")
    path.chmod(0o644)
    assert kept(path) == ["before"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_several_programs_append_at_once(tmp_path: Path) -> None:
    """Every text of each is there, whole."""
    path = tmp_path / "history"
    code = (
        "import sys; from pathlib import Path; from miniagents.cli.prompt.input_history import InputHistory\n"
        "history = InputHistory(Path(sys.argv[1]), sys.exit)\n"
        "for number in range(100): history.store_string(f'{sys.argv[2]}\\n{number}')"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    programs = [subprocess.Popen([sys.executable, "-c", code, str(path), name], env=environment) for name in "abc"]
    assert [program.wait() for program in programs] == [0, 0, 0]
    said = kept(path)
    assert len(said) == 300
    for name in "abc":
        assert [text for text in said if text[0] == name] == [f"{name}\n{number}" for number in range(100)]


def test_what_is_damaged_is_passed_over(tmp_path: Path) -> None:
    """What can be read of the file is read, and one can append to it."""
    path = tmp_path / "history"
    path.write_bytes(b"\x00\xff junk\n+lone\n\n# cut\n+half \xe2\x82")
    history = InputHistory(path, fail)
    history.append_string("after")
    assert kept(path) == ["lone", "half \ufffd", "after"]


def test_a_file_that_cannot_be_used_is_told_once(tmp_path: Path) -> None:
    """A folder in its place, a file in the folder's place: one line each, and what is said is there for the session."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "folder", tmp_path / "file" / "history", tmp_path / "pipe"):
        told: list[str] = []
        history = InputHistory(path, told.append)
        history.append_string("said")
        history.append_string("again")
        assert history.get_strings() == ["said", "again"]
        (line,) = told
        assert line.startswith("what you type is not kept for later sessions: ")
        assert str(tmp_path) in line


def test_a_file_that_breaks_later_is_told_once(tmp_path: Path) -> None:
    """It was replaced by a folder, say, while the chat went on."""
    path = tmp_path / "history"
    told: list[str] = []
    history = InputHistory(path, told.append)
    path.unlink()
    path.mkdir()
    history.append_string("said")
    history.append_string("again")
    assert len(told) == 1
    assert history.get_strings() == ["said", "again"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is full here")  # noqa: PTH110
def test_a_full_disk_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written costs a line."""
    monkeypatch.setattr(input_history.stat, "S_ISREG", lambda _: True)
    monkeypatch.setattr(input_history, "_OTHERS", 0)
    told: list[str] = []
    (tmp_path / "full").symlink_to("/dev/full")
    history = InputHistory(None, told.append)
    history._path = tmp_path / "full"
    history.append_string("said")
    assert "No space left" in told[0]


def test_without_a_file_it_lasts_as_long_as_the_session() -> None:
    """Nothing is written anywhere."""
    history = InputHistory(None, fail)
    history.append_string("said")
    assert history.get_strings() == ["said"]
    assert list(history.load_history_strings()) == []


def test_a_large_file_loses_its_older_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is cut between two texts when it is read, and never while somebody appends."""
    monkeypatch.setattr(input_history, "_FILE_BYTES", 4096)
    path = tmp_path / "history"
    history = InputHistory(path, fail)
    texts = [f"text\n\n# {number}" for number in range(200)]
    for text in texts:
        history.append_string(text)
    size_bytes = path.stat().st_size
    assert size_bytes > 4096
    with input_history._opened(path) as file:
        assert input_history._lock(file)
        assert kept(path)[1:] == texts[-len(kept(path)) + 1 :]
        assert path.stat().st_size == size_bytes
    said = kept(path)
    assert 10 < len(said) < 100
    assert said == texts[-len(said) :]
    assert path.stat().st_size <= 2048
    history.append_string("after")
    assert kept(path) == [*said, "after"]


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One appends without, and nothing is ever cut; so it is on Windows."""
    monkeypatch.setattr(input_history, "_FILE_BYTES", 10)
    monkeypatch.setattr(sys, "platform", "win32")
    path = tmp_path / "history"
    InputHistory(path, fail).append_string("long text")
    size_bytes = path.stat().st_size
    InputHistory(path, fail)
    assert path.stat().st_size == size_bytes


def test_a_text_that_is_very_long_is_not_kept_in_the_file(tmp_path: Path) -> None:
    """It is a pasted file; this session has it."""
    path = tmp_path / "history"
    history = InputHistory(path, fail)
    history.append_string("x" * 70_000)
    history.append_string("short")
    assert kept(path) == ["short"]
    assert len(history.get_strings()) == 2
