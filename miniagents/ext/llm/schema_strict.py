"""A JSON Schema as OpenAI's strict mode wants it, where it can be put so.

Format: https://platform.openai.com/docs/guides/structured-outputs, what it says of schemas (2026-11). What a model can
heed without being made to (`minLength`, say) moves into the description; what would change the meaning makes the schema
one that cannot be put so.

In: a JSON Schema. Out: another one. Never: a class, a reply.
"""

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["strict_copy"]

_KEPT: Final = frozenset(
    {
        *("const", "description", "enum", "exclusiveMaximum", "exclusiveMinimum", "maximum", "maxItems", "minimum"),
        *("minItems", "multipleOf", "pattern", "title", "type"),
    }
)
_DROPPED: Final = frozenset(
    {"$comment", "$schema", "default", "deprecated", "discriminator", "examples", "readOnly", "writeOnly"}
)
"""What constrains nothing."""
_TOLD: Final = frozenset({"contentEncoding", "contentMediaType", "format", "maxLength", "minLength", "uniqueItems"})
"""What is told in the description, for nobody else would tell it."""
_FORMATS: Final = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})
_DEFINITIONS: Final = ("$defs", "definitions")
_SHAPES: Final = frozenset({"$ref", "allOf", "anyOf", "oneOf"})
_ANNOTATIONS: Final = _DROPPED | {"description", "title", *_DEFINITIONS}
_OF_SHAPES: Final = frozenset({*_SHAPES, *_DEFINITIONS, "additionalProperties", "items", "properties", "required"})


class _InexpressibleError(Exception):
    """The schema cannot be put so."""


def strict_copy(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return `schema` as strict mode wants it, or None where it cannot be put so.

    It cannot where objects may have properties that are not named, where a value may be anything, where the whole is no
    object, and where a schema is made of others in another way than `anyOf` (or `oneOf`, which becomes one).
    """
    seen = set[str]()
    try:
        while "$ref" in schema:  # the root must be an object itself
            name, _, key = str(schema["$ref"]).removeprefix("#/").partition("/")
            if (
                name in _DEFINITIONS
                and key in schema.get(name, {})
                and key not in seen
                and not _constraints(schema, "$ref")
            ):
                schema = {**schema[name][key], name: schema[name]}
                seen.add(key)
            else:
                return None
        strict = _strict(schema)
    except _InexpressibleError:
        return None
    return strict if strict.get("type") == "object" else None


def _strict(schema: Any) -> dict[str, Any]:
    if not isinstance(schema, Mapping):  # true and false are schemas too
        raise _InexpressibleError
    shape = _SHAPES & schema.keys()
    if shape:
        strict = _of_others(schema, *shape)
    else:
        strict = {key: value for key, value in schema.items() if key in _KEPT}
        if schema.get("format") in _FORMATS:
            strict["format"] = schema["format"]
        _add_contents(strict, schema)
        if not {"type", "enum", "const"} & strict.keys():
            raise _InexpressibleError
    told = [f"{key}: {schema[key]}" for key in sorted(_TOLD & schema.keys()) if key not in strict]
    if schema.keys() - _KEPT - _DROPPED - _TOLD - _OF_SHAPES:
        raise _InexpressibleError
    if told:
        strict["description"] = " ".join([*filter(None, [strict.get("description")]), f"({', '.join(told)})"])
    for name in _DEFINITIONS:
        if name in schema:
            strict[name] = {key: _strict(value) for key, value in schema[name].items()}
    return strict


def _of_others(schema: Mapping[str, Any], shape: str, *more: str) -> dict[str, Any]:
    """Return a schema that is made of others."""
    about: dict[str, Any] = {key: schema[key] for key in ("title", "description") if key in schema}
    others = schema[shape]
    if shape == "allOf" and not more and len(others) == 1 and isinstance(others[0], Mapping):
        rest = {key: value for key, value in schema.items() if key not in ("allOf", *_DEFINITIONS)}
        if {key for key in rest if key not in _ANNOTATIONS} & others[0].keys():
            raise _InexpressibleError
        return _strict({**others[0], **rest})
    if more or _constraints(schema, shape) or shape == "allOf":
        raise _InexpressibleError
    if shape == "$ref":
        if others != "#" and not others.startswith(("#/$defs/", "#/definitions/")):
            raise _InexpressibleError
        return {"anyOf": [{"$ref": others}], **about} if about else {"$ref": others}  # nothing may stand beside a $ref
    return {"anyOf": [_strict(other) for other in others], **about}


def _constraints(schema: Mapping[str, Any], shape: str) -> bool:
    """Say whether there is more beside `shape` that a value must heed."""
    return bool(schema.keys() - _ANNOTATIONS - {shape})


def _add_contents(strict: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """Add what is in an object or an array."""
    kinds = strict.get("type", "object" if "properties" in schema else "array" if "items" in schema else [])
    if "object" in kinds:
        if schema.get("additionalProperties", False) is not False or "properties" not in schema:
            raise _InexpressibleError
        properties, required = schema["properties"], schema.get("required", ())
        if set(required) - properties.keys():
            raise _InexpressibleError
        strict["properties"] = {
            name: _strict(value) if name in required else _nullable(_strict(value))
            for name, value in properties.items()
        }
        strict.update(type=kinds, required=list(properties), additionalProperties=False)
    if "array" in kinds:
        if "items" not in schema:
            raise _InexpressibleError
        strict.update(type=kinds, items=_strict(schema["items"]))


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a strict schema that takes null as well."""
    null = {"type": "null"}
    kinds = schema.get("type", ())
    if "null" in ([kinds] if isinstance(kinds, str) else kinds) and None in schema.get("enum", (None,)):
        return schema
    if null in schema.get("anyOf", ()):
        return schema
    about: dict[str, Any] = {key: schema[key] for key in ("title", "description") if key in schema}
    rest = {key: value for key, value in schema.items() if key not in about}
    if "anyOf" in schema:
        return {"anyOf": [*schema["anyOf"], null], **about}
    return {"anyOf": [rest, null], **about}
