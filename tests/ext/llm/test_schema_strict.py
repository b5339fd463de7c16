"""Schemas as OpenAI's strict mode wants them, and those that cannot be put so."""

from enum import Enum
from typing import Annotated, Any, Literal, Optional

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from miniagents.ext.llm.schema_strict import strict_copy


class Colour(Enum):
    """Paints."""

    RED = "red"


class Leaf(BaseModel):
    """The end."""

    kind: Literal["leaf"] = "leaf"
    size: int = Field(default=1, ge=0, description="In mm.")


class Node(BaseModel):
    """Refers to itself."""

    kind: Literal["node"]
    colour: Colour | None = None
    below: list["Node | Leaf"] = []
    named: Annotated[Optional["Node"], Field(description="Another one.")] = None


class Open(BaseModel):
    """Takes anything more."""

    model_config = ConfigDict(extra="allow")
    a: int


def everything_in(schema: Any) -> list[dict[str, Any]]:
    """Return each object in a schema."""
    if isinstance(schema, list):
        return [inside for item in schema for inside in everything_in(item)]
    if not isinstance(schema, dict):
        return []
    return [schema, *(inside for item in schema.values() for inside in everything_in(item))]


def test_models_with_everything_can_be_put_so() -> None:
    """References, optional fields, enums and unions of a model all have a strict form, which is a schema itself."""
    strict = strict_copy(TypeAdapter(Node).json_schema())
    assert strict is not None
    Draft202012Validator.check_schema(strict)
    assert strict["type"] == "object"
    assert strict["required"] == ["kind", "colour", "below", "named"]
    for inside in everything_in(strict):
        assert not {"default", "oneOf", "discriminator", "allOf"} & inside.keys()
        assert "$ref" not in inside or len(inside) == 1
        if isinstance(inside.get("properties"), dict):
            assert inside["additionalProperties"] is False
            assert inside["required"] == list(inside["properties"])
    fits = Draft202012Validator(strict).is_valid
    leaf = {"kind": "leaf", "size": None}
    assert fits({"kind": "node", "colour": "red", "below": [leaf], "named": None})
    assert not fits({"kind": "node", "colour": "blue", "below": [leaf], "named": None})
    assert not fits({"kind": "node", "colour": None, "below": []})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "string", "minLength": 3}, {"type": "string", "description": "(minLength: 3)"}),
        (
            {"type": "string", "format": "uri", "description": "Where."},
            {"type": "string", "description": "Where. (format: uri)"},
        ),
        ({"type": "string", "format": "date", "default": "x"}, {"type": "string", "format": "date"}),
        ({"type": "integer", "minimum": 1, "$comment": "x"}, {"type": "integer", "minimum": 1}),
        ({"enum": ["a", 1]}, {"enum": ["a", 1]}),
        ({"items": {"type": "string"}}, {"items": {"type": "string"}, "type": "array"}),
        ({"allOf": [{"type": "string"}], "title": "T"}, {"type": "string", "title": "T"}),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"$ref": "#", "default": None}, {"$ref": "#"}),
        ({"$ref": "#", "description": "x"}, {"anyOf": [{"$ref": "#"}], "description": "x"}),
        (
            {"properties": {}},
            {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
        ),
    ],
)
def test_what_becomes_of_a_property(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """What the mode takes stays, what a model can heed is described, what constrains nothing goes."""
    strict = strict_copy({"type": "object", "properties": {"a": given}, "required": ["a"]})
    assert strict is not None
    assert strict["properties"]["a"] == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "string", "description": "x"}, {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "x"}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ({"type": ["string", "null"], "enum": ["a", None]}, {"type": ["string", "null"], "enum": ["a", None]}),
        (
            {"anyOf": [{"type": "string"}, {"type": "integer"}], "title": "T"},
            {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}], "title": "T"},
        ),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"$ref": "#"}, {"anyOf": [{"$ref": "#"}, {"type": "null"}]}),
        ({"enum": ["a"]}, {"anyOf": [{"enum": ["a"]}, {"type": "null"}]}),
    ],
)
def test_an_optional_property_may_be_null(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """It is required, and null where there is none of it; what could be null already stays as it was."""
    strict = strict_copy({"type": "object", "properties": {"a": given}})
    assert strict is not None
    assert strict["properties"]["a"] == expected
    assert strict["required"] == ["a"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        True,
        {"type": "object"},
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "object", "properties": {"b": {"type": "string"}}, "additionalProperties": True},
        {"properties": {"b": {"type": "string"}}, "required": ["c"]},
        {"type": "object", "properties": {}, "patternProperties": {"x": {"type": "string"}}},
        {"type": "array"},
        {"type": "array", "prefixItems": [{"type": "string"}], "items": False},
        {"type": "array", "items": [{"type": "string"}]},
        {"type": "string", "not": {"const": "x"}},
        {"allOf": [{"type": "string"}, {"minLength": 3}]},
        {"allOf": [{"type": "string"}], "type": "integer"},
        {"anyOf": [{"required": ["x"]}], "type": "object"},
        {"anyOf": [{"type": "string"}], "oneOf": [{"type": "string"}]},
        {"$ref": "#/properties/a"},
        {"$ref": "#", "minProperties": 1},
    ],
)
def test_what_cannot_be_put_so(given: Any) -> None:
    """A schema with a part that would mean something else in strict mode has no strict form."""
    assert strict_copy({"type": "object", "properties": {"a": given}, "required": ["a"]}) is None


@pytest.mark.parametrize(
    "schema",
    [
        TypeAdapter(list[int]).json_schema(),
        TypeAdapter(int).json_schema(),
        TypeAdapter(Node | Leaf).json_schema(),
        TypeAdapter(dict[str, int]).json_schema(),
        TypeAdapter(Open).json_schema(),
        {"$ref": "#"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
        {"$ref": "https://json-schema.org/draft/2020-12/schema"},
        {"type": ["object", "null"], "properties": {}},
    ],
)
def test_the_whole_must_be_an_object(schema: dict[str, Any]) -> None:
    """Strict mode takes nothing else at the top."""
    assert strict_copy(schema) is None
