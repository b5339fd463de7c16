"""How the body of a stream is read: in batches, decompressed, not beyond its end mark, and given back or closed."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from miniagents import MiniAgents
from tests.ext.llm.asking import AGENTS, PROMPTLY_S, SOON_S, Api, answered, both_apis, settle
from tests.fakes import anthropic_wire, openai_wire
from tests.fakes.replies import Answer, Usage

pytestmark = pytest.mark.real_time

TOKENS = tuple(f"{number} " for number in range(100))


def stream_of(api: Api) -> bytes:
    """Write a whole stream."""
    answer = Answer(1, "m", TOKENS, Usage(1, 100), "stop", 1, include_usage=True)
    wire = openai_wire if api == "openai" else anthropic_wire
    return b"".join([*wire.opening(answer), *wire.tokens(answer), *wire.closing(answer)])


@dataclass
class Peer:
    """A server that sends a whole stream to whoever connects, and then neither ends the answer nor closes."""

    url: str = ""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """A client has closed."""


@asynccontextmanager
async def endless(api: Api) -> AsyncIterator[Peer]:
    """Run such a server."""
    peer = Peer()
    body = stream_of(api)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        writer.write(head + b"%x\r\n%b\r\n" % (len(body), body))
        while await reader.read(2**16):
            pass
        writer.close()
        peer.gone.set()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        peer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield peer
        await asyncio.wait_for(peer.gone.wait(), SOON_S)
    await settle()


@both_apis
async def test_nothing_is_waited_for_after_the_end_mark(api: Api) -> None:
    """A server that says that all has come, and does not end its answer, does not hold the reply up; it is closed."""
    async with endless(api) as peer, MiniAgents():
        variables = {"OPENAI_BASE_URL": peer.url, "ANTHROPIC_BASE_URL": peer.url}
        reply = await AGENTS[api].inquire("x", model="m", environment=variables)
        assert str(reply) == "".join(TOKENS)
        await asyncio.wait_for(peer.gone.wait(), PROMPTLY_S)


@both_apis
async def test_many_tokens_of_one_read(api: Api) -> None:
    """Tokens that come in one piece are given without a turn of the loop between them."""
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with endless(api) as peer, MiniAgents():
        variables = {"OPENAI_BASE_URL": peer.url, "ANTHROPIC_BASE_URL": peer.url}
        async for promise in AGENTS[api].inquire("x", model="m", environment=variables):
            tokens = aiter(promise)
            assert await anext(tokens) == TOKENS[0]
            counting = asyncio.create_task(count_turns())
            assert [await anext(tokens) for _ in TOKENS[1:]] == [*TOKENS[1:]]
            counting.cancel()
            await asyncio.wait([counting])
    assert turns <= 3


@both_apis
async def test_a_compressed_stream(api: Api) -> None:
    """What a proxy has compressed is read all the same."""
    content_type = "text/event-stream\r\ncontent-encoding: deflate"
    heard = await answered(api, zlib.compress(stream_of(api)), content_type)
    assert (heard.error, tuple(heard.tokens)) == (None, TOKENS)
