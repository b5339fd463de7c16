"""The fake provider's answers of more than text: thinking, calls of tools, refusals, and what is told beside them."""

from __future__ import annotations

import asyncio
import json
from typing import Any, get_args

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from tests.fakes import anthropic_wire, openai_wire, responses_wire
from tests.fakes.clients import Api, Heard, hear
from tests.fakes.llm_server import LLMServer, Reply, ToolUse, Usage

WIRES: dict[str, Any] = {"openai": openai_wire, "responses": responses_wire, "anthropic": anthropic_wire}
SHAPES: dict[str, tuple[Any, Any]] = {
    "openai": (ChatCompletion, ChatCompletionChunk),
    "responses": (Response, ResponseStreamEvent),
    "anthropic": (Message, RawMessageStreamEvent),
}
CALLS = (
    ToolUse("weather", {"city": "Zürich", "days": [1, 2]}),
    ToolUse("time"),
    ToolUse("say", {"a": "\n"}, id="mine"),
)

all_apis = pytest.mark.parametrize("api", get_args(Api))
both_ways = pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])


def served(api: Api, reply: Reply, *, streamed: bool, **question: Any) -> Heard:
    """Hear a server that replies so."""

    async def run() -> Heard:
        async with LLMServer([reply]) as server:
            return await hear(api, server, streamed=streamed, question=question)

    return asyncio.run(run())


@all_apis
@both_ways
def test_thinking(api: Api, *, streamed: bool) -> None:
    """What a model thinks comes before what it says, in tokens of its own, and is counted."""
    heard = served(api, Reply("so be it", thinking=["hm", " hm"]), streamed=streamed)
    assert heard.error is None
    assert "".join(heard.tokens) == "so be it"
    if streamed:
        assert (heard.thoughts, heard.tokens) == (["hm", " hm"], ["so", " be", " it"])
    elif api == "anthropic":
        assert heard.items[0]["thinking"] == "hm hm"
    elif api == "responses":
        assert heard.items[0].summary[0].text == "hm hm"
    else:
        assert heard.thoughts == ["hm hm"]
    assert heard.usage == Usage(1, 5, thinking_tokens=2)


@all_apis
@both_ways
@pytest.mark.parametrize("text", [None, "Let me see."])
def test_tool_calls(api: Api, text: str | None, *, streamed: bool) -> None:
    """Tools are called, several at once, with their arguments in pieces, after a text or without one."""
    heard = served(api, Reply(text, tool_calls=CALLS), streamed=streamed)
    assert heard.error is None
    assert "".join(heard.tokens) == (text or "")
    assert [name for _, name, _ in heard.calls] == ["weather", "time", "say"]
    assert [json.loads(arguments) for _, _, arguments in heard.calls] == [call.arguments for call in CALLS]
    prefix = "toolu" if api == "anthropic" else "call"
    assert [call_id for call_id, _, _ in heard.calls] == [f"{prefix}_1_0", f"{prefix}_1_1", "mine"]
    expected = {"openai": "tool_calls", "responses": "completed", "anthropic": "tool_use"}
    assert heard.finish_reason == expected[api]


@all_apis
def test_broken_arguments(api: Api) -> None:
    """Arguments may be whatever text a model writes, and a stream may be cut between two pieces of them."""
    whole = b"".join(stream(api, Reply(tool_calls=[ToolUse("t", '{"a": "b')])))
    pieces = [json.loads(line[6:]) for line in whole.decode().splitlines() if line.startswith("data: {")]
    told = json.dumps(pieces)
    assert json.dumps('{"a":')[1:-1] in told
    assert json.dumps(' "b')[1:-1] in told
    cut = served(api, Reply(tool_calls=[ToolUse("t", {"a": "b" * 20})], fault="cut", after=2), streamed=True)
    assert cut.error is not None
    assert cut.finish_reason is None


