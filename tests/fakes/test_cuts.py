"""The fake provider, when a body breaks off where no text breaks off, or says itself that it failed."""

from __future__ import annotations

import asyncio
import json
from typing import Any, get_args

import pytest

from tests.fakes import anthropic_wire, openai_wire, responses_wire
from tests.fakes.clients import Api, Heard, hear
from tests.fakes.llm_server import LLMServer, Reply, ToolUse
from tests.fakes.test_faults import CUT_OFF, SDKS, kind

TOKENS = ("a", "b", "c", "d")
WIRES: dict[str, Any] = {"openai": openai_wire, "responses": responses_wire, "anthropic": anthropic_wire}

all_apis = pytest.mark.parametrize("api", get_args(Api))
both_ways = pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])


def meet(api: Api, reply: Reply, *, streamed: bool) -> Heard:
    """Hear a reply that goes wrong."""

    async def run() -> Heard:
        async with LLMServer([reply]) as server:
            return await hear(api, server, streamed=streamed)

    return asyncio.run(run())


def sent(api: Api, reply: Reply, *, streamed: bool = True) -> bytes:
    """Receive a reply as it goes out, to the end of its connection, or of the error."""

    async def run() -> bytes:
        async with LLMServer([reply]) as server:
            host, port = server.url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            said: Any = [{"role": "user", "content": "x"}]
            turns = {"input": said} if api == "responses" else {"messages": said, "max_tokens": 9}
            data = json.dumps({"model": "m", "stream": streamed, **turns}).encode()
            more = f"authorization: Bearer k\r\nanthropic-version: 1\r\ncontent-length: {len(data)}\r\n\r\n"
            writer.write(f"POST {WIRES[api].PATH} HTTP/1.1\r\n{more}".encode() + data)
            if reply.fault == "error_200":
                received = await reader.readuntil(b'"}' if api == "anthropic" else b"}}")
                received += await reader.readuntil(b'"}') if api == "anthropic" else b""
            else:
                received = await reader.read()
            writer.close()
            return received

    return asyncio.run(run())


@all_apis
@both_ways
def test_cut_mid_character(api: Api, *, streamed: bool) -> None:
    """The connection closes inside a character, after half of the tokens; what has come is no UTF-8."""
    reply = Reply(TOKENS, fault="cut_mid_character")
    received = sent(api, reply, streamed=streamed).removesuffix(b"\r\n")
    with pytest.raises(UnicodeDecodeError, match="unexpected end of data"):
        received.decode()
    heard = meet(api, reply, streamed=streamed)
    assert heard.tokens == (["a", "b"] if streamed else [])
    assert kind(api, heard).endswith(CUT_OFF[api] if streamed else "APIConnectionError")


@all_apis
@pytest.mark.parametrize("after", [0, 2, 4])
def test_cut_mid_event(api: Api, after: int) -> None:
    """The connection closes inside the event of the next token, or of the end."""
    reply = Reply(TOKENS, fault="cut_mid_event", after=after)
    assert not sent(api, reply).removesuffix(b"\r\n").endswith((b"\n\n", b"}"))
    heard = meet(api, reply, streamed=True)
    assert heard.tokens == list(TOKENS[:after])
    assert kind(api, heard).endswith(CUT_OFF[api])


@all_apis
def test_cut_mid_event_of_a_whole_answer(api: Api) -> None:
    """An answer in one piece that is cut is a connection error."""
    assert kind(api, meet(api, Reply(TOKENS, fault="cut_mid_event"), streamed=False)) == "APIConnectionError"


@all_apis
@pytest.mark.parametrize("fault", ["cut", "cut_mid_event", "cut_mid_character", None])
def test_close_delimited(api: Api, fault: Any) -> None:
    """Where the connection's end is the stream's, neither HTTP nor the SDKs tell a cut from an end."""
    received = sent(api, Reply(TOKENS, fault=fault, close_delimited=True))
    assert b"connection: close" in received
    assert b"transfer-encoding" not in received
    heard = meet(api, Reply(TOKENS, fault=fault, close_delimited=True), streamed=True)
    assert heard.tokens == list(TOKENS[:2] if fault else TOKENS)
    if fault in ("cut", None):
        assert heard.error is None
        assert (heard.finish_reason is None) is (fault == "cut")


@all_apis
def test_a_whole_answer_can_end_with_its_connection(api: Api) -> None:
    """An answer in one piece may have no length of its own."""
    received = sent(api, Reply("hi", close_delimited=True), streamed=False)
    assert b"content-length" not in received
    assert "".join(meet(api, Reply("hi", close_delimited=True), streamed=False).tokens) == "hi"


@all_apis
@both_ways
def test_error_200(api: Api, *, streamed: bool) -> None:
    """An error in one piece with status 200 is no error to the SDKs, though a stream was asked for, and no answer."""
    received = sent(
        api, Reply(TOKENS, fault="error_200", headers={"connection": "close"}, close_delimited=True), streamed=streamed
    )
    assert received.startswith(b"HTTP/1.1 200 OK\r\ncontent-type: application/json")
    assert json.loads(received.partition(b"\r\n\r\n")[2])["error"]["message"]
    heard = meet(api, Reply(TOKENS, fault="error_200"), streamed=streamed)
    assert (heard.error, heard.tokens, heard.finish_reason) == (None, [], None)


@both_ways
def test_failed_response(*, streamed: bool) -> None:
    """A response says of itself that it failed, in its last event or as a whole, which is no error to the SDK."""
    heard = meet("responses", Reply(TOKENS, fault="failed_event"), streamed=streamed)
    assert (heard.error, heard.finish_reason) == (None, "failed")
    assert heard.tokens == (["a", "b"] if streamed else [])


@pytest.mark.parametrize("api", ["openai", "anthropic"])
def test_failed_elsewhere(api: Api) -> None:
    """An API that has no such thing sends an error."""
    heard = meet(api, Reply(TOKENS, fault="failed_event"), streamed=True)
    assert isinstance(heard.error, SDKS[api].APIError)
    assert heard.tokens == ["a", "b"]


@pytest.mark.parametrize("fault", ["error_event", "failed_event"])
@pytest.mark.parametrize("reply", [{"text": TOKENS}, {"thinking": "a b", "tool_calls": [ToolUse("t", {"a": 1})]}])
def test_events_are_numbered_to_the_end(fault: Any, reply: dict[str, Any]) -> None:
    """The event of the failure has the number after the last that was sent."""
    received = sent("responses", Reply(**reply, fault=fault, after=3, close_delimited=True)).decode()
    events = [json.loads(line[6:]) for line in received.splitlines() if line.startswith("data: ")]
    assert [each["sequence_number"] for each in events] == list(range(len(events)))
    assert events[-1]["type"] == ("error" if fault == "error_event" else "response.failed")


@pytest.mark.parametrize(("reason", "told"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
@both_ways
def test_incomplete_response(reason: str, told: str, *, streamed: bool) -> None:
    """A response that was cut short by the model says why."""
    heard = meet("responses", Reply("a b", finish_reason=reason), streamed=streamed)
    assert (heard.error, heard.finish_reason, heard.items[0].status) == (None, told, "incomplete")
