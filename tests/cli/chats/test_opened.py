"""Which conversation a command line is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from miniagents.cli.chats.conversation import Conversation, Unsaved
from miniagents.cli.wish import Wish
from miniagents.errors import SettingsError
from tests.cli.seat import Seat

if TYPE_CHECKING:
    from pathlib import Path


async def chats(folder: Path) -> list[Path]:
    """Make two chats, of two turns and of one."""
    first, second = Seat(folder), Seat(folder)
    await first.say("a question about rivers", "and about lakes")
    await second.say("a question about trees")
    return [seat.session.conversation.path or folder for seat in (first, second)]


def opened(folder: Path, **known: Any) -> list[str]:
    """Return what was said in the chat that is opened with these wishes and flags."""
    wishes = {name: known.pop(name) for name in ("newest", "resume", "at") if name in known}
    return Seat(folder, wish=Wish(**wishes), **known).said


async def test_a_chat_goes_on(tmp_path: Path) -> None:
    """The newest, or the one that is named, from its end or from behind one of its turns."""
    rivers, _ = await chats(tmp_path)
    assert opened(tmp_path, newest=True) == ["a question about trees"] * 2
    assert opened(tmp_path, resume="rivers")[::2] == ["a question about rivers", "and about lakes"]
    assert opened(tmp_path, resume=rivers.stem, at="1") == ["a question about rivers"] * 2
    assert opened(tmp_path) == []
    with pytest.raises(SettingsError, match="mountains"):
        opened(tmp_path, resume="mountains")


async def test_a_chat_goes_on_and_is_kept_no_more(tmp_path: Path) -> None:
    """With `--no-save` its transcript stays as it is."""
    rivers, _ = await chats(tmp_path)
    before = rivers.read_bytes()
    seat = Seat(tmp_path, wish=Wish(resume="rivers"), save=False)
    await seat.say("more")
    assert seat.said[-2:] == ["more", "more"]
    assert rivers.read_bytes() == before


def test_who_keeps_it(tmp_path: Path) -> None:
    """A history by its name; one that nobody offers is refused with the nearest, and who named it."""
    assert isinstance(Seat(tmp_path).session.conversation, Conversation)
    assert isinstance(Seat(tmp_path, history="memory").session.conversation, Unsaved)
    assert isinstance(Seat(tmp_path, save=False).session.conversation, Unsaved)
    with pytest.raises(SettingsError, match="--history: no history is called 'markdow'; did you mean markdown\\?"):
        Seat(tmp_path, history="markdow")
    with pytest.raises(SettingsError, match="there is markdown, memory"):
        Seat(tmp_path, environment={"MINIAGENTS_HISTORY": "xyz"})
