"""Our cases of tokens and messages on their way, one a process: `python benchmarks/streams.py CASE`."""

import asyncio
import time
from collections.abc import AsyncIterator

from harness import counted, cpu_us, run, tokens

from miniagents.messages import Message, MessagePromise, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgent, MiniAgents, miniagent

TOKENS, CHAIN_TOKENS, LATE_TOKENS, MESSAGES = 50_000, 10_000, 1_000, 10_000
CHAIN, LONG_CHAIN, LATE_READERS, FIRST_TOKENS = 16, 256, 100, 10


@miniagent
async def token_agent(ctx: InteractionContext, count: int, live: bool) -> None:  # noqa: FBT001 - an agent's parameters have names
    """Reply one message of many tokens."""
    ctx.reply(Message.promise(tokens(count, live=live)))


async def again(promise: MessagePromise) -> AsyncIterator[str]:
    """Give the tokens of a message."""
    async for token in promise:
        yield token


@miniagent
async def restreaming_agent(ctx: InteractionContext) -> None:
    """Read the tokens of each message, and reply a new message of them."""
    async for promise in ctx.message_promises:
        ctx.reply(Message.promise(again(promise)))


@miniagent
async def forwarding_agent(ctx: InteractionContext) -> None:
    """Hand on what comes, as it is."""
    ctx.reply(ctx.message_promises)


@miniagent
async def echo_each_agent(ctx: InteractionContext) -> None:
    """Reply each message that is read, one by one."""
    async for message in ctx.message_promises:
        ctx.reply(message)


def through(agent: MiniAgent, times: int, messages: MessageSequencePromise) -> MessageSequencePromise:
    """Send messages through one agent after another."""
    for _ in range(times):
        messages = agent.inquire(messages)
    return messages


async def read(reply: MessageSequencePromise, count: int) -> None:
    """Read every token, and see that none is missing."""
    assert sum([await counted(promise) async for promise in reply]) == count


async def token_ready() -> float:
    """CPU µs a token, from an agent that has them all in advance to its reader."""
    return await cpu_us(TOKENS, lambda: read(token_agent.inquire(count=TOKENS, live=False), TOKENS))


async def token_live() -> float:
    """CPU µs a token, from an agent to its reader, one a turn of the loop."""
    return await cpu_us(TOKENS, lambda: read(token_agent.inquire(count=TOKENS, live=True), TOKENS))


async def chained(agent: MiniAgent, *, live: bool) -> float:
    """CPU µs a token, through 16 agents behind the one that makes them."""

    async def chain() -> None:
        await read(through(agent, CHAIN, token_agent.inquire(count=CHAIN_TOKENS, live=live)), CHAIN_TOKENS)

    return await cpu_us(CHAIN_TOKENS, chain)


async def restream_ready() -> float:
    """CPU µs a token, ready in advance, each of 16 agents reading it and giving it again."""
    return await chained(restreaming_agent, live=False)


async def restream_live() -> float:
    """CPU µs a token, one a turn of the loop, each of 16 agents reading it and giving it again."""
    return await chained(restreaming_agent, live=True)


async def forward_live() -> float:
    """CPU µs a token, one a turn of the loop, each of 16 agents handing on what it was sent."""
    return await chained(forwarding_agent, live=True)


async def first_token() -> float:
    """CPU ms from the first of 257 calls until the first token is read, behind 256 forwarding agents."""

    async def begin(reply: MessageSequencePromise) -> None:
        async for promise in reply:
            async for _ in promise:
                return

    spent_s = []
    for _ in range(1 + FIRST_TOKENS):
        begun_s = time.process_time()
        reply = through(forwarding_agent, LONG_CHAIN, token_agent.inquire(count=10, live=True))
        await begin(reply)
        spent_s.append(time.process_time() - begun_s)
        await read(reply, 10)
    return sum(spent_s[1:]) / FIRST_TOKENS * 1e3  # the first one was to warm up


async def late_readers() -> float:
    """CPU µs a token and reader, 100 readers of a reply that is all there, at the same time."""
    reply = token_agent.inquire(count=LATE_TOKENS, live=False)
    await reply

    async def readers() -> None:
        await asyncio.gather(*[read(reply, LATE_TOKENS) for _ in range(LATE_READERS)])

    return await cpu_us(LATE_TOKENS * LATE_READERS, readers)


async def message_echoed() -> float:
    """CPU µs a message: a text sent with 9,999 others in one call, replied by itself, awaited as a `Message`."""
    texts = [f"message {number}" for number in range(MESSAGES)]

    async def echo() -> None:
        assert [message.text for message in await echo_each_agent.inquire(texts)] == texts

    return await cpu_us(MESSAGES, echo)


if __name__ == "__main__":
    run(
        *(token_ready, token_live, restream_ready, restream_live, forward_live),
        *(first_token, late_readers, message_echoed),
        scope=MiniAgents,
    )
