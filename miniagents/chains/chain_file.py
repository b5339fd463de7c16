"""A file of agents, read: what it says, checked, with the place of everything, and what it was given put in.

In: a path, what the command line said. Out: `Described`, or all faults at once. Never: a plugin, a model, an agent.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError

from ..errors import ChainFileError
from ..safe_text import one_line
from .checks import checks, instructions_of
from .expansion import expanded, length_of, opened, setting_faults, written
from .faults import Fault, Keys, Place, shown
from .inputs import Given, given
from .overrides import change_variables, set_values
from .schema import ChainFile
from .source import Tree, text_of, tree_of

__all__ = ["Described", "read"]

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_ROUNDS: Final = 20
"""How often what is wrong is left out to look at the rest; each time there is less of it."""
_LONGEST: Final = 10_000_000
"""Characters of an agent's instructions: more than any model reads (2026-11)."""
_HARMLESS: Final = "await"
"""What stands for an item that was wrong, so that those behind it keep their numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What a file says. Settings are as they are written there: `opened` reads the environment."""

    file: ChainFile
    tree: Tree = field(repr=False)
    path: Path
    inputs: Mapping[str, Given]
    """What each input says; that a required one is missing is a fault, unless nobody asked."""
    instructions: Mapping[str, str | None]
    """What each agent's model is told, with all names in it replaced; None, if nothing."""
    environment: Mapping[str, str] = field(repr=False)

    @property
    def folder(self) -> Path:
        """Where relative paths count from."""
        return self.path.parent

    def opened(self, value: Any) -> Any:
        """Return a setting, or many inside each other, with `${env:NAME}` replaced; such a text has no `repr`."""
        return opened(value, self.environment)

    def located(self, told: str, keys: Keys) -> Path:
        """Return the path that a setting is, with `${env:NAME}` and `~` replaced; relative ones count from the file.

        Raises:
            ChainFileError: It is no path.
        """
        name = self.opened(told)
        try:
            if "\0" not in name:
                return self.folder / Path(name).expanduser()
        except RuntimeError:  # no such home
            pass
        raise _error([self.tree.fault(keys, "it is no path", "mend it")], self.tree.file)

    def where(self, keys: Keys) -> str:
        """Return the place of a value for people: `agents.yaml:7:5`, or who said it if it is not in the file."""
        return self.tree.origin(keys) or f"{self.tree.file}:{self.tree.key_place(keys)}"


def read(  # noqa: PLR0913 - what a command line can say of a file
    path: Path,
    *,
    sets: Sequence[str] = (),
    variables: Mapping[str, Any] = _NOTHING,
    inputs: Mapping[str, Any] = _NOTHING,
    environment: Mapping[str, str] | None = None,
    needs_inputs: bool = True,
) -> Described:
    """Return what a file of agents says.

    Args:
        path: Of the file.
        sets: `PATH=VALUE`, as `--set` has it: values of the file that are others now.
        variables: Other values of its constants, of the same types or as text.
        inputs: What it is given, of the declared types or as text; relative paths count from the current folder.
        environment: Where `${env:NAME}` is looked up; None leaves it for later, and then nothing can be opened.
        needs_inputs: Whether required inputs must be there.

    Raises:
        ChainFileError: With all that is wrong, in the order of the file.
    """
    file = one_line(str(path))
    tree = tree_of(text_of(path, file=file, may_wait=True), file)
    faults = [fault for _, fault in tree.faults]
    faults += [*set_values(tree, sets), *change_variables(tree, variables)]
    if fault := _not_ours(tree):
        raise _error([*faults, fault], file)
    model, found = _validated(tree)
    yamls = {keys for keys, _ in tree.faults}
    faults += [fault for keys, fault in found if keys not in yamls]
    faults += [fault for _, fault in setting_faults(tree, environment)]
    if model is not None:
        wrong = [keys for keys, _ in found]
        faults += [
            fault for keys, fault in checks(model, tree, path.parent, environment) if not _is_touched(keys, wrong)
        ]
        values, bad = given(model, inputs, tree, path.parent, needs_all=needs_inputs)
        faults += bad
        if not faults:
            texts, bad = _instructions(model, values, tree, path.parent, environment)
            faults += bad
    if faults or model is None:
        raise _error(faults, file)
    return Described(file=model, tree=tree, path=path, inputs=values, instructions=texts, environment=environment or {})


