"""All words of a chat, and what happens when one is said.

In: a line that begins with a slash. Out: the word done, or the nearest one named. Never: what a word does, but `/help`.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ...errors import UsageError
from . import about, choices, copying, files, past
from .word import Said, Word

if TYPE_CHECKING:
    from ..session import Session

__all__ = ["WORDS", "completed", "obey"]


async def _help(session: "Session", name: str) -> None:
    words = [_word(name.removeprefix("/"))] if name else list(WORDS.values())
    session.screen.table((f"/{word.name} {word.takes}".rstrip(), word.help) for word in words)
    if not name:
        session.screen.tell("// begins a message with a slash · @path sends a file · Ctrl-X Ctrl-E opens your editor")


_ALL = (
    Word(name="help", takes="[WORD]", help="List the words, or explain one.", act=_help),
    *choices.WORDS,
    *past.WORDS,
    *files.WORDS,
    *copying.WORDS,
    *about.WORDS,
)
WORDS = {word.name: word for word in _ALL}
"""By name, in the order of `/help`."""


async def obey(session: "Session", line: str) -> Said | None:
    """Do what a line says; return what it gives the model to hear, if anything.

    Raises:
        UsageError: There is no such word.
        MiniagentsError: It could not be done.
    """
    name, _, rest = line[1:].partition(" ")
    return await _word(name.strip().lower()).act(session, rest.strip())


def completed(session: "Session", name: str, prefix: str) -> Iterable[tuple[str, str]]:
    """Return what may stand behind a word and begins as it is typed, each with a few words about it."""
    suggested = WORDS[name].suggest(session) if name in WORDS else ()
    return (each for each in suggested if each[0].lower().startswith(prefix.lower()))


def _word(name: str) -> Word:
    if name in WORDS:
        return WORDS[name]
    near = get_close_matches(name, WORDS, n=1, cutoff=0.5)
    hint = f"did you mean /{near[0]}?" if near else "/help lists the words"
    raise UsageError(f"/{name}: there is no such word; {hint} (// begins a message with a slash)")
