"""The person as an agent: one who asks once from a shell, and one who sits at a terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import CallCancelledError, MiniagentsError
from ..ext.misc_agents import on_interrupt
from ..miniagents import InteractionContext, miniagent
from .output import ReaderGoneError, ReplyOutput, WholeReply

if TYPE_CHECKING:
    from .screen import Screen

__all__ = ["one_shot_user_agent", "terminal_user_agent"]


@miniagent
async def one_shot_user_agent(
    ctx: InteractionContext, *, prompts: Iterator[str], output: ReplyOutput | WholeReply
) -> None:
    """Pass what it is sent to `output`, then say the next of `prompts`; an error is raised."""
    try:
        async for promise in ctx.message_promises:
            await output.show(promise)
    except ReaderGoneError:
        ctx.message_promises.cancel()
        raise
    for prompt in prompts:
        ctx.reply({"text": prompt, "role": "user"})
        return


@miniagent
async def terminal_user_agent(ctx: InteractionContext, *, screen: "Screen") -> None:
    """Show what it is sent, then ask; Ctrl-C ends the answer, and a failure is shown and ends nothing."""
    with on_interrupt(ctx.message_promises.cancel):
        try:
            async for promise in ctx.message_promises:
                await screen.show(promise)
        except CallCancelledError:
            screen.tell("interrupted; what came is kept")
        except MiniagentsError as error:
            screen.tell_error(error)
    text = await screen.ask()
    if text is not None:
        ctx.reply({"text": text, "role": "user"})
