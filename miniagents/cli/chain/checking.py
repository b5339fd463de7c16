"""`miniagents chain check`: what is wrong in files of agents, or that nothing is.

In: paths. Out: a line a fault on standard error, a line a sound file on standard output. Never: what may be said.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...chains.chain_file import read
from ...chains.picture import steps_of
from ...errors import ChainFileError
from ...safe_text import one_line
from ..output import write
from .faults import told

if TYPE_CHECKING:
    from ...chains.schema import ChainFile

__all__ = ["checked"]


def checked(paths: Sequence[Path]) -> bool:
    """Check files; say whether nothing is wrong in any of them."""
    is_fine = True
    for path in paths:
        try:
            file = read(path, needs_inputs=False).file
        except ChainFileError as error:
            told(error)
            is_fine = False
        else:
            write(one_line(f"{path}: fine: {_counted(file)}") + "\n")
    return is_fine


def _counted(file: "ChainFile") -> str:
    """Return how much there is in a file."""
    counts = {"agent": len(file.agents), "step": len(steps_of(file)), "input": len(file.inputs)}
    return ", ".join(f"{count} {name}{'s' if count != 1 else ''}" for name, count in counts.items() if count)
