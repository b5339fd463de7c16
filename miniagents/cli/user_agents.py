"""The person as an agent: one who asks once from a shell, and one who sits at a terminal; and who answers the latter.

In: what was answered. Out: what is said next. Never: how it is shown, what a word of the chat does.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..errors import CallCancelledError, TranscriptError
from ..miniagents import InteractionContext, miniagent
from .output import Output, ReaderGoneError
from .tell import note, what_is_missing

if TYPE_CHECKING:
    from .session import Session

__all__ = ["answering_agent", "one_shot_user_agent", "terminal_user_agent"]


@miniagent
async def one_shot_user_agent(
    ctx: InteractionContext, *, prompts: Iterator[str | Mapping[str, Any]], output: Output
) -> None:
    """Pass what it is sent to `output`, then say the next of `prompts`, a text or a message; an error is raised."""
    try:
        async for promise in ctx.message_promises:
            await output.show(promise)
            if missing := what_is_missing(await promise):
                note(missing)
    except ReaderGoneError:
        ctx.message_promises.cancel()
        raise
    for prompt in prompts:
        ctx.reply({"text": prompt, "role": "user"} if isinstance(prompt, str) else prompt)
        return


@miniagent
async def terminal_user_agent(ctx: InteractionContext, *, session: "Session") -> None:
    """Show what it is sent, then say what the person says; an interruption ends the answer, a failure ends nothing."""
    screen = session.screen
    with session.answering(ctx.message_promises.cancel):
        try:
            errors = await screen.show(ctx.message_promises, session.cast.name)
        except Exception as error:  # noqa: BLE001 - of a plugin's agent, say: the chat goes on
            errors = [error]
            if not isinstance(error, CallCancelledError | TranscriptError):
                screen.tell_error(error)
    if any(isinstance(error, CallCancelledError) for error in errors):
        screen.tell_interruption()
    with suppress(Exception):  # which was told
        async for promise in ctx.message_promises:
            session.hear(message := await promise)
            if missing := what_is_missing(message):
                screen.tell(missing)
    if any(isinstance(error, TranscriptError) for error in errors):
        return  # the dialog ends with that error, and goes on without a transcript
    if (said := await session.next_message()) is not None:
        ctx.reply(said)


@miniagent
async def answering_agent(ctx: InteractionContext, *, session: "Session") -> None:
    """Pass the conversation to whoever answers now, and their answer back as it comes."""
    ctx.reply(session.assistant.inquire(ctx.message_promises))
