"""`miniagents chain new`: a file of agents, begun as one of the templates that come with the program.

In: a name. Out: a file, never over another one; a table. Never: what a template says.
"""

import re
from importlib import resources
from itertools import takewhile
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final

from ... import chains
from ...errors import SettingsError
from ...safe_text import one_line
from ..config.setting import nearest
from ..output import write
from ..table import write_table
from ..tell import tell

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable

__all__ = ["begin", "list_templates"]

_FOLDER: Final = "starters"
_SUFFIXES: Final = (".yaml", ".yml")
_COMMAND: Final = re.compile(r": ((?:[^:]* \| )?miniagents chain .*)")
"""What a template says to type, behind a colon."""


def list_templates() -> None:
    """Write a row for each template: its name and what it is for."""
    write_table(("template", "what it is for"), [(name, _about(each)) for name, each in _templates().items()])


def begin(name: str | None, template: str, folder: Path | None = None) -> None:
    """Write a template into a new file; say what to type next.

    Args:
        name: Of the file; without an ending it gets `.yaml`. The template's by default.
        template: Which one.
        folder: Where; the current one by default.

    Raises:
        SettingsError: There is no such template, or there is something of that name already.
        OSError: It cannot be written.
    """
    templates = _templates()
    if template not in templates:
        raise SettingsError(f"--template {template}: there is no such template; {nearest(template, templates)}")
    path = (folder or Path()) / (name or template)
    if path.suffix not in _SUFFIXES:
        path = path.with_name(path.name + _SUFFIXES[0])
    text = templates[template].read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise SettingsError(f"{path}: is there already; choose another name") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(f"{path}: cannot be written ({reason}); choose another name or folder") from error
    write(f"{one_line(str(path))}\n")
    tell(_next(path, template, text))


def _next(path: Path, template: str, text: str) -> str:
    """Return what to type next, as the comment of a template has it, or else the simplest."""
    quoted = quote(str(path))
    for line in _head(text):
        if (found := _COMMAND.search(line)) is not None:
            return f"next: {found[1].replace(f'{template}.yaml', quoted)}"
    return f'next: miniagents chain {quoted} "what the agents shall work on"'


def _templates() -> "Mapping[str, Traversable]":
    """Return the files of the templates, by name."""
    files = (resources.files(chains) / _FOLDER).iterdir()
    return {file.name.removesuffix(_SUFFIXES[0]): file for file in sorted(files, key=_name) if _name(file)}


def _name(file: "Traversable") -> str:
    return file.name if file.name.endswith(_SUFFIXES[0]) else ""


def _about(file: "Traversable") -> str:
    """Return what a template says of itself in its first line."""
    return next(iter(_head(file.read_text(encoding="utf-8"))), "")


def _head(text: str) -> list[str]:
    """Return the lines of the comment that a file begins with, without their sign."""
    lines = takewhile(lambda line: line.startswith("#"), text.splitlines())
    return [line.removeprefix("#").strip() for line in lines]
