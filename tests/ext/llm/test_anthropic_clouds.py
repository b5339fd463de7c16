"""Anthropic's models in the clouds of others, asked by the SDK's clients for these."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from anthropic import AsyncAnthropicBedrock, AsyncAnthropicVertex

from miniagents.content import Thinking, ToolCall
from miniagents.errors import BadAnswerError, MiniagentsError, ProviderFailedError, RateLimitedError, ReplyCutError
from miniagents.ext.llm.aws_frames import CONTENT_TYPE
from tests.ext.llm.asking import Heard, ask, settle
from tests.ext.llm.framing import chunk, failed, frame, text

pytestmark = pytest.mark.real_time

SECRET: Final = "cloud-0123456789abcdef"
WHOLE: Final = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m-1",
    "content": [{"type": "text", "text": "so"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 1},
}
BEGIN: Final[list[dict[str, Any]]] = [
    {"type": "message_start", "message": {**WHOLE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "sö"}},
    {"type": "content_block_stop", "index": 1},
]
END: Final[list[dict[str, Any]]] = [
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 4}},
    {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 3}},
]
CALL: Final[list[dict[str, Any]]] = [
    {"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "id": "c", "name": "f"}},
    {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '{"a": 1}'}},
    {"type": "content_block_stop", "index": 2},
]


def framed(*events: dict[str, Any]) -> bytes:
    """Return events as Bedrock streams them."""
    return b"".join(map(chunk, events))


def written(*events: dict[str, Any]) -> bytes:
    """Return events as Vertex streams them."""
    return b"".join(b"event: %b\ndata: %b\n\n" % (each["type"].encode(), json.dumps(each).encode()) for each in events)


class Asked:
    """What a cloud was asked: the line of the request, its headers, its body."""

    def __init__(self, head: str, body: bytes) -> None:
        self.line, *headers = head.strip().split("\r\n")
        self.headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in headers)}
        self.body = json.loads(body)


@asynccontextmanager
async def cloud(body: bytes, content_type: str) -> AsyncIterator[tuple[str, list[Asked]]]:
    """Give the URL of a server that answers so whatever it is asked, and what it was asked."""
    asked: list[Asked] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(line for line in head.lower().split("\r\n") if line.startswith("content-length:"))
        asked.append(Asked(head, await reader.readexactly(int(length.partition(":")[2]))))
        said = f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\nconnection: close"
        writer.write(said.encode() + b"\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
    await settle()


def bedrock(url: str) -> AsyncAnthropicBedrock:
    """Make a client for Bedrock."""
    return AsyncAnthropicBedrock(base_url=url, api_key=SECRET, aws_region="here", max_retries=0)


def vertex(url: str) -> AsyncAnthropicVertex:
    """Make a client for Vertex."""
    return AsyncAnthropicVertex(base_url=url, access_token=SECRET, project_id="p", region="here", max_retries=0)


async def heard_of(
    make: Callable[[str], Any], body: bytes, content_type: str, **parameters: Any
) -> tuple[Heard, Asked]:
    """Ask a cloud; return what came, and what it was asked."""
    async with cloud(body, content_type) as (url, asked), make(url) as client:
        heard = await ask("anthropic", {}, client=client, **parameters)
    return heard, asked[0]


@pytest.mark.parametrize(
    ("make", "write", "content_type", "path"),
    [
        (bedrock, framed, CONTENT_TYPE, "/model/model-1/invoke-with-response-stream"),
        (
            vertex,
            written,
            "text/event-stream",
            "/projects/p/locations/here/publishers/anthropic/models/model-1:streamRawPredict",
        ),
    ],
    ids=["bedrock", "vertex"],
)
async def test_a_stream(make: Any, write: Any, content_type: str, path: str) -> None:
    """It is the same as from Anthropic itself, whatever it is wrapped in: text, thoughts, calls, and the counts."""
    heard, asked = await heard_of(make, write(*BEGIN, *CALL, *END), content_type)
    assert (heard.error, heard.tokens) == (None, ["sö"])
    assert heard.message.parts[0] == Thinking("hm", signature="s")
    assert heard.message.parts[-1] == ToolCall("c", name="f", arguments='{"a": 1}')
    assert heard.metadata["usage"] == {"in": 3, "out": 4, "cached": 0}
    assert (heard.metadata["model"], heard.metadata["finish_reason"]) == ("m-1", "tool_calls")
    assert asked.line == f"POST {path} HTTP/1.1"
    assert asked.headers["authorization"] == f"Bearer {SECRET}"
    assert asked.body["messages"] == [{"role": "user", "content": "hello"}]


@pytest.mark.parametrize(("make", "end"), [(bedrock, "/invoke"), (vertex, ":rawPredict")], ids=["bedrock", "vertex"])
async def test_one_piece(make: Any, end: str) -> None:
    """An answer in one piece is asked for at its own path."""
    heard, asked = await heard_of(make, json.dumps(WHOLE).encode(), "application/json", stream=False)
    assert (heard.error, heard.message.text) == (None, "so")
    assert asked.line.split(" ")[1].endswith(end)


@pytest.mark.parametrize("make", [bedrock, vertex])
async def test_caching(make: Any) -> None:
    """Bedrock sets no marks by itself, so the last block has one."""
    mark = {"type": "ephemeral"}
    heard, asked = await heard_of(make, json.dumps(WHOLE).encode(), "application/json", stream=False, cache=True)
    assert heard.message.text == "so"
    if make is bedrock:
        assert asked.body["messages"][0]["content"] == [{"type": "text", "text": "hello", "cache_control": mark}]
        assert "cache_control" not in asked.body
    else:
        assert asked.body["cache_control"] == mark
        assert asked.body["messages"][0]["content"] == "hello"


@pytest.mark.parametrize("make", [bedrock, vertex])
async def test_caching_as_the_caller_says(make: Any) -> None:
    """A caller's own say leaves all else as it is."""
    own = {"type": "ephemeral", "ttl": "1h"}
    parameters = {"stream": False, "cache": True, "cache_control": own}
    _, asked = await heard_of(make, json.dumps(WHOLE).encode(), "application/json", **parameters)
    assert (asked.body["cache_control"], asked.body["messages"][0]["content"]) == (own, "hello")


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (framed(*BEGIN) + failed("throttlingException"), RateLimitedError, "slow down"),
        (framed(*BEGIN) + failed("modelStreamErrorException"), ProviderFailedError, "slow down"),
        (framed(*BEGIN) + failed("serviceUnavailableException", b""), ProviderFailedError, "it failed"),
        (framed(*BEGIN), ReplyCutError, ""),
        (framed(*BEGIN) + framed(*END)[:40], ReplyCutError, ""),
        (framed(*BEGIN) + framed(*END)[::-1], BadAnswerError, "not JSON"),
        (frame(text(":message-type", "event"), b'{"bytes": "x"}'), BadAnswerError, ""),
        (frame(text(":message-type", "event"), b'"text"'), BadAnswerError, ""),
        (frame(b"\x01a\x07\xff", b"{}"), BadAnswerError, ""),
        (frame(text(":message-type", "event"), b'{"bytes": "/w=="}'), BadAnswerError, ""),
    ],
    ids=["slow", "model", "down", "cut", "cut frame", "no frame", "base64", "shape", "headers", "bytes"],
)
async def test_what_goes_wrong_in_frames(body: bytes, kind: type[MiniagentsError], words: str) -> None:
    """Whatever a stream of frames ends with, it is an error of ours that says so, without the secret."""
    heard, _ = await heard_of(bedrock, body, CONTENT_TYPE)
    assert isinstance(heard.error, kind)
    assert words in str(heard.error)
    assert SECRET not in str(heard.error)
