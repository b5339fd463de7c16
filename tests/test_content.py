"""The parts of a message: what they take, that they never change, and that their JSON gives them back."""

import copy
import json
import pickle
import re
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from miniagents.content import (
    Audio,
    File,
    Image,
    Other,
    Part,
    Text,
    Thinking,
    Thought,
    ToolCall,
    ToolResult,
    described,
    part_from_json,
    part_to_json,
    parts_of,
    text_in,
)
from miniagents.errors import PendingPromiseError, UnsupportedPieceError, UsageError
from miniagents.messages import Message
from miniagents.miniagents import MiniAgents

HOSTILE = ["\x1b[31m", "\x00", "-->", "<!-- end {} -->", "\n<!-- msg {} -->\n", "```\n", "~~~", "\u202e", "\ud83d", '"']
WORDS = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=4), max_size=4).map("".join)
WORDS = WORDS.filter(lambda text: not re.search("[\ud800-\udbff][\udc00-\udfff]", text))  # JSON joins these
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda values: st.lists(values, max_size=2) | st.dictionaries(WORDS, values, max_size=2),
    max_leaves=4,
)
BLOCKS = st.dictionaries(WORDS, VALUES, max_size=2)
EXTRA = st.just({}) | st.dictionaries(st.sampled_from(["openai", "anthropic"]), BLOCKS)
MEDIA = [
    st.builds(kind, data=st.none() | st.binary(max_size=9), media_type=WORDS, extra=EXTRA)
    | st.builds(kind, url=WORDS, extra=EXTRA)
    for kind in (Image, Audio, File)
]
TEXTS = st.builds(Text, WORDS, extra=EXTRA)
THINKINGS = st.builds(Thinking, WORDS, signature=st.none() | WORDS, extra=EXTRA)
CALLS = st.builds(ToolCall, WORDS, name=WORDS, arguments=WORDS, extra=EXTRA)
RESULTS = st.builds(
    ToolResult,
    WORDS,
    name=WORDS,
    content=st.lists(st.one_of(TEXTS, *MEDIA), max_size=2),
    is_error=st.booleans(),
    extra=EXTRA,
)
PARTS = st.one_of(TEXTS, THINKINGS, *MEDIA, CALLS, RESULTS, st.builds(Other, WORDS, block=BLOCKS, extra=EXTRA))
EACH = [
    Text("a", extra={"anthropic": {"cache_control": {"type": "ephemeral"}}}),
    Thinking("hm", signature="s"),
    Image(b"\x89PNG", media_type="image/png"),
    Audio(url="https://example.org/a.mp3"),
    File(b"%PDF", media_type="application/pdf", name="a.pdf"),
    ToolCall("1", name="add", arguments='{"a": '),
    ToolResult("1", name="add", content=("3", Image(b"x")), is_error=True),
    Other("responses", block={"type": "web_search_call", "action": {"queries": ["a"]}}),
]


@given(PARTS)
def test_json_gives_it_back(part: Part) -> None:
    """Whatever a part holds, the text of its JSON makes the same part again."""
    again = part_from_json(json.loads(json.dumps(part_to_json(part))))
    assert again == part
    assert type(again) is type(part)


def test_json_says_no_more_than_it_must() -> None:
    """What has its default is not told; bytes are base64."""
    assert part_to_json(Thinking()) == {"kind": "thinking"}
    assert part_to_json(Image(b"\x00\xff")) == {"kind": "image", "data": "AP8="}
    assert part_to_json(ToolResult("1", name="f")) == {"kind": "tool_result", "call_id": "1", "name": "f"}
    assert part_to_json(EACH[6])["content"] == [{"kind": "text", "text": "3"}, {"kind": "image", "data": "eA=="}]


@pytest.mark.parametrize("part", EACH, ids=lambda part: part.kind)
def test_copies(part: Part) -> None:
    """A part can be pickled, copied and hashed, and a copy is equal."""
    assert pickle.loads(pickle.dumps(part)) == copy.deepcopy(part) == copy.copy(part) == replace(part) == part
    assert hash(copy.deepcopy(part)) == hash(part)
    message = Message(parts=(part, "b"))
    assert pickle.loads(pickle.dumps(message)) == copy.deepcopy(message) == message.model_copy() == message


@pytest.mark.parametrize("part", EACH, ids=lambda part: part.kind)
def test_nothing_in_it_changes(part: Part) -> None:
    """A part is frozen, and so is all that is in it."""
    with pytest.raises(FrozenInstanceError):
        part.extra = {}  # type: ignore[misc]  # that is what is refused
    nested = replace(part, extra={"openai": {"a": [{"b": 1}]}})
    for change in (
        lambda: nested.extra.update(x=1),  # type: ignore[attr-defined]  # it is a dict
        lambda: nested.extra["openai"].update(x=1),
        lambda: nested.extra["openai"]["a"].append(1),
        nested.extra["openai"]["a"][0].clear,
    ):
        with pytest.raises(TypeError, match="cannot be changed"):
            change()


def test_what_is_given_may_change_afterwards() -> None:
    """A part keeps what it was made of as that was."""
    block: dict[str, Any] = {"a": [1]}
    data, content = bytearray(b"x"), ["a"]
    other, image = Other("openai", block=block), Image(data)  # type: ignore[arg-type]  # people do
    result = ToolResult("1", name="f", content=content)
    block["a"].append(2)
    data.append(1)
    content.append("b")
    assert (other.block, image.data, result.content) == ({"a": [1]}, b"x", (Text("a"),))


