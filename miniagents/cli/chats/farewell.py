"""What a person is told when they leave: where the chat is kept and how to go on with it, or that it is not kept.

In: the conversation that is over. Out: lines; of a chat that could not be kept, a transcript, if there is a place for
it now. Never: a terminal.
"""

from contextlib import suppress
from pathlib import Path
from shlex import quote
from tempfile import gettempdir
from typing import TYPE_CHECKING

from ...errors import TranscriptError
from ...ext import transcript
from .conversation import Unsaved
from .elsewhere import Elsewhere

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...messages import Message
    from ..config.settings import Settings
    from .conversation import Conversation

__all__ = ["farewell"]


def farewell(conversation: "Conversation | Unsaved | Elsewhere", settings: "Settings") -> list[str]:
    """Return the lines; none for a chat in which nothing was said, or that the person did not want to keep."""
    if where := conversation.kept_in:
        return [f"kept in {where}", f"go on with: miniagents chat {_options(conversation, settings)}"]
    messages = conversation.messages()
    if not settings.save or not isinstance(conversation, Unsaved) or len(messages) <= conversation.copied:
        return []
    path = _rescued(messages, settings.chats_dir, Path(gettempdir())) if conversation.is_mishap else None
    if path is None:
        return ["this chat was not kept; next time, /save FILE.md before you leave writes it down"]
    return [f"kept after all, in {path}", f"go on with: miniagents chat --resume {quote(str(path))}"]


def _options(conversation: "Conversation | Unsaved | Elsewhere", settings: "Settings") -> str:
    """Return the options by which it is found again."""
    if (path := conversation.path) is None:
        return conversation.resumed_by if isinstance(conversation, Elsewhere) else ""
    is_found_by_id = path.parent == settings.chats_dir and settings.origins.get("chats_dir") != "--chats-dir"
    return f"--resume {quote(path.stem if is_found_by_id else str(path))}"


def _rescued(messages: "Sequence[Message]", *folders: Path) -> Path | None:
    """Write it all into a new transcript in the first of these folders that takes it; return where, if anywhere."""
    for folder in folders:
        with suppress(TranscriptError):
            path = transcript.new_transcript(folder)
            transcript.append(path, *messages)
            return path
    return None
