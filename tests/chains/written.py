"""Files of agents for tests."""

from pathlib import Path
from typing import Any

from miniagents.chains.chain_file import read
from miniagents.errors import ChainFileError

TOP = "version: 1\n"
AGENTS = "agents:\n  writer: {model: a:b}\n  critic: {model: a:b}\n"
"""From line 2 to 4, behind `TOP`."""
SMALL = TOP + AGENTS


def written(folder: Path, text: str, name: str = "a.yaml") -> Path:
    """Write a file."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def faults(folder: Path, text: str, **told: Any) -> list[str]:
    """Return what is wrong with a file of that text, a line each, without its name."""
    path = written(folder, text)
    try:
        read(path, **told)
    except ChainFileError as error:
        return [line.removeprefix(f"{path}:") for line in str(error).splitlines()]
    return []
