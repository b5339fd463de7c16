"""The Markdown of a conversation: whatever messages hold, they are read back as they were, and look well."""

import math
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from miniagents.errors import TranscriptError
from miniagents.ext.transcript_format import front_matter, parse, partial, written
from miniagents.messages import ErrorMessage, Message

TIME = "2026-11-22T18:30:05Z"

OURS = ["<!-- msg ", "<!-- end ", "<!-- end {} -->", "-->", "\\", "## you", "---", '"$text"', "$", "miniagents: 1"]
MARKDOWN = ["\n", "\r", "\r\n", "\t", " ", "```", "~~~~", "```py", "- ", "> "]
UNSAFE = ["\x00", "\x0c", "\x1b[31m", "\x7f", "\x85", "\x9b", "\u2028", "\u202e", "\ufeff", "\ud83d", "\ude00"]
NASTY = st.sampled_from([*OURS, *MARKDOWN, *UNSAFE])
TEXTS = st.lists(NASTY | st.text(st.characters(), max_size=5), max_size=12).map("".join)
JSON_TEXTS = TEXTS.filter(lambda text: not re.search("[\ud800-\udbff][\udc00-\udfff]", text))  # JSON joins these
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | JSON_TEXTS,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(JSON_TEXTS, values, max_size=3),
    max_leaves=6,
)
NAMES = JSON_TEXTS | st.sampled_from(["agent", "model", "status", "class", "$text", "$fence", "$fields", "$$text"])
MESSAGES = st.builds(
    Message,
    text=TEXTS,
    role=st.none() | st.sampled_from(["user", "assistant"]) | TEXTS,
    metadata=st.dictionaries(NAMES, VALUES, max_size=3),
)


class Vote(Message):
    """A message with fields of its own."""

    choice: str
    weights: tuple[float, ...] = ()
    at: datetime | None = None


VOTE = Vote(text="I vote.", choice="yes", weights=(1.0, 0.5), at=datetime(2026, 11, 22, tzinfo=UTC), metadata={"n": 1})


def transcript_of(*messages: Message) -> str:
    """Write messages with keys 0, 1, 2 and so on."""
    records = (written(message, str(number), TIME) for number, message in enumerate(messages))
    return front_matter(TIME) + "".join(records)


def read_back(*messages: Message, **options: Any) -> list[Message]:
    """Write messages and read them."""
    return [record.message for record in parse(transcript_of(*messages), **options)]


@given(st.lists(MESSAGES, max_size=4))
@example([Message(text="x" * 300_000 + "\x1b" + "\n<!-- end {}" * 1000), Message(role="user")])
@example([Message(text="```py\nprint(1)\n"), Message(text="```"), Message(text="a\n\n\n")])
@example([Message(text="\ud83d\ude00", role="\ud83d\ude00")])
def test_what_is_written_is_read(messages: list[Message]) -> None:
    """Text, role and metadata come back as they were, whatever they hold."""
    records = parse(transcript_of(*messages))
    assert [record.key for record in records] == [str(number) for number in range(len(messages))]
    for record, message in zip(records, messages, strict=True):
        assert (record.message.text, record.message.role) == (message.text, message.role)
        assert record.message.metadata == message.metadata


@given(st.lists(MESSAGES, max_size=4))
def test_nothing_in_it_steers_a_terminal(messages: list[Message]) -> None:
    """It holds no control characters but tabs and newlines, no direction overrides, and can be encoded."""
    text = transcript_of(*messages)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    text.encode()


@given(st.lists(MESSAGES, min_size=1, max_size=4), st.data())
def test_any_beginning_can_be_read(messages: list[Message], data: st.DataObject) -> None:
    """However it is cut off, the messages that are whole are read as they were."""
    text = transcript_of(*messages)
    cut = data.draw(st.integers(len(front_matter(TIME)), len(text)))
    whole = sum(len(transcript_of(*messages[:count])) <= cut for count in range(1, len(messages) + 1))
    read = [record.message for record in parse(text[:cut])]
    assert whole <= len(read) <= whole + 1
    for message, expected in zip(read[:whole], messages, strict=False):
        assert (message.text, message.role, message.metadata) == (expected.text, expected.role, expected.metadata)


