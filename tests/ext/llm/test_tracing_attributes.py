"""The names and shapes in which OpenTelemetry wants to be told."""

import asyncio
import json
from typing import Any

import pytest

from miniagents import Message
from miniagents.content import Audio, File, Image, Other, Part, Text, Thinking, ToolCall, ToolResult
from miniagents.errors import RateLimitedError
from miniagents.ext.llm.base import Answer
from miniagents.ext.llm.tracing_attributes import (
    answered,
    asked,
    content_of,
    instructions_of,
    name_of,
    requested,
    server_of,
)


def test_a_provider_has_the_name_that_the_conventions_give_it() -> None:
    """Ours where there is none; what is not known is not said."""
    assert asked("chat", "agent", "mistral", "m")["gen_ai.provider.name"] == "mistral_ai"
    assert asked("chat", "agent", "acme", "m")["gen_ai.provider.name"] == "acme"
    assert asked("execute_tool", "") == {"gen_ai.operation.name": "execute_tool"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"temperature": 1}, {"temperature": 1.0}),
        ({"top_p": 0.5, "top_k": 3, "seed": 0}, {"top_p": 0.5, "top_k": 3, "seed": 0}),
        ({"max_tokens": 5}, {"max_tokens": 5}),
        ({"max_completion_tokens": 6}, {"max_tokens": 6}),
        ({"max_output_tokens": 7}, {"max_tokens": 7}),
        ({"frequency_penalty": -1, "presence_penalty": 1}, {"frequency_penalty": -1.0, "presence_penalty": 1.0}),
        ({"stop": "a"}, {"stop_sequences": ["a"]}),
        ({"stop_sequences": ("a", "b")}, {"stop_sequences": ["a", "b"]}),
        ({"n": 2}, {"choice.count": 2}),
        ({"n": 1, "stop": [], "stream": False}, {}),
        ({"stream": True}, {"stream": True}),
        ({"effort": "high"}, {"reasoning.level": "high"}),
        ({"reasoning_effort": "low"}, {"reasoning.level": "low"}),
        ({"previous_response_id": "r1"}, {"previous_response.id": "r1"}),
        ({"temperature": "hot", "seed": True, "max_tokens": None, "stop": 5, "n": "x"}, {}),
        ({"extra_headers": {"x-api-key": "y"}, "metadata": {}}, {}),
    ],
)
def test_options_have_attributes(options: dict[str, Any], expected: dict[str, Any]) -> None:
    """Each option that the conventions know, if it has a type that it can have; no other."""
    told = requested(options)
    assert told == {f"gen_ai.request.{name}": value for name, value in expected.items()}
    assert {name: type(value) for name, value in told.items()} == {
        f"gen_ai.request.{name}": type(value) for name, value in expected.items()
    }


def test_json_is_a_type_of_output() -> None:
    """A request for it says so in its format."""
    json_wanted = {"gen_ai.output.type": "json"}
    assert requested({"response_format": {"type": "json_schema"}}) == json_wanted
    assert requested({"response_format": {"type": "json_object"}}) == json_wanted
    assert requested({"response_format": {"type": "text"}}) == {}


@pytest.mark.parametrize(
    ("host", "address", "port"),
    [
        ("api.openai.com", "api.openai.com", 443),
        ("127.0.0.1:8080", "127.0.0.1", 8080),
        ("[::1]:80", "::1", 80),
        ("http://user:password@host.test/v1", "host.test", 80),
        ("https://host.test/v1", "host.test", 443),
        ("unix://host", "host", None),
        ("/models/small.gguf", None, None),
        ("models/small.gguf", None, None),
        ("host:port", None, None),
        ("", None, None),
    ],
)
def test_a_server_has_an_address_and_a_port(host: str, address: str | None, port: int | None) -> None:
    """Of a host or a base URL; a local model has none."""
    known = {"server.address": address, "server.port": port}
    assert server_of(host) == {name: value for name, value in known.items() if value is not None}


def test_an_answer_has_attributes() -> None:
    """What is known of it, all kinds of tokens included."""
    usage = {"in": 12, "out": 5, "cached": 0, "cache_written": 3, "thinking": 2, "more": 1}
    assert answered(Answer(model="m-1", id="x", finish_reason="stop", usage=usage)) == {
        "gen_ai.response.model": "m-1",
        "gen_ai.response.id": "x",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 0,
        "gen_ai.usage.cache_write.input_tokens": 3,
        "gen_ai.usage.reasoning.output_tokens": 2,
    }
    assert answered(Answer()) == {}


def test_an_error_is_named_by_its_class() -> None:
    """With its module, but for Python's own."""
    assert name_of(RateLimitedError) == "miniagents.errors.RateLimitedError"
    assert name_of(asyncio.CancelledError) == "asyncio.exceptions.CancelledError"
    assert name_of(ValueError) == "ValueError"


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Text("a"), {"type": "text", "content": "a"}),
        (Thinking("a"), {"type": "reasoning", "content": "a"}),
        (
            ToolCall("c", name="f", arguments='{"a": 1}'),
            {"type": "tool_call", "id": "c", "name": "f", "arguments": {"a": 1}},
        ),
        (ToolCall("c", name="f", arguments="{"), {"type": "tool_call", "id": "c", "name": "f", "arguments": "{"}),
        (ToolResult("c", name="f", content=("a",)), {"type": "tool_call_response", "id": "c", "response": "a"}),
        (
            ToolResult("c", name="f", content=("a", Thinking("b"))),
            {
                "type": "tool_call_response",
                "id": "c",
                "response": [{"type": "text", "content": "a"}, {"type": "reasoning", "content": "b"}],
            },
        ),
        (
            Image(b"abc", media_type="image/png"),
            {"type": "media", "modality": "image", "mime_type": "image/png", "size_bytes": 3},
        ),
        (Audio(url="https://host.test/a"), {"type": "uri", "modality": "audio", "uri": "https://host.test/a"}),
        (
            File(url="data:text/csv;base64,QUJD"),
            {"type": "uri", "modality": "file", "uri": "data:text/csv;base64,…"},
        ),
        (Other("openai", block={"secret": "x"}), {"type": "other"}),
        (Part(), {"type": "Part"}),
    ],
    ids=lambda value: value.kind if isinstance(value, Part) else "",
)
def test_parts_have_shapes(part: Part, expected: dict[str, Any]) -> None:
    """Those of the conventions; data is described, and in no attribute."""
    assert json.loads(content_of([Message(role="user", parts=(part,))], ())) == [{"role": "user", "parts": [expected]}]


def test_content_has_no_secrets() -> None:
    """Neither known ones nor those that look like some, nor what is named so in the arguments of a tool."""
    call = ToolCall("c", name="f", arguments='{"password": "x"}')
    told = content_of(
        [Message(text="my-own-key-1 sk-proj-0123456789abcdefghij"), Message(parts=(call,))], ["my-own-key-1"]
    )
    first, second = json.loads(told)
    assert first == {"role": "user", "parts": [{"type": "text", "content": "[key] [key]"}]}
    assert second["parts"][0]["arguments"] == {"password": "[key]"}
    assert json.loads(instructions_of("é my-own-key-1", ["my-own-key-1"])) == [{"type": "text", "content": "é [key]"}]


def test_a_reply_says_how_it_ended() -> None:
    """In its message too, where the conventions want it."""
    told = json.loads(content_of([Message(text="a", role="assistant")], (), finish_reason="stop"))
    assert told == [{"role": "assistant", "parts": [{"type": "text", "content": "a"}], "finish_reason": "stop"}]
