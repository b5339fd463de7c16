"""What pydantic complains of, in words for people, with the keys that were meant.

In: its error, the tree of the file. Out: faults, each with the way to it. Never: what no schema can say (`checks`).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from . import schema
from .faults import Fault, Keys, nearest, shown
from .source import Tree

__all__ = ["complaints"]

_KINDS: Final = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
"""What should have been there, by the type of pydantic's error."""
_OWNERS: Final[Mapping[str, tuple[type[BaseModel], str]]] = {
    "AgentStep": (schema.AgentStep, "a step with `agent`"),
    "ParallelStep": (schema.ParallelStep, "a step with `parallel`"),
    "LoopStep": (schema.LoopStep, "a step with `loop`"),
    "IfStep": (schema.IfStep, "a step with `if`"),
    "MapStep": (schema.MapStep, "a step with `map`"),
    "loop": (schema.Loop, "`loop`"),
    "until": (schema.Until, "`until`"),
    "if": (schema.If, "`if`"),
    "map": (schema.Map, "`map`"),
}
"""In the flow, where nobody chooses the names of keys."""
_ROOMS: Final[Mapping[str, tuple[type[BaseModel], str]]] = {
    "inputs": (schema.Input, "an input"),
    "models": (schema.ModelSpec, "a model"),
    "agents": (schema.AgentSpec, "an agent"),
    "defaults": (schema.Defaults, "`defaults`"),
    "limits": (schema.LimitsSpec, "`limits`"),
    "history": (schema.HistoryFile, "`history`"),
    "output": (schema.Output, "`output`"),
}
_STEPS: Final = ("agent", "parallel", "loop", "if", "map")
_WORDS: Final = ("user", "await", "clear")
_EXAMPLES: Final = {"version": "1", "file": "talks.md", "over": "lines", "agent": "NAME", "model": "provider:name"}
_SHORT: Final[Mapping[tuple[str, type], str]] = {
    ("until", str): "`until: {matches: …}`",
    ("if", str): "`if: {matches: …, then: […]}`",
    ("loop", list): "the list as `do: […]` below `loop`, with `max` or `until`",
    ("loop", str): "`loop: {do: […], max: 3}`",
    ("map", list): "the list as `do: […]` below `map`, with `over: lines`",
    ("map", str): "`map: {over: lines, do: […]}`",
    ("output", str): "`output: {file: …}`",
}
"""What people write who want it shorter than it can be, and how to write it; … is what they wrote."""
_OF_AGENTS: Final = "`output: {schema: …}`"
"""Of these, what `output` is in an agent."""
_FILLED: Final = {"agents": "write an agent in it", **dict.fromkeys(("do", "parallel", "then"), "write a step in it")}
"""What has to have something in it."""
_TRUTHS: Final = {"yes": True, "on": True, "no": False, "off": False}
"""As YAML 1.1 had it."""
_Found = list[tuple[Keys, Fault]]


def complaints(error: ValidationError, tree: Tree) -> _Found:
    """Return all that is wrong, one fault for each place."""
    by_keys: dict[Keys, list[Any]] = {}
    for each in error.errors(include_url=False):
        by_keys.setdefault(_keys(each, tree.value), []).append(each)
    found: _Found = []
    for keys, errors in by_keys.items():
        if errors[0]["type"] == "missing" and _is_misspelt(keys, by_keys):
            continue  # which is another fault, and says so
        wanted = [_KINDS[each["type"]] for each in errors if each["type"] in _KINDS]
        others = [each for each in errors if each["type"] not in _KINDS]
        if others:
            found.append((keys, _other(others[0], keys, tree)))
        elif not any(deeper[: len(keys)] == keys and deeper != keys for deeper in by_keys):  # or another kind was meant
            found.append((keys, _of_kind([*dict.fromkeys(wanted)], errors[0]["input"], keys, tree)))
    return found


