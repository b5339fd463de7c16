"""Our cases of memory, one a process, in KiB of resident memory: `python benchmarks/memory.py CASE`."""

import asyncio

from harness import distinct_tokens, rss_kib, run
from streams import restreaming_agent

from miniagents.messages import Message
from miniagents.miniagents import InteractionContext, MiniAgents, miniagent
from miniagents.promising.sentinels import AWAIT
from miniagents.utils import achain_loop

IDLE, ROUNDS, CALLS, TOKENS = 10_000, 20_000, 100_000, 1_000_000
WARM_CALLS, WARM_ROUNDS, WARM_TOKENS, TOKENS_A_LOOK = 5_000, 2_000, 50_000, 10_000


@miniagent
async def idle_agent(ctx: InteractionContext) -> None:
    """Wait for ever."""
    await asyncio.Event().wait()


@miniagent
async def reading_agent(ctx: InteractionContext) -> None:
    """Read what comes, and reply one message."""
    await ctx.message_promises
    ctx.reply("hello")


@miniagent
async def endless_agent(ctx: InteractionContext, count: int) -> None:
    """Reply one message of a great many tokens."""
    ctx.reply(Message.promise(distinct_tokens(count)))


async def idle() -> float:
    """What a call takes that has begun and waits."""
    before = rss_kib()
    replies = [idle_agent.inquire("hi") for _ in range(IDLE)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    used = (rss_kib() - before) / IDLE
    for reply in replies:
        reply.cancel()
    return used


async def loop_growth() -> float:
    """What a loop of two agents takes in 20,000 rounds more, after 2,000."""
    await achain_loop([reading_agent, AWAIT, reading_agent], rounds=WARM_ROUNDS)
    before = rss_kib()
    await achain_loop([reading_agent, AWAIT, reading_agent], rounds=ROUNDS)
    return rss_kib() - before


async def calls_growth() -> float:
    """What 100,000 calls take, one after the other in one scope, after 5,000."""
    for _ in range(WARM_CALLS):
        await reading_agent.inquire("hi")
    before = rss_kib()
    for _ in range(CALLS):
        await reading_agent.inquire("hi")
    return rss_kib() - before


async def peak_kib(count: int) -> float:
    """Give the most memory there is while tokens go through three agents that keep nothing; the reply is held."""
    reply = endless_agent.fork(keep=False).inquire(count=count)
    for _ in range(2):
        reply = restreaming_agent.fork(keep=False).inquire(reply)
    peak, seen = 0.0, 0
    async for promise in reply:
        async for _ in promise:
            seen += 1
            if seen % TOKENS_A_LOOK == 0:
                peak = max(peak, rss_kib())
    assert seen == count
    return peak


async def tokens_growth() -> float:
    """What a million tokens take at the most, on their way through three agents, beside 50,000."""
    return -await peak_kib(WARM_TOKENS) + await peak_kib(TOKENS)


if __name__ == "__main__":
    run(idle, loop_growth, calls_growth, tokens_growth, scope=MiniAgents)
