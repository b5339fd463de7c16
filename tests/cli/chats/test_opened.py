"""Which conversation a command line is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from miniagents.cli.chats.conversation import Conversation, Unsaved
from miniagents.cli.chats.elsewhere import Elsewhere
from miniagents.cli.chats.opened import resumed, shelf_of
from miniagents.cli.wish import Wish
from miniagents.errors import SettingsError
from tests.cli.chats.notebook import Notebook, notebook_agent
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


async def test_a_history_that_lasts_elsewhere(tmp_path: Path) -> None:
    """A chat that a plugin keeps goes on, and branches, as one in a file does; `--no-save` leaves it as it is."""
    notebook = Notebook()
    known: dict[str, Any] = {"histories": {"notes": notebook_agent.fork(shelf=notebook)}, "history": "notes"}
    seat = Seat(tmp_path, **known)
    assert isinstance(seat.session.conversation, Elsewhere)
    await seat.say("rivers", "lakes", "/undo", "trees")
    assert seat.said == ["rivers"] * 2 + ["trees"] * 2
    assert len(notebook.pages) == 6
    assert Seat(tmp_path, wish=Wish(newest=True), **known).said == seat.said
    assert Seat(tmp_path, wish=Wish(resume="it", at="1"), **known).said == ["rivers"] * 2
    assert Seat(tmp_path, wish=Wish(resume="it", at="0"), **known).said == []
    unsaved = Seat(tmp_path, wish=Wish(newest=True), save=False, **known)
    await unsaved.say("more")
    assert unsaved.said == [*seat.said, "more", "more"]
    assert len(notebook.pages) == 6
    assert not (tmp_path / "chats").exists()
    with pytest.raises(SettingsError, match="no conversation is called so"):
        Seat(tmp_path, wish=Wish(resume="nothing"), **known)


async def test_a_chat_is_resumed_where_the_settings_keep_chats(tmp_path: Path) -> None:
    """In a file, where a plugin keeps them, or in memory where nothing is to be kept."""
    rivers, _ = await chats(tmp_path)
    for save, kind in ((True, Conversation), (False, Unsaved)):
        session = Seat(tmp_path, save=save).session
        conversation = resumed(session.settings, "rivers", session.plugins)
        assert isinstance(conversation, kind)
        assert conversation.messages() == Conversation(rivers).messages()
    notebook = Notebook()
    known: dict[str, Any] = {"histories": {"notes": notebook_agent.fork(shelf=notebook)}, "history": "notes"}
    seat = Seat(tmp_path, **known)
    await seat.say("one")
    conversation = resumed(seat.session.settings, "it", seat.session.plugins)
    assert conversation.kept_in == "notes as 0 1"
    assert shelf_of(seat.session.settings, seat.session.plugins) is notebook
    assert shelf_of(session.settings, session.plugins) is None


async def test_what_stands_behind_the_colon(tmp_path: Path) -> None:
    """It is for the history whose agent wants it; another one's is refused, with who said so."""
    notebook = Notebook()
    agent = notebook_agent.fork(shelf=notebook, argument="")
    seat = Seat(tmp_path, histories={"notes": agent}, history="notes:blue:book")
    assert notebook.argument == "blue:book"
    await seat.say("hi")
    assert seat.said == ["hi", "hi"]
    with pytest.raises(SettingsError, match="--history: memory takes nothing behind its name; leave out ':x'"):
        Seat(tmp_path, history="memory:x")
    with pytest.raises(SettingsError, match="no history is called 'note'; did you mean notes"):
        Seat(tmp_path, histories={"notes": agent}, history="note:x")
