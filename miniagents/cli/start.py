"""What every command begins with: settings decided, plugins gathered, the broken ones named.

In: flags, the process's environment and folder. Out: settings and plugins. Never: what is done with them.
"""

import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from .tell import note, tell

if TYPE_CHECKING:
    from ..plugins import Plugins
    from .config.settings import Flags, Settings

__all__ = ["started"]


def started(flags: "Flags") -> "tuple[Settings, Plugins]":
    """Decide the settings, gather the plugins, and say which of them are broken."""
    from .. import builtins, plugins  # noqa: PLC0415
    from .config.environment import KEY_WITHHELD  # noqa: PLC0415
    from .config.settings import settings_from  # noqa: PLC0415

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
    with redirect_stdout(sys.stderr):  # which is for replies: a plugin that prints is no reply
        loaded = plugins.load([builtins])
    for broken in loaded.broken:
        tell(str(broken))
    return settings, loaded
