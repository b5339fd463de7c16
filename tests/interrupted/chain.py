"""A user's program: three agents, each streaming on what the one before it streams, to a terminal, until Ctrl-C.

Its arguments are the kind of chain, one of `KINDS`, and for "model" the base URL of a provider.
"""
# ruff: noqa: T201 - it prints

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final

from miniagents import AWAIT, InteractionContext, Message, MiniAgents, achain_loop, miniagent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from miniagents import MessagePromise, MiniAgent

KINDS: Final = ("sleeping", "busy", "tidying", "looping", "model")
TOKEN: Final = "."


@miniagent
async def writer(ctx: InteractionContext, pause_s: float = 0.0, length: int = sys.maxsize) -> None:
    """Write without end, or that many tokens."""

    async def tokens() -> AsyncIterator[str]:
        for _ in range(length):
            await asyncio.sleep(pause_s)
            yield TOKEN

    ctx.reply(Message.promise(tokens()))


@miniagent
async def passer(ctx: InteractionContext) -> None:
    """Pass on each message, token by token."""

    async def tokens(promise: MessagePromise) -> AsyncIterator[str]:
        async for token in promise:
            yield token

    async for promise in ctx.message_promises:
        ctx.reply(Message.promise(tokens(promise)))


@miniagent
async def tidy_passer(ctx: InteractionContext) -> None:
    """Pass on each message, and tidy up for a moment when that is over, however it ends."""

    async def tokens(promise: MessagePromise) -> AsyncIterator[str]:
        try:
            async for token in promise:
                yield token
        finally:
            await asyncio.sleep(0.01)

    try:
        async for promise in ctx.message_promises:
            ctx.reply(Message.promise(tokens(promise)))
            await promise
    finally:
        await asyncio.sleep(0.01)


@miniagent
async def printer(ctx: InteractionContext) -> None:
    """Print each token as it comes, and pass it on."""

    async def tokens(promise: MessagePromise) -> AsyncIterator[str]:
        async for token in promise:
            show(token)
            yield token

    async for promise in ctx.message_promises:
        ctx.reply(Message.promise(tokens(promise)))


def show(token: str) -> None:
    """Print a token, and before the first one that it has begun."""
    global begun  # noqa: PLW0603 - as people write programs
    if not begun:
        print("begun")
        begun = True
    print(token, end="", flush=True)


begun = False


async def main(kind: str, base_url: str = "") -> None:
    """Run the chain."""
    async with MiniAgents():
        if kind == "looping":
            await achain_loop([writer.fork(pause_s=0.001, length=5), passer, printer, AWAIT])
        replies = first(kind, base_url).inquire("go on")
        for agent in (tidy_passer, tidy_passer) if kind == "tidying" else (passer, passer):
            replies = agent.inquire(replies)
        async for promise in replies:
            async for token in promise:
                show(token)


def first(kind: str, base_url: str) -> MiniAgent:
    """Return the agent that begins the chain."""
    if kind == "model":
        from miniagents.ext.llm.openai import openai_agent  # noqa: PLC0415 - the others do not need it

        return openai_agent.fork(model="m", environment={"OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": "k"})
    return writer.fork(pause_s=0.0 if kind == "busy" else 0.003)


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
