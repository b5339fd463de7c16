"""The file of keys, beside the config file: `NAME_API_KEY = "…"`, a line each, for nobody else to read.

In: its path. Out: `Key`s; the file's text with one more, or without one. Never: what a key is, in an error.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ...errors import SettingsError
from .edit import changed, write_whole
from .file import place_of, statements, text_of, toml_from
from .key import NAME, Key

__all__ = ["complaint_about", "keys_in", "remove", "write"]

_OF_OTHERS: Final = 0o077


def complaint_about(path: Path) -> str:
    """Return why the file is not to be used, and the cure; "" if there is nothing to say.

    One that others may read is not used: so a `cmd:` in it, which is run, comes from the person and not from a
    repository, whose files are for everybody.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return ""
    if os.name == "posix" and mode & _OF_OTHERS:
        return f"{path}: is not used, because others may read it or write to it; chmod 600 {path}"
    return ""


def keys_in(path: Path) -> Mapping[str, Key]:
    """Return the keys of a file, by their names; none if there is no file.

    Raises:
        SettingsError: It cannot be read, or something in it makes no sense; the line begins with path, line and column.
    """
    text = text_of(path)
    return {} if text is None else _keys(text, path)


def _keys(text: str, path: Path) -> Mapping[str, Key]:
    keys: dict[str, Key] = {}
    for name, value in toml_from(text, path).items():
        try:
            keys[name] = _key(name, value)
        except SettingsError as error:
            line, column = place_of(text, [name])
            raise SettingsError(f"{path}:{line}:{column}: {error}") from None
    return keys


def _key(name: str, value: object) -> Key:
    if not NAME.fullmatch(name):  # which may be a key, in the wrong place
        raise SettingsError("it must begin with a name such as OPENAI_API_KEY, in capitals")
    if not isinstance(value, str):
        raise SettingsError(f'{name} must be text in quotes, such as: {name} = "cmd:pass show openai"')
    return Key(name, value)


def write(path: Path, name: str, written: str) -> None:
    """Put a key into the file, which is only the person's from then on; all else in it stays.

    Raises:
        SettingsError: It is none, or the file is wrong already, or cannot be written.
    """
    Key(name, written)
    text = text_of(path) or ""
    _keys(text, path)
    write_whole(path, changed(text, (name,), written), private=True)


def remove(path: Path, name: str) -> Key:
    """Take a key out of the file, and return it; all else in it stays.

    Raises:
        SettingsError: It is not in it, or the file is wrong already, or cannot be written.
    """
    text = text_of(path) or ""
    keys = _keys(text, path)
    if name not in keys:
        kept = f"there is {', '.join(keys)}" if keys else "there is nothing in it"
        raise SettingsError(f"{path}: has no {name}; {kept}")
    write_whole(path, "".join(part.text for part in statements(text) if name not in part.content), private=True)
    return keys[name]
