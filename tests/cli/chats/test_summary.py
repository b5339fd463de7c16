"""What is told of a chat: its titles, its turns, its model, and everything that was said in it."""

from pathlib import Path

from miniagents.cli.chats.summary import summary_of
from miniagents.ext.transcript import append_records, locked
from miniagents.ext.transcript_format import written
from miniagents.messages import Message
from tests.cli.chats.conftest import Chats


def test_chat(chat: Chats) -> None:
    """A chat is told in short, and none of its words is left out."""
    summary = summary_of(chat("a", "Why?", "Because.", "Really?", "Yes\x1b.", title="Why \x1b"))
    assert summary is not None
    assert summary == ("Why ␛", "Why?", 2, "sim", "Why?\nBecause.\nReally?\nYes␛.")


def test_what_was_taken_back(chat: Chats) -> None:
    """It can still be found, and is counted no more."""
    path = chat("a", "Why?", "Because.", "Oops")
    with locked(path) as transcript:
        append_records(transcript, written(Message(text="Hm?", role="user"), "k", "t"), "")
    summary = summary_of(path)
    assert summary is not None
    assert (summary.derived, summary.turns, summary.model) == ("Hm?", 1, "")
    assert summary.text.split() == ["Why?", "Because.", "Oops", "Hm?"]


def test_what_is_no_chat(tmp_path: Path) -> None:
    """A file of another kind, one that is not text, and one that is gone again have no summary."""
    for name, content in ("readme.md", b"# Hi\n"), ("binary.md", b"\xff"):
        (tmp_path / name).write_bytes(content)
        assert summary_of(tmp_path / name) is None
    assert summary_of(tmp_path / "gone.md") is None
