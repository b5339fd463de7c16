"""What is told of a chat without showing all of it, and what can be found in it.

In: a transcript. Out: its title, its numbers, its words. Never: an index.
"""

from pathlib import Path
from typing import NamedTuple

from ...errors import TranscriptError
from ...ext import transcript
from ...ext.transcript_path import conversation
from ...ext.transcript_title import title_in
from ...safe_text import safe
from .titles import derived_title
from .words import separated

__all__ = ["Summary", "summary_of"]


class Summary(NamedTuple):
    """A chat in short."""

    given: str
    """The title that a person gave it, "" if none."""
    derived: str
    """The title that its beginning makes, "" if nothing was said."""
    turns: int
    """How many questions were asked, in the conversation that leads to its last message."""
    model: str
    """Who answered last."""
    text: str
    """All that is in it, also what was taken back."""


def summary_of(path: Path) -> Summary | None:
    """Return what is told of a chat, None if the file is none, cannot be read or is gone."""
    try:
        text = transcript.text_of(path)
        records = transcript.records_in(text.encode(), path)
    except (TranscriptError, UnicodeError):
        return None
    messages = [record.message for record in conversation(records)]
    models = [str(message.metadata["model"]) for message in messages if message.metadata.get("model")]
    return Summary(
        given=safe(title_in(text)),
        derived=derived_title(messages),
        turns=sum(message.role == "user" for message in messages),
        model=safe(models[-1]) if models else "",
        text=separated("\n".join(safe(record.message.text) for record in records)),
    )
