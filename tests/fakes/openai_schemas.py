"""What both of OpenAI's APIs have against tools and schemas of answers; each has them at a place of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.fakes.contents import loose_schema
from tests.fakes.openai_errors import REFUSED, bad_type, bad_value, error_of, missing

if TYPE_CHECKING:
    from tests.fakes.encoding import Json

CHOICES = ("none", "auto", "required")

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def objection_to_function(function: Any, where: str) -> Json | None:
    """What is wrong with a tool's name, parameters and strictness."""
    if not isinstance(function, dict):
        return missing(where)
    if not function.get("name"):
        return missing(f"{where}.name")
    if found := objection_to_name(function["name"], f"{where}.name"):
        return found
    parameters = function.get("parameters")
    if parameters is None:
        return None
    return _objection_to_schema(
        parameters, f"function '{function['name']}'", f"{where}.parameters", strict=function.get("strict") is True
    )


def objection_to_name(name: object, where: str) -> Json | None:
    """What is wrong with a name."""
    if isinstance(name, str) and _NAME.fullmatch(name):
        return None
    pattern = "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
    return error_of(REFUSED, "invalid_value", f"Invalid '{where}': string does not match pattern. {pattern}", where)


def objection_to_format(form: Any, where: str, held: Any, held_where: str) -> Json | None:
    """What is wrong with the form that an answer shall have; a schema is `held` at a place of its own."""
    kind = form.get("type") if isinstance(form, dict) else None
    if kind not in ("text", "json_object", "json_schema"):
        return bad_value(kind, ("text", "json_object", "json_schema"), f"{where}.type")
    if kind != "json_schema":
        return None
    if not isinstance(held, dict):
        return missing(held_where)
    for name in ("name", "schema"):
        if not held.get(name):
            return missing(f"{held_where}.{name}")
    return objection_to_name(held["name"], f"{held_where}.name") or _objection_to_schema(
        held["schema"], f"response_format '{held['name']}'", held_where, strict=held.get("strict") is True
    )


def _objection_to_schema(schema: Any, whose: str, where: str, *, strict: bool) -> Json | None:
    if not isinstance(schema, dict):
        return bad_type(where, "an object")
    wrong = None
    if schema.get("type") != "object" and not (strict and "$ref" in schema):
        wrong = f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{schema.get('type')}\"'."
    elif strict:
        wrong = loose_schema(schema)
    if wrong is None:
        return None
    return error_of(REFUSED, "invalid_function_parameters", f"Invalid schema for {whose}: {wrong}", where)


def objection_to_choice(choice: Any, names: list[Any]) -> Json | None:
    """What is wrong with the tool that is to be called, where so many are known; `names` is empty where none are."""
    if choice is None:
        return None
    if not names:
        only = "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."
        return error_of(REFUSED, None, only, "tool_choice")
    if isinstance(choice, str):
        return None if choice in CHOICES else bad_value(choice, CHOICES, "tool_choice")
    if not isinstance(choice, dict):
        return bad_type("tool_choice", "one of a string or object")
    name = choice.get("name") or (choice.get("function") or {}).get("name")
    if choice.get("type") == "function" and name not in names:
        return error_of(REFUSED, None, f"Tool choice '{name}' not found in 'tools' parameter.", "tool_choice")
    return None
