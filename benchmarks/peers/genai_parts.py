"""The cases on genai-processors, whose parts are our tokens and whose processors are our agents.

No first token through 256 of them: its processors are generators inside each other, and Python's stack ends before.
"""

import asyncio
from collections.abc import AsyncIterable
from importlib.metadata import version
from typing import Any

from genai_processors import processor
from harness import counted, cpu_us, first_ms, paced, run, tokens

TOKENS, CHAIN_TOKENS, MESSAGES, CALLS = 10_000, 2_000, 10_000, 2_000
CHAIN = 16


def source(count: int, *, live: bool) -> Any:
    """Give a processor that makes many parts."""

    @processor.processor_function
    async def make(content: Any) -> AsyncIterable[Any]:
        async for token in tokens(count, live=live):
            yield token

    return make


@processor.processor_function
async def again(content: Any) -> AsyncIterable[Any]:
    """Give each part that comes."""
    async for part in content:
        yield part


@processor.processor_function
async def hello(content: Any) -> AsyncIterable[Any]:
    """Reply one part."""
    yield "hello"


async def read(reply: Any, count: int) -> None:
    """Read every part."""
    assert await counted(reply) == count


async def token_ready() -> float:
    """CPU µs a part."""
    return await cpu_us(TOKENS, lambda: read(source(TOKENS, live=False)("hi"), TOKENS))


async def token_live() -> float:
    """CPU µs a part."""
    return await cpu_us(TOKENS, lambda: read(source(TOKENS, live=True)("hi"), TOKENS))


async def chained(*, live: bool) -> float:
    """CPU µs a part, through 16 processors behind the one that makes them."""
    chain = processor.chain([source(CHAIN_TOKENS, live=live), *[again] * CHAIN])
    return await cpu_us(CHAIN_TOKENS, lambda: read(chain("hi"), CHAIN_TOKENS))


async def restream_ready() -> float:
    """CPU µs a part."""
    return await chained(live=False)


async def restream_live() -> float:
    """CPU µs a part."""
    return await chained(live=True)


async def message_echoed() -> float:
    """CPU µs a part."""
    texts = [f"message {number}" for number in range(MESSAGES)]

    async def echo() -> None:
        assert [part.text async for part in again(texts)] == texts

    return await cpu_us(MESSAGES, echo)


async def rewritten() -> float:
    """Wall ms from the first part of a paced reply to the first out of the second processor behind it."""

    def stream(begun: list[float]) -> AsyncIterable[Any]:
        @processor.processor_function
        async def make(content: Any) -> AsyncIterable[Any]:
            async for token in paced(begun):
                yield token

        return (make + again + again)("hi")

    return await first_ms(stream)


async def call() -> None:
    """Call a processor."""
    assert await hello("hi").text() == "hello"


async def call_sequential() -> float:
    """CPU µs a call."""

    async def calls() -> None:
        for _ in range(CALLS):
            await call()

    return await cpu_us(CALLS, calls)


async def call_gathered() -> float:
    """CPU µs a call."""
    return await cpu_us(CALLS, lambda: asyncio.gather(*[call() for _ in range(CALLS)]))


if __name__ == "__main__":
    run(
        *(token_ready, token_live, restream_ready, restream_live),
        *(rewritten, message_echoed, call_sequential, call_gathered),
        scope=processor.context,
        head=(version("genai-processors"), "from genai_processors import processor"),
    )
