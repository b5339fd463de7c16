"""What a word of the chat is.

In: its name, its help, what it does. Out: a frozen `Word`. Never: which words there are.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from ..session import Session

__all__ = ["Said", "Word", "number_in"]

Said: TypeAlias = Mapping[str, Any]
"""A message of the person's for the model: the fields of a `Message`."""


def _nothing(_session: "Session") -> Iterable[tuple[str, str]]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word, without its slash."""

    name: str
    takes: str = ""
    """What may stand behind it, for people: "[N]"."""
    help: str
    """One sentence."""
    act: Callable[["Session", str], Awaitable[Said | None]]
    """Given what stands behind the word; returns what is to be said to the model, None if nothing is.

    A `MiniagentsError` is shown, and the prompt is there again.
    """
    suggest: Callable[["Session"], Iterable[tuple[str, str]]] = _nothing
    """What may stand behind it, each with a few words of description, for completion."""


def number_in(text: str, *, default: int) -> int | None:
    """Return the number that `text` is, `default` where it is empty, None where it is none above 0."""
    if not text:
        return default
    return int(text) if text.isascii() and text.isdecimal() and int(text) else None
