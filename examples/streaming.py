"""Three agents in a row: the last one says the first token while the model is still writing.

Needs OPENAI_API_KEY, or another server at OPENAI_BASE_URL. Run it: python examples/streaming.py "Tell me a story"
"""

import asyncio
import sys

from miniagents import InteractionContext, Message, MiniAgents, miniagent
from miniagents.ext.llm.openai import openai_agent


@miniagent
async def loud_agent(ctx: InteractionContext) -> None:
    """Say again what it is sent, in capitals, token by token."""
    async for promise in ctx.message_promises:
        ctx.reply(Message.promise(token.upper() async for token in promise))


@miniagent
async def quoting_agent(ctx: InteractionContext) -> None:
    """Quote each message that it is sent; what is in the quotes may still be arriving."""
    async for promise in ctx.message_promises:
        ctx.reply(f"“{promise}”")


async def main(question: str) -> None:
    """Ask, and write each token as it comes out of the last agent."""
    async with MiniAgents():
        answer = openai_agent.inquire(question)
        async for promise in quoting_agent.inquire(loud_agent.inquire(answer)):
            async for token in promise:
                print(token, end="", flush=True)
    print()


if __name__ == "__main__":
    asyncio.run(main(" ".join(sys.argv[1:]) or "Why is the sky blue?"))
