"""The cases on pydantic-ai, with its own models for tests in the place of a provider."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from importlib.metadata import version
from typing import Any

from harness import counted, cpu_us, first_ms, paced, run, tokens
from pydantic_ai import Agent
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.models.test import TestModel

TOKENS, CALLS, TURNS, TURN_TOKENS = 5_000, 300, 400, 8

hello = Agent(TestModel(custom_output_text="hello"))


def source(count: int, *, live: bool) -> Any:
    """Give an agent whose model makes many tokens."""

    async def make(messages: Any, info: Any) -> AsyncIterator[str]:
        async for token in tokens(count, live=live):
            yield token

    return Agent(FunctionModel(stream_function=make))


async def read(agent: Any, count: int, history: Sequence[Any] | None = None) -> list[Any]:
    """Read every token; give all that was said."""
    async with agent.run_stream("hi", message_history=history) as reply:
        assert await counted(reply.stream_text(delta=True, debounce_by=None)) == count
        messages: list[Any] = reply.all_messages()
        return messages


async def token_ready() -> float:
    """CPU µs a token."""
    return await cpu_us(TOKENS, lambda: read(source(TOKENS, live=False), TOKENS))


async def token_live() -> float:
    """CPU µs a token."""
    return await cpu_us(TOKENS, lambda: read(source(TOKENS, live=True), TOKENS))


async def rewritten() -> float:
    """Wall ms from the first token of a paced reply to the first out of the second agent that rewrites it."""

    async def stream(begun: list[float]) -> AsyncIterator[str]:
        async def make(messages: Any, info: Any) -> AsyncIterator[str]:
            async for token in paced(begun):
                yield token

        async def again(messages: Any, info: Any) -> AsyncIterator[str]:
            for token in str(messages[-1].parts[-1].content).split():
                yield f"{token} "

        text = "hi"
        for agent in (Agent(FunctionModel(stream_function=make)), Agent(FunctionModel(stream_function=again))):
            async with agent.run_stream(text) as reply:
                text = await reply.get_output()  # an agent is sent whole messages
        async with Agent(FunctionModel(stream_function=again)).run_stream(text) as reply:
            async for token in reply.stream_text(delta=True, debounce_by=None):
                yield token

    return await first_ms(stream)


async def call_sequential() -> float:
    """CPU µs a call."""

    async def calls() -> None:
        for _ in range(CALLS):
            assert (await hello.run("hi")).output == "hello"

    return await cpu_us(CALLS, calls)


async def call_gathered() -> float:
    """CPU µs a call."""
    return await cpu_us(CALLS, lambda: asyncio.gather(*[hello.run("hi") for _ in range(CALLS)]))


async def dialog() -> float:
    """CPU seconds of 400 turns."""
    agent = source(TURN_TOKENS, live=True)
    history = await read(agent, TURN_TOKENS)
    history = []
    begun_s = time.process_time()
    for _ in range(TURNS):
        history = await read(agent, TURN_TOKENS, history)
    spent_s = time.process_time() - begun_s
    assert len(history) == 2 * TURNS
    return spent_s


if __name__ == "__main__":
    run(
        *(token_ready, token_live, rewritten, call_sequential, call_gathered, dialog),
        head=(version("pydantic-ai"), "from pydantic_ai import Agent"),
    )