def test_how_it_looks() -> None:
    """A reader sees headings and texts; everything else hides in comments."""
    usage = {"in": 812, "out": 133}
    text = transcript_of(
        Message(text="Write a loop.\x1b[31m\n<!-- end -->", role="user"),
        Message(
            text="Sure:\n\n```py\nwhile True:",
            role="assistant",
            metadata={"agent": "critic", "model": "sim-1", "usage": usage, "status": "interrupted"},
        ),
    )
    assert text == (
        "---\nminiagents: 1\ncreated: 2026-11-22T18:30:05Z\n---\n"
        '\n<!-- msg {"id":"0","time":"2026-11-22T18:30:05Z","role":"user"} -->\n'
        "## you\n\n"
        "Write a loop.␛[31m\n\\<!-- end -->\n"
        '<!-- end {"$text":"Write a loop.\\u001b[31m\\n<!-\\u002d end -\\u002d\\u003e"} -->\n'
        '\n<!-- msg {"id":"1","time":"2026-11-22T18:30:05Z","role":"assistant","agent":"critic","model":"sim-1"} -->\n'
        "## critic · sim-1 · (interrupted)\n\n"
        "Sure:\n\n```py\nwhile True:\n```\n"
        '<!-- end {"usage":{"in":812,"out":133},"status":"interrupted","$fence":1} -->\n'
    )


@pytest.mark.parametrize(
    ("fields", "heading"),
    [
        ({}, "message"),
        ({"role": "assistant"}, "assistant"),
        ({"role": "user", "metadata": {"agent": "Ann"}}, "Ann"),
        ({"role": "assistant", "metadata": {"model": 5}}, "assistant · 5"),
        ({"role": "a\nb\x1b" + "c" * 200}, "a b␛" + "c" * 96),
    ],
)
def test_headings(fields: dict[str, Any], heading: str) -> None:
    """A heading is one short line that tells who speaks."""
    assert f"-->\n## {heading}\n\n" in transcript_of(Message(**fields))


@pytest.mark.parametrize(
    "body",
    [
        "```py\nx = 1",
        "~~~\n```\nx",
        "   ```\n   x",
        "```\nx\n```",
        "````\n```\nx",
        "1. so:\n   ```sh\n   ls",
        "1. so:\n   ```sh\n   ls\nand then",
        "- ```py\n  x\n  ```\nend",
        "- ```py\n  x",
        "- a\n  - b\n\n    ```py\n    x",
        "``` a`b\nx",
        "> ```\n> x",
        "- item\n- ",
        "| a | b |\n|---|---|\n| c | d |",
        "<!-- open",
        "<div>",
        "    code",
    ],
)
def test_no_message_swallows_the_next(body: str) -> None:
    """A cut reply leaves nothing open in which, once rendered, the next message would disappear."""
    tokens = (
        pytest.importorskip("markdown_it")
        .MarkdownIt("commonmark")
        .enable("table")
        .parse(transcript_of(Message(text=body), Message(text="next", role="user")))
    )
    headings = [
        tokens[at + 1].content for at, token in enumerate(tokens) if token.type == "heading_open" and token.level == 0
    ]
    assert headings[-2:] == ["message", "you"]
    assert [message.text for message in read_back(Message(text=body), Message(text="next"))] == [body, "next"]


def test_message_classes() -> None:
    """A message of a class that is told is made again; the family's own classes need not be told."""
    error = ErrorMessage(text="ValueError: no", error="ValueError", role="assistant")
    read = read_back(VOTE, error, message_classes={"Vote": Vote})
    assert read == [VOTE, error]
    assert read[0].metadata == {"n": 1}


@pytest.mark.parametrize("classes", [{}, {"Vote": ErrorMessage}])
def test_unknown_message_classes(classes: dict[str, type[Message]]) -> None:
    """A message of a class that is not told, or has changed, is a plain one with the rest in its metadata."""
    [read] = read_back(VOTE, message_classes=classes)
    assert type(read) is Message
    assert read.text == "I vote."
    fields = {"choice": "yes", "weights": [1.0, 0.5], "at": "2026-11-22T00:00:00Z"}
    assert read.metadata == {"class": "Vote", "fields": fields, "n": 1}
    assert read_back(read)[0].metadata == read.metadata


def test_what_has_no_json() -> None:
    """Of what JSON cannot hold there stays what pydantic makes of it, or its class; the rest is kept."""

    class Odd(Message):
        thing: Any

    odd = Odd(text="x", thing={"key": object()}, metadata={"at": datetime(2026, 1, 1, tzinfo=UTC), "o": object()})
    [read] = read_back(odd)
    assert read.metadata == {
        "class": "Odd",
        "fields": {"thing": {"key": "<object>"}},
        "at": "2026-01-01T00:00:00Z",
        "o": "<object>",
    }
    [read] = read_back(Message(metadata={"a": {(1, 2): 3}, "huge": 10**5000, "b": 1}))
    assert read.metadata == {"a": {"(1, 2)": 3}, "huge": "<int>", "b": 1}
    assert math.isnan(read_back(Message(metadata={"n": math.nan}))[0].metadata["n"])


