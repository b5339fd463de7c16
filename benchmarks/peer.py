"""The runtime's cases on a peer: an earlier framework called miniagents, 0.0.35, run by a Python that has it."""

import asyncio
import sys
import time

from miniagents import MessageTokenAppender, MiniAgents, miniagent
from miniagents.messages import TextMessage

CALLS, TOKENS = 2_000, 10_000


@miniagent
async def echo_agent(ctx):
    """Reply one message."""
    ctx.reply("hello")


@miniagent
async def token_agent(ctx, live):
    """Reply one message of many tokens."""
    with MessageTokenAppender() as appender:
        ctx.reply(TextMessage.promise(message_token_streamer=appender))
        for _ in range(TOKENS):
            if live:
                await asyncio.sleep(0)
            appender.append("token")


async def read(*, live):
    """Read every token of an agent's reply."""
    count = 0
    async for promise in token_agent.trigger(live=live):
        async for _ in promise:
            count += 1
    assert count >= TOKENS
    return TOKENS


async def call_sequential():
    """One call after the other."""
    for _ in range(CALLS):
        await echo_agent.trigger("hi")
    return CALLS


async def call_gathered():
    """All calls at once."""
    await asyncio.gather(*[echo_agent.trigger("hi") for _ in range(CALLS)])
    return CALLS


async def token_ready():
    """Tokens that are there in advance, from an agent to its reader."""
    return await read(live=False)


async def token_live():
    """Tokens that arrive one by one."""
    return await read(live=True)


async def main(case):
    """Run one case twice, and print what the second run cost."""
    async with MiniAgents():
        await globals()[case]()
        begun = time.process_time()
        count = await globals()[case]()
        print((time.process_time() - begun) / count * 1e6)


asyncio.run(main(sys.argv[1]))
