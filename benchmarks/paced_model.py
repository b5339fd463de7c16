"""A plugin whose model gives the answer of `answer.py` at its speed, and costs next to nothing."""

from benchmarks.answer import paced
from miniagents.hookspecs import ModelProvider, hookimpl
from miniagents.messages import Message
from miniagents.miniagents import InteractionContext, miniagent


@miniagent
async def paced_agent(ctx: InteractionContext, **_: object) -> None:
    """Reply the answer."""
    await ctx.message_promises
    ctx.reply(Message.promise(paced(), role="assistant"))


@hookimpl
def register_models(register: type[ModelProvider]) -> None:
    """Register the model."""
    register(
        ModelProvider(
            name="paced",
            agent=paced_agent,
            source="here",
            way_out="",
            default_model="paced",
            ready=lambda _: "always",
            rank=90,
        )
    )