def test_partial() -> None:
    """What broke is a plain message with what was known beforehand and the reason."""
    message = partial({"role": "assistant", "metadata": {"model": "m"}, "choice": "yes"}, "I v", status="failed")
    assert message == Message(text="I v", role="assistant")
    assert message.metadata == {"model": "m", "fields": {"choice": "yes"}, "status": "failed"}


HEAD, END = '<!-- msg {"id":"1","role":"user"} -->', '<!-- end {"n":1} -->'


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", []),
        (" \n\n", []),
        (front_matter(TIME), []),
        (f"{front_matter(TIME)}notes\n", []),
        (f"{HEAD}\n## you\n\nHi\n{END}\n", [("Hi", "user", {"n": 1})]),
        (f"\ufeff{front_matter(TIME)}\n{HEAD}\n## you\n\nHi\n{END}\n", [("Hi", "user", {"n": 1})]),
        (f"---\ntitle: T\nminiagents: 1\n---\nnotes\n{HEAD}\nHi\n{END}\nnotes\n", [("Hi", "user", {"n": 1})]),
        (f"{HEAD}\n## renamed\nHi\n{END}", [("Hi", "user", {"n": 1})]),
        (f"{HEAD}\r\n## you\r\n\r\nHi\r\nho\r\n{END}\r\n", [("Hi\nho", "user", {"n": 1})]),
        (f"{HEAD}\n{END}\n{END}\n", [("", "user", {"n": 1})]),
        (
            f"{HEAD}\n## you\n\nHi\n\n{HEAD}\nHo\n{END}",
            [("Hi", "user", {"status": "interrupted"}), ("Ho", "user", {"n": 1})],
        ),
        (f"{HEAD}\n{END}\n\n<!-- msg {{", [("", "user", {"n": 1})]),
        (f"<!-- msg {{\n\n{HEAD}\n{END}\n", [("", "user", {"n": 1})]),
        (f"{HEAD}\n## you", [("", "user", {"status": "interrupted"})]),
        (f"{HEAD}\n## you\n\nHi\n<!-- end {{ -->\n", [("Hi", "user", {})]),
        (f"{HEAD}\n## you\n\nHi\n<!-- end [] -->\n", [("Hi", "user", {})]),
        (f"{HEAD}\n## you\n\nHi\n<!-- end {'[' * 100_000} -->\n", [("Hi", "user", {})]),
        (f"<!-- msg {{oops -->\n## you\n\nHi\n{END}\n", [("Hi", "unknown", {})]),
        (f'<!-- msg {{"role":5}} -->\nHi\n{END}\n', [("Hi", "unknown", {"n": 1})]),
        (f'{HEAD}\nHi there\n<!-- end {{"$text":"Hi\\u001b"}} -->\n', [("Hi there", "user", {})]),
        (f'{HEAD}\nHi␛\n<!-- end {{"$text":"Hi\\u001b"}} -->\n', [("Hi\x1b", "user", {})]),
        (f'{HEAD}\nHi\n<!-- end {{"$text":5,"$fence":1}} -->\n', [("Hi", "user", {})]),
        (
            '<!-- msg {"class":"Vote"} -->\nHi\n<!-- end {"$fields":5} -->\n',
            [("Hi", None, {"class": "Vote", "fields": {}})],
        ),
    ],
)
def test_what_people_and_accidents_do_to_it(text: str, messages: list[tuple[str, str | None, dict[str, Any]]]) -> None:
    """What can be understood is; a body that was edited counts as it is now."""
    read = [record.message for record in parse(text, message_classes={"Vote": Vote})]
    assert [(message.text, message.role, message.metadata) for message in read] == messages


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("# Notes\n<!-- end toc -->\n", r"^a\.md:1: is no transcript \(no `miniagents: 1`\); name another file$"),
        ("---\ntitle: x\n---\n", r"^a\.md:1: is no transcript"),
        ("---\ntitle: x\nminiagents: 2\n---\n", r"^a\.md:3: is of version 2, not 1; read it with a newer miniagents$"),
    ],
)
def test_what_is_none(text: str, error: str) -> None:
    """A file that is no transcript, or one of another version, is refused, with the line and the cure."""
    with pytest.raises(TranscriptError, match=error):
        parse(text, "a.md")