@both_ways
def test_thinking_that_no_one_may_read(*, streamed: bool) -> None:
    """Redacted thinking is a block with data only, and thinking that is not asked for a signature without text."""
    heard = served("anthropic", Reply("a", thinking="hm", redacted_thinking=True), streamed=streamed)
    assert [block["type"] for block in heard.items] == ["thinking", "redacted_thinking", "text"]
    assert heard.items[1]["data"]
    question = {"thinking": {"type": "adaptive", "display": "omitted"}}
    hidden = served("anthropic", Reply("a", thinking="hm"), streamed=streamed, **question)
    assert hidden.items[0] == {"type": "thinking", "thinking": "", "signature": heard.items[0]["signature"]}


@both_ways
def test_reasoning_without_summary(*, streamed: bool) -> None:
    """Redacted thinking of responses is an item whose content is sealed."""
    heard = served("responses", Reply("a", redacted_thinking=True), streamed=streamed)
    assert [item.type for item in heard.items] == ["reasoning", "message"]
    assert heard.items[0].summary == []
    assert heard.items[0].encrypted_content


@all_apis
@both_ways
def test_refusal(api: Api, *, streamed: bool) -> None:
    """A refusal is told where the API tells it: in a field, a part, or the reason to stop."""
    heard = served(api, Reply("I will not", refusal=True), streamed=streamed)
    if api == "responses":
        assert heard.items[0].content[0].refusal == "I will not"
    else:
        assert "".join(heard.tokens) == "I will not"
        assert heard.finish_reason == {"openai": "stop", "anthropic": "refusal"}[api]


@all_apis
@both_ways
def test_usage_in_full(api: Api, *, streamed: bool) -> None:
    """Tokens read from the cache, written to it and spent on thinking are told apart."""
    usage = Usage(20, 9, cached_tokens=4, cache_written_tokens=3, thinking_tokens=2)
    assert served(api, Reply("a", usage=usage), streamed=streamed).usage == usage


@all_apis
@both_ways
def test_usage_missing(api: Api, *, streamed: bool) -> None:
    """A usage can be left out, as some servers leave it."""
    heard = served(api, Reply("a b", usage_times=0), streamed=streamed)
    assert (heard.error, heard.usage, "".join(heard.tokens)) == (None, None, "a b")


@all_apis
def test_usage_twice(api: Api) -> None:
    """A usage can come twice in a stream, and counts once."""
    reply = Reply("a b", usage_times=2, usage=Usage(77, 2))
    assert served(api, reply, streamed=True).usage == Usage(77, 2)
    sent = b"".join(stream(api, reply))
    once = b"".join(stream(api, Reply("a b", usage=Usage(77, 2))))
    assert sent.count(b":77") > once.count(b":77") > 0


@all_apis
def test_unknown_events(api: Api) -> None:
    """Events that the API does not know come in the middle of the stream, which is otherwise the same."""
    reply = Reply(["a", "b"], extra_events=[{"type": "brand_new", "what": 1}, {"type": "ping", "more": {}}])
    heard = served(api, reply, streamed=True)
    assert (heard.error, heard.tokens) == (None, ["a", "b"])
    assert heard.finish_reason in ("stop", "completed", "end_turn")


@all_apis
@both_ways
@pytest.mark.parametrize("reply", [Reply("hi"), Reply(status=429, retry_after="Fri, 27 Nov 2026 10:00:00 GMT")])
def test_headers(api: Api, reply: Reply, *, streamed: bool) -> None:
    """More headers come with any status, and a time to come again in whatever form."""

    async def run() -> dict[str, str]:
        headers = {"X-RateLimit-Remaining-Requests": "3", "content-type": "application/strange"}
        scripted = Reply(reply.text, status=reply.status, retry_after=reply.retry_after, headers=headers)
        async with LLMServer([scripted]) as server:
            host, port = server.url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            turns = "input" if api == "responses" else "messages"
            body = {"model": "m", "max_tokens": 9, turns: [{"role": "user", "content": "x"}], "stream": streamed}
            if api == "responses":
                del body["max_tokens"]
            data = json.dumps(body).encode()
            path = WIRES[api].PATH
            more = f"authorization: Bearer k\r\nanthropic-version: 1\r\ncontent-length: {len(data)}\r\n\r\n"
            writer.write(f"POST {path} HTTP/1.1\r\n{more}".encode() + data)
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            writer.close()
            return dict(line.split(": ", 1) for line in head.splitlines()[1:] if line)

    got = asyncio.run(run())
    assert got["x-ratelimit-remaining-requests"] == "3"
    assert got["content-type"] == "application/strange"
    assert got.get("retry-after") == reply.retry_after


