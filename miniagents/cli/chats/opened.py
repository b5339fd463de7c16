"""Which conversation a command line is about: a new one, or one that goes on.

In: settings, a wish, plugins. Out: a conversation, with the agent that keeps it. Never: what is said in it.
"""

from difflib import get_close_matches
from functools import partial

from ...errors import SettingsError
from ...ext import transcript
from ...plugins import Plugins
from ..config.settings import Settings
from ..tell import note
from ..wish import Wish
from .conversation import Conversation, Unsaved, new_transcript_in
from .resume import find, newest, turn_id

__all__ = ["began", "opened"]

_IN_FILES = "markdown"


def opened(settings: Settings, wish: Wish, plugins: Plugins) -> Conversation | Unsaved:
    """Return the conversation that is wished for; a new one has no file before something is said.

    Raises:
        SettingsError: There is no such chat, turn or history.
        TranscriptError: It cannot be read.
    """
    if not wish.goes_on:
        return began(settings, plugins)
    path = newest(settings.chats_dir) if wish.resume is None else find(settings.chats_dir, wish.resume)
    at = None if wish.at is None else turn_id(transcript.read_records(path), wish.at)
    conversation = Conversation(path, at=at, titles=settings.titles)
    note(f"going on with {path}")
    return conversation if settings.save else Unsaved(tuple(conversation.messages()))


def began(settings: Settings, plugins: Plugins) -> Conversation | Unsaved:
    """Return a new conversation, kept as the settings say.

    Raises:
        SettingsError: Nobody keeps conversations under that name.
    """
    histories = plugins.histories
    if settings.history not in histories:
        near = get_close_matches(settings.history, histories, n=1, cutoff=0.5)
        there = f"did you mean {near[0]}?" if near else f"there is {', '.join(sorted(histories))}"
        raise SettingsError(
            f"{settings.origins.get('history', 'history')}: no history is called {settings.history!r}; {there}"
        )
    if not settings.save:
        return Unsaved()
    agent = histories[settings.history]
    if settings.history != _IN_FILES:
        return Unsaved(agent=agent)
    return Conversation(partial(new_transcript_in, settings.chats_dir), titles=settings.titles, agent=agent)
