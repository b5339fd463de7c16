"""What plugins offered when they were imported last, so that they need not be imported to know it.

In: plugins that were found, outlines of what they offer. Out: a file in the cache folder. Never: a plugin.
"""

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final
from zlib import crc32

from .. import __version__
from .found import Found
from .outline import KINDS, Outline

__all__ = ["Catalogue"]


_MOST: Final = 1000
"""Outlines, with those of plugins that are gone or another version by now: a megabyte, read in some milliseconds."""


class Catalogue:
    """Outlines by the keys of plugins; what cannot be read or kept is not remembered, and that is all."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Read it, for this very Python; `environment` says where caches are."""
        try:
            folder = Path(environment.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
        except RuntimeError:  # somebody without a home: nothing can be kept
            folder = Path(os.devnull)
        self._path = folder / "miniagents" / f"plugins-{crc32(sys.prefix.encode(errors='replace')):08x}.json"
        self._key = f"{__version__} {'.'.join(map(str, sys.version_info[:3]))}"
        self._known: dict[str, Outline] = {}
        self._has_changed = False
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            kept = json.loads(self._path.read_bytes())
            if kept["key"] == self._key and len(kept["plugins"]) <= _MOST:
                self._known = {key: _checked(Outline(*outline)) for key, outline in kept["plugins"].items()}

    def recall(self, found: Found) -> Outline | None:
        """Return what a plugin offered, or why it could not; None if nobody knows."""
        return self._known.get(found.key) if found.key is not None else None

    def learn(self, found: Found, outline: Outline) -> None:
        """Remember what a plugin offers."""
        if found.key is not None and self._known.get(found.key) != outline:
            self._has_changed = True
            self._known[found.key] = outline

    def keep(self) -> None:
        """Write it down, if it is not what is written there."""
        if not self._has_changed:
            return
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}.new")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_text(json.dumps({"key": self._key, "plugins": self._known}), encoding="utf-8")
            draft.replace(self._path)
            self._has_changed = False
        except (OSError, UnicodeEncodeError):
            with suppress(OSError):
                draft.unlink()


def _checked(outline: Outline) -> Outline:
    """Return the outline if it is one.

    Raises:
        ValueError: It is not: another program, or a hand, has written it.
    """
    if not set(outline.names) <= set(KINDS) or not all(isinstance(names, dict) for names in outline.names.values()):
        raise ValueError("no outline")
    return outline
