"""Copies of a conversation in other forms: HTML, JSON, JSONL, plain text, Markdown.

In: a conversation. Out: text, or a file with it. Never: which conversation is meant.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ...content import described, part_to_json
from ...errors import RequestRefusedError, SettingsError
from ...ext import transcript
from ...ext.transcript_copy import replace
from ...ext.transcript_format import Record, front_matter, one_json_line, written
from ...ext.transcript_path import conversation as conversation_in
from ...ext.transcript_title import title_in
from ...messages import Message
from .titles import derived_title

if TYPE_CHECKING:
    from .conversation import Conversation, Unsaved
    from .elsewhere import Elsewhere, Shelf

__all__ = ["FORMATS", "Told", "export", "exported", "form_of", "told_in", "told_on", "write_copy"]


class Told(NamedTuple):
    """A conversation, as it is to be copied."""

    name: str
    """What it is known by, "" if it was never kept."""
    title: str
    records: Sequence[Record]
    markdown: str
    """The exact transcript, where there is one."""


def told_in(path: Path) -> Told:
    """Return the conversation that leads to a transcript's last message.

    Raises:
        TranscriptError: It cannot be read.
    """
    text = transcript.text_of(path)
    records = conversation_in(transcript.records_in(text.encode(), path))
    title = title_in(text) or derived_title(record.message for record in records)
    return Told(path.stem, title, records, text)


def told_on(shelf: "Shelf", what: str) -> Told:
    """Return a conversation that a plugin keeps, by what a person calls it; "" is the one written last.

    Raises:
        MiniagentsError: None is called so, or it cannot be read.
    """
    place = shelf.find(what)
    messages = shelf.past(place)[1]
    return Told(place, shelf.title(place) or derived_title(messages), _records(messages), "")


def exported(told: Told, form: str) -> str:
    """Return a conversation in one of `FORMATS`.

    Raises:
        SettingsError: There is no such form.
    """
    if form not in FORMATS:
        raise SettingsError(f"{form}: is no form of a copy; there is {', '.join(FORMATS)}")
    return FORMATS[form](told)


def export(
    conversation: "Conversation | Unsaved | Elsewhere", file: str | os.PathLike[str], *, over: bool = False
) -> Path:
    """Write a copy of the conversation that goes on, in the form that the name of the file says; return its path.

    Args:
        conversation: It.
        file: Where the copy goes; a tilde at its beginning is the home folder.
        over: As for `write_copy`.

    Raises:
        SettingsError: The name says no form, or the file is there.
        TranscriptError: It cannot be written; then the file is as it was.
    """
    path = Path(file).expanduser()
    form = form_of(path)
    if conversation.path is not None and form == "md":
        told = told_in(conversation.path)
    else:
        records = _records(conversation.messages())
        name = conversation.path.stem if conversation.path is not None else ""
        told = Told(name, conversation.title, records, "")
    write_copy(path, exported(told, form), over=over)
    return path


def write_copy(path: Path, copy: str, *, over: bool) -> None:
    """Write it into a file, which only its owner can read.

    Args:
        path: Where.
        copy: It.
        over: Whether it may take the place of a file that is there; what is no file (a pipe, a device) may be there.

    Raises:
        SettingsError: The file is there.
        TranscriptError: It cannot be written; then the file is as it was.
    """
    if not over and path.is_file():
        raise SettingsError(f"{path}: is there already; name another file, or say --force to write over it")
    replace(path, copy.encode("utf-8", "backslashreplace"))


def form_of(path: Path) -> str:
    """Return the form that a file's name says.

    Raises:
        SettingsError: It says none.
    """
    form = _FORM_OF.get(path.suffix.lower())
    if form is None:
        raise SettingsError(f"{path}: say the form of the copy by the end of its name: {', '.join(_FORM_OF)}")
    return form


def _records(messages: Iterable[Message]) -> list[Record]:
    return [Record(transcript.new_key(), message) for message in messages]


def _as_markdown(told: Told) -> str:
    if told.markdown:
        return told.markdown
    records = (written(record.message, record.key, record.time or transcript.timestamp()) for record in told.records)
    return front_matter(transcript.timestamp()) + "".join(records)


def _as_html(told: Told) -> str:
    from .page import page  # noqa: PLC0415 - only here

    return page(told.title, [(record.message, record.time) for record in told.records])


def _as_json(told: Told) -> str:
    messages = [_as_object(record) for record in told.records]
    value = {"id": told.name, "title": told.title, "messages": messages}
    return json.dumps(json.loads(one_json_line(value)), ensure_ascii=False, indent=2) + "\n"


def _as_object(record: Record) -> Mapping[str, Any]:
    message = record.message
    value = {
        "id": record.key,
        "time": record.time,
        "role": message.role,
        "text": message.text,
        "parts": [part_to_json(part) for part in message.parts],
        "data": message.data,
        "metadata": message.metadata,
    }
    return {name: told for name, told in value.items() if told or name in {"role", "text"}}


def _as_jsonl(told: Told) -> str:
    from ...ext.llm.openai_turns import turns_of  # noqa: PLC0415 - only here

    messages = [record.message for record in told.records]
    try:
        turns = turns_of(messages, "", "")
    except RequestRefusedError:  # there is something in it that this API does not know
        turns = [{"role": message.role or "user", "content": _shown(message)} for message in messages]
    return "".join(json.dumps(turn, ensure_ascii=False) + "\n" for turn in turns)


def _as_text(told: Told) -> str:
    return "\n\n".join(f"{_speaker(record.message)}:\n{_shown(record.message)}" for record in told.records) + "\n"


def _speaker(message: Message) -> str:
    names = filter(None, map(message.metadata.get, ("agent", "model")))
    name = " · ".join(map(str, names)) or message.role or "message"
    status = message.metadata.get("status")
    return f"{'you' if message.role == 'user' else name}{f' ({status})' if status else ''}"


def _shown(message: Message) -> str:
    return "\n".join(filter(None, (message.text, described(message.parts))))


FORMATS: Mapping[str, Callable[[Told], str]] = MappingProxyType(
    {"html": _as_html, "json": _as_json, "jsonl": _as_jsonl, "text": _as_text, "md": _as_markdown}
)
"""How a conversation is copied in each form, by the form's name."""
_FORM_OF = {".md": "md", ".html": "html", ".htm": "html", ".json": "json", ".jsonl": "jsonl", ".txt": "text"}
