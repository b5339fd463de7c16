"""What the fake provider takes and what it refuses, as the real APIs do, when a request is more than text."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any, get_args

import anthropic
import openai
import pytest

from tests.fakes.clients import Api, Heard, connect, hear
from tests.fakes.llm_server import LLMServer, Reply, ToolUse

PATHS = {"openai": "/chat/completions", "responses": "/responses", "anthropic": "/v1/messages"}
PNG = base64.b64encode(b"\x89PNG...").decode()
CALLING = Reply("Let me see.", thinking="hm", redacted_thinking=True, tool_calls=[ToolUse("a", {"x": 1}), ToolUse("b")])

all_apis = pytest.mark.parametrize("api", get_args(Api))
both_ways = pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])


def refused(api: Api, **fields: Any) -> str:
    """Send a request with these fields; return why it was refused, or what it was answered with."""

    async def run() -> str:
        async with LLMServer(["taken"]) as server, connect(api, server) as client:
            least = {"anthropic": {"max_tokens": 2000}}.get(api, {})
            turns = "input" if api == "responses" else "messages"
            body = {"model": "m", turns: [{"role": "user", "content": "x"}], **least, **fields}
            try:
                answer = await client.post(PATHS[api], body=body, cast_to=object)
            except (openai.BadRequestError, anthropic.BadRequestError) as error:
                return f"{error} {error.body}"
            return json.dumps(answer)

    return asyncio.run(run())


def sent_back(api: Api, heard: Heard) -> list[dict[str, Any]]:
    """What a client that knows the API sends back of an answer with calls."""
    if api == "anthropic":
        return [{"role": "assistant", "content": heard.items}]
    if api == "responses":
        return [item.model_dump(exclude_none=True) for item in heard.items]
    calls = [
        {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
        for call_id, name, arguments in heard.calls
    ]
    return [{"role": "assistant", "content": "".join(heard.tokens), "tool_calls": calls}]


def results(api: Api, heard: Heard, *outputs: str) -> list[dict[str, Any]]:
    """The results of the calls."""
    ids = [call_id for call_id, _, _ in heard.calls]
    both = list(zip(ids, outputs, strict=False))
    if api == "anthropic":
        told = [{"type": "tool_result", "tool_use_id": call_id, "content": output} for call_id, output in both]
        return [{"role": "user", "content": told}] if told else []
    if api == "responses":
        return [{"type": "function_call_output", "call_id": call_id, "output": output} for call_id, output in both]
    return [{"role": "tool", "tool_call_id": call_id, "content": output} for call_id, output in both]


def round_of_tools(api: Api, *outputs: str, streamed: bool, spoilt: Any = None) -> Heard:
    """Ask, be called, and answer the calls with these outputs, after the answer's own parts were spoilt."""
    question: dict[str, Any] = {"role": "user", "content": "x"}
    turns = "input" if api == "responses" else "messages"

    async def run() -> Heard:
        async with LLMServer([CALLING, "well"]) as server:
            heard = await hear(api, server, streamed=streamed)
            back = sent_back(api, heard)
            if spoilt:
                spoilt(back)
            answered = [question, *back, *results(api, heard, *outputs)]
            return await hear(api, server, streamed=streamed, question={turns: answered})

    return asyncio.run(run())


@all_apis
@both_ways
def test_a_round_of_tools(api: Api, *, streamed: bool) -> None:
    """An answer sent back as it came, with a result for each call, is taken."""
    heard = round_of_tools(api, "1", "2", streamed=streamed)
    assert (heard.error, "".join(heard.tokens)) == (None, "well")


@all_apis
@pytest.mark.parametrize("outputs", [(), ("1",)])
def test_a_call_without_a_result(api: Api, outputs: tuple[str, ...]) -> None:
    """A call that is left without a result is refused, and named."""
    error = round_of_tools(api, *outputs, streamed=False).error
    assert isinstance(error, openai.BadRequestError | anthropic.BadRequestError)
    named = {"openai": "call_1_1", "responses": f"call_1_{len(outputs)}", "anthropic": "toolu_1_1"}
    assert named[api] in str(error)


@all_apis
def test_a_result_without_a_call(api: Api) -> None:
    """A result of a call that was not made is refused."""
    made_up = Heard(calls=[("call_9", "t", "{}")])
    turns = "input" if api == "responses" else "messages"
    told = refused(api, **{turns: [{"role": "user", "content": "x"}, *results(api, made_up, "1")]})
    words = {
        "openai": "must be a response to a preceeding message with 'tool_calls'",
        "responses": "No tool call found for function call output with call_id call_9",
        "anthropic": "unexpected `tool_use_id` found in `tool_result` blocks: call_9",
    }
    assert words[api] in told


