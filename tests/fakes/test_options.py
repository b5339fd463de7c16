"""What the fake provider has against tools, forms of answers and thinking, as the real APIs have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.test_requests import refused

if TYPE_CHECKING:
    from tests.fakes.clients import Api

NONE: dict[str, Any] = {"type": "object", "properties": {}}
LOOSE = {"type": "object", "properties": {"a": {"type": "string"}}}
STRICT = {**LOOSE, "required": ["a"], "additionalProperties": False}
OUTPUT = {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "x"}]}
USER = {"role": "user", "content": "x"}
CALL = {"id": "c", "type": "function", "function": {"name": "a", "arguments": "{}"}}


def function(**fields: Any) -> list[dict[str, Any]]:
    """Make a list with a tool of chat completions."""
    return [{"type": "function", "function": {"name": "a", "parameters": NONE, **fields}}]


def flat(**fields: Any) -> list[dict[str, Any]]:
    """Make a list with a tool of responses."""
    return [{"type": "function", "name": "a", "parameters": NONE, **fields}]


def tool(**fields: Any) -> list[dict[str, Any]]:
    """Make a list with a tool of Anthropic's."""
    return [{"name": "a", "input_schema": NONE, **fields}]


def form(**fields: Any) -> dict[str, Any]:
    """Make a form of answers of chat completions."""
    return {"type": "json_schema", "json_schema": {"name": "a", "schema": STRICT, "strict": True, **fields}}


