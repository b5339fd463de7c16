"""Titles in transcripts: read, given and taken away, and nothing else is touched."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import miniagents
from miniagents.errors import TranscriptError
from miniagents.ext.transcript import append, read, read_records
from miniagents.ext.transcript_title import retitle, title_in
from miniagents.messages import Message
from miniagents.safe_text import safe

HI = Message(text="---\ntitle: no\n---\nHi", role="user")
ROOT = str(Path(miniagents.__file__).parents[1])


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    """Return a transcript with one message."""
    path = tmp_path / "chat.md"
    append(path, HI)
    return path


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("", ""),
        ("title: x\n", ""),
        ("---\nminiagents: 1\n---\ntitle: no\n", ""),
        ("---\ntitle: A  plain one \nminiagents: 1\n---\n", "A plain one"),
        ('\ufeff---\r\nminiagents: 1\r\ntitle: "a \\"b\\"\\u0041"\r\n---\r\n', 'a "b"A'),
        ('---\ntitle: "open\n---\n', '"open'),
        ("---\ntitle: x\n", ""),
        ("---\ntitle:\n---\n", ""),
    ],
)
def test_title_in(text: str, title: str) -> None:
    """It is a line of the first lines, as we or a person wrote it."""
    assert title_in(text) == title


@pytest.mark.parametrize(
    "title", ["Plain", 'a "b" \\ c', "é\x1b[31m\u202e", "\x9b", "a: b # c", "---", "\ud800", "x" * 500]
)
def test_retitle(chat: Path, title: str) -> None:
    """Any title is read back as it was given, and safe to `cat`; the messages, the mode and the other lines stay."""
    chat.chmod(0o640)
    before = chat.read_text()
    retitle(chat, "one")
    retitle(chat, title)
    text = chat.read_text()
    assert title_in(text) == title
    assert safe(text) == text
    assert read(chat) == (HI,)
    assert text.count("title:") == 2
    assert chat.stat().st_mode & 0o777 == 0o640
    retitle(chat, "  ")
    assert chat.read_text() == before
    assert [*chat.parent.iterdir()] == [chat]


def test_retitle_what_a_person_made(tmp_path: Path) -> None:
    """A transcript without first lines, or without anything, gets some."""
    path = tmp_path / "chat.md"
    path.write_text('<!-- msg {"id":"a","role":"user"} -->\nHi\n<!-- end {} -->\n')
    retitle(path, "one")
    assert title_in(path.read_text()) == "one"
    assert [record.key for record in read_records(path)] == ["a"]
    path.write_text("")
    retitle(path, "two")
    append(path, HI)
    assert title_in(path.read_text()) == "two"
    assert read(path) == (HI,)


def test_retitle_what_cannot_be(tmp_path: Path) -> None:
    """A file that is not UTF-8 stays as it is."""
    path = tmp_path / "chat.md"
    path.write_bytes(b"\xff\nHi")
    with pytest.raises(TranscriptError, match=r"chat\.md:1: is not UTF-8"):
        retitle(path, "one")
    assert path.read_bytes() == b"\xff\nHi"


@pytest.mark.real_time
def test_others_write_meanwhile(chat: Path) -> None:
    """However often the file is replaced, no message that others add to it is lost."""
    program = """
import sys
from miniagents.ext.transcript import append
from miniagents.ext.transcript_title import retitle
from miniagents.messages import Message

path, me = sys.argv[1:]
for number in range(50):
    if me == "t":
        retitle(path, f"title {number}")
    else:
        append(path, Message(text=f"{me}{number}"))
"""
    environment = {**os.environ, "PYTHONPATH": ROOT}
    arguments = [sys.executable, "-c", program, str(chat)]
    programs = [subprocess.Popen([*arguments, name], env=environment) for name in "abt"]
    assert [each.wait() for each in programs] == [0] * 3
    texts = [message.text for message in read(chat)]
    for name in "ab":
        assert [text for text in texts if text[0] == name] == [f"{name}{number}" for number in range(50)]
    assert title_in(chat.read_text()) == "title 49"
    assert len(texts) == 101
