"""A file's text as plain values, each with its place: YAML 1.2, its core schema and no more.

In: a path; text. Out: a `Tree`. Never: what the values mean.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import yaml
import yamlcore  # type: ignore[import-untyped]  # it has no types

from ..errors import ChainFileError
from .faults import Fault, Keys, Place, end_of, place_at, shown
from .syntax import of_characters, of_syntax

__all__ = ["Tree", "scalar", "text_of", "tree_of"]

_LOADER: Final = yamlcore.CCoreLoader if yaml.__with_libyaml__ else yamlcore.CoreLoader
_LONGEST_BYTES: Final = 4_000_000
"""Of a file: what 200 people write in a year."""
_MOST_VALUES: Final = 100_000
"""With each alias counted as what it stands for: nine lines of them can stand for a billion."""
_DEEPEST: Final = 50
"""Levels inside each other; a loop in a branch of a map takes six."""
_TAG: Final = "tag:yaml.org,2002:"
_READ: Final[Mapping[str, Callable[[str], Any]]] = {
    "str": str,
    "null": lambda _: None,
    "bool": lambda text: {"true": True, "false": False}[text.lower()],
    "int": lambda text: int(text, 0 if text[:2] in ("0o", "0x") else 10),
    "float": lambda text: _finite(text.lower().replace(".inf", "inf").replace(".nan", "nan")),
}


@dataclass(slots=True)
class Tree:
    """What a file says, and where it says it."""

    file: str
    """Its name, for people."""
    value: Any
    text: str
    root: yaml.Node | None
    """None, if it is empty, or a text and no YAML."""
    faults: list[tuple[Keys, Fault]] = field(default_factory=list)
    """What was wrong with it as YAML, beside which the rest can be read."""
    origins: dict[Keys, str] = field(default_factory=dict)
    """Who said it, of values that do not come from the file."""

    def place(self, keys: Keys) -> Place:
        """Return where a value begins; of one that is not there, where the key of what it would be in stands."""
        _, node = self._found(keys)
        return self.key_place(keys) if node is None else _place(node)

    def key_place(self, keys: Keys) -> Place:
        """Return where a value's key stands, or an item; of one that is not there, the key of what it would be in."""
        while keys:
            key, _ = self._found(keys)
            if key is not None:
                return _place(key)
            keys = keys[:-1]
        return Place(1, 1) if self.root is None else _place(self.root)

    def place_in(self, keys: Keys, what: str, number: int = 0) -> Place:
        """Return where something stands in a text, for that time, from 0; or else where the text begins."""
        _, node = self._found(keys)
        if node is None and self.root is not None:
            return self.place(keys)
        start, end = (0, len(self.text)) if node is None else (node.start_mark.index, node.end_mark.index)
        for _ in range(number + 1):
            start = self.text.find(what, start, end) + 1
            if not start:
                return self.place(keys)
        return place_at(self.text, start - 1)

    def origin(self, keys: Keys) -> str:
        """Return who said a value, or what it is in; "" if the file does."""
        return next((found for end in range(len(keys), 0, -1) if (found := self.origins.get(keys[:end]))), "")

    def fault(self, keys: Keys, what: str, cure: str, *, place: Place | None = None) -> Fault:
        """Return the fault of the value there; without a place, it is the value's own."""
        if origin := self.origin(keys):
            return Fault(None, what, cure, self.file, origin)
        return Fault(place or self.place(keys), what, cure, self.file)

    def _found(self, keys: Keys) -> tuple[yaml.Node | None, yaml.Node | None]:
        """Return the nodes of a key (of an item, its own) and of its value."""
        key, node = None, self.root
        for each in keys:
            if isinstance(node, yaml.MappingNode):
                key, node = next((pair for pair in node.value if _is_named(pair[0], each)), (None, None))
            elif isinstance(node, yaml.SequenceNode) and isinstance(each, int) and each < len(node.value):
                key = node = node.value[each]
            else:
                return None, None
        return key, node


