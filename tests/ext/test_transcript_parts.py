"""Messages of more than text in a transcript: nothing is lost, people can read it, and nothing breaks out."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniagents.content import Image, Other, Part, Text, Thinking, ToolCall, ToolResult
from miniagents.ext.transcript_format import front_matter, parse, partial, written
from miniagents.ext.transcript_parts import content_of, shown
from miniagents.messages import Message
from tests.ext.test_transcript_format import VALUES, Vote, read_back, transcript_of
from tests.test_content import PARTS

CALL = ToolCall("c1", name="weather", arguments='{"city": "Oslo"}')
IMAGE = Image(b"x" * 1500, media_type="image/png")
RICH = st.builds(
    Message,
    parts=st.lists(PARTS, max_size=4),
    role=st.none() | st.sampled_from(["user", "assistant", "tool"]),
    metadata=st.dictionaries(
        st.sampled_from(["agent", "parts", "$parts", "$data", "data", "$text"]), VALUES, max_size=3
    ),
    data=VALUES,
)


@given(st.lists(RICH, max_size=3))
def test_what_is_written_is_read(messages: list[Message]) -> None:
    """Parts come back as they were, whatever they hold, with all else of the message."""
    for read, message in zip(read_back(*messages), messages, strict=True):
        assert (read.parts, read.text, read.data) == (message.parts, message.text, message.data)
        assert (read.role, read.metadata, read.content_hash) == (message.role, message.metadata, message.content_hash)


@given(st.lists(RICH, min_size=1, max_size=3))
def test_nothing_in_it_breaks_out(messages: list[Message]) -> None:
    """It is safe to cat, and no part can be taken for the format: there are as many lines of it as messages."""
    text = transcript_of(*messages)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    for kind in "msg", "end":
        lines = re.findall(rf"^<!-- {kind} .*", text, re.MULTILINE)
        assert len(lines) == len(messages)
        assert all(line.endswith(" -->") and line.count("--") == 2 for line in lines)


@given(RICH, st.data())
def test_any_beginning_can_be_read(message: Message, data: st.DataObject) -> None:
    """However it is cut off, it is read, and what stood before it is whole."""
    before = transcript_of(Message(parts=[CALL]))
    record = written(message, "k", "now")
    cut = data.draw(st.integers(0, len(record)))
    assert parse(before + record[:cut])[0].message.parts == (CALL,)


def test_how_it_looks() -> None:
    """Where there are no words, a reader sees what there is instead; where there are, the heading says what else is."""
    text = transcript_of(
        Message(parts=["What is this?", IMAGE], role="user"),
        Message(parts=[Thinking("I look.\x1b[0m"), CALL], role="assistant"),
        Message(parts=[ToolResult("c1", name="weather", content=("Rain\n<!-- end {} -->",))], role="tool"),
    )
    headings = re.findall("^## .*", text, re.MULTILINE)
    assert headings == [
        "## you · [image: image/png, 1.5 KB]",
        "## assistant",
        "## tool",
    ]
    assert re.findall(r"## [^\n]+\n\n(.*?)\n<!-- end \{", text, re.DOTALL) == [
        "What is this?",
        '(I look.␛[0m)\n→ weather {"city": "Oslo"}',
        "← weather: Rain\n\\<!-- end {} -->",
    ]


def test_fence_in_a_result() -> None:
    """A result that opens a code fence does not swallow what comes behind it."""
    messages = [Message(parts=[ToolResult("1", name="f", content=("\n```py\nx",))]), Message(text="a")]
    assert "\n```py\nx\n```\n<!-- end " in transcript_of(*messages)
    assert read_back(*messages) == messages


def test_body_that_was_edited() -> None:
    """What a person wrote into the body is the text, in the place of the first one; what is no text stays."""
    message = Message(parts=[Thinking("hm"), "On", CALL, "ce"])
    [record] = parse(transcript_of(message).replace("\nOnce\n", "\nTwice\n"))
    assert record.message == Message(parts=[Thinking("hm"), "Twice", CALL])
    [record] = parse(transcript_of(Message(parts=[CALL])).replace("\n→ weather", "\nNo:"))
    assert record.message == Message(parts=['No: {"city": "Oslo"}', CALL])
    [record] = parse(transcript_of(message).replace("\nOnce\n", "\n\n"))
    assert record.message.text == ""
    assert record.message.parts == (Thinking("hm"), Text(""), CALL)


@pytest.mark.parametrize(
    ("told", "parts"),
    [
        ("no list", ()),
        (None, ()),
        ([], ()),
        ([3, None, "a"], ()),
        ([{"kind": "poem"}, {"kind": "image", "data": "?"}, {"kind": "thinking", "text": "hm"}], (Thinking("hm"),)),
        ([{"kind": "text"}], ()),
    ],
)
def test_parts_that_are_broken(told: Any, parts: tuple[Part, ...]) -> None:
    """What can be no part is left out, and the text stays."""
    line = f'<!-- end {{"$parts":{json.dumps(told)}}} -->'
    [record] = parse(f"{front_matter('now')}\n<!-- msg {{}} -->\n## message\n\nHi\n{line}\n")
    assert record.message == (Message(text="Hi", parts=parts) if parts else Message(text="Hi"))


def test_parts_that_are_too_deep() -> None:
    """Even a part that nests without end does not keep the transcript from being read."""
    told: dict[str, Any] = {"kind": "text", "text": "a"}
    for _ in range(300):
        told = {"kind": "tool_result", "call_id": "1", "name": "f", "content": [told]}
    line = f'<!-- end {{"$parts":{json.dumps([told])}}} -->'
    [record] = parse(f"{front_matter('now')}\n<!-- msg {{}} -->\n## message\n\nHi\n{line}\n")
    assert record.message.text == "Hi"


def test_plain_messages_are_written_as_ever() -> None:
    """A message that is text and nothing else has nothing new in it."""
    assert written(Message(text="Hi"), "k", "now").endswith("\n## message\n\nHi\n<!-- end {} -->\n")


def test_message_of_another_class() -> None:
    """A message with fields of its own has its parts too, also where its class is not known."""
    vote = Vote(parts=["I vote.", IMAGE], choice="yes")
    assert read_back(vote, message_classes={"Vote": Vote}) == [vote]
    [plain] = read_back(vote)
    assert (type(plain), plain.parts, plain.metadata["class"]) == (Message, vote.parts, "Vote")


def test_message_that_broke() -> None:
    """What there is of a message that broke has the parts that came."""
    message = partial({"role": "assistant"}, "a", (Text("a"), CALL), status="cut")
    assert message == Message(parts=["a", CALL], role="assistant")
    assert message.metadata == {"status": "cut"}


def test_shown_and_content() -> None:
    """The body stands for the parts, and the parts for the body."""
    told = [{"kind": "text", "text": "a"}, {"kind": "other", "api": "x", "block": {}}]
    assert shown(told) == "[other]"
    assert content_of(told, "a") == {"text": "a", "parts": (Text("a"), Other("x", block={}))}
    assert content_of(told, "b")["parts"] == (Text("b"), Other("x", block={}))
