"""The cases on langchain-core, whose chunks are our tokens and whose runnables are our agents."""

import asyncio
import time
from collections.abc import AsyncIterator
from functools import reduce
from importlib.metadata import version
from operator import or_
from typing import Any

from harness import counted, cpu_us, first_ms, paced, run, tokens
from langchain_core.runnables import RunnableGenerator, RunnableLambda

TOKENS, CHAIN_TOKENS, CALLS = 10_000, 2_000, 2_000
CHAIN, LONG_CHAIN, FIRST_TOKENS = 16, 256, 3


def source(count: int, *, live: bool) -> Any:
    """Give a runnable that makes many chunks."""

    async def make(chunks: AsyncIterator[str]) -> AsyncIterator[str]:
        async for token in tokens(count, live=live):
            yield token

    return RunnableGenerator(make)


async def _again(chunks: AsyncIterator[str]) -> AsyncIterator[str]:
    async for chunk in chunks:
        yield chunk


async def _hello(text: str) -> str:
    return "hello"


hello = RunnableLambda(_hello)


def chain(count: int, times: int, *, live: bool) -> Any:
    """Give the runnable that makes many chunks, and others behind it that give each chunk that comes."""
    return reduce(or_, [source(count, live=live), *[RunnableGenerator(_again) for _ in range(times)]])


async def read(runnable: Any, count: int) -> None:
    """Read every chunk."""
    assert await counted(runnable.astream("hi")) == count


async def token_ready() -> float:
    """CPU µs a chunk."""
    return await cpu_us(TOKENS, lambda: read(source(TOKENS, live=False), TOKENS))


async def token_live() -> float:
    """CPU µs a chunk."""
    return await cpu_us(TOKENS, lambda: read(source(TOKENS, live=True), TOKENS))


async def restream_ready() -> float:
    """CPU µs a chunk."""
    return await cpu_us(CHAIN_TOKENS, lambda: read(chain(CHAIN_TOKENS, CHAIN, live=False), CHAIN_TOKENS))


async def restream_live() -> float:
    """CPU µs a chunk."""
    return await cpu_us(CHAIN_TOKENS, lambda: read(chain(CHAIN_TOKENS, CHAIN, live=True), CHAIN_TOKENS))


async def first_token() -> float:
    """CPU ms until the first chunk is read, behind 256 runnables that hand on chunk by chunk: it has no other way."""
    runnable = chain(10, LONG_CHAIN, live=True)
    spent_s = []
    for _ in range(1 + FIRST_TOKENS):
        begun_s = time.process_time()
        chunks = runnable.astream("hi")
        await anext(chunks)
        spent_s.append(time.process_time() - begun_s)
        assert await counted(chunks) == 9
    return sum(spent_s[1:]) / FIRST_TOKENS * 1e3


async def rewritten() -> float:
    """Wall ms from the first chunk of a paced reply to the first out of the second runnable behind it."""

    def stream(begun: list[float]) -> AsyncIterator[str]:
        async def make(chunks: AsyncIterator[str]) -> AsyncIterator[str]:
            async for token in paced(begun):
                yield token

        return reduce(or_, [RunnableGenerator(make), *[RunnableGenerator(_again)] * 2]).astream("hi")

    return await first_ms(stream)


async def call_sequential() -> float:
    """CPU µs a call."""

    async def calls() -> None:
        for _ in range(CALLS):
            assert await hello.ainvoke("hi") == "hello"

    return await cpu_us(CALLS, calls)


async def call_gathered() -> float:
    """CPU µs a call."""
    return await cpu_us(CALLS, lambda: asyncio.gather(*[hello.ainvoke("hi") for _ in range(CALLS)]))


if __name__ == "__main__":
    run(
        *(token_ready, token_live, restream_ready, restream_live, first_token),
        *(rewritten, call_sequential, call_gathered),
        head=(version("langchain-core"), "from langchain_core.runnables import RunnableGenerator, RunnableLambda"),
    )
