"""An SDK's client that its user has made: it is asked as it is, and nothing of it leaks."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI, OpenAI

from miniagents import MiniAgents
from miniagents.errors import KeyRefusedError, UsageError
from miniagents.ext.llm.clients import endpoint_of
from miniagents.ext.llm.endpoint import Service
from miniagents.ext.llm.openai import openai_agent
from tests.ext.llm.asking import SOON_S, served, settle
from tests.fakes.llm_server import Reply

SERVICE = Service("openai", "http://there/v1", "ends in /v1", "m", ("m*",))
real_time = pytest.mark.real_time
both_kinds = pytest.mark.parametrize("api", ["chat", "responses"])


async def reply_of(client: Any, **parameters: Any) -> str:
    """Ask by a client; there is no key in the environment."""
    parameters = {"model": "m-1", "environment": {}, "max_retries": 0, **parameters}
    return str(await openai_agent.inquire("hello", client=client, **parameters))


@asynccontextmanager
async def answering(body: bytes) -> AsyncIterator[tuple[str, list[str]]]:
    """Give the URL of a server that answers so whatever it is asked, and the heads of what it was asked."""
    heads: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close"
        writer.write(head.encode() + b"\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads
    await settle()


@real_time
@both_kinds
@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_of_the_users(api: str, monkeypatch: pytest.MonkeyPatch, *, stream: bool) -> None:
    """It is asked with its own key and headers, by every call, and is open for the next when the scope has ended."""
    monkeypatch.setattr("miniagents.ext.llm.sdk._AFTER_THE_END_S", SOON_S)  # a busy machine may need a while
    async with served("hi") as server:
        url, more = server.openai_base_url, {"x-mine": "1"}
        async with AsyncOpenAI(base_url=url, api_key="sk-mine", default_headers=more) as client:
            for _ in range(2):
                async with MiniAgents():
                    assert await reply_of(client, api=api, stream=stream) == "hi"
            assert not client.is_closed()
        headers = [request.headers for request in server.requests]
        assert [(each["authorization"], each["x-mine"]) for each in headers] == [("Bearer sk-mine", "1")] * 2
        assert {request.connection for request in server.requests} == {1}


@real_time
async def test_a_client_for_azure() -> None:
    """One for Azure asks as Azure wants it: the deployment in the path, the version, the key in a header of its own."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
    answer = json.dumps({"id": "x", "object": "chat.completion", "model": "m", "choices": [choice]}).encode()
    async with (
        answering(answer) as (url, heads),
        AsyncAzureOpenAI(azure_endpoint=url, api_key="az-mine", api_version="2024-10-21") as client,
        MiniAgents(),
    ):
        assert await reply_of(client, stream=False) == "hi"
    [head] = heads
    assert head.startswith("POST /openai/deployments/m-1/chat/completions?api-version=2024-10-21 ")
    assert "api-key: az-mine" in head.lower()


@real_time
async def test_what_it_is_refused_says_nothing_of_its_key() -> None:
    """An error names the cure for a client, and holds no key."""
    secret = "sk-mine-0123456789abcdef"
    async with served(Reply(f"bad key {secret}", status=401)) as server, MiniAgents():
        async with AsyncOpenAI(base_url=server.openai_base_url, api_key=secret) as client:
            with pytest.raises(KeyRefusedError, match="check the key of the client") as caught:
                await reply_of(client)
        assert secret not in str(caught.value)


@real_time
async def test_a_client_that_blocks() -> None:
    """A client that is none, or that would stop the loop, is refused before anything is asked."""
    with OpenAI(base_url="http://there/v1", api_key="no-key") as client:
        async with MiniAgents():
            with pytest.raises(UsageError, match="client=OpenAI is no async client of the SDK of openai"):
                await reply_of(client)
            with pytest.raises(UsageError, match="client=str is no async client"):
                await reply_of("client")


async def close() -> None:
    """Do nothing."""


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"api_key": "a"}, "a"),
        ({"api_key": None, "auth_token": "b"}, "b"),
        ({"api_key": lambda: "c", "aws_secret_key": "d"}, "d"),
        ({"api_key": ""}, ""),
        ({}, ""),
    ],
)
def test_the_secret_of_a_client(fields: dict[str, Any], key: str) -> None:
    """Its secret is known, wherever it has it, so that it can be kept out of what is written down."""
    endpoint = endpoint_of(SimpleNamespace(base_url="http://there/v1/", close=close, **fields), SERVICE)
    assert (endpoint.base_url, endpoint.key, endpoint.is_ambient) == ("http://there/v1", key, False)