def change(place: int, **fields: Any) -> Any:
    """Make what changes a block of Anthropic's answer."""
    return lambda back: back[0]["content"][place].update(fields)


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        (change(0, thinking="hm!"), "Invalid `signature` in `thinking` block"),
        (change(0, signature="c2lnbmVk"), "Invalid `signature` in `thinking` block"),
        (lambda back: back[0]["content"][0].pop("signature"), "thinking.signature: Field required"),
        (change(1, data="ZGF0YQ=="), "Invalid `data` in `redacted_thinking` block"),
        (change(2, text=" "), "non-whitespace"),
        (change(2, strange=1), "text.strange: Extra inputs are not permitted"),
        (change(3, input="{}"), "tool_use.input: Input should be a valid dictionary"),
        (change(3, id="a b"), "tool_use.id: String should match pattern"),
        (lambda back: back[0].update(name="me"), "messages.1.name: Extra inputs are not permitted"),
    ],
)
def test_spoilt_blocks(spoilt: Any, words: str) -> None:
    """A block of Anthropic's that is not sent back as it came is refused."""
    assert words in str(round_of_tools("anthropic", "1", "2", streamed=False, spoilt=spoilt).error)


def test_thinking_must_lead_where_tools_were_called() -> None:
    """With thinking enabled, the thinking before a call must come back with it."""
    use = {"type": "tool_use", "id": "t", "name": "a", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t", "content": []}
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [result]},
    ]
    thinking = {"type": "enabled", "budget_tokens": 1024}
    assert "Expected `thinking`" in refused("anthropic", messages=messages, thinking=thinking)
    assert "taken" in refused("anthropic", messages=messages, thinking={"type": "adaptive"})


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        (lambda back: back[0].update(encrypted_content="c2VhbGVk"), "could not be verified"),
        (lambda back: back[0].pop("summary"), "Missing required parameter: 'input[1].summary'"),
        (lambda back: back[3].update(id="call_1"), "Expected an ID that begins with 'fc'"),
        (lambda back: back[3].update(arguments={}), "Invalid type for 'input[4].arguments'"),
        (lambda back: back[2]["content"][0].update(type="text"), "Invalid value: 'text'"),
        (lambda back: back.insert(2, {"role": "user", "content": "x"}), "without its required following item"),
    ],
)
def test_spoilt_items(spoilt: Any, words: str) -> None:
    """An item of responses that is not sent back as it came is refused."""
    assert words in str(round_of_tools("responses", "1", "2", streamed=False, spoilt=spoilt).error)


GOOD_PARTS: dict[str, list[dict[str, Any]]] = {
    "openai": [
        {"type": "text", "text": "good"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}},
        {"type": "input_audio", "input_audio": {"data": PNG, "format": "wav"}},
        {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PNG}", "filename": "a.pdf"}},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "text", "text": " morning"},
    ],
    "responses": [
        {"type": "input_text", "text": "good"},
        {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"},
        {"type": "input_image", "file_id": "file-1", "detail": "low"},
        {"type": "input_file", "file_data": f"data:application/pdf;base64,{PNG}", "filename": "a.pdf"},
        {"type": "input_file", "file_url": "https://example.org/a.pdf"},
        {"type": "input_text", "text": " morning"},
    ],
    "anthropic": [
        {"type": "text", "text": "good"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PNG}, "title": "t"},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "t"}},
        {"type": "text", "text": " morning", "cache_control": {"type": "ephemeral"}},
    ],
}


@all_apis
@both_ways
def test_content_of_many_parts(api: Api, *, streamed: bool) -> None:
    """Content of all kinds is taken, and what is echoed is the text in it."""
    turns = "input" if api == "responses" else "messages"

    async def run() -> Heard:
        async with LLMServer() as server:
            question = {turns: [{"role": "user", "content": GOOD_PARTS[api]}]}
            return await hear(api, server, streamed=streamed, question=question)

    heard = asyncio.run(run())
    assert heard.error is None
    assert "".join(heard.tokens) == "You said: good morning"


