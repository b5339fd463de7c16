"""Tokens of a model's stream, one case a process: `ASKED_BY=sdk python benchmarks/streaming_models.py CASE`.

Asked by our agents, by the bare SDKs (`sdk`), or by a socket and the standard library's JSON (`socket`). The provider
is the fake one of the tests, in a process of its own, so that its CPU time is not counted.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from harness import cpu_us, run

TOKENS, STREAMS, LIVE_TOKENS, DELAY_S = 5_000, 50, 100, 0.02
CROWD, CROWD_TOKENS, CROWD_DELAY_S = 200, 50, 0.01
CALLS: Final = 300
QUESTION: Final = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
MORE: Final[dict[str, dict[str, Any]]] = {
    "openai": {"stream_options": {"include_usage": True}},
    "anthropic": {"max_tokens": 8192},
}
PATHS: Final = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
HOUSE: Final = Path(__file__).parent.parent
Ask = Callable[[], Awaitable[int]]
"""Asks once; returns how many tokens came."""


@contextmanager
def provider(reply: dict[str, Any]) -> Iterator[str]:
    """Run a provider that replies so; give its URL."""
    command = [sys.executable, "-m", "tests.fakes.llm_server", "--port", "0", "--burst", "--reply", json.dumps(reply)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HOUSE) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def by_miniagents(api: str, url: str) -> Ask:
    """Ask by our agent."""
    from importlib import import_module  # noqa: PLC0415 - the others do without it

    agent = getattr(import_module(f"miniagents.ext.llm.{api}"), f"{api}_agent")
    base_url = f"{url}/v1" if api == "openai" else url
    environment = {f"{api.upper()}_BASE_URL": base_url}

    async def ask() -> int:
        count = 0
        async for promise in agent.inquire("hello", model="m", environment=environment):
            async for _ in promise:
                count += 1
        return count

    return ask


def by_sdk(api: str, url: str) -> Ask:
    """Ask by the SDK, and read its objects in the shortest way there is."""

    async def ask_openai() -> int:
        count = 0
        async for chunk in await client.chat.completions.create(**QUESTION, **MORE[api], stream=True):
            if chunk.choices and chunk.choices[0].delta.content:
                count += 1
        return count

    async def ask_anthropic() -> int:
        count = 0
        async for event in await client.messages.create(**QUESTION, **MORE[api], stream=True):
            if event.type == "content_block_delta" and event.delta.type == "text_delta" and event.delta.text:
                count += 1
        return count

    client: Any
    if api == "openai":
        from openai import AsyncOpenAI  # noqa: PLC0415 - the others do without it

        client = AsyncOpenAI(base_url=f"{url}/v1", api_key="no-key")
        return ask_openai
    from anthropic import AsyncAnthropic  # noqa: PLC0415 - the others do without it

    client = AsyncAnthropic(base_url=url, api_key="no-key")
    return ask_anthropic


async def lines(url: str, path: str, body: bytes) -> AsyncIterator[bytes]:
    """Ask by a socket; give the lines of the answer, those of HTTP included."""
    reader, writer = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
    head = f"POST {path} HTTP/1.1\r\ncontent-length: {len(body)}\r\nanthropic-version: x\r\nauthorization: Bearer x\r\n"
    writer.write(head.encode() + b"connection: close\r\n\r\n" + body)
    rest = b""
    while data := await reader.read(65_536):
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            yield line
        if whole[-2:] == [b"0\r", b"\r"]:  # the last chunk of HTTP
            break
    writer.close()


def by_socket(api: str, url: str) -> Ask:
    """Ask by a socket, and read no more than the text."""
    body = json.dumps({**QUESTION, **MORE[api], "stream": True}).encode()

    async def ask() -> int:
        count = 0
        async for line in lines(url, PATHS[api], body):
            if line.startswith(b"data: {"):
                said = json.loads(line[6:])
                if api == "openai":
                    count += bool(said["choices"] and said["choices"][0]["delta"].get("content"))
                else:
                    count += said["type"] == "content_block_delta" and bool(said["delta"]["text"])
        return count

    return ask


WAYS: Final = {"miniagents": by_miniagents, "sdk": by_sdk, "socket": by_socket}
WAY: Final = os.environ.get("ASKED_BY", "miniagents")


async def replies(api: str, times: int, reply: dict[str, Any], count: int) -> float:
    """Give the CPU µs of a token, so many replies at the same time."""
    with provider({"text": ["token "] * count, **reply}) as url:
        ask = WAYS[WAY](api, url)

        async def all_at_once() -> None:
            assert await asyncio.gather(*[ask() for _ in range(times)]) == [count] * times

        return await cpu_us(times * count, all_at_once)


async def openai_reply() -> float:
    """CPU µs a token, 5,000 of them in one reply that is there as fast as it is read."""
    return await replies("openai", 1, {}, TOKENS)


async def anthropic_reply() -> float:
    """CPU µs a token, as above."""
    return await replies("anthropic", 1, {}, TOKENS)


async def openai_live() -> float:
    """CPU µs a token, 50 replies at the same time, each token by itself."""
    return await replies("openai", STREAMS, {"delay_s": DELAY_S}, LIVE_TOKENS)


async def anthropic_live() -> float:
    """CPU µs a token, as above."""
    return await replies("anthropic", STREAMS, {"delay_s": DELAY_S}, LIVE_TOKENS)


async def openai_live_aiohttp() -> float:
    """CPU µs a token, as above, ours by aiohttp; the bare SDK as it comes."""
    os.environ["MINIAGENTS_TRANSPORT"] = "aiohttp"
    return await openai_live()


async def anthropic_live_aiohttp() -> float:
    """CPU µs a token, as above."""
    os.environ["MINIAGENTS_TRANSPORT"] = "aiohttp"
    return await anthropic_live()


async def crowd(reading: Callable[[], float]) -> float:
    """Give how much more `reading` is after 200 streams of 50 tokens, one each 10 ms."""
    with provider({"text": ["token "] * CROWD_TOKENS, "delay_s": CROWD_DELAY_S}) as url:
        ask = WAYS[WAY]("openai", url)
        await ask()
        begun = reading()
        assert await asyncio.gather(*[ask() for _ in range(CROWD)]) == [CROWD_TOKENS] * CROWD
        return reading() - begun


async def openai_crowd() -> float:
    """Wall seconds of 200 streams at the same time; they take half a second to come."""
    return await crowd(time.perf_counter)


async def openai_crowd_rss() -> float:
    """The most memory in MiB that the whole process ever had, with 200 streams at the same time."""
    await crowd(time.perf_counter)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def calls(api: str) -> float:
    """CPU ms a call, 300 of them one after the other, each of one streamed token."""
    with provider({"text": ["token "]}) as url:
        ask = WAYS[WAY](api, url)

        async def one_by_one() -> None:
            for _ in range(CALLS):
                assert await ask() == 1

        return await cpu_us(CALLS, one_by_one) / 1000


async def openai_calls() -> float:
    """CPU ms a call."""
    return await calls("openai")


async def anthropic_calls() -> float:
    """CPU ms a call."""
    return await calls("anthropic")


def scope() -> AbstractAsyncContextManager[Any]:
    """Open the scope that our agents need."""
    if WAY != "miniagents":
        return nullcontext()
    from miniagents.miniagents import MiniAgents  # noqa: PLC0415 - the others do without it

    return MiniAgents()


if __name__ == "__main__":
    run(
        *(openai_reply, anthropic_reply, openai_live, anthropic_live),
        *(openai_live_aiohttp, anthropic_live_aiohttp),
        *(openai_crowd, openai_crowd_rss, openai_calls, anthropic_calls),
        scope=scope,
    )
