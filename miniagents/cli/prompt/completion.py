"""What a person may be about to type: words behind a slash with what they take, and files behind an @.

In: the line before the cursor, `Completions`, folders. Out: suggestions, safe to show. Never: what a word does, what
becomes of a file.
Imports prompt_toolkit, so it is imported late.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from ...safe_text import one_line

__all__ = ["Completions", "LineCompleter"]

_FILES = 500
"""More than that nobody looks through."""
_ENTRIES = 20_000
"""So many entries of a folder are read in about 20 ms; the keys wait for it."""
_WORD = re.compile(r"/(?!/)(\S*)")
_FILE = re.compile(r"""(?<![^\s(\["'])@("[^"\n]*|[^\s"]*)\Z""")
"""As a prompt mentions a file (`attachments`), up to the cursor."""


def _nothing(_word: str, _prefix: str) -> Iterable[str]:
    return ()


@dataclass(frozen=True)
class Completions:
    """The words that there are: their names without the slash, each with a description."""

    words: Mapping[str, str] = field(default_factory=dict)
    arguments: Callable[[str, str], Iterable[str | tuple[str, str]]] = _nothing
    """Given a word and all that is typed behind it: what may stand there instead, each with a description or without.

    It filters by itself, and is called at each key while the cursor is behind a word: it must be quick.
    """


class LineCompleter(Completer):
    """Completes the line."""

    def __init__(self, completions: Completions) -> None:
        self._completions = completions

    @staticmethod
    def is_wanted(document: Document) -> bool:
        """Say whether a person would want to see suggestions without asking for them."""
        before = document.current_line_before_cursor
        return _FILE.search(before) is not None or (
            _WORD.match(before) is not None and document.cursor_position_row == 0
        )

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:  # noqa: ARG002 - the base class's signature
        """Yield what may stand before the cursor."""
        before = document.current_line_before_cursor
        if file := _FILE.search(before):
            yield from _files(file[1])
        elif (word := _WORD.match(before)) and document.cursor_position_row == 0:
            yield from (
                self._words(word[1]) if word.end() == len(before) else self._arguments(word[1], before[word.end() :])
            )

    def _words(self, prefix: str) -> Iterator[Completion]:
        for name, description in self._completions.words.items():
            if name.startswith(prefix):
                yield _completion(name, prefix, meta=description)

    def _arguments(self, word: str, behind: str) -> Iterator[Completion]:
        prefix = behind.lstrip()
        with suppress(OSError):  # of a folder that cannot be read, say
            for argument in self._completions.arguments(word, prefix):
                text, description = (argument, "") if isinstance(argument, str) else argument
                yield _completion(text, prefix, meta=description)


def _completion(text: str, prefix: str, *, display: str = "", meta: str = "") -> Completion:
    return Completion(text, -len(prefix), display=one_line(display or text), display_meta=one_line(meta))


def _files(typed: str) -> Iterator[Completion]:
    path = typed.removeprefix('"')
    folder, slash, name = path.rpartition("/")
    for entry, is_folder in _entries(os.path.expanduser(folder + slash) or ".", name):  # noqa: PTH111 - keeps what is typed as it is
        found = f"{folder}{slash}{entry}{'/' if is_folder else ''}"
        if typed.startswith('"') or re.search(r"\s", found):
            found = f'"{found}' if is_folder else f'"{found}"'  # one may go on into a folder
        yield _completion(found, typed, display=f"{entry}{'/' if is_folder else ''}")


def _entries(folder: str, prefix: str) -> list[tuple[str, bool]]:
    """Return names that begin so, and whether they are folders; hidden ones only if asked for."""
    wanted = prefix.casefold()
    try:
        with os.scandir(folder) as entries:
            fitting = (
                (entry.name, entry.is_dir())
                for entry in islice(entries, _ENTRIES)
                if entry.name.casefold().startswith(wanted)
                and (prefix.startswith(".") or not entry.name.startswith("."))
                and _can_be_typed(entry.name)
            )
            return sorted(islice(fitting, _FILES), key=lambda found: found[0].casefold())
    except (OSError, ValueError):  # no such folder, none of ours, a NUL in its name
        return []


def _can_be_typed(name: str) -> bool:
    """Say whether a line can hold a name: no quote, no line's end, nothing that is no UTF-8."""
    return not re.search('["\r\n\ud800-\udfff]', name)
