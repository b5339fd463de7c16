"""A chat in a terminal: the place where a person, a model and a history meet.

In: settings, a person. Out: replies, and a transcript. Never: a loop of its own.
"""

from ..ext.misc_agents import on_interrupt
from ..plugins import Plugins
from .cast import Cast, new_transcript_in
from .settings import Settings
from .user_agents import Interruptions, terminal_user_agent

__all__ = ["hold_chat"]


async def hold_chat(settings: Settings, plugins: Plugins) -> None:
    """Talk with a person at a terminal until they leave.

    Raises:
        MiniagentsError: There is no model to talk to, or no place for the transcript.
    """
    from .prompt import Prompt  # noqa: PLC0415 - imports prompt_toolkit
    from .screen import Screen  # noqa: PLC0415 - imports Rich

    chat = Cast(settings, plugins)
    if settings.save:
        new_transcript_in(settings.chats_dir).unlink()  # a person shall know now, not when they have said something
    await chat.fetch()
    screen = Screen(Prompt())
    screen.tell(str(chat.choice))
    screen.tell("Enter sends · Alt-Enter breaks the line · Ctrl-C stops an answer · Ctrl-D leaves")
    interruptions = Interruptions()
    with on_interrupt(interruptions.interrupt):
        await chat.run(terminal_user_agent.fork(screen=screen, interruptions=interruptions))
    if chat.transcript.cache_info().currsize:
        screen.tell(f"kept in {chat.transcript()}")
