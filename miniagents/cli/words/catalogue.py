"""All words of a chat, and what happens when one is said.

In: a line that begins with a slash. Out: the word done, or the nearest one named. Never: what a word does, but `/help`.
"""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from ...errors import MiniagentsError, PluginError, UsageError
from ...hookspecs import hookimpl
from ...messages import Message
from ...plugins import Plugins
from ...plugins.fault import in_one_line
from ...plugins.offers import Offers
from . import about, choices, copying, files, past, tools
from .word import Said, Word

if TYPE_CHECKING:
    from ..session import Session

__all__ = ["WORDS", "completed", "helps_of", "obey", "register_slash"]

_LINE: Final = re.compile(r"/(\S*)(.*)", re.DOTALL)
"""A word, and what stands behind it."""


async def _help(session: "Session", name: str) -> None:
    names = [name.removeprefix("/")] if name else helps_of(session.plugins)
    words = [_word(session, name) for name in names]
    session.screen.table((f"/{word.name} {word.takes}".rstrip(), word.help) for word in words)
    if not name:
        session.screen.tell("// begins a message with a slash · @path sends a file · Ctrl-X Ctrl-E opens your editor")


_ALL = (
    Word(name="help", takes="[WORD]", help="List the words, or explain one.", act=_help),
    *choices.WORDS,
    *tools.WORDS,
    *past.WORDS,
    *files.WORDS,
    *copying.WORDS,
    *about.WORDS,
)
WORDS: dict[str, Word] = {}
"""Our own by name, in the order of `/help`."""


@hookimpl
def register_slash(register: Callable[[Word], object]) -> None:
    """Offer our own words."""
    for word in _ALL:
        register(word)


register_slash(lambda word: WORDS.setdefault(word.name, word))


def helps_of(plugins: Plugins) -> dict[str, str]:
    """Return the names of all words with their help; no plugin is imported for it."""
    words = plugins.words
    theirs = words.notes if isinstance(words, Offers) else {name: word.help for name, word in words.items()}
    return {name: word.help for name, word in WORDS.items()} | {
        name: str(text) for name, text in theirs.items() if name not in WORDS
    }


async def obey(session: "Session", line: str) -> Said | None:
    """Do what a line says; return what it gives the model to hear, if anything.

    Raises:
        UsageError: There is no such word, or it takes nothing of what stands behind it.
        MiniagentsError: It could not be done.
    """
    name, rest = _LINE.findall(line)[0]
    word, rest = _word(session, name.lower()), rest.strip()
    if rest and not word.takes:
        raise UsageError(f"/{word.name} {rest}: the word takes nothing; say /{word.name} alone")
    try:
        said = await word.act(session, rest)
        if said is not None:
            Message(**said)  # what is none is a mistake of the word, not of the model that would hear it
        return said  # noqa: TRY300 - see above
    except (MiniagentsError, OSError):
        raise
    except Exception as error:
        if word.name in WORDS:
            raise
        raise PluginError(f"/{word.name}: {in_one_line(error)}") from error  # a plugin's mistake ends no chat


def completed(session: "Session", name: str, prefix: str) -> Iterable[tuple[str, str]]:
    """Return what may stand behind a word and begins as it is typed, each with a few words about it."""
    suggested: Iterable[tuple[str, str]] = ()
    if name in WORDS:
        suggested = WORDS[name].suggest(session)
    elif (theirs := session.plugins.words.get(name)) is not None:
        with suppress(Exception):  # a plugin's mistake is no reason to type without completion
            suggested = [*theirs.suggest(session)]
    return (each for each in suggested if each[0].lower().startswith(prefix.lower()))


def _word(session: "Session", name: str) -> Word:
    word = WORDS.get(name) or session.plugins.words.get(name)
    if word is not None:
        return word
    near = get_close_matches(name, helps_of(session.plugins), n=1, cutoff=0.5)
    hint = f"did you mean /{near[0]}?" if near else "/help lists the words"
    raise UsageError(f"/{name}: there is no such word; {hint} (// begins a message with a slash)")
