"""What is wrong in a file of agents: where, what, and the cure, in one line each.

In: places, words. Out: `Fault`. Never: YAML, what a file may say.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from ..safe_text import one_line, safe

__all__ = ["Fault", "Keys", "Place", "end_of", "nearest", "place_at", "shown"]

Keys: TypeAlias = tuple[str | int, ...]
"""The way to a value from the top: names of keys, and numbers of items from 0."""
_LINE_END: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""As YAML's parser counts lines."""
_LONGEST: Final = 60
"""Characters of a stranger's text that one line has room for."""
_MOST_NAMES: Final = 12
"""Names that one line has room for."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """In a file; both from 1."""

    line: int
    column: int
    """In characters."""

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong; `str` is one line, safe to show."""

    place: Place | None
    """None, if it is the file as such, or no file at all."""
    what: str
    cure: str
    """What to do about it, or the question what was meant."""
    file: str = ""
    origin: str = ""
    """Who said it, if it is not the file: `--set limits.calls=0`."""

    def __str__(self) -> str:
        where = [self.origin] if self.origin else [self.file, str(self.place or "")]
        return one_line(f"{':'.join(filter(None, where))}: {self.what}; {self.cure}")


def place_at(text: str, index: int) -> Place:
    """Return the place of a character."""
    lines = _LINE_END.split(text[:index])
    return Place(len(lines), len(lines[-1]) + 1)


def end_of(text: str) -> Place:
    """Return the place behind the last character that is no line end."""
    return place_at(text, len(text.rstrip("\r\n\x85\u2028\u2029")))


def nearest(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return the cure for a name that is none: the one that was meant, or what there is."""
    from difflib import get_close_matches  # noqa: PLC0415 - most files are right

    known = [*known]
    if near := get_close_matches(name, known, n=1):
        return f"did you mean {near[0]}?"
    if not known:
        return otherwise
    more = ["…"] if len(known) > _MOST_NAMES else []
    return f"there {'is' if len(known) == 1 else 'are'} {', '.join([*map(shown, known[:_MOST_NAMES]), *more])}"


def shown(value: Any) -> str:
    """Return a value as a line can name it: safe, not too long."""
    text = safe(" ".join(str(value)[: 2 * _LONGEST].split()))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
