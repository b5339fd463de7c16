"""Tools, schemas, effort and cache marks in the words of Anthropic's messages."""

from copy import deepcopy
from typing import Any

import pytest

from miniagents import Message, tool
from miniagents.ext.llm.anthropic_options import _taken, cache_marks, told_of, tools_of, with_words
from miniagents.ext.llm.provider import Question
from miniagents.ext.llm.schema import Schema

ADAPTIVE = {"type": "adaptive", "display": "summarized"}
BASE: dict[str, Any] = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 8192}


@tool
def look(place: str) -> str:
    """Look there."""
    return place


def told(model: str = "claude-haiku-5-5", options: dict[str, Any] | None = None, **terms: Any) -> dict[str, Any]:
    """Return what the request has beside the conversation."""
    question = Question(messages=(Message(text="hi"),), **terms)
    request = told_of(question, model, options or {}, BASE)
    return {name: value for name, value in request.items() if name not in BASE or value != BASE[name]}


def test_tools() -> None:
    """A tool has its schema; one in the API's words stays as it is."""
    server = {"type": "web_search_20250305", "name": "web_search"}
    mine, theirs = tools_of([look, server])
    assert (mine["name"], mine["description"]) == ("look", "Look there.")
    assert mine["input_schema"]["required"] == ["place"]
    assert theirs == server
    assert told(tools=(look,))["tools"] == [mine]


@pytest.mark.parametrize(
    ("model", "effort", "given", "expected"),
    [
        ("claude-haiku-5-5", "low", None, {"output_config": {"effort": "low"}, "thinking": ADAPTIVE}),
        ("claude-haiku-5-5", "minimal", None, {"output_config": {"effort": "low"}, "thinking": ADAPTIVE}),
        ("claude-haiku-5-5", "none", None, {"thinking": {"type": "disabled"}}),
        (
            "claude-sonnet-4-5",
            "low",
            None,
            {"thinking": {"type": "enabled", "budget_tokens": 2048}, "max_tokens": 2048 + 8192},
        ),
        ("claude-sonnet-4-5", "max", 8192, {"thinking": {"type": "enabled", "budget_tokens": 4096}}),
    ],
)
def test_effort(model: str, effort: str, given: int | None, expected: dict[str, Any]) -> None:
    """Models of today think adaptively and say what, those before by a budget, which a given `max_tokens` bounds."""
    assert told(model, {"max_tokens": given} if given else {}, effort=effort) == expected


def test_little_room_for_thinking() -> None:
    """Where a reply may be no longer than the least budget, there is no thinking."""
    question = Question(messages=(), effort="high")
    request = told_of(question, "claude-sonnet-4-5", {"max_tokens": 1000}, {**BASE, "max_tokens": 1000})
    assert "thinking" not in request


def test_a_schema() -> None:
    """It is told natively, without what the API refuses, which goes into the description."""
    spec = {
        "type": "object",
        "properties": {
            "age": {"type": "integer", "minimum": 3},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["age", "tags"],
        "additionalProperties": False,
    }
    schema = told(schema=Schema.of(spec))["output_config"]["format"]["schema"]
    assert "minimum" not in str(schema["properties"]["age"].keys())
    assert "minimum" in schema["properties"]["age"]["description"]


def test_a_schema_with_all_that_there_is() -> None:
    """Only keywords go into the description: names and values that look like them stay, and the schema is as it was."""
    strict = {
        "type": "object",
        "properties": {
            "pattern": {"type": "string", "enum": ["minimum"]},
            "pair": {"anyOf": [{"type": "array", "minItems": 2, "items": {"const": {"maximum": 1}}}, {"type": "null"}]},
            "some": {"type": "array", "minItems": 1, "description": "a few", "maxItems": 9, "items": {"type": "null"}},
        },
        "required": ["pattern", "pair", "some"],
        "additionalProperties": False,
    }
    before = deepcopy(strict)
    properties = _taken(strict)["properties"]
    assert properties["pattern"] == {"type": "string", "enum": ["minimum"]}
    assert properties["pair"]["anyOf"] == [
        {"type": "array", "items": {"const": {"maximum": 1}}, "description": "{minItems: 2}"},
        {"type": "null"},
    ]
    assert properties["some"]["description"] == "a few\n\n{maxItems: 9}"
    assert properties["some"]["minItems"] == 1
    assert strict == before


def test_a_schema_that_cannot_be_put_so() -> None:
    """It is told in words, in front of all."""
    request = told(schema=Schema.of({"type": "array"}))
    assert "output_config" not in request
    assert "JSON Schema" in request["system"]


def test_own_options_win() -> None:
    """What the caller says of thinking and of the output is sent."""
    own = {"thinking": {"type": "disabled"}, "output_config": {"effort": "high"}}
    assert told("claude-haiku-5-5", own, effort="low") == {"output_config": {"effort": "high"}}


def test_words_and_marks() -> None:
    """Words come behind the system's own; marks stand on the system and on the last block."""
    assert with_words({**BASE, "system": "be"}, "so")["system"].startswith("be")
    blocks = [{"type": "text", "text": "be"}]
    assert with_words({**BASE, "system": blocks}, "so")["system"][-1]["text"] == "so"
    marked = cache_marks({**BASE, "system": "be"})
    assert marked["system"][-1]["cache_control"] == {"type": "ephemeral"}
    assert marked["messages"][-1]["content"][-1]["cache_control"] == {"type": "ephemeral"}
    assert BASE["messages"][-1]["content"] == "hi"
