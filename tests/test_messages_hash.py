"""The content hash: equal content, equal hash, everywhere and for ever."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

import miniagents
from miniagents.messages import ErrorMessage, Message


class Note(Message):
    """A message with containers."""

    title: str = "untitled"
    tags: list[str] = Field(default_factory=list)
    seen: set[str] = Field(default_factory=set)
    scores: dict[str, float] = Field(default_factory=dict)


class Reply(Message):
    """A message about another one."""

    to: Message | None = None
    others: list[Message] = Field(default_factory=list)


class Quote(BaseModel):
    """A value with a message in it."""

    said: Message

    @cached_property
    def length(self) -> int:
        """Return something that is only computed when it is asked for."""
        return len(self.said.text)


@dataclass
class Source:
    """Another kind of value with a message in it."""

    said: Message


class Quoting(Message):
    """A message whose messages lie inside other values."""

    quote: Quote | None = None
    source: Source | None = None


class Sized(Message):
    """A message with a field that is made from another."""

    size: int = Field(default_factory=lambda data: len(data["text"]))


class Raw(Message):
    """A message with bytes."""

    data: bytes = b""


class Open(Message):
    """A message that takes any field."""

    model_config = ConfigDict(extra="allow")


def independent_hash(kind: str, **fields: Any) -> str:
    """Compute the hash from its description, with nothing but the standard library."""
    content = {"version": 1, "class": kind, "fields": fields}
    written = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()


HELLO = Message(text="Hello")
HELLO_HASH = "d75abd00a0e3c0cd69e42b29c052771bd84fb0678fb8467ed97c2a6e0d2e8a21"
CASES: dict[str, tuple[Message, str, dict[str, Any]]] = {
    "806d4634ec469bac12c623a06a24c8c70aa1de76d0977eb3c54602da203408f5": (Message(), "Message", {}),
    HELLO_HASH: (HELLO, "Message", {"text": "Hello"}),
    "6aa4065e22a8f1f6fadb3a4207276e0e7957c6cf1a1d2827798845fdebc04e14": (
        Message(text="Hello", role="user", metadata={"model": "any"}),
        "Message",
        {"text": "Hello", "role": "user"},
    ),
    "5e161b246e4169072e6dac009522f30a6ffcc24ab342d7019fa9c74032c181a5": (
        Message(text="é😀\n\u2028"),
        "Message",
        {"text": "é😀\n\u2028"},
    ),
    "1ce48bf320f897ef13b803f637f965b35f87d204178249d883c1a9637438ff6f": (
        Message(text="\ud83d"),
        "Message",
        {"text": "\ud83d"},
    ),
    "5476289d25612b3fb0d8e7b720e2d8a31bebedf6173106632c322f7e9add1c09": (
        ErrorMessage(text="E: x", error="E"),
        "ErrorMessage",
        {"text": "E: x", "error": "E"},
    ),
    "0334c98d9d4750b625f18f6c662b5a337e6d93b1e8a7c2847a0163c6dafc9c93": (
        Note(text="a", title="b", tags=["d", "c"], seen={"z", "y", "x"}, scores={"n": 1.5, "m": 2}),
        "Note",
        {
            "text": "a",
            "title": "b",
            "tags": ["d", "c"],
            "seen": {"$set": ["x", "y", "z"]},
            "scores": {"n": 1.5, "m": 2.0},
        },
    ),
    "e4cc7d5bba3deeede4b54d354b2f0a9174f3419bebd30d3274241df2003b1900": (
        Reply(text="a", to=HELLO, others=[HELLO, Reply(to=HELLO)]),
        "Reply",
        {
            "text": "a",
            "to": {"$message": HELLO_HASH},
            "others": [
                {"$message": HELLO_HASH},
                {"$message": independent_hash("Reply", to={"$message": HELLO_HASH})},
            ],
        },
    ),
    "cdcd7d1f01e64ca282151355cb48ea70601dc3440e0a44b84d0e80f3191a9c0d": (
        Open(text="a", x={"$message": "b", "$set": []}),
        "Open",
        {"text": "a", "x": {"$$message": "b", "$$set": []}},
    ),
}


@pytest.mark.parametrize("golden", CASES, ids=lambda golden: repr(CASES[golden][0])[:40])
def test_golden_values(golden: str) -> None:
    """These hashes must never change: transcripts and caches of other versions hold them."""
    message, kind, fields = CASES[golden]
    assert message.content_hash == golden
    assert independent_hash(kind, **fields) == golden


def test_metadata_is_no_content() -> None:
    """Metadata changes no hash, neither a message's own nor that of a message around it, wherever it lies inside."""
    noted = Message(text="Hello", metadata={"model": "any", "usage": {"in": 5}})
    assert noted.content_hash == HELLO_HASH
    assert Reply(to=noted).content_hash == Reply(to=HELLO).content_hash
    assert Reply(others=[noted]).content_hash == Reply(others=[HELLO]).content_hash
    assert Open(deep={"a": [noted]}).content_hash == Open(deep={"a": [HELLO]}).content_hash
    assert Quoting(quote=Quote(said=noted)).content_hash == Quoting(quote=Quote(said=HELLO)).content_hash
    assert Quoting(source=Source(said=noted)).content_hash == Quoting(source=Source(said=HELLO)).content_hash