def _not_ours(tree: Tree) -> Fault | None:
    """Return why nothing more can be said about a file."""
    if tree.value is None:
        return Fault(None, "the file is empty", "`miniagents chain new NAME` writes one to begin with", tree.file)
    if not isinstance(tree.value, dict):
        what = f"a file of agents begins with keys, not with {'a list' if isinstance(tree.value, list) else 'text'}"
        return tree.fault((), what, "write `version: 1`, and below it `agents:`")
    return _version_fault(tree)


def _version_fault(tree: Tree) -> Fault | None:
    """Return what is wrong with the version, if it is there and not ours: then nothing else is worth a look."""
    version = tree.value.get("version", 1)
    if type(version) is int and version == 1:  # true and 1.0 are equal to it
        return None
    if type(version) is int and version > 1:
        what, cure = f"version {shown(version)} is newer than this program, which knows 1", "update miniagents"
    else:
        what, cure = "`version` must be 1, a whole number without quotes", "write `version: 1`"
    return tree.fault(("version",), what, cure)


def _validated(tree: Tree) -> tuple[ChainFile | None, list[tuple[Keys, Fault]]]:
    """Return what the file says, without what is wrong with it, and that; None, if nothing is left."""
    value = tree.value
    found: list[tuple[Keys, Fault]] = []
    for number in range(_ROUNDS):
        try:
            return ChainFile.model_validate(value), found
        except ValidationError as error:
            from .complaints import complaints  # noqa: PLC0415 - most files are right

            new = complaints(error, tree if number == 0 else Tree(tree.file, value, tree.text, tree.root))
            if number == 0:
                found, value = new, {"version": 1, **deepcopy(value)}
                new = [each for each in new if each[0] != ("version",)]
            if not _leave_out(value, [keys for keys, _ in new]):
                return None, found
    return None, found


def _leave_out(value: dict[str, Any], wrong: Iterable[Keys]) -> bool:
    """Take what is wrong out of a file's value; return whether anything is left."""
    for each in sorted(wrong, key=len, reverse=True):
        keys = each
        while keys and not _is_there(value, keys):  # what is missing makes what it is missing from wrong
            keys = keys[:-1]
        if not keys:
            return False
        above: Any = value
        for key in keys[:-1]:
            above = above[key]
        if isinstance(above, dict):
            del above[keys[-1]]
        else:
            above[keys[-1]] = _HARMLESS
    return True


def _is_there(value: Any, keys: Keys) -> bool:
    for key in keys:
        there: Container[Any] = (
            value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        )
        if key not in there:
            return False
        value = value[key]
    return True


def _is_touched(keys: Keys, wrong: Iterable[Keys]) -> bool:
    """Say whether something that was wrong before may be why there is a fault."""
    return any(each[: len(keys)] == keys or keys[: len(each)] == each for each in wrong)


def _instructions(
    model: ChainFile, values: Mapping[str, Given], tree: Tree, folder: Path, environment: Mapping[str, str] | None
) -> tuple[dict[str, str | None], list[Fault]]:
    names = {name: written(value) for name, value in model.vars.items()}
    names |= {name: value.text for name, value in values.items()}
    texts: dict[str, str | None] = {}
    faults: list[Fault] = []
    for name, agent in model.agents.items():
        if environment is None and "${" in (agent.instructions_file or ""):
            texts[name] = None
            continue
        text, keys, _ = instructions_of(agent, ("agents", name), folder, environment or {})
        if text is not None and length_of(text, names) > _LONGEST:
            what = f"with all names replaced it has more than {_LONGEST:,} characters"
            faults.append(tree.fault(keys, what, "put less in"))
            continue
        texts[name] = None if text is None else expanded(text, names)
    return texts, faults


def _error(faults: Iterable[Fault], file: str) -> ChainFileError:
    """Return the error of some faults: first those of the file, then those of others and of the command line."""
    ordered = tuple(dict.fromkeys(sorted(faults, key=lambda fault: _order(fault, file))))
    return ChainFileError("\n".join(map(str, ordered)), ordered)


def _order(fault: Fault, file: str) -> tuple[bool, bool, Place]:
    return fault.place is None, fault.file != file, fault.place or Place(0, 0)