BAD_PARTS = [
    ("openai", {"type": "input_text", "text": "x"}, "Invalid value: 'input_text'"),
    ("openai", {"type": "text"}, "Missing required parameter: 'messages[0].content[0].text'"),
    ("openai", {"type": "image_url", "image_url": {"url": "data:image/png;base64,%"}}, "Invalid base64 image_url"),
    ("openai", {"type": "image_url", "image_url": {"url": PNG}}, "Invalid base64 image_url"),
    ("openai", {"type": "image_url", "image_url": "https://example.org"}, "Invalid type"),
    ("openai", {"type": "input_audio", "input_audio": {"data": PNG, "format": "audio/wav"}}, "'wav', 'mp3'"),
    ("openai", {"type": "input_audio", "input_audio": {"data": "%", "format": "wav"}}, "not valid base64"),
    ("openai", {"type": "file", "file": {"file_data": PNG, "filename": "a"}}, "data URL"),
    ("openai", {"type": "file", "file": {"file_data": f"data:a/b;base64,{PNG}"}}, "file.filename"),
    ("responses", {"type": "text", "text": "x"}, "Invalid value: 'text'"),
    ("responses", {"type": "output_text", "text": "x"}, "Invalid value: 'output_text'"),
    ("responses", {"type": "input_image", "image_url": {"url": "https://example.org"}}, "Expected a valid URL"),
    ("responses", {"type": "input_image", "image_url": "https://example.org", "detail": "x"}, "Invalid value: 'x'"),
    ("responses", {"type": "input_file", "file_data": PNG, "filename": "a"}, "data URL"),
    (
        "responses",
        {"type": "input_audio", "input_audio": {"data": PNG, "format": "wav"}},
        "Invalid value: 'input_audio'",
    ),
    ("anthropic", {"type": "image_url", "image_url": {"url": "https://example.org"}}, "Input tag 'image_url'"),
    ("anthropic", {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "%"}}, "base64"),
    ("anthropic", {"type": "image", "source": {"type": "base64", "media_type": "a/b", "data": PNG}}, "'image/png'"),
    ("anthropic", {"type": "image", "source": {"type": "url", "url": "file:///a"}}, "Only HTTP"),
    ("anthropic", {"type": "document", "source": {"type": "text", "data": "x"}}, "text/plain"),
    ("anthropic", {"type": "thinking", "thinking": "x", "signature": "x"}, "Input tag 'thinking'"),
    ("anthropic", {"type": "text", "text": ""}, "must be non-empty"),
]


@pytest.mark.parametrize(("api", "part", "words"), BAD_PARTS)
def test_parts_that_are_refused(api: Api, part: dict[str, Any], words: str) -> None:
    """A part of another API, or with data that cannot be read, is refused."""
    turns = "input" if api == "responses" else "messages"
    assert words in refused(api, **{turns: [{"role": "user", "content": [part]}]})


WEB_SEARCH = {
    "type": "web_search_call",
    "id": "ws_1",
    "status": "completed",
    "action": {"type": "search", "query": "q"},
}
CUSTOM_CALL = {"type": "custom_tool_call", "call_id": "c_1", "name": "t", "input": "x"}


@both_ways
@pytest.mark.parametrize("lost", [False, True])
def test_an_item_that_came_of_reasoning(*, lost: bool, streamed: bool) -> None:
    """What an own tool of responses did is taken back behind the reasoning that it came of, and refused without it."""

    async def run() -> Heard:
        async with LLMServer([Reply("found", thinking="hm", own_items=[WEB_SEARCH]), "well"]) as server:
            heard = await hear("responses", server, streamed=streamed)
            back = [item for item in sent_back("responses", heard) if not lost or item["type"] != "reasoning"]
            question = {"role": "user", "content": "x"}
            return await hear("responses", server, streamed=streamed, question={"input": [question, *back, question]})

    heard = asyncio.run(run())
    told = "of type 'web_search_call' was provided without its required 'reasoning' item: 'rs_1'"
    assert told in str(heard.error) if lost else (heard.error, heard.tokens) == (None, ["well"])


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([WEB_SEARCH], ""),
        ([{**WEB_SEARCH, "created_by": "me"}], "Unknown parameter: 'input[1].created_by'"),
        ([{"type": "image_generation_call", "id": "ig_1", "status": "completed"}], "Item with id 'ig_1' not found"),
        ([{"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": PNG}], ""),
        ([CUSTOM_CALL], "No tool output found for custom tool call c_1"),
        ([{"type": "custom_tool_call_output", "call_id": "c_1", "output": "x"}], "No tool call found for custom tool"),
        ([CUSTOM_CALL, {"type": "custom_tool_call_output", "call_id": "c_1", "output": "x"}], ""),
    ],
)
def test_items_of_own_tools(items: list[dict[str, Any]], words: str) -> None:
    """Items of responses are refused that are not whole, not answered, or with what only the API may say of them."""
    told = refused("responses", input=[{"role": "user", "content": "x"}, *items])
    assert words in told if words else "taken" in told
