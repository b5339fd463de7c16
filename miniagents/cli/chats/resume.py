"""Which chat is meant, and from where it goes on.

In: a folder, what a person calls a chat, the number of a turn. Out: a transcript, the key of a message. Never: what
is done with them.
"""

import os
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from ...errors import SettingsError, TranscriptError
from ...ext import transcript
from ...ext.transcript_format import Record
from ...ext.transcript_path import BEGINNING, conversation
from .search import Chat, chats_in

__all__ = ["find", "newest", "turn_id"]

_CANDIDATES = 5
"""How many chats an error names."""
_TRIED = 100
"""How many of the newest files are looked into for one that is a chat."""


def find(folder: Path, what: str) -> Path:
    """Return the chat that is called so: by its path, its id or the beginning of it, or a part of its title.

    Raises:
        SettingsError: None is, or several are; some are named.
        TranscriptError: The folder cannot be read.
    """
    what = what.strip()
    as_path = Path(what).expanduser()
    if (os.sep in what or what.endswith(".md")) and as_path.is_file():
        return as_path
    exact = folder / f"{what.removesuffix('.md')}.md"
    if what and os.sep not in what and exact.is_file():
        return exact
    chats = chats_in(folder)
    found = _called(what, chats)
    if len(found) == 1:
        return found[0].path
    if found:
        raise SettingsError(f"{what or 'a chat'}: {len(found)} chats are called so; say which: {_named(found)}")
    raise SettingsError(f"{what}: no chat is called so; {_nearest(what, chats)}")


def newest(folder: Path) -> Path:
    """Return the chat that was written last.

    Raises:
        SettingsError: There is none.
        TranscriptError: The folder cannot be read.
    """
    for path in sorted(_files_in(folder), key=_written_ns, reverse=True)[:_TRIED]:
        try:
            if transcript.read_records(path):
                return path
        except TranscriptError:  # a README, say
            continue
    raise SettingsError(f"{folder}: there is no chat to go on with; begin one")


def turn_id(records: Sequence[Record], at: int | str) -> str:
    """Return the key of the last message of a turn: a question, and what was said after it up to the next one.

    Args:
        records: All that is in the transcript, or the conversation.
        at: The number of the question in the conversation, from 1; from the end where it is negative; 0 is before all.

    Raises:
        SettingsError: It is no number, or there is no such turn.
    """
    path = conversation(records)
    starts = [place for place, record in enumerate(path) if record.message.role == "user"]
    try:
        number = int(at)
    except ValueError:
        raise SettingsError(f"--at {at}: give the number of a question, such as 2, or -1 for the last") from None
    if not -len(starts) <= number <= len(starts):
        raise SettingsError(f"--at {at}: there are {len(starts)} questions; `miniagents chats show` has them")
    if number < 0:
        number += len(starts) + 1
    if number == 0:
        return BEGINNING
    end = starts[number] if number < len(starts) else len(path)
    return path[end - 1].key


def _called(what: str, chats: Sequence[Chat]) -> Sequence[Chat]:
    """Return the chats that may be meant, by the strongest of the ways to name one."""
    by_id = [chat for chat in chats if chat.path.stem.startswith(what)]
    by_title = [chat for chat in chats if what.casefold() in chat.title.casefold()]
    by_whole_title = [chat for chat in by_title if what.casefold() == chat.title.casefold()]
    return by_id or by_whole_title or by_title


def _files_in(folder: Path) -> Iterator[Path]:
    try:
        return iter([path for path in folder.iterdir() if path.suffix == ".md" and not path.name.startswith(".")])
    except FileNotFoundError:
        return iter(())
    except OSError as error:
        raise TranscriptError(f"{folder}: {error.strerror}; name another folder (--chats-dir)") from error


def _written_ns(path: Path) -> tuple[int, str]:
    try:
        return path.stat().st_mtime_ns, path.name
    except OSError:  # it is gone again
        return 0, path.name


def _named(chats: Sequence[Chat]) -> str:
    named = [f"{chat.path.stem} ({chat.title})" if chat.title else chat.path.stem for chat in chats[:_CANDIDATES]]
    return ", ".join(named) + (", …" if len(chats) > _CANDIDATES else "")


def _nearest(what: str, chats: Sequence[Chat]) -> str:
    names = {name.casefold(): chat for chat in reversed(chats) for name in (chat.path.stem, chat.title) if name}
    near = get_close_matches(what.casefold(), names, n=1, cutoff=0.5)
    if near:
        return f"did you mean {_named([names[near[0]]])}?"
    return f"the newest is {_named(chats[:1])}" if chats else "there are no chats yet"