ENABLED = {"type": "enabled", "budget_tokens": 1024}
TAKEN: list[tuple[Api, dict[str, Any]]] = [
    ("openai", {"tools": function(), "tool_choice": "required", "parallel_tool_calls": False}),
    ("openai", {"tools": function(strict=True, parameters=STRICT), "reasoning_effort": "low"}),
    ("openai", {"tools": function(), "tool_choice": {"type": "function", "function": {"name": "a"}}}),
    ("openai", {"response_format": form()}),
    ("openai", {"messages": [{"role": "user", "content": "JSON"}], "response_format": {"type": "json_object"}}),
    ("openai", {"messages": [{"role": "assistant", "content": None, "reasoning_content": "x"}, USER]}),
    ("responses", {"tools": flat(), "tool_choice": {"type": "function", "name": "a"}}),
    ("responses", {"tools": [{"type": "web_search"}], "include": ["reasoning.encrypted_content"], "store": False}),
    ("responses", {"text": {"format": {"type": "json_schema", "name": "a", "schema": STRICT, "strict": True}}}),
    ("responses", {"input": "x", "instructions": "y", "reasoning": {"effort": "high", "summary": "auto"}}),
    ("responses", {"previous_response_id": "resp_1", "input": [OUTPUT]}),
    ("anthropic", {"tools": tool(), "tool_choice": {"type": "tool", "name": "a"}}),
    ("anthropic", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
    ("anthropic", {"thinking": ENABLED, "system": [{"type": "text", "text": "x"}]}),
    ("anthropic", {"output_config": {"effort": "low", "format": {"type": "json_schema", "schema": STRICT}}}),
    ("anthropic", {"messages": [USER, USER, {"role": "assistant", "content": "The answer is"}]}),
]

REFUSED: list[tuple[Api, dict[str, Any], str]] = [
    ("openai", {"tools": []}, "Invalid 'tools': empty array"),
    ("openai", {"tools": flat()}, "Missing required parameter: 'tools[0].function'"),
    ("openai", {"tools": tool()}, "tools[0].type"),
    ("openai", {"tools": function(name="a b")}, "does not match pattern"),
    ("openai", {"tools": function(parameters={})}, "schema must be a JSON Schema of 'type: \"object\"'"),
    ("openai", {"tools": function(parameters=LOOSE, strict=True)}, "'additionalProperties' is required"),
    ("openai", {"tools": function(parameters={**STRICT, "required": []}, strict=True)}, "Missing 'a'"),
    ("openai", {"tool_choice": "auto"}, "only allowed when 'tools' are specified"),
    ("openai", {"tools": function(), "tool_choice": "any"}, "Invalid value: 'any'"),
    ("openai", {"tools": function(), "tool_choice": {"type": "function", "function": {"name": "b"}}}, "'b' not found"),
    ("openai", {"parallel_tool_calls": True}, "only allowed when 'tools' are specified"),
    ("openai", {"stream_options": {"include_usage": True}}, "only allowed when 'stream' is enabled"),
    ("openai", {"reasoning_effort": "huge"}, "Invalid value: 'huge'"),
    ("openai", {"response_format": {"type": "json"}}, "Invalid value: 'json'"),
    ("openai", {"response_format": {"type": "json_schema", "schema": STRICT}}, "response_format.json_schema"),
    ("openai", {"response_format": form(schema=LOOSE)}, "Invalid schema for response_format 'a'"),
    ("openai", {"response_format": form(schema={"type": "array"})}, "got 'type: \"array\"'"),
    ("openai", {"response_format": form(name="")}, "json_schema.name"),
    ("openai", {"response_format": {"type": "json_object"}}, "must contain the word 'json'"),
    ("openai", {"messages": [{**USER, "kind": "x"}]}, "Unknown parameter: 'messages[0].kind'"),
    ("openai", {"messages": [{"role": "user", "content": []}]}, "empty array"),
    ("openai", {"messages": [{"role": "assistant"}]}, "got null"),
    ("openai", {"messages": [{"role": "assistant", "content": "x", "tool_calls": []}]}, "empty array"),
    ("openai", {"messages": [{**USER, "tool_calls": [CALL]}]}, "Unknown parameter: 'messages[0].tool_calls'"),
    ("openai", {"messages": [{"role": "assistant", "tool_calls": [{**CALL, "id": ""}]}]}, "tool_calls[0].id"),
    (
        "openai",
        {"messages": [{"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "a", "arguments": {}}}]}]},
        "expected a string",
    ),
    ("openai", {"messages": [{"role": "tool", "content": "x"}]}, "tool_call_id"),
    ("responses", {"messages": [USER]}, "has moved to 'input'"),
    ("responses", {"response_format": form()}, "has moved to 'text.format'"),
    ("responses", {"max_tokens": 1}, "has moved to 'max_output_tokens'"),
    ("responses", {"input": []}, "must be provided"),
    ("responses", {"input": {}}, "Invalid type for 'input'"),
    ("responses", {"model": ""}, "Missing required parameter: 'model'"),
    ("responses", {"input": [{"type": "tool_call"}, {"type": "strange"}]}, "Invalid value: 'strange'"),
    ("responses", {"input": [{"role": "tool", "content": "x"}]}, "Invalid value: 'tool'"),
    ("responses", {"input": [{**USER, "name": "x"}]}, "Unknown parameter: 'input[0].name'"),
    ("responses", {"input": [{"type": "function_call", "call_id": "c", "name": "a"}]}, "input[0].arguments"),
    ("responses", {"input": [{"type": "function_call_output", "call_id": "c"}]}, "input[0].output"),
    ("responses", {"tools": function()}, "Missing required parameter: 'tools[0].name'"),
    ("responses", {"tools": flat(parameters=LOOSE, strict=True)}, "Invalid schema for function 'a'"),
    ("responses", {"tools": flat(), "tool_choice": {"type": "function", "name": "b"}}, "'b' not found"),
    ("responses", {"text": {"format": form()}}, "text.format.name"),
    ("responses", {"reasoning": {"effort": "huge"}}, "reasoning.effort"),
    ("responses", {"reasoning": {"summary": "long"}}, "Invalid value: 'long'"),
    ("responses", {"stream": True, "stream_options": {"include_usage": True}}, "stream_options.include_usage"),
    ("responses", {"previous_response_id": "chatcmpl-1"}, "begins with 'resp'"),
    ("anthropic", {"tools": function()}, "Input tag 'function'"),
    ("anthropic", {"tools": [{"input_schema": NONE}]}, "tools.0.custom.name: Field required"),
    ("anthropic", {"tools": tool(name="a b")}, "should match pattern"),
    ("anthropic", {"tools": tool(input_schema={})}, "input_schema.type"),
    ("anthropic", {"tools": tool() * 2}, "Tool names must be unique"),
    ("anthropic", {"tools": tool(), "tool_choice": "auto"}, "tool_choice: Input tag"),
    ("anthropic", {"tools": tool(), "tool_choice": {"type": "tool", "name": "b"}}, "Tool 'b' not found"),
    ("anthropic", {"tool_choice": {"type": "auto"}}, "while providing tools"),
    ("anthropic", {"thinking": {"type": "enabled", "budget_tokens": 9}}, "greater than or equal to 1024"),
    ("anthropic", {"thinking": ENABLED, "max_tokens": 1024}, "`max_tokens` must be greater"),
    ("anthropic", {"thinking": ENABLED, "temperature": 0}, "`temperature` may only be set to 1"),
    ("anthropic", {"thinking": ENABLED, "tools": tool(), "tool_choice": {"type": "any"}}, "forces tool use"),
    ("anthropic", {"thinking": {"type": "high"}}, "Input tag 'high'"),
    ("anthropic", {"output_config": {"effort": "huge"}}, "output_config.effort"),
    ("anthropic", {"output_config": {"format": {"type": "json_object"}}}, "json_schema"),
    ("anthropic", {"system": [{"type": "image"}]}, "Input tag 'image'"),
    ("anthropic", {"system": 1}, "system: Input should be"),
    ("anthropic", {"max_tokens": 0}, "max_tokens: Input should be"),
    ("anthropic", {"system": [{"type": "text", "text": "x", "cache_control": {}}] * 5}, "maximum of 4 blocks"),
    ("anthropic", {"messages": [USER, {"role": "assistant", "content": "a "}]}, "trailing whitespace"),
]


@pytest.mark.parametrize(("api", "fields"), TAKEN)
def test_options_that_are_taken(api: Api, fields: dict[str, Any]) -> None:
    """What the API knows is taken."""
    assert "taken" in refused(api, **fields)


@pytest.mark.parametrize(("api", "fields", "words"), REFUSED)
def test_options_that_are_refused(api: Api, fields: dict[str, Any], words: str) -> None:
    """What an encoder for another API would send, or none should, is refused with what is wrong."""
    assert words in refused(api, **fields)


RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "1"}
USE = {"type": "tool_use", "id": "t", "name": "a", "input": {}}


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        ([[USE], [{"type": "text", "text": "first"}, RESULT]], "immediately after: t"),
        ([[USE], [RESULT, {"type": "text", "text": "then"}]], "taken"),
        ([[USE], [RESULT, RESULT]], "single result"),
        ([[USE, USE], [RESULT]], "ids must be unique"),
        ([[USE], [RESULT], [USE], [RESULT]], "ids must be unique"),
        ([[USE], [{**RESULT, "is_error": True, "content": [{"type": "image", "source": {}}]}]], "Input tag 'None'"),
        ([[USE], [{**RESULT, "content": 1}]], "tool_result.content"),
        ([[USE], [{**RESULT, "content": [RESULT]}]], "Input tag 'tool_result'"),
    ],
)
def test_results_of_anthropic_s(contents: list[Any], words: str) -> None:
    """Results stand first in the turn after the calls, once for each."""
    roles = ("assistant", "user") * 2
    turns = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]
    assert words in refused("anthropic", messages=[USER, *turns])
