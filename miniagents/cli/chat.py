"""A chat in a terminal: the place where a person, a model and a history meet.

In: a request, a person. Out: dialogs, until the person leaves. Never: a loop over messages or tokens of its own.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from ..errors import MiniagentsError, TranscriptError
from ..ext.misc_agents import on_interrupt
from ..miniagents import MiniAgents
from ..plugins import Plugins
from ..safe_text import one_line
from ..utils import adialog_loop
from .cast import Cast
from .chats.conversation import new_transcript_in
from .chats.opened import opened
from .display.above_prompt import AbovePrompt, BatchedOutput
from .display.lines import Lines
from .display.looks import is_dumb, look_of
from .display.screen import Screen
from .display.terminal_writer import TerminalWriter
from .output import write
from .prompt.completion import Completions
from .prompt.prompt import Prompt
from .request import Request
from .session import Session
from .user_agents import answering_agent, terminal_user_agent
from .words.catalogue import WORDS, completed

__all__ = ["hold_chat"]

_SEEN_AGAIN = 2
"""How much of a conversation that goes on is shown: what was said last, and the answer."""


async def hold_chat(request: Request, plugins: Plugins) -> None:
    """Talk with a person at a terminal until they leave.

    Raises:
        MiniagentsError: There is no model to talk to, or no place for the transcript.
    """
    settings = request.settings
    session = Session(settings, plugins, Cast(settings, plugins), opened(settings, request.wish, plugins))
    session.attached += request.attached
    if settings.save and settings.history == "markdown" and session.conversation.path is None:
        new_transcript_in(settings.chats_dir).unlink()  # a person shall know now, not when they have said something
    await session.cast.fetch()
    async with MiniAgents(), _at_the_terminal(session), _warming(session):
        while not session.has_left:
            await _hold_dialog(session)
            await session.between_dialogs()
    if (path := session.conversation.path) is not None:  # in lines that the terminal folds, so that they can be copied
        write(one_line(f"kept in {path}") + "\n")
        write(one_line(f"go on with: miniagents chat --resume {path.stem}") + "\n")


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
async def _at_the_terminal(session: Session) -> AsyncIterator[None]:
    """Give the session a screen, and a prompt that is there meanwhile; tell what there is to know at the beginning."""
    settings, writer = session.settings, TerminalWriter(sys.stdout)
    lines_only = is_dumb(settings.environment)
    prompt = session.prompt = Prompt(
        history_file=settings.config_dir / "history" if settings.save else None,
        completions=Completions({name: word.help for name, word in WORDS.items()}, partial(completed, session)),
        toolbar=session.toolbar,
        vi=settings.vi,
        sink=None if lines_only else BatchedOutput(writer),
        tell=lambda line: session.screen.tell(line),  # noqa: PLW0108 - the screen is made after the prompt
    )
    prompt.on_interrupt = session.interrupt
    painter = Lines(writer.write, writer.size) if lines_only else AbovePrompt(prompt.app)
    session.screen = Screen(painter, look_of(settings), None if lines_only else writer.write)
    session.screen.tell(f"{session.cast.name} · /help lists the words of this chat")
    for message in session.conversation.messages()[-_SEEN_AGAIN:]:
        await session.screen.show_again(message)
    with on_interrupt(session.interrupt_or_leave):
        async with prompt:
            yield
    writer.finish()


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
    choice = session.cast.choice
    if choice is not None and choice.provider.warm is not None:
        await choice.provider.warm()
    if not session.settings.plain:
        from .markdown.stream import warm  # noqa: PLC0415 - imports markdown-it and Rich

        await asyncio.to_thread(warm)
