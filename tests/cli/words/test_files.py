"""Words about files."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from miniagents.cli.words.catalogue import completed
from tests.cli.chats.notebook import Notebook, notebook_agent
from tests.cli.seat import Seat

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def seat(tmp_path: Path) -> Seat:
    """Give a chat with an echo."""
    return Seat(tmp_path)


async def test_attach(seat: Seat, tmp_path: Path) -> None:
    """What is attached goes with the next message, and with no other."""
    (tmp_path / "a.txt").write_text("in a file")
    lines = await seat.say("/attach", f"/attach {tmp_path / 'a.txt'}", "look", "again")
    assert lines[1] == "nothing goes with your next message"
    assert any(line.startswith("goes with your next message: ") and line.endswith("a.txt") for line in lines)
    assert "in a file" in seat.said[0]
    assert seat.said[2] == "again"


@pytest.mark.skipif(os.name == "nt", reason="there are no named pipes in folders")
async def test_a_pipe_is_not_waited_for(seat: Seat, tmp_path: Path) -> None:
    """Who writes to it may never come, and meanwhile no key would do anything."""
    os.mkfifo(tmp_path / "pipe")
    pipe = tmp_path / "pipe"
    lines = await seat.say(f"/attach {pipe}", f"/attach {tmp_path}")
    assert f"{pipe}: cannot be attached: it is a pipe or a device; write what comes of it to a file" in lines
    assert lines[-1] == f"{tmp_path}: cannot be attached: it is a folder; attach the files in it, one by one"


async def test_what_was_attached_can_be_taken_back(seat: Seat) -> None:
    """A picture by its address is passed on, unless it is taken back; what is no file is refused."""
    lines = await seat.say("/attach https://models.test/a.png", "/attach -", "/attach nowhere.txt")
    assert lines[4] == "nothing goes with your next message"
    assert lines[-1] == "nowhere.txt: cannot be attached: there is no such file"
    assert seat.session.attached == []


async def test_save(seat: Seat, tmp_path: Path) -> None:
    """It says where the chat is kept, or writes a copy in the form that the name says."""
    lines = await seat.say("/save", "one", "/save", f"/save {tmp_path / 'copy.json'}", "/save copy.doc")
    assert lines[1] == "not kept; /save FILE.md writes a copy"
    assert f"kept in {seat.session.conversation.path}" in "".join(lines)
    assert "copy.json" in "".join(lines)
    assert "copy.doc" in lines[-1]
    told = json.loads((tmp_path / "copy.json").read_text())
    assert [message["text"] for message in told["messages"]] == ["one", "one"]


async def test_no_file_is_written_over_unasked(seat: Seat, tmp_path: Path) -> None:
    """A file that is there stays as it is, unless the person says that it may go."""
    there = tmp_path / "notes.md"
    there.write_text("mine")
    lines = await seat.say("one", f"/save {there}")
    assert lines[-1] == f"{there}: is there already; name another file, or say --force to write over it"
    assert there.read_text() == "mine"
    await seat.say(f"/save --force   {there}")
    assert "one" in there.read_text()


async def test_load(seat: Seat, tmp_path: Path) -> None:
    """Another chat goes on, found by a part of its title."""
    other = Seat(tmp_path)
    await other.say("a question about rivers")
    lines = await seat.say("one", "/load rivers", "two", "/load", "/load mountains")
    path = other.session.conversation.path
    assert path is not None
    assert f"the conversation goes on in {path}" in lines
    assert seat.said == ["a question about rivers", "a question about rivers", "two", "two"]
    assert "/load: say which chat" in "\n".join(lines)
    assert lines[-1].startswith("mountains: no chat is called so")
    assert (path.stem, "") in list(completed(seat.session, "load", "2"))


async def test_load_where_a_plugin_keeps_chats(tmp_path: Path) -> None:
    """What is there is offered, and goes on there; what is in a folder of files stays there."""
    notebook = Notebook()
    known: dict[str, Any] = {"histories": {"notes": notebook_agent.fork(shelf=notebook)}, "history": "notes"}
    await Seat(tmp_path, **known).say("one")
    seat = Seat(tmp_path, **known)
    assert list(completed(seat.session, "load", "0")) == [("0 1", "")]
    lines = await seat.say("/load 0 1", "two")
    assert "the conversation goes on in notes as 0 1" in lines
    assert seat.said == ["one", "one", "two", "two"]
    assert len(notebook.pages) == 4


async def test_load_where_nothing_is_kept(tmp_path: Path) -> None:
    """Another chat goes on, and nothing more gets into its file."""
    other = Seat(tmp_path)
    await other.say("rivers")
    seat = Seat(tmp_path, save=False)
    assert "it goes on, but is not kept" in await seat.say("/load rivers", "more")
    assert other.said == ["rivers", "rivers"]


async def test_search(seat: Seat) -> None:
    """Chats that have the words are named, with the words around them."""
    lines = await seat.say("a question about rivers", "/search rivers", "/search mountains", "/search")
    path = seat.session.conversation.path
    assert path is not None
    assert any(line.startswith(f"{path.stem} · ") for line in lines)
    assert "/load NAME goes on with one" in lines
    assert "no chat has these words" in lines
    assert lines[-1] == "/search: say what to look for"


@pytest.mark.parametrize("save", [True, False])
async def test_clear(tmp_path: Path, *, save: bool) -> None:
    """A new conversation begins, and the one before stays where it was."""
    seat = Seat(tmp_path, save=save)
    lines = await seat.say("one", "/clear", "two")
    assert ("a new conversation; the one before is kept" if save else "a new conversation") in lines
    assert seat.said == ["two", "two"]
    assert len(list((tmp_path / "chats").glob("2*.md"))) == (2 if save else 0)


async def test_clear_where_nothing_is_kept_any_more(tmp_path: Path) -> None:
    """Nobody is told that a conversation is kept that went on in memory alone."""
    seat = Seat(tmp_path)
    assert "a new conversation" in await seat.say("one", seat.session.go_on_unsaved, "/clear")
