"""A plain command line, read at once: words, and options as they are declared, each spelt out.

Whatever is not plain (help, a mistake, several letters behind one dash, a number) is left to Typer, which takes longer
to import than all else that has to be done before a prompt can be drawn. What is plain means here what it means there.

In: a command whose parameters are declared by `option`, words. Out: what is given for them. Never: an error.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from .option import Argument, Option

__all__ = ["plainly_given"]

_TEXT, _TEXTS, _FLAG, _SWITCH, _PATH = str | None, list[str] | None, bool, bool | None, Path | None
_PLAIN: Final = (_TEXT, _TEXTS, _FLAG, _SWITCH, _PATH)
"""Kinds of values that need no look: any text is one."""


class _Spelling(NamedTuple):
    """What an option's name on the command line stands for."""

    parameter: str
    kind: Any
    value: bool


def plainly_given(command: Callable[..., None], words: Sequence[str]) -> dict[str, Any] | None:
    """Return the arguments with which Typer would call the command, but for its defaults; None if Typer is needed."""
    spellings, rest = _declared(command)
    given: dict[str, Any] = {}
    left = iter(words)
    for word in left:
        if not word.startswith("-") or word == "-":
            given.setdefault(rest, []).append(word)
            continue
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        option = spellings.get(name)
        if option is None:
            return None
        if option.kind in (_FLAG, _SWITCH):
            if equals:
                return None
            given[option.parameter] = option.value
            continue
        if not equals:
            following = next(left, None)
            if following is None:
                return None
            value = following
        if option.kind == _TEXTS:
            given.setdefault(option.parameter, []).append(value)
        else:
            given[option.parameter] = Path(value) if option.kind == _PATH else value
    return given if all(map(_is_text, words)) else None


def _declared(command: Callable[..., None]) -> tuple[dict[str, _Spelling], str]:
    """Return the plain options by their spellings, and the parameter that has the words that are none."""
    spellings: dict[str, _Spelling] = {}
    rest = ""
    for parameter, hint in command.__annotations__.items():
        for declared in getattr(hint, "__metadata__", ()):
            if isinstance(declared, Argument):
                rest = parameter
            elif isinstance(declared, Option) and hint.__origin__ in _PLAIN:
                for spelling in declared.param_decls:
                    yes, _, no = spelling.partition("/")
                    spellings[yes] = _Spelling(parameter, hint.__origin__, value=True)
                    if no:
                        spellings[no] = _Spelling(parameter, hint.__origin__, value=False)
    return spellings, rest


def _is_text(word: str) -> bool:
    """Say whether it is no half of a character, such as what a shell passes on that is not UTF-8."""
    return word.isascii() or not any("\ud800" <= character <= "\udfff" for character in word)
