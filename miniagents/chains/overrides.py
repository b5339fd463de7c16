"""What whoever runs a file says otherwise than it: `--set`, `--var`.

In: what was written, the tree. Out: the tree, changed; faults that name who said it. Never: whether it makes sense.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ..errors import ChainFileError
from .faults import Fault, Keys, nearest, shown
from .source import Tree, scalar, tree_of

__all__ = ["change_variables", "fitting", "set_values"]

_CHOSEN: Final = ("inputs", "vars", "models", "agents")
"""Whose keys are names of things that must be there."""
_KINDS: Final[Mapping[type, str]] = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


def set_values(tree: Tree, sets: Sequence[str]) -> Iterator[Fault]:
    """Change the tree as each `PATH=VALUE` says, in their order; give a fault for each that cannot be.

    Args:
        tree: The file.
        sets: The path has dots between keys, and numbers of items from 0; the value is a scalar of YAML, or a list or
            a mapping in brackets or braces; null, or nothing, leaves the key out. What is no such thing is text.
    """
    for each in sets:
        path, equals, text = each.partition("=")
        origin = f"--set {shown(path)}"
        if not equals or not path or "" in path.split("."):
            yield Fault(None, "it has no path or no value", "write agents.NAME.model=VALUE", tree.file, origin)
            continue
        keys = _keys_of(path.split("."), tree.value)
        fault = _set(tree, keys, _value(text), origin)
        if fault:
            yield fault
        else:
            tree.origins[keys] = origin


def change_variables(tree: Tree, variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Give constants other values, of the same kind; give a fault for each that cannot be."""
    constants = tree.value.get("vars") if isinstance(tree.value, dict) else None
    constants = constants if isinstance(constants, dict) else {}
    for name, value in variables.items():
        origin = f"--var {shown(name)}"
        if name not in constants:
            cure = nearest(name, constants, "add it under `vars`")
            yield Fault(None, f"there is no constant {shown(name)}", cure, tree.file, origin)
            continue
        kind = type(constants[name])
        made = fitting(value, kind) if kind in _KINDS else value
        if made is None:
            what = f"it must be {_KINDS[kind]}, as in the file, not {shown(value)}"
            yield Fault(None, what, f"write {shown(name)}=VALUE with such a value", tree.file, origin)
            continue
        constants[name] = made
        tree.origins["vars", name] = origin


def fitting(value: Any, kind: type) -> Any:
    """Return a value, or what a text of a command line means, if it is of that kind; otherwise None."""
    if kind is str:
        return value if isinstance(value, str) else None
    if isinstance(value, str):
        value = scalar(value)
    is_whole = kind is float and type(value) is int  # which is a number too
    return value if type(value) is kind or is_whole else None


def _keys_of(parts: list[str], value: Any) -> Keys:
    """Return the way that a path means; a number is an item where there is a list."""
    keys: list[str | int] = []
    for part in parts:
        key: str | int = part
        if isinstance(value, list) and part.isdecimal() and part.isascii() and len(part) < len("100000"):
            key = int(part)
            value = value[key] if key < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
        keys.append(key)
    return tuple(keys)


def _set(tree: Tree, keys: Keys, value: Any, origin: str) -> Fault | None:
    """Set the value, with the mappings on the way that are not there; return why it cannot be."""
    if not isinstance(tree.value, dict):
        return Fault(None, "the file has no keys", "mend the file", tree.file, origin)
    above: Any = tree.value
    for depth, key in enumerate(keys):
        name = ".".join(map(str, keys[:depth]))
        if isinstance(above, list):
            if not isinstance(key, int) or key >= len(above):
                what = f"{shown(name)} has no item {shown(key)}"
                return Fault(None, what, f"use a number from 0 to {len(above) - 1}", tree.file, origin)
        elif not isinstance(above, dict):
            return Fault(None, f"{shown(name)} has nothing in it", f"set {shown(name)} itself", tree.file, origin)
        elif depth == 1 and keys[0] in _CHOSEN and key not in above:
            cure = nearest(str(key), above, "add it to the file")
            return Fault(None, f"there is no {shown(key)} under `{keys[0]}`", cure, tree.file, origin)
        if depth == len(keys) - 1 and value is None and isinstance(above, dict):
            above.pop(key, None)
        elif depth == len(keys) - 1:
            above[key] = value
        else:
            if isinstance(above, dict) and above.get(str(key)) is None:
                above[str(key)] = {}
                tree.origins[keys[: depth + 1]] = origin
            above = above[key]
    return None


def _value(text: str) -> Any:
    """Return what the text of a value means."""
    if text[:1] in ("[", "{", '"', "'"):
        try:
            tree = tree_of(text, "")
        except ChainFileError:
            return text
        return text if tree.faults else tree.value
    return scalar(text)
