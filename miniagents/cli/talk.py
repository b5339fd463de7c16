"""The talk of a chat: dialogs between a person, whoever answers and a history, one after the other.

In: a terminal at which a person sits already, a request, plugins. Out: what was said, on the screen and in the history.
Never: keys, how rows are painted; a loop over messages or tokens of its own.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from ..errors import MiniagentsError, TranscriptError
from ..miniagents import MiniAgents
from ..plugins import Plugins
from ..utils import adialog_loop
from .cast import Cast
from .chats.conversation import new_transcript_in
from .chats.opened import opened
from .display.looks import look_of
from .display.screen import Screen
from .request import Request
from .session import Session
from .terminal import Terminal
from .user_agents import answering_agent, terminal_user_agent
from .words.catalogue import helps_of

__all__ = ["prepared", "talk"]

_SEEN_AGAIN = 2
"""How much of a conversation that goes on is shown: what was said last, and the answer."""


def prepared(request: Request, plugins: Plugins, terminal: Terminal) -> Session:
    """Return the chat that is asked for.

    Raises:
        MiniagentsError: There is no model to talk to, or no place for the transcript.
    """
    settings = request.settings
    session = Session(settings, plugins, Cast(settings, plugins), opened(settings, request.wish, plugins))
    session.attached += request.attached
    if settings.save and settings.history == "markdown" and session.conversation.path is None:
        new_transcript_in(settings.chats_dir).unlink()  # a person shall know now, not when they have said something
    session.prompt = terminal.prompt
    session.screen = Screen(terminal.painter, look_of(settings, plugins), terminal.send)
    return session


async def talk(session: Session, terminal: Terminal) -> None:
    """Let the person talk until they leave."""
    terminal.serve(session, helps_of(session.plugins))
    session.screen.tell(f"{session.cast.name} · /help lists the words of this chat")
    await session.fetch()
    async with MiniAgents(), session.cast.toolset, _warming(session):
        for message in session.conversation.messages()[-_SEEN_AGAIN:]:
            await session.screen.show_again(message)
        while not session.has_left:
            await _hold_dialog(session)
            await session.between_dialogs()


async def _hold_dialog(session: Session) -> None:
    """Let the person and who answers talk until something is to be done between two dialogs."""
    try:
        await adialog_loop(
            terminal_user_agent.fork(session=session),
            answering_agent.fork(session=session),
            session.conversation.history_agent(),
        )
    except TranscriptError as error:
        session.screen.tell_error(error)
        session.go_on_unsaved()
        session.screen.tell("the chat goes on, but is kept no more; /save FILE.md writes all of it")
    except MiniagentsError as error:
        session.screen.tell_error(error)


@asynccontextmanager
async def _warming(session: Session) -> AsyncIterator[None]:
    """Import meanwhile what the first answer needs, while the person types."""
    warming = asyncio.create_task(_warm(session))
    try:
        yield
    finally:
        warming.cancel()
        with suppress(asyncio.CancelledError):
            await warming


async def _warm(session: Session) -> None:
    await asyncio.gather(_open_tools(session), _import(session))


async def _open_tools(session: Session) -> None:
    try:
        await session.cast.toolset.tools(session.settings.tools)
    except MiniagentsError as error:
        session.screen.tell_error(error)


async def _import(session: Session) -> None:
    choice = session.cast.choice
    if choice is not None and choice.provider.warm is not None:
        await choice.provider.warm()
    if not session.settings.plain:
        from .markdown.stream import warm  # noqa: PLC0415 - imports markdown-it and Rich

        await asyncio.to_thread(warm)
