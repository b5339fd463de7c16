"""The person of a `user` step: lines of standard input, or whoever sits at the terminal.

In: what they are sent. Out: what they say next. Never: how others' words are shown (`sections`), a transcript.
"""

import asyncio
from typing import TYPE_CHECKING

from ...errors import MiniagentsError
from ...ext.misc_agents import read_line
from ...miniagents import InteractionContext, miniagent
from ..output import Output

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ...messages import MessagePromise, MessageSequencePromise

__all__ = ["Once", "piped_user_agent", "seated_user_agent"]


class Once:
    """An output that shows each message once: what a person was sent last may be the reply of the run, too."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._last: list[MessagePromise] = []
        """What the person was shown last."""

    async def show_person(self, promises: "MessageSequencePromise") -> None:
        """Show what a person is sent, while it arrives.

        Raises:
            ReaderGoneError: Nobody reads standard output any more.
            Exception: What the messages failed by.
        """
        self._last = []
        async for promise in promises:
            self._last.append(promise)
            await self._output.show(promise)

    async def show_reply(self, promises: "MessageSequencePromise") -> None:
        """Show the reply of the run, but for what the person was shown last; raises the same."""
        async for promise in promises:
            if not self._last or await promise not in [await shown for shown in self._last]:
                await self._output.show(promise)


@miniagent
async def piped_user_agent(ctx: InteractionContext, *, output: Once) -> None:
    """Pass what it is sent to `output`, then say the next line of standard input; nothing at its end."""
    await output.show_person(ctx.message_promises)
    line: str | None = ""
    while line == "":  # which says nothing
        line = await read_line()
    if line is not None:
        ctx.reply({"text": line, "role": "user"})


@miniagent
async def seated_user_agent(
    ctx: InteractionContext, *, ask: "Callable[[], Awaitable[str | None]]", tell: "Callable[[Exception], None]"
) -> None:
    """Say what the person says when they have seen what it is sent; what failed of that is told, and ends nothing."""
    try:
        await ctx.message_promises
    except MiniagentsError as error:
        tell(error)
    await asyncio.sleep(0)
    if (said := await ask()) is not None:
        ctx.reply({"text": said, "role": "user"})
