"""Copies of conversations: in each form everything that was said is there."""

import json
from pathlib import Path

import pytest

from miniagents.cli.chats.conversation import Conversation, Unsaved
from miniagents.cli.chats.export import FORMATS, export, exported, told_in
from miniagents.content import Audio, Image, Text, ToolCall, ToolResult
from miniagents.errors import SettingsError, TranscriptError
from miniagents.ext.transcript import append, read
from miniagents.messages import Message
from tests.cli.chats.conftest import Chats


@pytest.fixture
def path(chat: Chats) -> Path:
    """Return a chat in which there is more than text."""
    path = chat("a", "Why <b>?", "Because\x1b.")
    picture = Image(data=b"\x89PNG", media_type="image/png")
    append(path, Message(parts=(Text("Look: é"), picture), role="user"))
    append(path, Message(parts=(ToolCall(id="1", name="look", arguments="{}"),), role="assistant"))
    append(path, Message(parts=(ToolResult("1", name="look", content=(Text("a cat"),)),), role="tool"))
    return path


def test_text(path: Path) -> None:
    """Plain text says who said what."""
    assert exported(told_in(path), "text") == (
        "you:\nWhy <b>?\n\nsim:\nBecause\x1b.\n\nyou:\nLook: é\n[image: image/png, 0.0 KB]\n\n"
        "assistant:\n→ look {}\n\ntool:\n← look: a cat\n"
    )


def test_who_is_named(chat: Chats) -> None:
    """Plain text names an agent and its model, as the transcript does."""
    path = chat("b", "Why?")
    append(path, Message(text="So.", role="assistant", metadata={"agent": "bard", "model": "sim", "status": "cut"}))
    assert exported(told_in(path), "text") == "you:\nWhy?\n\nbard · sim (cut):\nSo.\n"


def test_markdown(path: Path) -> None:
    """Markdown is the transcript, byte for byte."""
    assert exported(told_in(path), "md") == path.read_text()


def test_json(path: Path) -> None:
    """JSON has every message with all that is known of it."""
    value = json.loads(exported(told_in(path), "json"))
    assert (value["id"], value["title"], len(value["messages"])) == ("a", "Why <b>?", 5)
    assert value["messages"][1]["text"] == "Because\x1b."
    assert value["messages"][1]["metadata"] == {"model": "sim"}
    assert value["messages"][2]["parts"][1] == {"kind": "image", "data": "iVBORw==", "media_type": "image/png"}
    assert value["messages"][0]["time"].endswith("Z")


def test_jsonl(path: Path) -> None:
    """JSONL has on each line a message as OpenAI's API takes it."""
    turns = [json.loads(line) for line in exported(told_in(path), "jsonl").splitlines()]
    assert turns[:2] == [{"role": "user", "content": "Why <b>?"}, {"role": "assistant", "content": "Because\x1b."}]
    assert turns[2]["content"][1]["image_url"]["url"] == "data:image/png;base64,iVBORw=="
    assert turns[3]["tool_calls"][0]["function"] == {"name": "look", "arguments": "{}"}
    assert (turns[4]["role"], turns[4]["content"]) == ("tool", "a cat")


def test_jsonl_of_what_the_api_does_not_take(chat: Chats) -> None:
    """It is told of in words."""
    path = chat("a", "Listen")
    append(path, Message(parts=(Text("to"), Audio(data=b"x", media_type="audio/odd")), role="user"))
    turns = [json.loads(line) for line in exported(told_in(path), "jsonl").splitlines()]
    assert turns[1] == {"role": "user", "content": "to\n[audio: audio/odd, 0.0 KB]"}


def test_html(path: Path) -> None:
    """HTML has what was said as text."""
    html = exported(told_in(path), "html")
    assert "<p>Why &lt;b&gt;?</p>" in html
    assert "Because␛." in html


def test_form_that_is_none(path: Path) -> None:
    """The error names those that there are."""
    with pytest.raises(SettingsError, match="there is html, json, jsonl, text, md"):
        exported(told_in(path), "pdf")


@pytest.mark.parametrize("suffix", [".md", ".html", ".HTM", ".json", ".jsonl", ".txt"])
def test_export(path: Path, tmp_path: Path, suffix: str) -> None:
    """The name of a file says the form; saved or not, the conversation gets into it, for its owner only."""
    conversation = Conversation(path)
    for number, each in enumerate([conversation, Unsaved(tuple(conversation.messages()))]):
        file = export(each, tmp_path / f"{number}{suffix}")
        assert "Look: é" in file.read_text()
        assert file.stat().st_mode & 0o777 == 0o600


def test_export_of_a_part(path: Path, tmp_path: Path) -> None:
    """Other forms than Markdown have the conversation as it stands; Markdown has all of the transcript."""
    conversation = Conversation(path)
    conversation.go_back(1)
    assert "Because" not in export(conversation, tmp_path / "a.txt").read_text()
    assert export(conversation, tmp_path / "a.md").read_bytes() == path.read_bytes()


def test_unsaved_as_markdown(tmp_path: Path) -> None:
    """It is a transcript that a chat can go on with."""
    said = (Message(text="Hi", role="user"), Message(text="Ho", role="assistant"))
    assert read(export(Unsaved(said), tmp_path / "a.md")) == said


def test_export_that_fails(path: Path, tmp_path: Path) -> None:
    """A name without a form and a place that cannot be written are errors that say what to do."""
    with pytest.raises(SettingsError, match=r"say the form of the copy by the end of its name: \.md"):
        export(Conversation(path), tmp_path / "copy")
    with pytest.raises(TranscriptError, match="name another file"):
        export(Conversation(path), path / "copy.md")


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_said(tmp_path: Path, form: str) -> None:
    """A chat in which nothing was said can be copied too."""
    (tmp_path / "a.md").write_text("---\nminiagents: 1\n---\n")
    exported(told_in(tmp_path / "a.md"), form)
