"""What a person is told when they leave a chat."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

import pytest

from miniagents.cli.chats.farewell import farewell
from miniagents.cli.wish import Wish
from miniagents.ext import transcript
from tests.cli.chats.notebook import Notebook, notebook_agent
from tests.cli.seat import Seat

if TYPE_CHECKING:
    from pathlib import Path

NOT_KEPT = ["this chat was not kept; next time, /save FILE.md before you leave writes it down"]


def told(seat: Seat) -> list[str]:
    """Return what is told when this chat is left."""
    return farewell(seat.session.conversation, seat.session.settings)


@pytest.mark.parametrize("options", [{}, {"save": False}, {"history": "memory"}])
def test_nothing_was_said(tmp_path: Path, options: dict[str, Any]) -> None:
    """Of a chat without a word, nothing is told, wherever it would have been kept."""
    assert told(Seat(tmp_path, **options)) == []


async def test_a_chat_in_a_transcript(tmp_path: Path) -> None:
    """It is where it is, and what is told to go on with it goes on with it, wherever that is."""
    environment = {"MINIAGENTS_CHATS_DIR": str(tmp_path / "by environment")}
    for number, options in enumerate(({}, {"chats_dir": None, "environment": environment})):
        seat = Seat(tmp_path, **options)  # type: ignore[arg-type]  # by name
        await seat.say("one")
        path = seat.session.conversation.path
        assert path is not None
        shown = path.stem if number else path
        assert told(seat) == [f"kept in {path}", f"go on with: miniagents chat --resume {shown}"]
        assert Seat(tmp_path, wish=Wish(resume=str(shown)), **options).said == ["one", "one"]  # type: ignore[arg-type]
        path.unlink()
        assert told(seat) == []


async def test_a_chat_that_a_plugin_keeps(tmp_path: Path) -> None:
    """Its history and its place there are told, and go on with it; `/save` and `/clear` know that it is kept."""
    histories = {"notebook": notebook_agent.fork(shelf=Notebook())}
    seat = Seat(tmp_path, histories=histories, history="notebook")
    lines = await seat.say("/save", "one", "/save")
    assert (lines[1], lines[-1]) == ("not kept; /save FILE.md writes a copy", "kept in notebook as 0 1")
    assert told(seat) == [
        "kept in notebook as 0 1",
        "go on with: miniagents chat --history notebook --resume '0 1'",
    ]
    assert "a new conversation; the one before is kept" in await seat.say("/clear")


async def test_a_chat_in_memory(tmp_path: Path) -> None:
    """It is gone, which is told unless the person wanted just that, or has made a copy of all of it."""
    seat = Seat(tmp_path, history="memory")
    await seat.say("one")
    assert told(seat) == NOT_KEPT
    await seat.say(f"/save {tmp_path / 'copy.md'}")
    assert told(seat) == []
    await seat.say("two")
    assert told(seat) == NOT_KEPT
    seat = Seat(tmp_path, save=False)
    await seat.say("one")
    assert told(seat) == []


async def test_a_chat_that_could_not_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets a transcript where there is a place for one when it is over: all that was said, and nothing is left."""
    seat = Seat(tmp_path)
    chats = tmp_path / "chats"
    await seat.say("one")
    seat.session.go_on_unsaved()
    await seat.say("two")
    (line, then) = told(seat)
    *_, path = sorted(chats.glob("*.md"))
    assert (line, then) == (f"kept after all, in {path}", f"go on with: miniagents chat --resume {path}")
    assert [message.text for message in transcript.read(path)] == ["one", "one", "two", "two"]
    other = tmp_path / "other"
    monkeypatch.setattr(tempfile, "tempdir", str(other))
    for each in chats.iterdir():
        each.unlink()
    chats.rmdir()
    chats.touch()
    assert told(seat)[0].startswith(f"kept after all, in {other}/")
    monkeypatch.setattr(tempfile, "tempdir", str(chats / "nowhere"))
    assert told(seat) == NOT_KEPT