def _keys(error: Any, value: Any) -> Keys:
    """Return the way to the value that an error is about; pydantic's has names of classes and types in it."""
    keys: list[str | int] = []
    for part in error["loc"]:
        if part in value if isinstance(value, dict) else isinstance(value, list) and part in range(len(value)):
            value = value[part]
            keys.append(part)
    if error["type"] == "missing":
        keys.append(error["loc"][-1])
    return tuple(keys)


def _is_misspelt(missing: Keys, by_keys: Mapping[Keys, list[Any]]) -> bool:
    return any(
        errors[0]["type"] == "extra_forbidden"
        and keys[:-1] == missing[:-1]
        and nearest(str(keys[-1]), [str(missing[-1])]).startswith("did")
        for keys, errors in by_keys.items()
    )


def _of_kind(wanted: list[str], value: Any, keys: Keys, tree: Tree) -> Fault:
    if "a whole number" in wanted and "a number" in wanted:
        wanted.remove("a whole number")
    name = _name(keys)
    is_number = isinstance(value, int | float) and any("number" in each for each in wanted)
    what = f"{name} must be {_listed(wanted)}, not {_written(value) if is_number else _kind(value)}"
    return tree.fault(keys, what, _cure(wanted, value, keys), place=tree.key_place(keys) if value is None else None)


def _cure(wanted: list[str], value: Any, keys: Keys) -> str:
    """Return what to write instead of a value of another kind: the first of these that goes with it."""
    key, text, is_text = keys[-1] if keys else "", shown(_written(value)), isinstance(value, str)
    short = _OF_AGENTS if key == "output" and is_text and len(keys) > 1 else _SHORT.get((str(key), type(value)))
    is_truth = is_text and "true or false" in wanted and value.lower() in _TRUTHS
    cures = (
        (short is not None, f"write {short}".replace("…", text if is_text else "…", 1)),
        (value is None and wanted == ["a mapping"], "write keys with values below it, indented, or {} for none"),
        (value is None, f"write it behind the colon, or leave {_name(keys)} out"),
        ("text" in wanted and isinstance(value, bool | int | float), f'put it in quotes: "{text}"'),
        (wanted == ["text"] and isinstance(value, dict), 'put it in quotes, if braces or a colon belong to it: "…"'),
        (
            is_text and "number" in wanted[0] and re.fullmatch(r"[-+]?\d+(\.\d+)?", value),
            f"leave the quotes out: {text}",
        ),
        (is_truth, f"write {str(_TRUTHS.get(text.lower())).lower()}; YAML 1.2 has no {text}"),
        (is_text and "a list" in wanted, f"write it as a list: [{text}]"),
        (isinstance(value, dict) and wanted == ["a list"], "let each begin with `- ` in a line of its own"),
        (isinstance(value, list) and wanted == ["a mapping"], "write keys with values below it, with no `- `"),
        (wanted == ["a mapping"], "write keys with values below it, indented"),
        (len(wanted) == 1, f"write {wanted[0]}"),
        (True, "write one of these"),
    )
    return next(cure for goes, cure in cures if goes)


def _other(error: Any, keys: Keys, tree: Tree) -> Fault:
    """Return the fault that is none of a value's kind."""
    kind, name, context = error["type"], _name(keys), error.get("ctx", {})
    what, cure, place = f"{name} cannot be so ({shown(error['msg'])})", "write something else", None
    match kind:
        case "extra_forbidden":
            return _unknown(error["loc"], keys, tree, is_empty=error["input"] is None)
        case "union_tag_not_found" | "union_tag_invalid":
            return _no_step(error["input"], keys, tree)
        case "string_pattern_mismatch" | "string_too_long":
            return _misnamed(error, keys, tree)
        case "missing":
            what, cure = f"{name} is missing", f"add `{keys[-1]}: {_EXAMPLES.get(str(keys[-1]), '…')}`"
            place = tree.key_place(keys)
        case "literal_error":
            words = re.findall("'([^']*)'", context["expected"])
            what = f"{name} must be {_listed(words)}, not {shown(_written(error['input']))}"
            cure = nearest(str(error["input"]), words)
            cure = cure if cure.startswith("did") else "write one of these"
        case "greater_than":
            what, cure = f"{name} must be more than {context['gt']:g}", "write a larger number"
        case "greater_than_equal":
            what, cure = f"{name} must be {context['ge']:g} or more", "write a larger number"
        case "too_short" | schema.NOTHING:
            what, cure = f"{name} is empty", _FILLED.get(str(keys[-1]), f"write something in it, or leave {name} out")
            place = tree.key_place(keys) if kind == schema.NOTHING else None
    return tree.fault(keys, what, cure, place=place)


