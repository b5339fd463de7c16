"""The fake provider, when all goes well, driven by the real SDKs."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, get_args

import anthropic
import openai
import pytest

from tests.fakes.clients import Api, Heard, connect, hear
from tests.fakes.llm_server import LLMServer, Reply, Usage

PROMPTLY_S = 5.0  # measured: under 1 ms; the rest is for a machine that does other things too
PATHS = {"openai": "/v1/chat/completions", "responses": "/v1/responses", "anthropic": "/v1/messages"}
SOON_S = 50.0  # ends a test that would hang

all_apis = pytest.mark.parametrize("api", get_args(Api))
both_ways = pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])


async def served(api: Api, *replies: Reply | str, streamed: bool, **options: Any) -> Heard:
    """Hear a server of this script."""
    async with LLMServer(replies) as server:
        return await hear(api, server, streamed=streamed, **options)


@all_apis
@both_ways
def test_echoes_without_script(api: Api, *, streamed: bool) -> None:
    """Without a script the answer is what the user said last, named and counted."""
    heard = asyncio.run(served(api, streamed=streamed, text="good morning"))
    words = ["You", " said:", " good", " morning"]
    assert heard.tokens == (words if streamed else ["".join(words)])
    assert (heard.model, heard.usage, heard.error) == ("asked", Usage(2, 4), None)
    assert heard.id == {"openai": "chatcmpl-1", "responses": "resp_1", "anthropic": "msg_1"}[api]


@all_apis
@both_ways
def test_scripted_reply(api: Api, *, streamed: bool) -> None:
    """A reply's tokens, model, usage and finish reason arrive as scripted, in each API's own words."""
    reply = Reply(["a", "b c"], model="other", usage=Usage(9, 7, cached_tokens=4), finish_reason="length")
    heard = asyncio.run(served(api, reply, streamed=streamed))
    assert heard.tokens == (["a", "b c"] if streamed else ["ab c"])
    assert (heard.model, heard.usage) == ("other", Usage(9, 7, cached_tokens=4))
    assert heard.finish_reason == {"openai": "length", "responses": "max_output_tokens", "anthropic": "max_tokens"}[api]


@all_apis
@both_ways
def test_any_text_survives(api: Api, *, streamed: bool) -> None:
    """Line separators, what lies beyond ASCII and half a surrogate pair reach the client as scripted."""
    tokens = ["é", "\u2028", "\r\n\n", "😀", '"\\', "\ud83d", "\0"]
    heard = asyncio.run(served(api, Reply(tokens), streamed=streamed))
    assert "".join(heard.tokens) == "".join(tokens)


@all_apis
def test_replies_in_order_over_one_connection(api: Api) -> None:
    """Replies are used one a request, the last again and again, and the connection is kept alive."""

    async def run() -> None:
        async with LLMServer(["one", "two"]) as server, connect(api, server) as client:
            said: Any = [{"role": "user", "content": "x"}]
            question: Any = {"model": "m", "messages": said}
            for expected in ("one", "two", "two"):
                if api == "responses":
                    answer = (await client.responses.create(model="m", input=said)).output_text
                elif api == "openai":
                    answer = (await client.chat.completions.create(**question)).choices[0].message.content
                else:
                    answer = (await client.messages.create(**question, max_tokens=9)).content[0].text
                assert answer == expected
            assert [(request.number, request.connection) for request in server.requests] == [(1, 1), (2, 1), (3, 1)]
            assert server.open_connections == 1

    asyncio.run(run())


@all_apis
def test_tokens_go_out_one_by_one(api: Api) -> None:
    """Each token reaches a client of the same event loop before the next one is sent."""

    async def run() -> list[int]:
        heard, lengths = Heard(), list[int]()
        async with LLMServer([Reply(["x"] * 9)]) as server:
            task = asyncio.create_task(hear(api, server, streamed=True, heard=heard))
            while not task.done():
                await asyncio.sleep(0)
                lengths.append(len(heard.tokens))
        return lengths

    lengths = asyncio.run(run())
    assert sorted(set(lengths)) == list(range(10))


@all_apis
def test_burst_says_the_same(api: Api) -> None:
    """In a burst a long answer arrives token by token as well."""

    async def run() -> Heard:
        async with LLMServer([Reply(["x"] * 2000)], burst=True) as server:
            return await hear(api, server, streamed=True)

    heard = asyncio.run(run())
    assert heard.tokens == ["x"] * 2000
    assert heard.usage == Usage(1, 2000)


@all_apis
def test_request_is_recorded(api: Api) -> None:
    """A request is kept with its path, headers, parsed body and time of arrival."""

    async def run() -> None:
        async with LLMServer() as server:
            before = asyncio.get_running_loop().time()
            await hear(api, server, streamed=False, text="hi", key="mine")
            request = await server.arrived()
            assert request is server.requests[0]
            assert before <= request.received_at <= asyncio.get_running_loop().time()
            assert request.path == PATHS[api]
            assert request.headers["authorization"] == "Bearer mine"
            assert request.body["input" if api == "responses" else "messages"] == [{"role": "user", "content": "hi"}]

    asyncio.run(run())


@all_apis
@pytest.mark.parametrize(
    "reply",
    [
        Reply(fault="stall"),
        Reply(first_delay_s=60),
        Reply("a b", fault="stall", after=1),
        Reply("a b", delay_s=60),
    ],
    ids=["stalled", "before the first byte", "stalled in mid-stream", "between tokens"],
)
def test_leaving_client_is_noticed(api: Api, reply: Reply) -> None:
    """Whatever the server waits for, it knows at once when the client has closed its connection."""

    async def run() -> None:
        heard = Heard()
        async with LLMServer([reply]) as server:
            task = asyncio.create_task(hear(api, server, streamed=True, heard=heard))
            request = await server.arrived()
            while reply.text and not heard.tokens:  # noqa: ASYNC110 - an SDK's client has no event to wait for
                await asyncio.sleep(0)
            task.cancel()
            cancelled_at = time.monotonic()
            closed_at = await asyncio.wait_for(request.client_closed(), SOON_S)
            assert 0 <= closed_at - cancelled_at < PROMPTLY_S
            await asyncio.wait([task])
            assert server.open_connections == 0

    asyncio.run(run())


@all_apis
def test_models(api: Api) -> None:
    """Each API lists models in its own shape."""

    async def run() -> list[str]:
        async with LLMServer() as server, connect(api, server) as client:
            return [model.id async for model in client.models.list()]

    assert asyncio.run(run())[0] == ("claude-large" if api == "anthropic" else "gpt-4o")


def test_leaves_nothing_behind() -> None:
    """Leaving the server cuts whoever is still connected, and no task or connection stays."""

    async def run() -> None:
        async with LLMServer([Reply(fault="stall")]) as server:
            asked = [asyncio.create_task(hear(api, server, streamed=True)) for api in ("openai", "anthropic")]
            request = await server.arrived(2)
        assert server.open_connections == 0
        for heard in await asyncio.gather(*asked):
            assert isinstance(heard.error, openai.APIConnectionError | anthropic.APIConnectionError)
        with pytest.raises(ConnectionAbortedError):
            await request.client_closed()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())


def test_in_thread() -> None:
    """Beside a blocking test the server answers, can be waited for with a limit, and ends with its thread."""
    with LLMServer.in_thread([Reply("a b c"), Reply(fault="stall")]) as server:
        with openai.OpenAI(base_url=server.openai_base_url, api_key="k", max_retries=0) as client:
            answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])
            request = server.wait_for_request(SOON_S)
            with pytest.raises(TimeoutError):
                request.wait_closed(0)
        with pytest.raises(TimeoutError):
            server.wait_for_request(0, number=2)
        left_at = time.monotonic()
        assert request.wait_closed(SOON_S) - left_at < PROMPTLY_S
    assert answer.choices[0].message.content == "a b c"
    assert not [thread for thread in threading.enumerate() if thread.name == "LLMServer"]
    with (
        pytest.raises(openai.APIConnectionError),
        openai.OpenAI(base_url=server.openai_base_url, api_key="k", max_retries=0) as client,
    ):
        client.models.list()


def test_alone() -> None:
    """As a program it prints its base URL first and answers from the script on its command line."""
    replies = [
        "--reply",
        "plain",
        "--reply",
        json.dumps({"text": ["a", "b"], "usage": {"input_tokens": 5, "output_tokens": 6}}),
        "--reply",
        json.dumps(
            {"thinking": "hm", "tool_calls": [{"name": "t", "arguments": {"x": 1}}], "headers": {"x-more": "1"}}
        ),
    ]
    command = [sys.executable, "-m", "tests.fakes.llm_server", "--port", "0", "--key", "k", *replies]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            base_url = process.stdout.readline().strip()
            with anthropic.Anthropic(base_url=base_url, api_key="k", max_retries=0) as client:
                asked: Any = [{"role": "user", "content": "x"}]
                for expected in ("plain", "ab"):
                    answer: Any = client.messages.create(model="m", max_tokens=9, messages=asked)
                    assert answer.content[0].text == expected
                assert answer.usage.output_tokens == 6
                raw: Any = client.messages.with_raw_response.create(model="m", max_tokens=9, messages=asked)
                assert [block.type for block in raw.parse().content] == ["thinking", "tool_use"]
                assert raw.headers["x-more"] == "1"
        finally:
            process.terminate()