def text_of(path: Path, *, file: str = "", may_wait: bool = False) -> str:
    """Return what is in a file of text.

    Args:
        path: Of the file.
        file: Its name, for people; the path by default.
        may_wait: Whether it may be a pipe or a device, which somebody may never write to: `<(…)` of a shell is one.

    Raises:
        ChainFileError: There is none, or it cannot be read, or is longer than 4 MB or no UTF-8.
    """
    file = file or str(path)
    try:
        if not may_wait and not (path.is_file() or path.is_dir()) and path.exists():
            raise _refused(Fault(None, "it is a pipe or a device", "name a file", file))
        with path.open("rb") as opened:
            data = opened.read(_LONGEST_BYTES + 1)
        if len(data) > _LONGEST_BYTES:
            raise _refused(Fault(None, f"it is longer than {_LONGEST_BYTES // 10**6} MB", "name another file", file))
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = place_at(data[: error.start].decode("utf-8-sig"), error.start)
        raise _refused(Fault(place, "this is not UTF-8", "save the file as UTF-8", file)) from None
    except IsADirectoryError:
        raise _refused(Fault(None, "it is a folder", "name a file in it", file)) from None
    except (FileNotFoundError, NotADirectoryError):
        raise _refused(Fault(None, "there is no such file", "mend its name", file)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _refused(Fault(None, f"it cannot be read ({shown(reason)})", "mend that", file)) from None


def tree_of(text: str, file: str) -> Tree:
    """Return what YAML says.

    Raises:
        ChainFileError: It is none, or stands for more than anybody can mean.
    """
    if fault := of_characters(text):
        raise _refused(replace(fault, file=file))
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        fault = of_syntax(error, text)
        place = fault.place and min(fault.place, end_of(text))  # the parser's own may be behind it
        raise _refused(replace(fault, place=place, file=file)) from None
    except RecursionError:
        raise _refused(Fault(None, "it has too many levels inside each other", "leave some out", file)) from None
    tree = Tree(file, None, text, root)
    if root is not None:
        tree.value = _Builder(tree).built(root, ())
    return tree


def scalar(text: str) -> Any:
    """Return what a text without quotes means in YAML: a number, true, false, null, or else the text."""
    resolver = yamlcore.CoreLoader("")
    try:
        return _READ[resolver.resolve(yaml.ScalarNode, text, (True, False)).removeprefix(_TAG)](text)
    except (ValueError, OverflowError):
        return text


class _Builder:
    """Makes values of nodes."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._count = 0

    def built(self, node: yaml.Node, keys: Keys) -> Any:
        self._count += 1
        if self._count > _MOST_VALUES:
            what = f"it says more than {_MOST_VALUES:,} values, each alias (*) counted as all that it stands for"
            raise _refused(self._fault(node, what, "leave some out"))
        if len(keys) > _DEEPEST:
            what = f"there are more than {_DEEPEST} levels inside each other"
            raise _refused(self._fault(node, what, "leave some out, or an alias (*) inside its own anchor"))
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node, keys)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            return [self.built(each, (*keys, number)) for number, each in enumerate(node.value)]
        return self._scalar(node, keys)

    def _scalar(self, node: yaml.Node, keys: Keys) -> Any:
        kind = node.tag.removeprefix(_TAG)
        if kind not in _READ or not isinstance(node, yaml.ScalarNode):
            what = f"the tag {shown(node.tag.replace(_TAG, '!!'))} means nothing here"
            self._add(keys, node, what, "leave it out")
            return node.value if isinstance(node, yaml.ScalarNode) else None
        try:
            return _READ[kind](node.value)
        except (ValueError, KeyError, IndexError, OverflowError):
            cure = "write another one, or put it in quotes if it is text"
            self._add(keys, node, f"`{shown(node.value)}` is no value that JSON has", cure)
            return None

    def _mapping(self, node: yaml.MappingNode, keys: Keys) -> dict[str, Any]:
        made: dict[str, Any] = {}
        places: dict[str, Place] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._add(
                    keys, key, "a key must be text", 'if `{{ name }}` is meant, put the text in quotes: "{{ name }}"'
                )
            elif key.tag != f"{_TAG}str":
                self._add(
                    keys, key, f"the key `{shown(key.value)}` must be text", f'put it in quotes: "{shown(key.value)}"'
                )
            elif key.value == "<<":
                self._add(keys, key, "YAML 1.2 has no `<<`", "put what agents share under `defaults`")
            elif key.value in made:
                what = f"`{shown(key.value)}` was there before, in line {places[key.value].line}"
                self._add((*keys, key.value), key, what, "leave one of them out")
            else:
                places[key.value] = _place(key)
                made[key.value] = self.built(value, (*keys, key.value))
        return made

    def _add(self, keys: Keys, node: yaml.Node, what: str, cure: str) -> None:
        self._tree.faults.append((keys, self._fault(node, what, cure)))

    def _fault(self, node: yaml.Node, what: str, cure: str) -> Fault:
        return Fault(_place(node), what, cure, self._tree.file)


def _refused(fault: Fault) -> ChainFileError:
    return ChainFileError(str(fault), (fault,))


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _is_named(key: yaml.Node, name: str | int) -> bool:
    return isinstance(key, yaml.ScalarNode) and key.value == name


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)
