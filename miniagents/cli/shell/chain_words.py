"""What a shell may complete of a chain: files of agents, and the names in the one that is typed already.

In: words as typed so far. Out: values. Never: an error, a file that is not there.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

__all__ = ["offered"]

_SUFFIXES: Final = (".yaml", ".yml")
_MOST_FILES: Final = 2000
"""Entries of a folder that are looked at: more would keep a person waiting."""
_LONGEST_BYTES: Final = 1_000_000


def offered(kind: str, word: str, typed: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give values of a kind, each with what is said of it.

    Args:
        kind: `chain files`, or `chain ` and the key that has the names in a chain's file.
        word: As far as it is typed.
        typed: The words before it; a chain's file may be among them.
    """
    if kind == "chain files":
        if not any(each.endswith(_SUFFIXES) for each in typed):
            yield from ((path, "") for path in _files(word))
        return
    key = kind.removeprefix("chain ")
    if key != "agents":
        yield from ((f"{name}=", about) for name, about in _names(key, typed))
        return
    before, comma, _ = word.rpartition(",")
    if not comma:
        yield from (("all", "Everybody."), ("last", "Who speaks last."))
    yield from ((before + comma + name, about) for name, about in _names(key, typed))


def _files(word: str) -> Iterator[str]:
    """Give the files that may be chains, and the folders, that a path leads to so far."""
    folder, slash, _ = word.rpartition("/")
    start = Path(f"{folder}{slash}" or ".").expanduser()
    with suppress(OSError), os.scandir(start) as entries:
        for number, entry in enumerate(entries):
            if number >= _MOST_FILES:
                return
            if entry.is_dir():
                yield f"{folder}{slash}{entry.name}/"
            elif entry.name.endswith(_SUFFIXES):
                yield f"{folder}{slash}{entry.name}"


def _names(key: str, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give what the first file among the words has under a key, each with what is said of it."""
    from ...chains.source import tree_of  # noqa: PLC0415 - only where there is a file

    for word in words:
        if not word.endswith(_SUFFIXES):
            continue
        value: Any = None
        with suppress(Exception):
            path = Path(word).expanduser()
            if path.stat().st_size <= _LONGEST_BYTES:
                value = tree_of(path.read_text(encoding="utf-8"), word).value
        told = value.get(key) if isinstance(value, dict) else None
        for name, each in told.items() if isinstance(told, dict) else ():
            about = each.get("description", "") if isinstance(each, dict) else each
            yield str(name), str(about or "")
        return
