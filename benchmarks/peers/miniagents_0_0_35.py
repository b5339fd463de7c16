"""The cases on miniagents 0.0.35, an earlier framework of this name."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from importlib.metadata import version
from typing import Any

if version("miniagents") != "0.0.35":
    raise SystemExit("this Python has another miniagents")

from harness import counted, cpu_us, first_ms, paced, rss_kib, run, tokens
from miniagents.ext.agents.aggregator_agents import AWAIT, agent_loop, dialog_loop, user_agent
from miniagents.ext.agents.history_agents import in_memory_history_agent

from miniagents import MiniAgents, miniagent
from miniagents.messages import TextMessage, TextToken

TOKENS, CHAIN_TOKENS, LATE_TOKENS, MESSAGES = 10_000, 2_000, 1_000, 5_000
CHAIN, LONG_CHAIN, LATE_READERS, FIRST_TOKENS = 16, 256, 100, 3
CALLS, ROUNDS, TURNS, TURN_TOKENS, IDLE = 2_000, 500, 400, 8, 2_000


def streamed(source: AsyncIterator[Any]) -> Any:
    """Give the promise of a message that streams what comes."""

    async def stream(_: Any) -> AsyncIterator[Any]:
        async for token in source:
            yield TextToken(token) if isinstance(token, str) else token

    return TextMessage.promise(message_token_streamer=stream)


@miniagent
async def token_agent(ctx: Any, count: int, live: bool) -> None:  # noqa: FBT001 - an agent's parameters have names
    """Reply one message of many tokens."""
    ctx.reply(streamed(tokens(count, live=live)))


@miniagent
async def restreaming_agent(ctx: Any) -> None:
    """Read the tokens of each message, and reply a new message of them."""
    async for message in ctx.message_promises:
        ctx.reply(streamed(aiter(message)))


@miniagent
async def forwarding_agent(ctx: Any) -> None:
    """Hand on what comes, as it is."""
    ctx.reply(ctx.message_promises)


@miniagent
async def echo_each_agent(ctx: Any) -> None:
    """Reply each message that is read, one by one."""
    async for message in ctx.message_promises:
        ctx.reply(message)


@miniagent
async def hello_agent(ctx: Any) -> None:
    """Reply one message."""
    ctx.reply("hello")


@miniagent
async def reading_agent(ctx: Any) -> None:
    """Read what comes, and reply one message."""
    await ctx.message_promises
    ctx.reply("hello")


@miniagent
async def idle_agent(ctx: Any) -> None:
    """Wait until the end."""
    await asyncio.sleep(60)


def through(agent: Any, times: int, messages: Any) -> Any:
    """Send messages through one agent after another."""
    for _ in range(times):
        messages = agent.trigger(messages)
    return messages


async def read(reply: Any, count: int) -> None:
    """Read every token; there may be an empty one before and behind them."""
    assert sum([await counted(promise) async for promise in reply]) >= count


async def token_ready() -> float:
    """CPU µs a token."""
    return await cpu_us(TOKENS, lambda: read(token_agent.trigger(count=TOKENS, live=False), TOKENS))


async def token_live() -> float:
    """CPU µs a token."""
    return await cpu_us(TOKENS, lambda: read(token_agent.trigger(count=TOKENS, live=True), TOKENS))


async def chained(agent: Any, *, live: bool) -> float:
    """CPU µs a token, through 16 agents behind the one that makes them."""

    async def chain() -> None:
        await read(through(agent, CHAIN, token_agent.trigger(count=CHAIN_TOKENS, live=live)), CHAIN_TOKENS)

    return await cpu_us(CHAIN_TOKENS, chain)


async def restream_ready() -> float:
    """CPU µs a token."""
    return await chained(restreaming_agent, live=False)


async def restream_live() -> float:
    """CPU µs a token."""
    return await chained(restreaming_agent, live=True)


async def forward_live() -> float:
    """CPU µs a token."""
    return await chained(forwarding_agent, live=True)


async def first_token() -> float:
    """CPU ms until the first token is read, behind 256 forwarding agents."""

    async def begin(reply: Any) -> None:
        async for promise in reply:
            async for _ in promise:
                return

    spent_s = []
    for _ in range(1 + FIRST_TOKENS):
        begun_s = time.process_time()
        reply = through(forwarding_agent, LONG_CHAIN, token_agent.trigger(count=10, live=True))
        await begin(reply)
        spent_s.append(time.process_time() - begun_s)
        await read(reply, 10)
    return sum(spent_s[1:]) / FIRST_TOKENS * 1e3


async def late_readers() -> float:
    """CPU µs a token and reader."""
    reply = token_agent.trigger(count=LATE_TOKENS, live=False)
    await reply

    async def readers() -> None:
        await asyncio.gather(*[read(reply, LATE_TOKENS) for _ in range(LATE_READERS)])

    return await cpu_us(LATE_TOKENS * LATE_READERS, readers)


async def message_echoed() -> float:
    """CPU µs a message."""
    texts = [f"message {number}" for number in range(MESSAGES)]

    async def echo() -> None:
        assert [message.content for message in await echo_each_agent.trigger(texts)] == texts

    return await cpu_us(MESSAGES, echo)


async def call_sequential() -> float:
    """CPU µs a call."""

    async def calls() -> None:
        for _ in range(CALLS):
            await hello_agent.trigger("hi")

    return await cpu_us(CALLS, calls)


async def call_gathered() -> float:
    """CPU µs a call."""
    return await cpu_us(CALLS, lambda: asyncio.gather(*[hello_agent.trigger("hi") for _ in range(CALLS)]))


class Enough(Exception):  # noqa: N818 - no error
    """Raised by an agent to end a loop, which has no other end."""


async def until_enough(loop: Any) -> float:
    """Give the CPU seconds until a loop ends."""
    begun_s = time.process_time()
    with suppress(Enough):
        await loop
    return time.process_time() - begun_s


async def loop_round() -> float:
    """CPU µs a round."""
    left = 0

    @miniagent
    async def counting_agent(ctx: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Enough
        await ctx.message_promises
        ctx.reply("hello")

    for left in (ROUNDS // 5, ROUNDS):  # noqa: B007 - the agent counts it down; the first time to warm up
        spent_s = await until_enough(agent_loop.trigger(agents=[counting_agent, AWAIT, reading_agent]))
    return spent_s / ROUNDS * 1e6


async def dialog() -> float:
    """CPU seconds of 400 turns, with its own history agent."""
    history: list[Any] = []

    @miniagent
    async def input_agent(ctx: Any) -> None:
        if len(history) == 2 * TURNS - 1:
            await ctx.message_promises
            raise Enough
        ctx.reply([ctx.message_promises, "question"])

    @miniagent
    async def assistant_agent(ctx: Any) -> None:
        ctx.reply(streamed(tokens(TURN_TOKENS, live=True)))

    person = user_agent.fork(
        output_agent=None,
        input_agent=input_agent,
        history_agent=in_memory_history_agent.fork(non_freezable_kwargs={"message_list": history}),
    )
    spent_s = await until_enough(dialog_loop.trigger(user_agent=person, assistant_agent=assistant_agent))
    assert len(history) == 2 * TURNS - 1
    return spent_s


async def rewritten() -> float:
    """Wall ms from the first token of a paced reply to the first out of the second agent that rewrites it."""

    async def stream(begun: list[float]) -> AsyncIterator[Any]:
        @miniagent
        async def paced_agent(ctx: Any) -> None:
            ctx.reply(streamed(paced(begun)))

        reply = restreaming_agent.trigger(restreaming_agent.trigger(paced_agent.trigger()))
        async for message in reply:
            async for token in message:
                yield token

    return await first_ms(stream)


async def idle() -> float:
    """KiB that a call takes that has begun and waits."""
    before = rss_kib()
    replies = [idle_agent.trigger("hi") for _ in range(IDLE)]
    for _ in range(4):
        await asyncio.sleep(0)
    used = (rss_kib() - before) / len(replies)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    return used


if __name__ == "__main__":
    run(
        *(token_ready, token_live, restream_ready, restream_live, forward_live),
        *(first_token, late_readers, message_echoed),
        *(call_sequential, call_gathered, loop_round, dialog, idle, rewritten),
        scope=MiniAgents,
        head=("0.0.35", "from miniagents import MiniAgents, miniagent"),
    )
