"""What stands for something else in a file: `{{ name }}` in instructions, `${env:NAME}` in settings; nothing more.

Each is put in once, and what is put in is never looked at again. Other braces and dollars are text.

In: texts, values by their names, the environment. Out: texts; names that are not there. Never: what a message says.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from .faults import Fault, Keys, nearest, shown
from .source import Tree

__all__ = ["Secret", "expanded", "length_of", "names_in", "opened", "setting_faults", "unknown_names", "written"]

_HOLE: Final = re.compile(r"\{\{[ \t]*([A-Za-z_][A-Za-z0-9_-]*)[ \t]*\}\}")
_DOLLAR: Final = re.compile(r"\$\{[^{}]*\}?")
_VARIABLE: Final = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")
_SETTINGS: Final = ("models", "defaults", "history")
_OF_AGENTS: Final = ("model", "options", "tools", "with", "instructions_file")
"""What is a setting of an agent, and no text that a model reads."""


_SAID: Final = ("text", "history")
"""What a step may be sent, beside what agents say."""


class Secret(str):
    """A text that was made of the environment: it can be used as any, and shows itself nowhere by accident."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'…'"


def names_in(text: str) -> Iterator[tuple[str, str]]:
    """Give each `{{ name }}`, as it is written, with its name."""
    for hole in _HOLE.finditer(text):
        yield hole[0], hole[1]


def expanded(text: str, values: Mapping[str, str]) -> str:
    """Return a text with each `{{ name }}` that there is a value for replaced."""
    return _HOLE.sub(lambda hole: values.get(hole[1], hole[0]), text)


def length_of(text: str, values: Mapping[str, str]) -> int:
    """Return how long it will be, in characters: a short text can ask for a long one many times."""
    return len(text) + sum(len(values.get(name, "")) for _, name in names_in(text))


def written(value: Any) -> str:
    """Return a value as the file would have it: true, not True."""
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def opened(value: Any, environment: Mapping[str, str]) -> Any:
    """Return a setting, or many inside each other, with each `${env:NAME}` replaced; such a text is a `Secret`.

    What the environment does not have stays as it is: `setting_faults` says so first.
    """
    if isinstance(value, Mapping):
        return {key: opened(each, environment) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [opened(each, environment) for each in value]
    if not isinstance(value, str) or "${" not in value:
        return value

    def put_in(dollar: re.Match[str]) -> str:
        variable = _VARIABLE.fullmatch(dollar[0])
        return environment.get(variable[1], dollar[0]) if variable else dollar[0]

    return Secret(_DOLLAR.sub(put_in, value))


def setting_faults(tree: Tree, environment: Mapping[str, str] | None) -> Iterator[tuple[Keys, Fault]]:
    """Give a fault for each `${…}` of a setting that is none, or whose variable is not set.

    Args:
        tree: The file.
        environment: None, if it is not known yet what will be set.
    """
    for keys, text in _settings(tree.value):
        for dollar in _DOLLAR.finditer(text):
            variable = _VARIABLE.fullmatch(dollar[0])
            place = tree.place_in(keys, dollar[0])
            if variable is None:
                what = f"`{shown(dollar[0])}` is nothing that a setting may have"
                yield keys, tree.fault(keys, what, "write `${env:NAME}` for a variable of the environment", place=place)
            elif environment is not None and variable[1] not in environment:
                what = f"the environment has no variable {variable[1]}"
                yield keys, tree.fault(keys, what, f"set it: export {variable[1]}=…", place=place)


def unknown_names(
    keys: Keys, text: str, known: Collection[str], agents: Collection[str], tree: Tree
) -> Iterator[tuple[Keys, Fault]]:
    """Give a fault for each `{{ name }}` in a text of the file that is no input and no constant."""
    seen: dict[str, int] = {}
    for hole, name in names_in(text):
        seen[hole] = seen.get(hole, -1) + 1
        if name not in known:
            what = f"`{shown(hole)}` is no input and no constant"
            cure = nearest(name, known, f"declare {shown(name)} under `inputs` or `vars`")
            if name in agents or name in _SAID:
                cure = f"what is said comes as messages: write `input: {name}` at the step"
            yield keys, tree.fault(keys, what, cure, place=tree.place_in(keys, hole, seen[hole]))


def _settings(value: Any) -> Iterator[tuple[Keys, str]]:
    """Give each text that is a setting, with the way to it."""
    if not isinstance(value, dict):
        return
    for key in _SETTINGS:
        yield from _texts((key,), value.get(key))
    yield from _texts(("output", "file"), (value.get("output") or {}).get("file") if _is_map(value, "output") else None)
    for name, agent in (value["agents"] if _is_map(value, "agents") else {}).items():
        for key in _OF_AGENTS if isinstance(agent, dict) else ():
            yield from _texts(("agents", name, key), agent.get(key))


def _is_map(value: dict[str, Any], key: str) -> bool:
    return isinstance(value.get(key), dict)


def _texts(keys: Keys, value: Any) -> Iterator[tuple[Keys, str]]:
    if isinstance(value, str):
        if "${" in value:
            yield keys, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts((*keys, key), each)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _texts((*keys, number), each)