def stream(api: Api, reply: Reply) -> list[bytes]:
    """Encode a reply as the server does."""
    request = {"number": 7, "model": "m", "created_s": 1, "include_usage": True}
    answer, wire = reply.answer("x", 3, **request), WIRES[api]
    return [*wire.opening(answer), *wire.tokens(answer), *wire.closing(answer)]


RICH = Reply("a b", thinking="x y", redacted_thinking=True, tool_calls=CALLS, usage=Usage(9, 8, 3, 2, 1))


@all_apis
@pytest.mark.parametrize("reply", [RICH, Reply(""), Reply("no", refusal=True), Reply("cut", finish_reason="length")])
def test_shapes_are_the_sdk_s(api: Api, reply: Reply) -> None:
    """All that is said, in one piece and as events, is what the SDK's types say, fields that must be there included."""
    whole, event = SHAPES[api]
    answer = reply.answer("x", 3, number=7, model="m", created_s=1, include_usage=True)
    TypeAdapter(whole).validate_python(WIRES[api].whole(answer))
    lines = b"".join(stream(api, reply)).decode().splitlines()
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    assert events
    for each in events:
        if each.get("type") != "ping":
            TypeAdapter(event).validate_python(each)


def test_events_of_responses() -> None:
    """The events of responses are numbered, and each item is opened, filled, closed and told whole in the end."""
    lines = b"".join(stream("responses", Reply("a b", thinking="x", tool_calls=[ToolUse("t", {})]))).decode()
    events = [json.loads(line[6:]) for line in lines.splitlines() if line.startswith("data: ")]
    assert [each["sequence_number"] for each in events] == list(range(len(events)))
    kinds = [each["type"].removeprefix("response.") for each in events]
    assert kinds == [
        *("created", "in_progress"),
        *("output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta"),
        *("reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done"),
        *("output_item.added", "content_part.added", "output_text.delta", "output_text.delta"),
        *("output_text.done", "content_part.done", "output_item.done"),
        *("output_item.added", "function_call_arguments.delta", "function_call_arguments.done", "output_item.done"),
        "completed",
    ]
    done = [each["item"] for each in events if each["type"] == "response.output_item.done"]
    assert events[-1]["response"]["output"] == done
    begun = [each["item"] for each in events if each["type"] == "response.output_item.added"]
    assert done[0]["encrypted_content"] != begun[0]["encrypted_content"]


def test_calls_of_openai_come_in_turns() -> None:
    """Pieces of several calls are mixed, each with the index of its call; the id and the name come once."""
    two = [ToolUse("a", {"x": 11111}), ToolUse("b", {"y": 22222})]
    lines = b"".join(stream("openai", Reply(tool_calls=two))).decode().splitlines()
    chunks = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    calls = [call for delta in deltas for call in delta.get("tool_calls", ())]
    assert [call["index"] for call in calls] == [0, 1, 0, 1, 0, 1, 0, 1][: len(calls)]
    assert len(calls) > 4
    assert [call.get("id") for call in calls[:3]] == ["call_7_0", "call_7_1", None]


def test_a_call_without_arguments_has_no_pieces_of_them() -> None:
    """Anthropic's API says nothing for no arguments, which is not JSON."""
    whole = b"".join(stream("anthropic", Reply(tool_calls=[ToolUse("t")])))
    lines = [json.loads(line[6:]) for line in whole.decode().splitlines() if line.startswith("data: ")]
    pieces = [line["delta"]["partial_json"] for line in lines if line["type"] == "content_block_delta"]
    assert pieces == [""]
