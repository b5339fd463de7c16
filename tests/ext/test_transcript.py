"""Transcripts on the disk: whole messages or nothing, for any number of writers."""

import errno
import fcntl
import os
import re
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

import miniagents
from miniagents.errors import TranscriptError
from miniagents.ext import transcript
from miniagents.ext.transcript import append, new_transcript, read
from miniagents.messages import Message

HI, HO = Message(text="Hi", role="user"), Message(text="Ho", role="assistant")
ROOT = str(Path(miniagents.__file__).parents[1])


def texts_in(path: Path) -> list[str]:
    """Return the texts of a transcript's messages."""
    return [message.text for message in read(path)]


def mode_of(path: Path) -> int:
    """Return who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def file_size_limit(size_bytes: int) -> Iterator[None]:
    """Let the disk be full as soon as a file gets to this size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_append_and_read(tmp_path: Path) -> None:
    """What is appended is read, in order; the file and the folders that it lacked are for their owner only."""
    path = tmp_path / "a" / "b" / "chat.md"
    append(path, HI, HO)
    append(path, HI)
    assert read(path) == (HI, HO, HI)
    assert (mode_of(path), mode_of(path.parent), mode_of(path.parent.parent)) == (0o600, 0o700, 0o700)
    assert path.read_text().count("miniagents: 1") == 1


def test_new_transcripts(tmp_path: Path) -> None:
    """Each is a file of its own, empty, whose name tells when it was made."""
    paths = [new_transcript(tmp_path / "chats") for _ in range(50)]
    assert len(set(paths)) == 50
    assert [path.name[:23] for path in paths] == sorted(path.name[:23] for path in paths)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z-[0-9a-f]{4}\.md", path.name) for path in paths)
    assert all(read(path) == () and mode_of(path) == 0o600 for path in paths)


def test_new_transcript_whose_name_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody else was given the same name, another one is taken."""
    names = iter(["0000", "0000", "0001"])
    monkeypatch.setattr("secrets.token_hex", lambda _bytes: next(names))

    class Stopped(transcript.datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Stopped":
            return cls(2026, 11, 22)

    monkeypatch.setattr(transcript, "datetime", Stopped)
    assert [new_transcript(tmp_path).name[-7:] for _ in range(2)] == ["0000.md", "0001.md"]


@pytest.mark.real_time
def test_thirty_programs_at_once(tmp_path: Path) -> None:
    """Thirty programs make their transcripts in one folder, and write to one that they share; nothing is lost."""
    program = """
import os, sys
from miniagents.ext.transcript import append, new_transcript
from miniagents.messages import Message

chats, shared = sys.argv[1:]
gate, opener = os.pipe()
for _ in range(30):
    if os.fork() == 0:
        os.close(opener)
        os.read(gate, 1)  # until the opener is closed
        mine = new_transcript(chats)
        for number in range(10):
            append(mine, Message(text=f"{mine.name} {number}"))
            append(shared, Message(text=f"{mine.name} {number}"))
        os._exit(0)