def test_looking_at_a_message_changes_nothing() -> None:
    """What is computed from the content when it is asked for is no part of it, before and after."""
    one, other = Quoting(quote=Quote(said=HELLO)), Quoting(quote=Quote(said=HELLO))
    assert other.quote is not None
    assert other.quote.length == 5
    assert one.content_hash == other.content_hash


def test_every_part_of_the_content_counts() -> None:
    """No two of these, each different in one part only, have the same hash."""
    messages = [
        Message(text="Hello"),
        Message(text="hello"),
        Message(text="Hello "),
        Message(text="Hello", role="user"),
        Message(text="Hello", role=""),
        ErrorMessage(text="Hello"),
        Note(text="Hello"),
        Note(text="Hello", title=""),
        Note(text="Hello", tags=["a", "b"]),
        Note(text="Hello", tags=["b", "a"]),
        Note(text="Hello", seen={"a", "b"}),
        Reply(text="Hello"),
        Reply(text="Hello", to=Message()),
        Reply(text="Hello", to=HELLO),
        Reply(text="Hello", others=[HELLO]),
        Reply(text="Hello", to=Reply(text="Hello")),
        Raw(text="Hello", data=b"\xff"),
        Raw(text="Hello", data=b"\xfe"),
    ]
    assert len({message.content_hash for message in messages}) == len(messages)


def test_a_default_that_is_given_is_a_default() -> None:
    """It makes no difference whether a field was given its default or nothing at all."""
    explicit = Note(text="a", role=None, title="untitled", tags=[], seen=set(), scores={})
    assert explicit.content_hash == Note(text="a").content_hash
    assert explicit.content_hash == independent_hash("Note", text="a")


def test_a_default_that_depends_on_other_fields() -> None:
    """A field whose default is made from others takes part like any other."""
    assert Sized(text="abc").content_hash == Sized(text="abc").content_hash
    assert Sized(text="abc").content_hash != Sized(text="abc", size=5).content_hash


def test_nested_messages_are_a_merkle_tree() -> None:
    """A change at the bottom changes every hash above it and none beside it."""

    def tree(bottom: str) -> Reply:
        left = Reply(text="left", to=Reply(text="inner", to=Message(text=bottom)))
        return Reply(text="top", others=[left, Reply(text="right", to=HELLO)])

    one, same, other = tree("a"), tree("a"), tree("b")
    assert one.content_hash == same.content_hash != other.content_hash
    assert one.others[0].content_hash != other.others[0].content_hash
    assert one.others[1].content_hash == other.others[1].content_hash


def test_a_long_thread_of_replies_has_a_hash() -> None:
    """A message whose chain of replies goes back three thousand messages has a hash like any other."""
    last: Message = HELLO
    for number in range(3_000):
        last = Reply(text=str(number), to=last)
    try:
        assert len(last.content_hash) == 64
    except RecursionError:  # pytest cannot show a thousand frames of it
        pytest.fail("the hash of a long thread needs a high stack", pytrace=False)


PROGRAM = """
from miniagents.messages import Message
class Note(Message):
    seen: set[str] = set()
    scores: dict[str, int] = {}
words = {f"word {number}" for number in range(100)}
print(Note(text="é", seen=words, scores={word: len(word) for word in words}).content_hash)
"""


@pytest.mark.real_time
def test_equal_in_every_process() -> None:
    """Processes whose sets and dicts have another order compute the same hash."""
    folder = Path(miniagents.__file__).parent.parent
    hashes = set()
    for seed in ("0", "1", "4711"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(folder)}
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
        )
        hashes.add(run.stdout)
    assert hashes == {"a6c4aaa2867f2847be5157d2c86ff2f84d43a9084d1bce7707d7fd2e35086681\n"}
