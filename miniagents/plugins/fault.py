"""What a plugin did wrong, in one line.

In: its error. Out: words, with the line of its source. Never: what becomes of the plugin.
"""

import importlib
import os
from pathlib import Path
from typing import Final

import pluggy

from .. import hookspecs
from ..errors import PluginError
from ..safe_text import one_line

__all__ = ["in_one_line"]

_BETWEEN: Final = (
    "<",
    *(f"{Path(str(module.__file__)).parent}{os.sep}" for module in (hookspecs, pluggy, importlib)),
)
"""What the files of code begin with that stands between us and a plugin: ours, pluggy's, what imports it."""


def in_one_line(error: BaseException) -> str:
    """Return what went wrong, and in which line of the plugin, as far as one is to blame."""
    line = str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}".rstrip(": ")
    step, place = error.__traceback__, ""
    while step is not None and not isinstance(error, SyntaxError):  # that one has its place in its words
        file = step.tb_frame.f_code.co_filename
        if not file.startswith(_BETWEEN):
            place = f" ({os.path.basename(file)}, line {step.tb_lineno})"  # noqa: PTH119 - it is a name, maybe of no file
        step = step.tb_next
    return one_line(line + place)
