"""A project's own folder of plugins: what is in it, and a hash that changes with any of it.

A repository that somebody has cloned must never run its code unasked. So the files are read once: the hash is of what
was read, and what was read is what is run, not what is there later, nor a compiled file beside it.

In: a folder. Out: a `Project`. Never: whether it is trusted.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

__all__ = ["PLUGINS_FOLDER", "Project", "digest_of", "files_in", "project_in", "sources_below"]

PLUGINS_FOLDER: Final = "plugins"
_PROJECT_FILE: Final = ".miniagents.toml"
_MARK: Final = b"hookimpl"
"""What stands in every plugin. Many a project has a folder `plugins` that has nothing to do with us."""


@dataclass(frozen=True, slots=True)
class Project:
    """The plugins of a project, as they were read."""

    folder: Path
    sources: Mapping[Path, bytes]
    """The plugins, by their files."""
    digest: str
    """A hash of all Python source in the folder and below, and of its names."""


def files_in(folder: Path) -> list[Path]:
    """Return the files of a folder that may be plugins, by name: those called `*.py` without an underscore before it.

    What is called so and is no file is left out: to read a device, or a link to one, may never end.
    """
    with suppress(OSError):
        return [path for path in sorted(folder.glob("[!_.]*.py")) if path.is_file()]
    return []


def project_in(folder: Path) -> Project | None:
    """Return the plugins of the project that a folder is in: beside its project file, or else in the folder itself."""
    top = next((above for above in (folder, *folder.parents) if (above / _PROJECT_FILE).is_file()), folder)
    place = top / PLUGINS_FOLDER
    sources: dict[Path, bytes] = {}
    for path in files_in(place):
        with suppress(OSError):
            if _MARK in (source := path.read_bytes()):
                sources[path] = source
    if not sources:
        return None
    return Project(place, sources, digest_of(place, {**sources_below(place), **sources}))


def sources_below(folder: Path) -> dict[Path, bytes]:
    """Return all Python source in a folder and below, in a fixed order; what cannot be read is empty."""
    found: dict[Path, bytes] = {}
    for at, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(name for name in names if name.endswith(".py")):
            path = Path(at, name)
            found[path] = b""
            with suppress(OSError):
                if path.is_file():  # see `files_in`
                    found[path] = path.read_bytes()
    return found


def digest_of(folder: Path, sources: Mapping[Path, bytes]) -> str:
    """Return a hash of `sources_below` a folder, and of their names; what one may import beside it counts too."""
    found = sha256()
    for path, source in sources.items():
        for each in (os.fsencode(path.relative_to(folder)), source):
            found.update(len(each).to_bytes(8, "big") + each)
    return found.hexdigest()
