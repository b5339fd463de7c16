"""Our cases of calls, one a process: `python benchmarks/calls.py CASE`."""

import asyncio
import time

from harness import cpu_us, run, tokens

from miniagents.messages import Message, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgents, miniagent
from miniagents.promising.sentinels import AWAIT
from miniagents.utils import achain_loop, adialog_loop

CALLS, ROUNDS, TURNS, TURN_TOKENS = 10_000, 5_000, 400, 8


@miniagent
async def hello_agent(ctx: InteractionContext) -> None:
    """Reply one message."""
    ctx.reply("hello")


@miniagent
async def reading_agent(ctx: InteractionContext) -> None:
    """Read what comes, and reply one message."""
    await ctx.message_promises
    ctx.reply("hello")


async def call_sequential() -> float:
    """CPU µs a call, one after the other."""

    async def calls() -> None:
        for _ in range(CALLS):
            await hello_agent.inquire("hi")

    return await cpu_us(CALLS, calls)


async def call_gathered() -> float:
    """CPU µs a call, all at once."""
    return await cpu_us(CALLS, lambda: asyncio.gather(*[hello_agent.inquire("hi") for _ in range(CALLS)]))


async def loop_round() -> float:
    """CPU µs a round of two agents that read each other's messages."""
    return await cpu_us(ROUNDS, lambda: achain_loop([reading_agent, AWAIT, reading_agent], rounds=ROUNDS))


async def dialog_s(turns: int) -> float:
    """CPU seconds of a dialog: the user reads each answer and says one line, the assistant streams eight tokens.

    The assistant is sent the whole conversation each turn, and walks it in the last one, to see that it is whole.
    """
    turn, heard = 0, 0

    @miniagent
    async def user_agent(ctx: InteractionContext) -> None:
        nonlocal turn
        await ctx.message_promises
        if turn < turns:
            turn += 1
            ctx.reply(f"question {turn}")

    @miniagent
    async def assistant_agent(ctx: InteractionContext) -> None:
        nonlocal heard
        if turn == turns:
            heard = await length(ctx.message_promises)
        ctx.reply(Message.promise(tokens(TURN_TOKENS, live=True)))

    begun_s = time.process_time()
    await adialog_loop(user_agent, assistant_agent)
    spent_s = time.process_time() - begun_s
    assert heard == 2 * turns - 1
    return spent_s


async def length(messages: MessageSequencePromise) -> int:
    """Count messages."""
    return len([promise async for promise in messages])


async def dialog() -> float:
    """CPU seconds of 400 turns."""
    await dialog_s(TURNS)
    return await dialog_s(TURNS)


async def dialog_growth() -> float:
    """How many times as much 400 turns cost as 200."""
    await dialog_s(TURNS)
    return await dialog_s(TURNS) / await dialog_s(TURNS // 2)


if __name__ == "__main__":
    run(call_sequential, call_gathered, loop_round, dialog, dialog_growth, scope=MiniAgents)
