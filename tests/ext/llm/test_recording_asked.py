"""What a model was asked, made comparable: without secrets and data, with a hash, and with words for a difference."""

import json
from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from miniagents.ext.llm.recording_asked import asked_of, difference, hash_of, nearest, normal, plain

PICTURE = bytes(range(256)) * 4
KEY = "sk-proj-0123456789abcdefghij"

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just("$ref"), inner, max_size=3)
    ),
    max_leaves=12,
)


def asked(request: Any = "hello", *, api: str = "openai", model: str = "m", **options: Any) -> dict[str, Any]:
    """Return what a provider with these options asks."""
    return asked_of(SimpleNamespace(api=api, model=model, options=options), request)


@given(request=values)
def test_what_was_written_has_the_hash_of_what_is_asked(request: Any) -> None:
    """What comes back from JSON, in whatever order, is the same question."""
    first = asked(request)
    again = normal(json.loads(json.dumps(first)))
    assert hash_of(again) == hash_of(first)
    assert hash_of(dict(reversed(again.items()))) == hash_of(first)


def test_what_makes_a_question_another_one() -> None:
    """The API, the model, each option and the request count; how it travels, and what is None, does not."""
    questions = [asked(), asked(api="anthropic"), asked(model="n"), asked(seed=1), asked(seed=2), asked(["hello"])]
    assert len({hash_of(question) for question in questions}) == len(questions)
    travelling = asked(timeout=1, max_retries=2, base_url="u", extra_headers={"a": "b"}, stop=None)
    assert hash_of(travelling) == hash_of(asked())


@pytest.mark.parametrize(
    "secret",
    [
        {"tools": [{"type": "mcp", "authorization": "0123456789abcdefghij"}]},
        {"tools": [{"headers": {"X-Api-Key": "0123456789abcdefghij"}}]},
        {"note": f"my key is {KEY}"},
        {"server": "https://me:0123456789abcdefghij@example.org/x"},
    ],
)
def test_no_secret_is_kept(secret: dict[str, Any]) -> None:
    """Keys in options and requests are blacked out, and make no difference."""
    kept = asked(secret, **secret)
    assert "0123456789" not in json.dumps(kept)
    other = json.loads(json.dumps(secret).replace("0123456789abcdefghij", "abcdefghij0123456789"))
    assert hash_of(asked(other, **other)) == hash_of(kept)


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("head", ["", "data:image/png;base64,"])
def test_data_is_kept_by_its_hash(encode: Any, head: str) -> None:
    """A picture is there by its SHA-256, which `sha256sum` gives for its file; another picture is another question."""
    kept, other = asked([{"data": head + encode(data).decode()} for data in (PICTURE, PICTURE[::-1])])["request"]
    assert kept == {"data": f"{head}sha256:{sha256(PICTURE).hexdigest()}"}
    assert kept != other


@pytest.mark.parametrize("text", ["a" * 257, "word " * 200, b64encode(b"short").decode(), "sha256:" + "0" * 64])
def test_text_is_kept_as_it_is(text: str) -> None:
    """What only looks like data, or is short enough to be read, stays; so does what was made of data before."""
    assert asked(text)["request"] == text


def test_whatever_an_option_is_it_has_a_place() -> None:
    """Classes, models and objects become JSON that is the same in every process."""

    class Shape(BaseModel):
        side_mm: int = 3

    kept = plain({"shape": Shape(), "kind": Shape, "parts": (1, {"b"}), "thing": object(), "call": len, 3: b"\x01"})
    assert kept == {
        "shape": {"side_mm": 3},
        "kind": f"<{__name__}.{Shape.__qualname__}>",
        "parts": [1, {"$set": ["b"]}],
        "thing": "<builtins.object>",
        "call": "<builtins.len>",
        "3": {"$bytes": "01"},
    }


def test_the_nearest_shares_the_most_words() -> None:
    """The nearest of several is the one that differs least, and of none there is none."""
    recorded = [asked("Tell a joke"), asked("What is the capital of France?"), asked("What is a capital letter?")]
    assert nearest(asked("What is the capital of Spain?"), recorded) == 1
    assert nearest(asked("Tell a joke", seed=1), recorded) == 0
    assert nearest(asked("x"), []) is None


@pytest.mark.parametrize(
    ("before", "now", "parts"),
    [
        (asked(), asked(model="n"), "model"),
        (asked(seed=1), asked(model="n"), "model and options"),
        (asked(), asked(api="anthropic"), "api"),
        (asked([1]), asked([2]), "messages"),
        (asked({"system": "a", "messages": [1]}), asked({"system": "b", "messages": [1]}), "system"),
        (asked({"messages": [1]}), asked({"messages": [2], "tools": []}), "messages and tools"),
        (asked("a"), asked("b"), "request"),
    ],
)
def test_the_parts_that_differ_are_named(before: dict[str, Any], now: dict[str, Any], parts: str) -> None:
    """Which of model, options and messages differ is told by their names."""
    assert difference(before, now, "there")[0] == parts


def test_a_difference_is_shown_line_by_line() -> None:
    """A difference shows the lines that differ, of a long text only those, with little around them."""
    story = "\n".join(f"Line {number} of a story." for number in range(50))
    before = asked([{"role": "user", "content": story}], temperature=0.5)
    now = asked([{"role": "user", "content": story.replace("Line 30 ", "LINE 30 ")}], temperature=1)
    assert difference(before, now, "file:2")[1].splitlines() == [
        "--- recorded (file:2)",
        "+++ asked now",
        "@@ -1,5 +1,5 @@",
        " api: openai",
        " model: m",
        "-options.temperature: 0.5",
        "+options.temperature: 1",
        " request[0].content: Line 0 of a story.",
        "     Line 1 of a story.",
        "@@ -32,5 +32,5 @@",
        "     Line 28 of a story.",
        "     Line 29 of a story.",
        "-    Line 30 of a story.",
        "+    LINE 30 of a story.",
        "     Line 31 of a story.",
        "     Line 32 of a story.",
    ]


def test_a_difference_is_short_and_safe() -> None:
    """A difference has at most 40 lines of 120 characters or so, and nothing in it that could steer a terminal."""
    words = difference(asked("\x1b[2J " + "word " * 3000), asked([]), "there")[1]
    lines = words.splitlines()
    assert len(lines) == 41
    assert lines[-1] == "… 117 more lines"
    assert max(map(len, lines)) <= 120
    assert all(line.isprintable() for line in lines)
    assert "␛[2J" in words
