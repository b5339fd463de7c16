"""Which chat is meant: by path, id and title; and from where it goes on."""

import os
from pathlib import Path

import pytest

from miniagents.cli.chats.resume import find, newest, turn_id
from miniagents.errors import SettingsError, TranscriptError
from miniagents.ext.transcript import read_records
from miniagents.ext.transcript_path import conversation
from tests.cli.chats.conftest import Chats


@pytest.fixture(autouse=True)
def _three(chat: Chats) -> None:
    """Let there be three chats."""
    chat("2026-01-01-aaaa", "Why is the sky blue?", "Because.", at_s=3_000)
    chat("2026-01-02-bbbb", "Where is Rome?", "There.", "And Paris?", "Elsewhere.", at_s=2_000)
    chat("2026-02-01-cccc", "Hi", title="The Great Sky", at_s=1_000)


@pytest.mark.parametrize(
    ("what", "stem"),
    [
        ("2026-01-01-aaaa", "2026-01-01-aaaa"),
        ("2026-01-01-aaaa.md", "2026-01-01-aaaa"),
        ("2026-02", "2026-02-01-cccc"),
        (" ROME ", "2026-01-02-bbbb"),
        ("great sky", "2026-02-01-cccc"),
    ],
)
def test_find(folder: Path, what: str, stem: str) -> None:
    """A chat is found by its id, by the beginning of it and by a part of its title."""
    assert find(folder, what) == folder / f"{stem}.md"


def test_find_by_path(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path means what it says, wherever the chats are."""
    path = folder / "2026-01-01-aaaa.md"
    assert find(tmp_path / "elsewhere", str(path)) == path
    monkeypatch.chdir(folder)
    assert find(tmp_path / "elsewhere", path.name) == Path(path.name)


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("sky", r"2 chats are called so; say which: 2026-01-01-aaaa \(Why is the sky blue\?\), 2026-02-01-cccc"),
        ("2026-01", "2 chats are called so"),
        ("", "3 chats are called so"),
        ("wher is rom", r"did you mean 2026-01-02-bbbb \(Where is Rome\?\)"),
        ("zzz", "no chat is called so; the newest is 2026-01-01-aaaa"),
        ("../conftest.md", "no chat is called so"),
    ],
)
def test_what_is_not_one(folder: Path, what: str, told: str) -> None:
    """Several are named, and where there is none, the nearest is."""
    with pytest.raises(SettingsError, match=told):
        find(folder, what)


def test_whole_title(folder: Path, chat: Chats) -> None:
    """A title counts before a part of another one, and an id before both."""
    chat("x", "sky", at_s=10)
    assert find(folder, "SKY") == folder / "x.md"
    chat("sky0", "other")
    assert find(folder, "sky") == folder / "sky0.md"


def test_many_of_one_name(folder: Path, chat: Chats) -> None:
    """An error names no more than a few."""
    for number in range(20):
        chat(f"x{number:02}", "Twin")
    with pytest.raises(SettingsError, match=r"20 chats are called so; say which: (x\d\d \(Twin\), ){5}…$"):
        find(folder, "twin")


def test_no_chats(tmp_path: Path) -> None:
    """Where there are none, that is said."""
    with pytest.raises(SettingsError, match="there are no chats yet"):
        find(tmp_path / "none", "x")
    with pytest.raises(SettingsError, match="there is no chat to go on with"):
        newest(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(TranscriptError, match="--chats-dir"):
        newest(tmp_path / "file")


def test_newest(folder: Path) -> None:
    """It is the one that was written last, whatever its name; what is no chat, or is empty, does not count."""
    for name, content in ("README.md", "# Hi\n"), ("empty.md", ""), ("new.md", "---\nminiagents: 1\n---\n"):
        (folder / name).write_text(content)
    assert newest(folder) == folder / "2026-01-01-aaaa.md"
    os.utime(folder / "2026-02-01-cccc.md", (4_000, 4_000))
    assert newest(folder) == folder / "2026-02-01-cccc.md"


def test_newest_of_a_moving_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that goes away meanwhile is passed over."""
    (folder / "gone.md").symlink_to(folder / "nowhere")
    assert newest(folder) == folder / "2026-01-01-aaaa.md"


@pytest.mark.parametrize(
    ("at", "texts"),
    [
        ("0", []),
        (1, ["Where is Rome?", "There."]),
        ("2", ["Where is Rome?", "There.", "And Paris?", "Elsewhere."]),
        ("-1", ["Where is Rome?", "There.", "And Paris?", "Elsewhere."]),
        (-2, ["Where is Rome?", "There."]),
    ],
)
def test_turn(folder: Path, at: int | str, texts: list[str]) -> None:
    """A turn is a question with all that was said up to the next one; they count from 1, or from the end."""
    records = read_records(folder / "2026-01-02-bbbb.md")
    assert [record.message.text for record in conversation(records, turn_id(records, at))] == texts


@pytest.mark.parametrize("at", ["3", "-3", "two", ""])
def test_turn_that_is_not_there(folder: Path, at: str) -> None:
    """It is an error that says which there are."""
    with pytest.raises(SettingsError, match=r"--at .*: (there are 2 questions|give the number)"):
        turn_id(read_records(folder / "2026-01-02-bbbb.md"), at)
