"""The person as an agent: one who asks once from a shell, and one who sits at a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import CallCancelledError
from ..miniagents import InteractionContext, miniagent
from .output import ReaderGoneError, ReplyOutput, WholeReply

if TYPE_CHECKING:
    from .screen import Screen

__all__ = ["Interruptions", "one_shot_user_agent", "terminal_user_agent"]


class Interruptions:
    """Ctrl-C while an answer is awaited: ends it, also where it comes before there is an answer to end."""

    def __init__(self) -> None:
        self._end: Callable[[], object] | None = None
        self._is_early = False

    def interrupt(self) -> None:
        """End what is being shown, or else what will be."""
        if self._end is None:
            self._is_early = True
        else:
            self._end()

    @contextmanager
    def ending(self, end: Callable[[], object]) -> Iterator[None]:
        """Let an interruption do this for a while."""
        self._end = end
        if self._is_early:
            end()
        try:
            yield
        finally:
            self._end, self._is_early = None, False


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
async def terminal_user_agent(ctx: InteractionContext, *, screen: "Screen", interruptions: Interruptions) -> None:
    """Show what it is sent, then ask; an interruption ends the answer, and a failure is shown and ends nothing."""
    with interruptions.ending(ctx.message_promises.cancel):
        try:
            async for promise in ctx.message_promises:
                await screen.show(promise)
        except CallCancelledError:
            screen.tell_interruption()
        except Exception as error:  # noqa: BLE001 - of a plugin's agent, say: the chat goes on
            screen.tell_error(error)
    text = await screen.ask()
    if text is not None:
        ctx.reply({"text": text, "role": "user"})
