"""Plugins that are there, before any is imported: installed packages, and `.py` files in a folder.

In: entry points, folders. Out: `Found` values in the order in which they are asked. Never: which of them are wanted.
"""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from .project import files_in

__all__ = ["ENTRY_POINT_GROUP", "Found", "from_sources", "in_folder", "installed", "module_of_file"]

ENTRY_POINT_GROUP: Final = "miniagents"
_EDITABLE: Final = '"editable"'
"""What stands in `direct_url.json` of a package of which the code stays in its folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A plugin, not imported."""

    name: str
    origin: str
    """Where it is from, for people: "installed", or the path of its file."""
    get: Callable[[], object]
    """Imports it."""
    key: str | None = None
    """By which it is remembered what it offers: another one when the plugin is another one; None for nothing."""
    package: str = ""
    """The package that it came with, if it came with one: small letters, with hyphens."""
    version: Callable[[], str] = str
    """The version of the package, "" if there is none; it takes a moment."""


def installed(points: Iterable[EntryPoint] | None = None) -> list[Found]:
    """Return the plugins of installed packages, by name.

    Args:
        points: Their entry points; those of the group `miniagents` if None.
    """
    found = entry_points(group=ENTRY_POINT_GROUP) if points is None else points
    return [_of_package(point) for point in sorted(found, key=lambda point: (point.name, point.value))]


def in_folder(folder: Path) -> list[Found]:
    """Return the plugins in the user's folder, by name."""
    found: list[Found] = []
    for path in files_in(folder):
        with suppress(OSError):
            found.append(Found(name=path.stem, origin=str(path), get=partial(module_of_file, path), key=_stamp(path)))
    return found


def from_sources(sources: Mapping[Path, bytes]) -> list[Found]:
    """Return plugins of which the source was read already: nothing else is run, whatever the files are by now."""
    return [
        Found(
            name=path.stem,
            origin=str(path),
            get=partial(_module, path, source),
            key=f"{path} {sha256(source).hexdigest()}",
        )
        for path, source in sorted(sources.items())
    ]


def _of_package(point: EntryPoint) -> Found:
    package = point.dist
    # Nothing public says where it is; to read its metadata for name and version would take a hundred times as long.
    info: Any = getattr(package, "_path", None)
    return Found(
        name=point.name,
        origin="installed",
        get=point.load,
        key=None if info is None else _key(point, info),
        package="" if info is None else info.name.partition("-")[0].replace("_", "-").lower(),
        version=lambda: "" if package is None else package.version,
    )


def _key(point: EntryPoint, info: Any) -> str | None:
    """Return what changes with the package, of which the version is in the name of its folder; None if nobody knows.

    Without `Path`, which takes three times as long, for each package.
    """
    with suppress(OSError, ImportError, ValueError):
        key = f"{point.value} {info} {os.stat(f'{info}/entry_points.txt').st_mtime_ns}"  # noqa: PTH116 - see above
        origin = f"{info}/direct_url.json"
        if os.path.exists(origin) and _EDITABLE in Path(origin).read_text("utf-8"):  # noqa: PTH110 - as above
            key += f" {_digest(point.value.partition(':')[0].partition('.')[0].strip())}"
        return key
    return None


def _digest(package: str) -> str:
    """Return what changes when a source file of a package does; nothing is imported.

    Raises:
        ImportError: It is nowhere to be found.
        OSError: Its files are not.
    """
    spec = find_spec(package)
    if spec is None:
        raise ImportError(package)
    walks = [at for folder in spec.submodule_search_locations or () for at in os.walk(folder)]
    files = [Path(at, name) for at, _, names in walks for name in names if name.endswith(".py")]
    stamps = sorted(map(_stamp, files or [Path(str(spec.origin))]))
    return sha256(os.fsencode("\n".join(stamps))).hexdigest()


def _stamp(path: Path) -> str:
    """Return what changes when a file does: to look at its time and size takes less than to read it."""
    stat = path.stat()
    return f"{path} {stat.st_mtime_ns} {stat.st_size}"


def module_of_file(path: Path) -> ModuleType:
    """Run a file as a module, and return it."""
    return _module(path, path.read_bytes())


def _module(path: Path, source: bytes) -> ModuleType:
    """Run the source as a module; no compiled file is looked at, which might be of another source."""
    module = ModuleType(f"miniagents_plugin_{path.stem}")
    module.__file__ = str(path)
    code = compile(source, str(path), "exec")
    before = sys.modules.get(module.__name__)
    sys.modules[module.__name__] = module  # dataclasses, and pickle, look there
    try:
        exec(code, module.__dict__)  # noqa: S102 - it is what a plugin is for, and the user has put or trusted it there
    except BaseException:
        if before is None:
            del sys.modules[module.__name__]
        else:
            sys.modules[module.__name__] = before
        raise
    return module
