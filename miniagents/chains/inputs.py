"""What a file of agents is given by whoever runs it: `--input NAME=VALUE`, checked against what it declares.

In: values by name, what is declared. Out: a `Given` for each. Never: where a value goes.
"""

import glob
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..errors import ChainFileError
from ..safe_text import one_line
from .expansion import written
from .faults import Fault, nearest, shown
from .overrides import fitting
from .schema import ChainFile, Input
from .source import Tree, text_of

__all__ = ["Given", "given", "has_fitting_default"]

_KINDS: Final[Mapping[str, tuple[type, str]]] = {
    "string": (str, "text"),
    "integer": (int, "a whole number"),
    "number": (float, "a number"),
    "boolean": (bool, "true or false"),
    "file": (str, "the path of a file"),
    "files": (str, "a pattern of paths, such as docs/*.md"),
}
_MOST_FILES: Final = 1000
"""What a pattern may find: more is a mistake, such as one that begins at the top of a disk."""


@dataclass(frozen=True, slots=True)
class Given:
    """The value of one input."""

    value: Any
    """Of the declared type; of files, the path, the pattern, or a list of patterns."""
    texts: tuple[str, ...]
    """What it says: one text, or one for each of several files."""
    paths: tuple[Path, ...] = ()
    """The files that the texts are from."""

    @property
    def text(self) -> str:
        """What stands for it in instructions."""
        return "\n\n".join(self.texts)


def given(
    file: ChainFile, values: Mapping[str, Any], tree: Tree, folder: Path, *, needs_all: bool
) -> tuple[dict[str, Given], list[Fault]]:
    """Return each input's value, and what is wrong.

    Args:
        file: What is declared.
        values: By name, as text or of their types; relative paths count from the current folder.
        tree: Where it is declared.
        folder: Where relative paths of defaults count from.
        needs_all: Whether it is a fault that a required one is missing.
    """
    found: dict[str, Given] = {}
    faults: list[Fault] = []
    for name in values:
        if name not in file.inputs:
            cure = nearest(name, file.inputs, "the file has none; leave it out")
            faults.append(Fault(None, f"there is no input {shown(name)}", cure, tree.file, f"--input {shown(name)}"))
    for name, declared in file.inputs.items():
        if name in values:
            where = Fault(None, "", "", tree.file, f"--input {shown(name)}")
            faults += _take(found, name, _made(declared, values[name], Path(), where))
        elif declared.default is not None and has_fitting_default(declared):
            where = tree.fault(("inputs", name, "default"), "", "")
            faults += _take(found, name, _made(declared, declared.default, folder, where))
        elif not declared.required or declared.default is not None:
            found[name] = Given(None, ())
        elif needs_all:
            about = f" ({shown(declared.description)})" if declared.description else ""
            what = f"the input {name} is missing{about}"
            faults.append(
                tree.fault(("inputs", name), what, f"add --input {name}=…", place=tree.key_place(("inputs", name)))
            )
    return found, faults


def has_fitting_default(declared: Input) -> bool:
    """Say whether an input's default is of its type; in a file, a number is one without quotes."""
    kind, _ = _KINDS[declared.type]
    return isinstance(declared.default, str) == (kind is str) and fitting(declared.default, kind) is not None


def _take(found: dict[str, Given], name: str, made: Given | Fault) -> Iterator[Fault]:
    if isinstance(made, Fault):
        yield made
    else:
        found[name] = made


def _made(declared: Input, value: Any, folder: Path, where: Fault) -> Given | Fault:
    """Return what a value says, or what is wrong with it."""
    kind, words = _KINDS[declared.type]
    several = value if declared.type == "files" and isinstance(value, list | tuple) else [value]
    made = [fitting(str(each) if isinstance(each, Path) else each, kind) for each in several]
    if None in made:
        return _at(where, f"it must be {words}, not {shown(written(value) or 'empty')}", f"write {words}")
    if declared.type not in ("file", "files"):
        return Given(made[0], (written(made[0]),))
    try:
        find = _named if declared.type == "file" else _matching
        paths = [path for each in made for path in find(each, folder)]
        may_wait = bool(where.origin)  # the person says so, and no file
        texts = tuple(text_of(path, file=one_line(str(path)), may_wait=may_wait) for path in paths[:_MOST_FILES])
    except ChainFileError as error:
        fault = error.faults[0]
        assert isinstance(fault, Fault)  # noqa: S101 - for mypy: it is what `text_of` raises
        return _at(where, f"{fault.file}: {fault.what}", fault.cure)
    except (OSError, RuntimeError, ValueError):  # no such home, a name with a NUL in it
        return _at(where, f"{shown(value)} is no path", "mend it")
    if 0 < len(paths) <= _MOST_FILES:
        return Given(value, texts, tuple(paths))
    how_many = f"more than {_MOST_FILES} files are" if paths else "no file is"
    return _at(where, f"{how_many} like {shown(value)}", "mend the pattern")


def _named(name: str, folder: Path) -> list[Path]:
    return [folder / Path(name).expanduser()]


def _matching(pattern: str, folder: Path) -> list[Path]:
    """Return the files that a pattern means, in order."""
    found: list[Path] = []
    for name in glob.iglob(str(Path(pattern).expanduser()), root_dir=folder, recursive=True):  # noqa: PTH207 - of any root
        if (folder / name).is_file():
            found.append(folder / name)
        if len(found) > _MOST_FILES:
            break
    return sorted(found)


def _at(where: Fault, what: str, cure: str) -> Fault:
    return Fault(where.place, what, cure, where.file, where.origin)
