"""What every command begins with: settings decided, plugins gathered, the broken ones named.

In: options, the process's environment and folder. Out: settings and plugins. Never: what is done with them.
"""

import os
import sys
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .tell import note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..plugins import Plugins
    from .config.settings import Flags, Settings

__all__ = ["decided", "plugins_for", "plugins_soon", "started", "taken"]

_Kind = TypeVar("_Kind")


def started(flags: "Flags") -> "tuple[Settings, Plugins]":
    """Decide the settings, gather the plugins, and say which of them are broken."""
    settings = decided(flags)
    return settings, plugins_for(settings)


def decided(flags: "Flags") -> "Settings":
    """Decide the settings, and say what a person should know of them."""
    from .config.environment import KEY_WITHHELD  # noqa: PLC0415 - `--help` needs none of it
    from .config.settings import settings_from  # noqa: PLC0415 - as above

    if sys.stdout is None:
        raise OSError("standard output is closed; open it, or send it to /dev/null")
    try:
        folder = Path.cwd()
    except FileNotFoundError as error:
        raise OSError("the current folder is gone; change to another one") from error
    settings = settings_from(flags, os.environ, folder)
    for line in settings.ignored:
        note(line)
    withheld = settings.environment.get(KEY_WITHHELD)
    if withheld and settings.model is None:  # then keys decide which model it is
        note(withheld)
    return settings


def plugins_for(settings: "Settings") -> "Plugins":
    """Gather the plugins, and say which of them are broken."""
    from .plugins.gathering import gathered  # noqa: PLC0415 - as above

    return gathered(os.environ, settings.config_dir, Path.cwd())


def plugins_soon(settings: "Settings") -> "Callable[[], Plugins]":
    """Return what gathers the plugins; where the person may have to be asked about some, they are gathered now."""
    from ..plugins.project import project_in  # noqa: PLC0415 - as above

    if project_in(Path.cwd()) is None:
        return partial(plugins_for, settings)
    plugins = plugins_for(settings)
    return lambda: plugins


def taken(kind: type[_Kind], given: "Mapping[str, Any]") -> _Kind:
    """Return a dataclass of what the options with the names of its fields say; a None says nothing."""
    names = [each.name for each in fields(kind)]  # type: ignore[arg-type]  # a dataclass
    return kind(**{name: given[name] for name in names if given.get(name) is not None})