class Point(BaseModel):
    """Something that JSON can be made of."""

    x: int


def test_what_apis_say_becomes_json() -> None:
    """Objects of an SDK become what they are in JSON, so that nobody can change them later."""
    assert Other("openai", block={"at": Point(x=1), "all": (1, 2)}).block == {"at": {"x": 1}, "all": [1, 2]}


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Text(3), "Text: text must be text, not int"),
        (lambda: Thinking("", signature=b"s"), "Thinking: signature must be text, not bytes"),
        (lambda: Image("a.png"), "Image: data must be bytes, not str"),
        (lambda: Image(b"", url="https://example.org"), "Image: give its data or a URL, not both"),
        (lambda: Audio(url=3), "Audio: url must be text, not int"),
        (lambda: File(name=None), "File: name must be text, not NoneType"),
        (lambda: ToolCall("1", name="f", arguments={}), "ToolCall: arguments must be text, not dict"),
        (lambda: ToolResult("1", name="f", is_error="no"), "ToolResult: is_error must be true or false, not str"),
        (lambda: Text("a", extra=["x"]), "Text: extra must be an object, not list"),
        (lambda: Other("openai", block="x"), "Other: block must be an object, not str"),
        (lambda: Other("openai", block={"x": object()}), "Other: block must be JSON; object has none"),
        (lambda: ToolResult("1", name="f", content=3), "int is no part of a message; give text or a Part"),
        (lambda: ToolResult("1", name="f", content=[None]), "NoneType is no part of a message; give text or a Part"),
    ],
)
def test_what_it_does_not_take(make: Any, why: str) -> None:
    """What is of a wrong kind is refused in one line that says which."""
    with pytest.raises(UsageError) as raised:
        make()
    assert str(raised.value) == why


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"kind": "poem"},
        {"kind": ["text"]},
        {"kind": "text"},
        {"kind": "text", "text": 3},
        {"kind": "text", "text": "a", "b\n\x1b": 1},
        {"kind": "image", "data": "no base64!"},
        {"kind": "tool_result", "call_id": "1", "name": "f", "content": [{"kind": "poem"}]},
        {"kind": "other", "api": "x", "block": 3},
    ],
)
def test_json_that_is_no_part(told: Any) -> None:
    """It is refused in one line that is safe to show."""
    with pytest.raises(UnsupportedPieceError, match="is no part of a message") as raised:
        part_from_json(told)
    assert str(raised.value).isprintable()


def test_json_that_is_too_deep() -> None:
    """A result in a result in a result is refused as well, before it breaks the reader."""
    told: dict[str, Any] = {"kind": "text", "text": "a"}
    for _ in range(5000):
        told = {"kind": "tool_result", "call_id": "1", "name": "f", "content": [told]}
    with pytest.raises(UnsupportedPieceError):
        part_from_json(told)


def test_strings_become_parts() -> None:
    """A string is a text, a thought is thinking, a dict is what it says."""
    assert parts_of("a") == parts_of(["a"]) == parts_of(Text("a")) == (Text("a"),)
    assert parts_of([Thought("hm"), {"kind": "image"}]) == (Thinking("hm"), Image())
    assert ToolResult("1", name="f", content="ab").content == (Text("ab"),)
    assert EACH[6].text == "3"  # type: ignore[attr-defined]  # it is a result
    assert text_in([Text("a"), Image(), Text("b")]) == "ab"


async def test_promise_inside_a_part() -> None:
    """A part is whole, so it takes no text that is still arriving."""
    async with MiniAgents():
        promise = Message.promise(endless())
        with pytest.raises(PendingPromiseError, match="a part needs its whole text"):
            Text(f"{promise}")
        with pytest.raises(PendingPromiseError):
            ToolResult("1", name="f", content=(f"{promise}",))
        promise.cancel()


async def endless() -> Any:
    """Give a token."""
    yield "a"


def test_files(tmp_path: Path) -> None:
    """What is read from a file has the type that its name tells; a `File` keeps the name."""
    for name in "a.png", "a.pdf", "a.strange":
        (tmp_path / name).write_bytes(b"x")
    assert Image.from_file(tmp_path / "a.png") == Image(b"x", media_type="image/png")
    assert File.from_file(str(tmp_path / "a.pdf")) == File(b"x", media_type="application/pdf", name="a.pdf")
    assert Audio.from_file(tmp_path / "a.strange").media_type == "application/octet-stream"
    with pytest.raises(FileNotFoundError):
        Image.from_file(tmp_path / "none.png")


def test_described() -> None:
    """People see a line for each part that is no text, and none of its bytes."""
    assert described([*EACH, Thinking(), Image(), ToolResult("2", name="see", content=(Image(b"x" * 2000),))]) == (
        "(hm)\n[image: image/png, 0.0 KB]\n[audio: https://example.org/a.mp3]\n[file: application/pdf, 0.0 KB]\n"
        '→ add {"a": \n← add failed: 3\n[other]\n(thoughts that the API keeps to itself)\n'
        "[image: kept by the API]\n← see: [image: kept by the API, 2.0 KB]"
    )
    assert "PNG" not in repr(EACH[2])
