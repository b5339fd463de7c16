"""Texts that a person keeps under a name, one file each: `NAME.md` in a folder.

Before the text there may be front matter: TOML between two lines of `+++`.

In: a folder, a name. Out: the text, and what the front matter says. Never: what it is for; a file outside the folder.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...errors import SettingsError
from .file import option_complaints, place_of, text_of, toml_from
from .setting import nearest

__all__ = ["NamedText", "find", "names"]

_FENCE: Final = "+++"
"""As static site generators have it for front matter in TOML; `---` would say that it is YAML."""
_YAML: Final = re.compile(r"---[ \t]*\n(?:[ \t]*(?:#.*)?\n)*[A-Za-z_][\w-]*:(?:[ \t].*)?\n(?:.*\n)*?---[ \t]*(?:\n|\Z)")
"""What looks like front matter in YAML: a key first, and an end."""


@dataclass(frozen=True, slots=True)
class NamedText:
    """One of them."""

    path: Path
    text: str
    """Without front matter, and without white space at its ends."""
    head: Mapping[str, Any]
    """What the front matter says, checked."""


def names(folder: Path) -> list[str]:
    """Return what there is in a folder, in order; nothing if there is no such folder, or it cannot be read."""
    try:
        return sorted(path.stem for path in folder.iterdir() if path.suffix == ".md" and path.is_file())
    except OSError:
        return []


def find(kind: str, name: str, folder: Path, keys: Mapping[str, type]) -> NamedText:
    """Return the text of that name.

    Args:
        kind: What it is, for errors: "role".
        name: Only ever a name: what is not in the folder itself is not found.
        folder: Where the files are.
        keys: What its front matter may say: `str`, or `dict` for a table.

    Raises:
        SettingsError: There is none, it cannot be read, or its front matter makes no sense.
    """
    known = names(folder)
    if name not in known:
        cure = nearest(name, known, f"write it into {folder / 'NAME.md'}")
        raise SettingsError(f"no {kind} is called {name}; {cure}")
    path = folder / f"{name}.md"
    text = (text_of(path) or "").replace("\r\n", "\n")
    head: dict[str, Any] = {}
    first, _, rest = text.partition("\n")
    if first.rstrip() == _FENCE:
        head, text = _head(rest, path, keys)
    elif _YAML.match(text):
        cure = f'write TOML between two lines of {_FENCE}, such as model = "local"'
        raise SettingsError(f"{path}:1:1: this is YAML; {cure} (if it is no front matter, begin with an empty line)")
    return NamedText(path, text.strip(), head)


def _head(rest: str, path: Path, keys: Mapping[str, type]) -> tuple[dict[str, Any], str]:
    """Return what front matter says, and the text after it."""
    written, fence, text = f"\n{rest}".partition(f"\n{_FENCE}")
    after, _, text = text.partition("\n")
    if not fence or after.strip():
        raise SettingsError(f"{path}:1:1: the front matter has no end; end it with a line of {_FENCE}")
    head = toml_from(written, path)
    for where, complaint in _complaints(head, keys):
        line, column = place_of(written, where)
        raise SettingsError(f"{path}:{line}:{column}: {complaint}")
    return head, text


def _complaints(head: Mapping[str, Any], keys: Mapping[str, type]) -> Iterator[tuple[Sequence[str], str]]:
    for key, value in head.items():
        fits = isinstance(value, keys.get(key, object))
        if key not in keys:
            yield (key,), f"{key} means nothing here; {nearest(key, keys)}"
        elif not fits:
            yield (key,), f"{key} must be {'a table' if keys[key] is dict else 'text in quotes'}"
        elif key == "options":
            yield from option_complaints((key,), value)
