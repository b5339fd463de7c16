"""Which conversation a command line is about: a new one, or one that goes on.

In: settings, a wish, plugins. Out: a conversation, with the agent that keeps it. Never: what is said in it.
"""

from difflib import get_close_matches
from functools import partial
from typing import cast

from ...errors import SettingsError
from ...ext import transcript
from ...ext.transcript_format import Record
from ...ext.transcript_path import BEGINNING
from ...miniagents import MiniAgent
from ...plugins import Plugins
from ..config.settings import Settings
from ..tell import note
from ..wish import Wish
from .conversation import Conversation, Unsaved, new_transcript_in
from .elsewhere import Elsewhere, Shelf
from .resume import find, newest, turn_id

__all__ = ["IN_FILES", "began", "opened", "resumed", "shelf_of"]

IN_FILES = "markdown"
"""The history that keeps chats in a folder."""


def opened(settings: Settings, wish: Wish, plugins: Plugins) -> Conversation | Unsaved | Elsewhere:
    """Return the conversation that is wished for; a new one has no file before something is said.

    Raises:
        SettingsError: There is no such chat, turn or history.
        TranscriptError: It cannot be read.
    """
    if not wish.goes_on:
        return began(settings, plugins)
    conversation = _going_on(settings, wish, plugins)
    note(f"going on with {conversation.path or conversation.kept_in}")
    return conversation if settings.save else Unsaved(tuple(conversation.messages()))


def resumed(settings: Settings, what: str, plugins: Plugins) -> Conversation | Unsaved | Elsewhere:
    """Return the conversation that a person calls so, to go on with it.

    Raises:
        SettingsError: There is no such chat or history.
        TranscriptError: It cannot be read.
    """
    conversation = _going_on(settings, Wish(resume=what), plugins)
    return conversation if settings.save else Unsaved(tuple(conversation.messages()))


def began(settings: Settings, plugins: Plugins) -> Conversation | Unsaved | Elsewhere:
    """Return a new conversation, kept as the settings say.

    Raises:
        SettingsError: Nobody keeps conversations under that name.
    """
    agent, name = _history(settings, plugins)
    if not settings.save:
        return Unsaved()
    if name == IN_FILES:
        return Conversation(partial(new_transcript_in, settings.chats_dir), titles=settings.titles, agent=agent)
    shelf = _shelf_of(agent)
    if shelf is None:
        return Unsaved(agent=agent)
    return Elsewhere(agent, shelf, titles=settings.titles, history=settings.history)


def _going_on(settings: Settings, wish: Wish, plugins: Plugins) -> Conversation | Elsewhere:
    agent, _ = _history(settings, plugins)
    shelf = _shelf_of(agent)
    if shelf is not None:
        place = shelf.find(wish.resume or "")
        elsewhere = Elsewhere(agent, shelf, at=place, titles=settings.titles, history=settings.history)
        if wish.at is not None:
            records = [Record(f"#{number}", message) for number, message in enumerate(elsewhere.messages(), 1)]
            key = turn_id(records, wish.at)
            elsewhere.go_back(0 if key == BEGINNING else int(key[1:]))
        return elsewhere
    path = newest(settings.chats_dir) if wish.resume is None else find(settings.chats_dir, wish.resume)
    at = None if wish.at is None else turn_id(transcript.read_records(path), wish.at)
    return Conversation(path, at=at, titles=settings.titles)


def shelf_of(settings: Settings, plugins: Plugins) -> Shelf | None:
    """Return where the settings have conversations kept, None if that is in files or in memory.

    Raises:
        SettingsError: Nobody keeps conversations under that name.
    """
    return _shelf_of(_history(settings, plugins)[0])


def _history(settings: Settings, plugins: Plugins) -> tuple[MiniAgent, str]:
    """Return who keeps conversations, told what stands behind the colon, and its name."""
    histories = plugins.histories
    name, colon, argument = settings.history.partition(":")
    origin = settings.origins.get("history", "history")
    if name not in histories:
        near = get_close_matches(name, histories, n=1, cutoff=0.5)
        there = f"did you mean {near[0]}?" if near else f"there is {', '.join(sorted(histories))}"
        raise SettingsError(f"{origin}: no history is called {name!r}; {there}")
    agent = histories[name]
    if not colon:
        return agent, name
    if "argument" not in agent.parameters:
        raise SettingsError(f"{origin}: {name} takes nothing behind its name; leave out {colon + argument!r}")
    return agent.fork(argument=argument), name


def _shelf_of(agent: MiniAgent) -> Shelf | None:
    made = agent.parameters.get("shelf")
    return None if made is None else cast("Shelf", made(agent.parameters.get("argument", "")))
