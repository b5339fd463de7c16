"""The runtime's cases, one a process: `python benchmarks/runtime.py CASE` prints one figure.

Figures are CPU microseconds a unit, or bytes where the name says so. `floor_…` is what asyncio costs for the same.
"""

import asyncio
import resource
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from miniagents.messages import Message
from miniagents.miniagents import InteractionContext, MiniAgents, miniagent
from miniagents.promising.sentinels import AWAIT
from miniagents.utils import achain_loop

CALLS, TOKENS, IDLE, ROUNDS = 10_000, 50_000, 10_000, 20_000


@miniagent
async def echo_agent(ctx: InteractionContext) -> None:
    """Reply one message."""
    ctx.reply("hello")


@miniagent
async def idle_agent(ctx: InteractionContext) -> None:
    """Wait for ever."""
    await asyncio.Event().wait()


async def tokens(*, live: bool) -> AsyncIterator[str]:
    """Give tokens, all at once or one a turn of the loop."""
    for _ in range(TOKENS):
        if live:
            await asyncio.sleep(0)
        yield "token"


@miniagent
async def token_agent(ctx: InteractionContext, live: bool) -> None:  # noqa: FBT001 - an agent's parameters have names
    """Reply one message of many tokens."""
    ctx.reply(Message.promise(tokens(live=live)))


async def cpu_us(count: int, what: Callable[[], Awaitable[object]]) -> float:
    """Give the CPU time of a unit, after one run to warm up."""
    await what()
    begun = time.process_time()
    await what()
    return (time.process_time() - begun) / count * 1e6


async def nothing() -> None:
    """Be a task."""


async def read(*, live: bool) -> None:
    """Read every token of an agent's reply."""
    count = 0
    async for promise in token_agent.inquire(live=live):
        async for _ in promise:
            count += 1
    assert count == TOKENS


async def call_sequential() -> float:
    """One call after the other."""

    async def calls() -> None:
        for _ in range(CALLS):
            await echo_agent.inquire("hi")

    return await cpu_us(CALLS, calls)


async def floor_call_sequential() -> float:
    """One task after the other."""

    async def calls() -> None:
        for _ in range(CALLS):
            await asyncio.create_task(nothing())

    return await cpu_us(CALLS, calls)


async def call_gathered() -> float:
    """All calls at once."""
    return await cpu_us(CALLS, lambda: asyncio.gather(*[echo_agent.inquire("hi") for _ in range(CALLS)]))


async def floor_call_gathered() -> float:
    """All tasks at once."""
    return await cpu_us(CALLS, lambda: asyncio.gather(*[nothing() for _ in range(CALLS)]))


async def token_ready() -> float:
    """Tokens that are there in advance, from an agent to its reader."""
    return await cpu_us(TOKENS, lambda: read(live=False))


async def floor_token_ready() -> float:
    """The same tokens out of the bare generator."""

    async def bare() -> None:
        async for _ in tokens(live=False):
            pass

    return await cpu_us(TOKENS, bare)


async def token_live() -> float:
    """Tokens that arrive one by one."""
    return await cpu_us(TOKENS, lambda: read(live=True))


async def floor_token_live() -> float:
    """The same tokens through an asyncio.Queue, from one task to another."""

    async def queued() -> None:
        queue: asyncio.Queue[str | None] = asyncio.Queue()

        async def produce() -> None:
            async for token in tokens(live=True):
                queue.put_nowait(token)
            queue.put_nowait(None)

        producer = asyncio.create_task(produce())
        while await queue.get() is not None:
            pass
        await producer

    return await cpu_us(TOKENS, queued)


async def idle_bytes() -> float:
    """Memory of a call that waits."""
    before = rss_bytes()
    replies = [idle_agent.inquire("hi") for _ in range(IDLE)]
    await asyncio.sleep(0)
    used = (rss_bytes() - before) / IDLE
    for reply in replies:
        reply.cancel()
    return used


async def floor_idle_bytes() -> float:
    """Memory of a task that waits."""
    before = rss_bytes()
    tasks = [asyncio.create_task(asyncio.Event().wait()) for _ in range(IDLE)]
    await asyncio.sleep(0)
    used = (rss_bytes() - before) / IDLE
    for task in tasks:
        task.cancel()
    return used


async def loop_growth_bytes() -> float:
    """Memory that a loop of two agents takes in 20,000 rounds more, after 2,000."""
    await achain_loop([echo_agent, AWAIT, echo_agent], rounds=ROUNDS // 10)
    before = rss_bytes()
    await achain_loop([echo_agent, AWAIT, echo_agent], rounds=ROUNDS)
    return rss_bytes() - before


def rss_bytes() -> int:
    """Give the memory that this process has now; only its peak, where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def main(case: str) -> None:
    """Run one case and print its figure."""
    async with MiniAgents():
        print(await globals()[case]())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