os.close(opener)
assert all(os.wait()[1] == 0 for _ in range(30))
"""
    chats, shared = tmp_path / "chats", tmp_path / "shared.md"
    subprocess.run([sys.executable, "-c", program, chats, shared], env={**os.environ, "PYTHONPATH": ROOT}, check=True)
    expected = [[f"{path.name} {number}" for number in range(10)] for path in chats.iterdir()]
    assert len(expected) == 30
    assert sorted(texts_in(path) for path in chats.iterdir()) == sorted(expected)
    together = texts_in(shared)
    assert sorted([text for text in together if text.startswith(own[0][:-1])] for own in expected) == sorted(expected)
    assert len(together) == 300


@pytest.mark.parametrize("size_bytes", [40, 600, 5000])
def test_full_disk(tmp_path: Path, size_bytes: int) -> None:
    """A message for which there is not enough space leaves the file as it was, and makes none."""
    path = tmp_path / "chat.md"
    if size_bytes > 40:
        append(path, HI)
    before = path.read_bytes() if path.exists() else None
    with (
        file_size_limit(size_bytes),
        pytest.raises(TranscriptError, match=r"chat\.md: File too large; free some space$"),
    ):
        append(path, Message(text="x" * 10_000))
    assert (path.read_bytes() if path.exists() else None) == before
    append(path, HO)
    assert read(path)[-1] == HO


def test_no_space_at_all() -> None:
    """A device that takes nothing gives the error of a full disk; one that takes everything takes messages too."""
    with pytest.raises(TranscriptError, match=r"^/dev/full: No space left on device; free some space$"):
        append("/dev/full", HI)
    append("/dev/null", HI)
    assert read("/dev/null") == ()


def test_disk_that_does_not_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not get to the disk itself is not left in the file."""

    def fail(_file: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    path = tmp_path / "chat.md"
    append(path, HI)
    monkeypatch.setattr(transcript, "_sync", fail)
    with pytest.raises(TranscriptError, match=r"chat\.md: Input/output error; name another file$"):
        append(path, HO)
    assert read(path) == (HI,)


@pytest.mark.parametrize(
    ("prepare", "error"),
    [
        (lambda path: path.mkdir(), r"chat\.md: Is a directory; name another file$"),
        (lambda path: path.symlink_to(path.parent / "gone" / "chat.md"), r"chat\.md: No such file or directory; "),
        (lambda path: path.symlink_to(path), r"chat\.md: Too many levels of symbolic links; "),
    ],
)
def test_no_file(tmp_path: Path, prepare, error: str) -> None:  # noqa: ANN001 - a lambda
    """What cannot be a transcript is refused, by both."""
    path = tmp_path / "chat.md"
    prepare(path)
    with pytest.raises(TranscriptError, match=error):
        append(path, HI)
    with pytest.raises(TranscriptError, match=error):
        read(path)


def test_folder_that_is_none(tmp_path: Path) -> None:
    """A folder that is a file, or that points nowhere, is refused."""
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    for name in "file", "link":
        with pytest.raises(TranscriptError, match=r"\.md: (Not a directory|No such file or directory); name another"):
            new_transcript(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_without_permission(tmp_path: Path) -> None:
    """A folder in which nothing may be written is named."""
    tmp_path.chmod(0o500)
    with pytest.raises(TranscriptError, match=r"\.md: Permission denied; name another file$"):
        new_transcript(tmp_path)


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is an error, unless that is said to be fine."""
    with pytest.raises(TranscriptError, match=r"chat\.md: No such file or directory; name another file$"):
        read(tmp_path / "chat.md")
    assert read(tmp_path / "chat.md", missing_ok=True) == ()


def test_what_is_no_transcript(tmp_path: Path) -> None:
    """A file of something else is refused with path, line and cure."""
    path = tmp_path / "chat.md"
    path.write_text("# Shopping\n")
    with pytest.raises(TranscriptError, match=r"/chat\.md:1: is no transcript .*; name another file$"):
        read(path)
    path.write_bytes(b"---\nminiagents: 1\n---\ncaf\xe9\n")
    with pytest.raises(TranscriptError, match=r"/chat\.md:4: is not UTF-8; save it as UTF-8$"):
        read(path)


def test_last_line_without_end(tmp_path: Path) -> None:
    """A person's editor that takes the last newline away makes no message unreadable."""
    path = tmp_path / "chat.md"
    append(path, HI)
    path.write_text(path.read_text().rstrip())
    append(path, HO)
    assert read(path) == (HI, HO)


def test_killed_in_the_middle_of_a_write(tmp_path: Path) -> None:
    """A beginning of a message, which may end inside a character, is read as interrupted and spoils nothing."""
    path = tmp_path / "chat.md"
    append(path, HI, Message(text="čaj"))
    whole = path.read_bytes()
    for cut in range(whole.index(b"\n<!-- msg ", 100) + len("\n<!-- msg "), len(whole) - len(" -->\n")):
        path.write_bytes(whole[:cut])
        assert read(path)[0] == HI
        append(path, HO)
        first, *torn, last = read(path)
        assert (first, last) == (HI, HO)
        assert [message.metadata for message in torn] in ([], [{"status": "interrupted"}], [{}])


def test_locked_by_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that holds the lock for long is waited for, but not for ever."""
    path = tmp_path / "chat.md"
    append(path, HI)
    monkeypatch.setattr(transcript, "_LOCK_WAIT_S", 0.01)
    with path.open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(TranscriptError, match=r"chat\.md: is locked by another program; end that one$"):
            append(path, HO)
        assert read(path) == (HI,)
    append(path, HO)
    assert read(path) == (HI, HO)


def test_locked_by_others_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where many programs write in turn, one that never comes first waits for as long as that takes."""
    path = tmp_path / "chat.md"
    append(path, HI)
    now_s = 0.0

    def wait(_s: float) -> None:
        nonlocal now_s
        now_s += 1.0
        with path.open("a") as another:
            another.write("\n")
        if now_s > 100:
            fcntl.flock(other, fcntl.LOCK_UN)

    monkeypatch.setattr(transcript, "time", SimpleNamespace(time_ns=lambda: 0, monotonic=lambda: now_s, sleep=wait))
    with path.open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        append(path, HO)
    assert now_s > 100
    assert [message.text for message in read(path)] == [HI.text, HO.text]


def test_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are no locks, whole messages are written all the same."""

    def refuse(_file: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    append(tmp_path / "chat.md", HI)
    assert read(tmp_path / "chat.md") == (HI,)