def _misnamed(error: Any, keys: Keys, tree: Tree) -> Fault:
    what = f"`{shown(error['input'])}` cannot be a name"
    cure = "use up to 80 letters from a to z, digits, _ and -, a letter first"
    if keys[-1] == "python":
        what, cure = f"`python` cannot be `{shown(error['input'])}`", "write `module:name`"
    return tree.fault(keys, what, cure, place=tree.key_place(keys) if error["loc"][-1] == "[key]" else None)


def _unknown(location: Keys, keys: Keys, tree: Tree, *, is_empty: bool) -> Fault:
    """Return the fault of a key that nothing has; one without a value may be a piece of a text."""
    owner, whose = _owner(location)
    known = [field.alias or name for name, field in owner.model_fields.items()]
    key = str(keys[-1])
    what, cure = f"{whose} has no key `{shown(key)}`", nearest(key, known)
    if is_empty and not cure.startswith("did"):
        cure = "if it is the end of a text with a comma, put the text in quotes"
    if key in _STEPS and owner.__name__.endswith("Step"):
        what, cure = f"`{key}` cannot stand beside another kind of step", "make it a step of its own, with its own `-`"
    return tree.fault(keys, what, cure, place=tree.key_place(keys))


def _owner(location: Keys) -> tuple[type[BaseModel], str]:
    """Return whose key the last one of a way is that pydantic found nowhere, and that one's name for people."""
    top, *rest = location[:-1] or ("",)
    if top == "agents" and "output" in rest[1:]:
        return schema.OutputSchema, "`output` of an agent"
    if top == "flow":
        return next(_OWNERS[str(part)] for part in reversed(rest) if part in _OWNERS)
    return _ROOMS.get(str(top), (schema.ChainFile, "a file of agents"))


def _no_step(value: Any, keys: Keys, tree: Tree) -> Fault:
    """Return the fault of what is no step at all."""
    if not isinstance(value, dict) or not value:
        cure = "write an agent's name, or a mapping with one of " + ", ".join(_STEPS)
        return tree.fault(keys, f"a step of the flow must be a name or a mapping, not {_kind(value)}", cure)
    key = next(iter(value))
    cure = nearest(key, _STEPS)
    if key in _WORDS or value[key] is None:
        cure = f"write `- {shown(key)}`, without a colon"
    elif key == "input":
        cure = "add `agent: NAME`"
    place = tree.key_place((*keys, key))
    return tree.fault((*keys, key), f"there is no step with `{shown(key)}`", cure, place=place)


def _name(keys: Keys) -> str:
    if not keys:
        return "a file of agents"
    if isinstance(keys[-1], str):
        return f"`{shown(keys[-1])}`"
    above = _name(keys[:-1])
    return f"item {keys[-1] + 1} of {above}"


def _kind(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "empty" if value is None else _written(value)
    kinds = {str: "text", int: "a number", float: "a number", list: "a list", dict: "a mapping"}
    return kinds.get(type(value), "this")


def _written(value: Any) -> str:
    """Return a scalar as YAML has it."""
    return str(value).lower() if isinstance(value, bool) else "empty" if value is None else str(value)


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
