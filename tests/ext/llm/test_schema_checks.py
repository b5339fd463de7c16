"""Checks of JSON tell every fault, each with its place."""

import pytest
from pydantic import BaseModel

from miniagents.ext.llm.schema_checks import Fault, MisfitError, by_json_schema, by_type, optional_names
from miniagents.frozen import freeze


class Pair(BaseModel):
    """Two numbers."""

    one: int
    two: int = 2


@pytest.mark.parametrize(
    "check",
    [
        by_type(Pair)[1],
        by_json_schema(freeze({"properties": {name: {"type": "integer"} for name in ("one", "two")}})),
    ],
    ids=["type", "schema"],
)
def test_every_fault_is_told(check: object) -> None:
    """The faults are all there, with their paths, and those of nulls are marked."""
    with pytest.raises(MisfitError) as caught:
        check(b'{"one": "x", "two": null}')  # type: ignore[operator]
    assert [(fault.path, fault.is_null) for fault in caught.value.faults] == [(("one",), False), (("two",), True)]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), "$: x"),
        (("a", 0, "b_1"), "$.a[0].b_1: x"),
        (("a b", "$c", ""), '$["a b"].$c[""]: x'),
        (('"', "\x1b\n"), '$["\\""]["\\u001b\\n"]: x'),
    ],
)
def test_a_place_is_written_as_a_path(path: tuple[str | int, ...], place: str) -> None:
    """What is no plain name stands in brackets, and nothing in it can steer a terminal."""
    assert str(Fault(path, "x", is_null=False)) == place


def test_the_optional_names_are_those_of_all_objects() -> None:
    """A name is optional if one object in the schema may lack it, wherever that is; values are no schemas."""
    inner = {"properties": {"a": {}, "b": {}}, "required": ["a"]}
    schema = {"anyOf": [inner], "default": {"properties": {"c": {}}}, "properties": {"properties": {"type": "string"}}}
    assert sorted(optional_names(schema)) == ["b", "properties", "type"]
