"""The same question to several models: whoever begins first is heard, the others are stopped at their providers.

Needs OPENAI_API_KEY, or another server at OPENAI_BASE_URL. Run it: python examples/fastest.py gpt-5-mini gpt-5-nano
"""

import asyncio
import sys

from miniagents import InteractionContext, MiniAgent, MiniAgents, miniagent
from miniagents.ext.llm.openai import openai_agent


@miniagent
async def fastest_agent(ctx: InteractionContext, *, agents: list[MiniAgent]) -> None:
    """Reply with the message that begins first of all that these agents reply."""
    replies = all_agents.inquire(ctx.message_promises, agents=agents)
    async for promise in replies:
        ctx.reply(await promise)
        break
    replies.cancel()  # and with it the calls that it made


@miniagent
async def all_agents(ctx: InteractionContext, *, agents: list[MiniAgent]) -> None:
    """Reply with all that these agents reply, whoever begins first."""
    ctx.reply_out_of_order([agent.inquire(ctx.message_promises) for agent in agents])


async def main(models: list[str]) -> None:
    """Ask all of them, and show one answer with the name of who gave it."""
    async with MiniAgents():
        agents = [openai_agent.fork(model=model) for model in models]
        (answer,) = await fastest_agent.inquire("In one sentence: why is the sky blue?", agents=agents)
    print(f"{answer.metadata['model']}: {answer}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or ["gpt-5-mini", "gpt-5-nano"]))
