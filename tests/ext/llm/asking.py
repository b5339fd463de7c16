"""One question to a model agent whose real SDK talks to the fake provider, and all that came of it."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import pytest

from miniagents import Message, MiniAgent, MiniAgents
from miniagents.errors import MiniagentsError
from miniagents.ext.llm.anthropic import anthropic_agent
from miniagents.ext.llm.openai import openai_agent
from tests.fakes.llm_server import LLMServer, Reply

Api = Literal["openai", "anthropic"]

AGENTS: Final[Mapping[str, MiniAgent]] = {"openai": openai_agent, "anthropic": anthropic_agent}
KEY: Final = "sk-proj-0123456789abcdefghij"
SOON_S: Final = 50.0  # ends a test that would hang
PROMPTLY_S: Final = 5.0
"""A cancelled call reaches the provider in under 1 ms, the rest is for a busy machine; one that goes on, never."""

both_apis = pytest.mark.parametrize("api", ["openai", "anthropic"])
both_ways = pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])


@dataclass
class Heard:
    """What came of a question."""

    tokens: list[str] = field(default_factory=list)
    message: Message = field(default_factory=Message)
    error: Any = None

    @property
    def metadata(self) -> Mapping[str, Any]:
        """How the reply came about."""
        return self.message.metadata


@asynccontextmanager
async def served(*replies: Reply | str, keys: Collection[str] = ()) -> AsyncIterator[LLMServer]:
    """Run a provider, and see to it that nobody who asked it has kept a connection."""
    async with LLMServer(replies, keys=keys) as server:
        yield server
        async with asyncio.timeout(SOON_S):
            while server.open_connections:  # noqa: ASYNC110 - the loop has to come round for a close to be seen
                await asyncio.sleep(0)
    await settle()


async def settle() -> None:
    """End the loop's own thread, in which the SDKs look at the platform once a client."""
    await asyncio.get_running_loop().shutdown_default_executor()


def environment(server: LLMServer, **more: str) -> dict[str, str]:
    """Return variables that lead both agents to the server."""
    return {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": server.openai_base_url,
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": server.anthropic_base_url,
        **more,
    }


async def ask(api: Api, variables: Mapping[str, str], said: Any = "hello", **parameters: Any) -> Heard:
    """Ask one question in a scope of its own, without a second try, and report an error instead of raising it."""
    heard = Heard()
    parameters = {"model": "model-1", "max_retries": 0, **parameters}
    async with MiniAgents():
        try:
            async for promise in AGENTS[api].inquire(said, environment=variables, **parameters):
                async for token in promise:
                    heard.tokens.append(token)
                heard.message = await promise
        except MiniagentsError as error:
            heard.error = error
    return heard


async def asked(api: Api, reply: Reply | str, said: Any = "hello", **parameters: Any) -> tuple[Heard, dict[str, Any]]:
    """Ask a provider that replies so; return what came, and the last request as the provider got it."""
    async with served(reply) as server:
        heard = await ask(api, environment(server), said, **parameters)
        return heard, server.requests[-1].body


async def answered(api: Api, body: bytes, content_type: str, *, scheme: str = "http", **parameters: Any) -> Heard:
    """Ask a server that answers whatever it is sent with this, status 200."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(2**16)
        head = f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\nconnection: close"
        writer.write(head.encode() + b"\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        heard = await ask(api, {"OPENAI_BASE_URL": url, "ANTHROPIC_BASE_URL": url}, **parameters)
    await settle()
    return heard
