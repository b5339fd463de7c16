"""The conversation that goes on: back and forth, under a name, in a file or without one."""

from pathlib import Path
from typing import Any

import pytest

from miniagents.cli.chats.conversation import Conversation, Unsaved, new_transcript_in, nothing_left
from miniagents.errors import TranscriptError, UsageError
from miniagents.ext.transcript import append, read, read_records
from miniagents.messages import Message
from miniagents.miniagents import MiniAgents
from miniagents.utils import adialog_loop
from tests.cli.chats.conftest import Chats
from tests.ext.test_history_agents import arriving, listening, user_says


async def dialog(conversation: Conversation | Unsaved, *texts: str) -> list[list[str]]:
    """Say these things, which are answered one by one; return what was sent to the assistant."""
    heard: list[list[str]] = []
    replies: list[Any] = [lambda text=text: arriving(text.upper()) for text in texts]
    async with MiniAgents():
        await adialog_loop(user_says(*texts), listening(heard, *replies), conversation.history_agent())
    return heard


def texts(conversation: Conversation | Unsaved) -> list[str]:
    """Return what was said."""
    return [message.text for message in conversation.messages()]


def files_in(folder: Path) -> list[Path]:
    """Return what is in a folder, which need not be there."""
    return [*folder.glob("*")]


@pytest.fixture(params=["in a file", "unsaved"])
def conversation(request: pytest.FixtureRequest, folder: Path) -> Conversation | Unsaved:
    """Return a new conversation of each kind in turn."""
    return Conversation(lambda: new_transcript_in(folder)) if request.param == "in a file" else Unsaved()


async def test_dialogs(conversation: Conversation | Unsaved) -> None:
    """A second dialog goes on where the first ended, and after going back from there."""
    assert await dialog(conversation, "a", "b") == [["a"], ["a", "A", "b"]]
    assert await dialog(conversation, "c") == [["a", "A", "b", "B", "c"]]
    conversation.go_back(2)
    assert texts(conversation) == ["a", "A"]
    assert await dialog(conversation, "d") == [["a", "A", "d"]]
    assert texts(conversation) == ["a", "A", "d", "D"]
    conversation.go_back(0)
    assert texts(conversation) == []
    assert await dialog(conversation, "e") == [["e"]]
    assert texts(conversation) == ["e", "E"]


@pytest.mark.parametrize("content", [None, "", "something"])
def test_what_failed_leaves_no_empty_transcript(folder: Path, content: str | None) -> None:
    """A transcript that was made, and into which nothing got, is gone when what it was made for fails; not else."""
    path = new_transcript_in(folder)
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    with nothing_left(path):
        pass
    assert path.exists() == (content is not None)
    for each in path, None:
        with pytest.raises(KeyError), nothing_left(each):
            raise KeyError
    assert path.exists() == bool(content)


async def test_title(conversation: Conversation | Unsaved) -> None:
    """It is what was said first, until a person gives another one."""
    assert conversation.title == ""
    await dialog(conversation, "why?")
    assert conversation.title == "why?"
    conversation.rename("Reasons")
    assert conversation.title == "Reasons"
    assert texts(conversation) == ["why?", "WHY?"]
    conversation.rename("")
    assert conversation.title == "why?"


async def test_going_back_too_far(conversation: Conversation | Unsaved) -> None:
    """There is nothing to keep that was not said."""
    await dialog(conversation, "a")
    for keep in -1, 3:
        with pytest.raises(UsageError, match="2 messages were said"):
            conversation.go_back(keep)
    assert texts(conversation) == ["a", "A"]


async def test_file_is_made_when_something_is_said(folder: Path) -> None:
    """Until then there is none, or an empty one; a title that was given before gets into it with what is said."""
    conversation = Conversation(lambda: new_transcript_in(folder))
    conversation.rename("Reasons")
    assert (conversation.path, conversation.title, conversation.messages()) == (None, "Reasons", [])
    await dialog(conversation)
    assert files_in(folder) == []
    assert conversation.make().stat().st_size == 0
    assert conversation.title == "Reasons"
    await dialog(conversation, "a")
    assert conversation.path is not None
    assert files_in(folder) == [conversation.path]
    assert [message.text for message in read(conversation.path)] == ["a", "A"]
    assert Conversation(conversation.path).title == "Reasons"


async def test_nothing_said_is_lost(chat: Chats) -> None:
    """After going back the transcript still holds everything, and whoever opens it goes on from the last words."""
    path = chat("a", "one", "two", "three", "four")
    conversation = Conversation(path)
    conversation.go_back(2)
    await dialog(conversation, "five")
    assert [record.message.text for record in read_records(path)] == ["one", "two", "three", "four", "five", "FIVE"]
    assert texts(Conversation(path)) == ["one", "two", "five", "FIVE"]


async def test_two_windows(chat: Chats) -> None:
    """Each goes on from its own words, from the moment it was opened."""
    path = chat("a", "one", "two")
    windows = [Conversation(path), Conversation(path)]
    for number, window in enumerate(windows):
        assert await dialog(window, f"w{number}") == [["one", "two", f"w{number}"]]
    assert texts(windows[0]) == ["one", "two", "w0", "W0"]
    assert await dialog(windows[0], "x") == [["one", "two", "w0", "W0", "x"]]
    assert len(read_records(path)) == 8


def test_branch(chat: Chats) -> None:
    """A conversation can be taken up at an earlier message."""
    path = chat("a", "one", "two", "three")
    key = read_records(path)[0].key
    assert texts(Conversation(path, at=key)) == ["one"]
    with pytest.raises(TranscriptError, match="there is no message nowhere"):
        Conversation(path, at="nowhere")


async def test_person_edits_it_meanwhile(chat: Chats) -> None:
    """What they change is read; where they take the last words away, it goes on where the file ends."""
    path = chat("a", "one", "two")
    conversation = Conversation(path)
    path.write_text(path.read_text().replace("two", "2"))
    assert texts(conversation) == ["one", "2"]
    path.unlink()
    assert texts(conversation) == []
    append(path, Message(text="new", role="user"))
    assert texts(conversation) == ["new"]
    assert await dialog(conversation, "x") == [["new", "x"]]


def test_killed_program(chat: Chats) -> None:
    """What it had received is there when the chat is opened."""
    path = chat("a", "one")
    part = path.parent / ".inflight" / "a.md.0123456789abcdef.part"
    part.parent.mkdir()
    part.write_text('{"key":"0123456789abcdef","time":"?","known":{"role":"assistant"}}\n"tw"\n"o"\n')
    assert texts(Conversation(path)) == ["one", "two"]


def test_no_titles(chat: Chats) -> None:
    """Where titles are off, only a given one counts."""
    conversation = Conversation(chat("a", "one"), titles=False)
    assert conversation.title == ""
    conversation.rename("two")
    assert conversation.title == "two"


def test_transcript_that_cannot_be_read(tmp_path: Path) -> None:
    """It is refused before anything is said."""
    (tmp_path / "a.md").write_text("# Shopping\n")
    with pytest.raises(TranscriptError, match="is no transcript"):
        Conversation(tmp_path / "a.md")
    with pytest.raises(TranscriptError, match="No such file"):
        Conversation(tmp_path / "b.md")


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """The error names the folder and the options that help."""
    (tmp_path / "file").write_text("")
    with pytest.raises(TranscriptError, match=r"file: .*; name another folder \(--chats-dir\), or .* \(--no-save\)"):
        new_transcript_in(tmp_path / "file")
