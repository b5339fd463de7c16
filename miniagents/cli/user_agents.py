"""The person as an agent: one who asks once from a shell, and one who sits at a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import CallCancelledError
from ..miniagents import InteractionContext, miniagent
from .output import ReaderGoneError, ReplyOutput, WholeReply
from .tell import tell, what_is_missing

if TYPE_CHECKING:
    from .screen import Screen

__all__ = ["Interruptions", "one_shot_user_agent", "terminal_user_agent"]


class Interruptions:
    """Ctrl-C in a chat: ends the answer that is awaited, also where it comes before there is an answer to end."""

    def __init__(self) -> None:
        self._act: Callable[[], object] | None = None
        self._is_pending = False

    def interrupt(self) -> None:
        """End what goes on, or else the answer that is to come."""
        self._is_pending = True
        if self._act is not None:
            self._act()

    @contextmanager
    def leaving(self, leave: Callable[[], object]) -> Iterator[None]:
        """Let an interruption do this while a person is asked; one that is too late for it is for the answer."""
        self._act = leave
        try:
            yield
        finally:
            self._act = None

    @contextmanager
    def ending(self, end: Callable[[], object]) -> Iterator[None]:
        """Let an interruption do this while an answer is shown."""
        self._act = end
        if self._is_pending:
            end()
        try:
            yield
        finally:
            self._act, self._is_pending = None, False


@miniagent
async def one_shot_user_agent(
    ctx: InteractionContext, *, prompts: Iterator[str], output: ReplyOutput | WholeReply
) -> None:
    """Pass what it is sent to `output`, then say the next of `prompts`; an error is raised."""
    try:
        async for promise in ctx.message_promises:
            await output.show(promise)
            if missing := what_is_missing(await promise):
                tell(missing)
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
                if missing := what_is_missing(await promise):
                    screen.tell(missing)
        except CallCancelledError:
            screen.tell_interruption()
        except Exception as error:  # noqa: BLE001 - of a plugin's agent, say: the chat goes on
            screen.tell_error(error)
    with interruptions.leaving(screen.leave):
        text = await screen.ask()
    if text is not None:
        ctx.reply({"text": text, "role": "user"})
