"""The ways through a transcript: the conversation that leads to a message, and what stands in the file for it."""

import os
from itertools import product
from pathlib import Path

import pytest

from miniagents.errors import TranscriptError
from miniagents.ext.transcript import append_records, locked, read, read_records
from miniagents.ext.transcript_format import Record, written
from miniagents.ext.transcript_path import conversation, last_key
from miniagents.messages import Message

TIME = "2026-11-26T00:00:00Z"


def records_of(*keys_and_parents: str) -> list[Record]:
    """Return records, each written as its key, or as its key and its parent's with a `<` between them."""
    split = [[*text.split("<"), None][:2] for text in keys_and_parents]
    return [Record(key, Message(text=key), parent) for key, parent in split]


def path_of(*keys_and_parents: str, at: str | None = None) -> str:
    """Return the keys of a conversation in a row."""
    return "".join(record.key for record in conversation(records_of(*keys_and_parents), at))


def add(path: Path, key: str, parent: str | None = None, text: str = "x", role: str | None = None) -> None:
    """Write one message."""
    with locked(path) as transcript:
        append_records(transcript, written(Message(text=text, role=role), key, TIME), parent)


@pytest.mark.parametrize(
    ("records", "at", "path"),
    [
        ("", None, ""),
        ("a b c", None, "abc"),
        ("a b c", "b", "ab"),
        ("a b c", "", ""),
        ("a b c<a", None, "ac"),
        ("a b c<a d", None, "acd"),
        ("a b c<a d e<b", None, "abe"),
        ("a b c<a d e<b", "d", "acd"),
        ("a b c< d", None, "cd"),
        ("a b c<", "b", "ab"),
    ],
)
def test_conversation(records: str, at: str | None, path: str) -> None:
    """It goes from message to parent, which is the message before where none is named."""
    assert path_of(*records.split(), at=at) == path


@pytest.mark.parametrize("records", ["a b<x c", "a b<c c", "a b<b c", "b<c a<b c<"])
def test_parent_that_is_none(records: str) -> None:
    """One that is not there, or not before its message, counts as if it was not named."""
    assert path_of(*records.split(), at="c") == ("c" if records.endswith("<") else "abc")


def test_two_messages_with_one_key() -> None:
    """The nearer one before it is a message's parent, and the last one is where a conversation goes on."""
    assert path_of("a", "b", "a<", "c<b", "d<a") == "ad"
    assert path_of("a", "b", "a<", at="a") == "a"


def test_no_conversation_hangs() -> None:
    """Whatever stands for parents, each message is in a conversation once at most."""
    for parents in product(["", "a", "b", "c", "x"], repeat=3):
        path = path_of(*(f"{key}<{parent}" for key, parent in zip("abc", parents, strict=True)))
        assert len(set(path)) == len(path)


def test_message_that_is_not_there() -> None:
    """Nobody can go on from it, and is told so."""
    with pytest.raises(TranscriptError, match="there is no message x"):
        path_of("a", at="x")


def test_parent_is_written_where_it_is_needed(tmp_path: Path) -> None:
    """It is in the file only where it is not the message before; the order in the file stays that of writing."""
    path = tmp_path / "chat.md"
    for key, parent in ("a", ""), ("b", "a"), ("c", "a"), ("d", None), ("e", "d"), ('-->"', ""), ("f", '-->"'):
        add(path, key, parent, text=key)
    assert path.read_text().count('"parent"') == 2
    assert [record.key for record in read_records(path)] == ["a", "b", "c", "d", "e", '-->"', "f"]
    assert [record.parent for record in read_records(path)] == [None, None, "a", None, None, "", None]
    assert [message.text for message in read(path)] == ['-->"', "f"]
    assert [record.key for record in conversation(read_records(path), "e")] == ["a", "c", "d", "e"]
    assert {record.time for record in read_records(path)} == {TIME}


def test_message_without_a_key(tmp_path: Path) -> None:
    """It is known by its number in the file, so a conversation can go on from it too."""
    path = tmp_path / "chat.md"
    path.write_text("---\nminiagents: 1\n---\n\n<!-- msg {broken -->\na\n<!-- end {} -->\n<!-- msg {} -->\nb\n")
    add(path, "c", "#1")
    assert [record.key for record in read_records(path)] == ["#1", "#2", "c"]
    assert [record.key for record in conversation(read_records(path))] == ["#1", "c"]


@pytest.mark.parametrize("length", [0, 4000, 4096, 70_000])
def test_last_key(tmp_path: Path, length: int) -> None:
    """It is found however long the last message is, in the file's own lines only."""
    path = tmp_path / "chat.md"
    for key in "ab":
        add(path, key, text=f'\n<!-- msg {{"id":"c"}} -->\n{"é" * length}')
    with locked(path) as transcript:
        assert last_key(transcript) == "b"


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("", ""),
        ("---\nminiagents: 1\n---\n", ""),
        ('<!-- msg {"id":"a"} -->\r\n', "a"),
        ('<!-- msg {"id":', None),
        ('\n<!-- msg {"id":7} -->\n', None),
        ("\n<!-- msg [] -->\n", None),
    ],
)
def test_last_key_of_an_odd_file(tmp_path: Path, content: str, key: str | None) -> None:
    """What a person or a kill has left of a file makes nobody fail."""
    path = tmp_path / "chat.md"
    path.write_text(content, newline="")
    file = os.open(path, os.O_RDONLY)
    try:
        assert last_key(file) == key
    finally:
        os.close(file)
