"""The index: in step with the files whatever happens to it, and never in the way."""

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import miniagents
from miniagents.cli.chats import index, summary
from miniagents.cli.chats.search import chats_in, search
from miniagents.errors import TranscriptError
from miniagents.ext.transcript import append
from miniagents.messages import Message
from tests.cli.chats.conftest import Chats

ROOT = str(Path(miniagents.__file__).parents[1])


def found(folder: Path, words: str) -> list[str]:
    """Return the names of the chats that have these words."""
    return sorted(hit.path.stem for hit in search(folder, words))


@pytest.fixture
def file(folder: Path) -> Path:
    """Return where the index is."""
    return folder / ".index.sqlite3"


def test_it_follows_the_files(folder: Path, chat: Chats) -> None:
    """What is added, changed, renamed and deleted is found as it is now."""
    one = chat("a", "apple")
    chat("b", "apple")
    assert found(folder, "apple") == ["a", "b"]
    append(one, Message(text="orange", role="user"))
    assert found(folder, "orange") == ["a"]
    one.rename(folder / "c.md")
    (folder / "b.md").write_text((folder / "b.md").read_text().replace("apple", "grape"))
    assert found(folder, "apple") == ["c"]
    (folder / "c.md").unlink()
    assert found(folder, "apple") == []
    assert found(folder, "grape") == ["b"]


def test_rows_are_in_the_order_of_writing(folder: Path, chat: Chats) -> None:
    """A chat that went on is the first one again."""
    paths = [chat(name, "apple", at_s=at_s) for name, at_s in (("a", 3_000), ("b", 1_000), ("c", 2_000))]
    assert [hit.path.stem for hit in search(folder, "apple")] == ["a", "c", "b"]
    append(paths[1], Message(text="pear"))
    assert [hit.path.stem for hit in search(folder, "apple")] == ["b", "a", "c"]


def test_files_are_read_once(folder: Path, chat: Chats, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what has changed is read again, and what is no chat is not read each time."""
    read: list[str] = []
    summary_of = summary.summary_of
    monkeypatch.setattr(summary, "summary_of", lambda path: [read.append(path.name), summary_of(path)][1])
    chat("a", "apple")
    chat("b", "apple")
    (folder / "README.md").write_text("# apple\n")
    for _ in range(3):
        assert found(folder, "apple") == ["a", "b"]
    chat("b", "pear")
    assert found(folder, "apple") == ["a", "b"]
    assert sorted(read) == ["README.md", "a.md", "b.md", "b.md"]


def test_it_is_for_its_owner_only(folder: Path, chat: Chats, file: Path) -> None:
    """Nobody else may read what was said in the index either."""
    chat("a", "apple")
    before = os.umask(0)
    try:
        assert found(folder, "apple") == ["a"]
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + b"\x00" * 5000])
def test_broken_index(folder: Path, chat: Chats, file: Path, content: bytes) -> None:
    """It is made anew, and is used again from then on."""
    chat("a", "apple")
    file.write_bytes(content)
    assert found(folder, "apple") == ["a"]
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT count(*) FROM chats").fetchone() == (1,)


def test_index_that_is_damaged_anywhere(folder: Path, chat: Chats, file: Path) -> None:
    """Where a part of it is overwritten, nothing fails."""
    for number in range(30):
        chat(f"{number:02}", f"apple{number} " * 200)
    assert len(found(folder, "apple7")) == 1
    whole, wrong = file.read_bytes(), 0
    for place in range(0, len(whole), 4096):
        file.write_bytes(whole[:place] + b"\xaa" * 4096 + whole[place + 4096 :])
        wrong += found(folder, "apple7") != ["07"]
        wrong += len(chats_in(folder)) != 30
    assert wrong == 0


@pytest.mark.parametrize(
    "script", ["DROP TABLE said", "DROP TABLE chats; CREATE TABLE chats (x)", "PRAGMA user_version = 99"]
)
def test_index_of_another_version(folder: Path, chat: Chats, file: Path, script: str) -> None:
    """One with other tables is made anew."""
    chat("a", "apple")
    assert found(folder, "apple") == ["a"]
    with closing(sqlite3.connect(file)) as database:
        database.executescript(script)
    assert found(folder, "apple") == ["a"]


def test_locked_index(folder: Path, chat: Chats, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program holds it, the answer comes from the files."""
    monkeypatch.setattr(index, "_WAIT_S", 0.01)
    chat("a", "apple")
    assert found(folder, "apple") == ["a"]
    chat("b", "apple")
    with closing(sqlite3.connect(file)) as database:
        database.execute("BEGIN EXCLUSIVE")
        assert found(folder, "apple") == ["a", "b"]
    assert file.exists()


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_folder_that_cannot_be_written(folder: Path, chat: Chats) -> None:
    """The answer comes from the files."""
    chat("a", "apple")
    folder.chmod(0o500)
    try:
        assert found(folder, "apple") == ["a"]
    finally:
        folder.chmod(0o700)


def test_sqlite_without_full_text_search(folder: Path, chat: Chats, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an error that says what is missing."""
    monkeypatch.setattr(index, "_TABLES", index._TABLES.replace("fts5", "fts9"))
    chat("a", "apple")
    with pytest.raises(TranscriptError, match="no such module: fts9; install"):
        search(folder, "apple")


def test_index_that_cannot_be_made(folder: Path, chat: Chats, file: Path) -> None:
    """The answer comes from the files."""
    chat("a", "apple")
    file.mkdir()
    assert found(folder, "apple") == ["a"]


@pytest.mark.real_time
def test_several_programs_at_once(folder: Path, chat: Chats) -> None:
    """Programs that build and ask the index while others write and delete chats all get right answers."""
    for number in range(40):
        chat(f"{number:02}", "apple " * 50, "pear")
    program = """
import os, sys
from pathlib import Path
from miniagents.cli.chats.search import search
from miniagents.errors import TranscriptError
from miniagents.ext.transcript import append
from miniagents.messages import Message

folder, me = Path(sys.argv[1]), sys.argv[2]
mine = folder / f"mine{me}.md"
for number in range(10):
    append(mine, Message(text=f"banana{me}{number}", role="user"))
    [hit] = search(folder, f"banana{me}{number}")
    assert hit.path == mine
    assert len(search(folder, "apple", limit=99)) == 40
mine.unlink()
assert search(folder, f"banana{me}") == []
"""
    environment = {**os.environ, "PYTHONPATH": ROOT}
    arguments = [sys.executable, "-c", program, str(folder)]
    programs = [subprocess.Popen([*arguments, name], env=environment) for name in "abcd"]
    assert [each.wait() for each in programs] == [0] * 4
    assert len(search(folder, "apple", limit=99)) == 40


def test_odd_names(folder: Path, chat: Chats) -> None:
    """A name that is no Unicode is passed over; spaces and line breaks in one do no harm."""
    chat("a b\nc", "apple")
    chat(".hidden", "apple")
    (folder / os.fsdecode(b"\xff.md")).write_bytes((folder / "a b\nc.md").read_bytes())
    (folder / "folder.md").mkdir()
    assert found(folder, "apple") == ["a b\nc"]
    assert [chat.path.stem for chat in chats_in(folder)] == ["a b\nc"]
