"""The JSON Schema of a file of agents, for editors: what the types of `schema` say, with their docstrings.

In: nothing. Out: a schema of draft 2020-12. Never: a check of a file, which is ours to do (`chain_file`).
"""

import ast
import inspect
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from pydantic import BaseModel

from . import schema

__all__ = ["json_schema"]

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_TITLE: Final = "A file of agents for `miniagents chain`"
_ONE_QUESTION: Final = {"oneOf": [{"required": ["matches"]}, {"required": ["schema"]}]}
_RULES: Final[Mapping[str, Mapping[str, Any]]] = {
    "If": _ONE_QUESTION,
    "Until": _ONE_QUESTION,
    "AgentSpec": {
        "allOf": [
            {"not": {"required": [one, other]}}
            for one, other in (
                ("instructions", "system"),
                ("instructions", "instructions_file"),
                ("system", "instructions_file"),
                ("plugin", "python"),
            )
        ]
    },
}
"""What `checks` says of one object by itself."""


def json_schema() -> dict[str, Any]:
    """Return the schema.

    It accepts what our own check accepts. It refuses what that refuses for the shape of things, and not what only the
    whole file tells: a name that is not there, a loop without an end.
    """
    made = schema.ChainFile.model_json_schema()
    documented = _documented()
    definitions = {name: _of_type(name, each, documented) for name, each in made.pop("$defs").items()}
    top = _of_type("ChainFile", made, documented)
    top["properties"]["version"] = {**top["properties"]["version"], "type": "integer"}  # true is equal to 1
    return {"$schema": _DRAFT, "title": _TITLE, **top, "$defs": definitions}


def _of_type(name: str, made: dict[str, Any], documented: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return the schema of one type, with what the docstrings say of its fields."""
    plain: dict[str, Any] = _without_titles(made)
    kind = getattr(schema, name)
    if not isinstance(kind, type) or not issubclass(kind, BaseModel):
        return {**plain, "description": documented[""][name]}
    for field_name, field in kind.model_fields.items():
        said = (documented.get(each.__name__, {}).get(field_name) for each in kind.__mro__)
        if text := next(filter(None, said), ""):
            plain["properties"][field.alias or field_name]["description"] = text
    return {**plain, **_RULES.get(name, {})}


def _without_titles(made: Any, *, is_map: bool = False) -> Any:
    """Return a schema without pydantic's titles, which say names again, and without null as what is left out.

    Args:
        made: Any part of it.
        is_map: Whether its keys are names, and no words of JSON Schema.
    """
    if isinstance(made, list):
        return [_without_titles(each) for each in made if each != {"type": "null"}]
    if not isinstance(made, dict):
        return made
    plain = {
        key: _without_titles(each, is_map=key == "properties")
        for key, each in made.items()
        if is_map or not (key == "title" or (key == "default" and each is None))
    }
    return {**plain, "additionalProperties": False} if "patternProperties" in plain else plain


def _documented() -> dict[str, dict[str, str]]:
    """Return the docstrings of fields, by class and field; those of what is no class are under ""."""
    tree = ast.parse(inspect.getsource(schema))
    found = {"": _docstrings(tree.body)}
    for each in tree.body:
        if isinstance(each, ast.ClassDef):
            found[each.name] = _docstrings(each.body)
    return found


def _docstrings(body: list[ast.stmt]) -> dict[str, str]:
    """Return the text behind each assignment, by the name that is assigned to."""
    found: dict[str, str] = {}
    for assigned, text in pairwise(body):
        target = assigned.targets[0] if isinstance(assigned, ast.Assign) else getattr(assigned, "target", None)
        if isinstance(target, ast.Name) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            found[target.id] = " ".join(str(text.value.value).split())
    return found
