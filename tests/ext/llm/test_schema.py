"""What a reply is to look like: every way to say it, and the check of a text."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter

from miniagents.errors import SchemaMismatchError, UsageError
from miniagents.ext.llm import schema as module
from miniagents.ext.llm.schema import Schema, partial_data
from miniagents.messages import Message
from miniagents.miniagents import MiniAgents


class Pet(BaseModel):
    """An animal."""

    name: str
    age: int = 3
    kind: Literal["cat", "dog"] = "cat"


@dataclass
class Point:
    """A place."""

    x: int
    y: int


PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}, "tags": {"items": {"type": "string"}}},
    "required": ["name"],
}


def test_a_class_gives_objects_of_it() -> None:
    """A pydantic model's class is a schema of its name, and what is checked becomes an object of it."""
    schema = Schema.of(Pet)
    assert schema.name == "Pet"
    assert schema.json_schema["properties"]["name"]["type"] == "string"
    assert schema.check('{"name": "Tom", "age": "4"}') == Pet(name="Tom", age=4)


def test_any_type_that_pydantic_knows_is_a_schema() -> None:
    """A dataclass, a generic and an adapter work as a class does."""
    assert Schema.of(Point).check('{"x": 1, "y": 2}') == Point(1, 2)
    assert Schema.of(list[Pet]).check('[{"name": "Tom"}]') == [Pet(name="Tom")]
    assert Schema.of(TypeAdapter(dict[str, int])).check('{"a": 1}') == {"a": 1}


@pytest.mark.parametrize("spec", [PERSON, json.dumps(PERSON), f"\n {json.dumps(PERSON)}"])
def test_a_json_schema_gives_frozen_json(spec: Any) -> None:
    """A JSON Schema is one as a mapping and as text, and what is checked by it cannot be changed."""
    schema = Schema.of(spec)
    assert schema.name == "reply"
    assert schema.json_schema == PERSON
    value = schema.check('{"name": "Tom", "tags": ["a"], "more": null}')
    assert value == {"name": "Tom", "tags": ["a"], "more": None}
    with pytest.raises(TypeError):
        value["name"] = "Tim"
    with pytest.raises(TypeError):
        value["tags"].append("b")
    with pytest.raises(TypeError):
        schema.json_schema["properties"]["name"]["type"] = "integer"


def test_the_schema_does_not_change_with_what_it_was_made_of() -> None:
    """A mapping that is changed later leaves the schema as it was."""
    spec = json.loads(json.dumps(PERSON))
    schema = Schema.of(spec)
    spec["properties"]["name"]["type"] = "integer"
    assert schema.check('{"name": "Tom"}') == {"name": "Tom"}


@pytest.mark.parametrize(
    ("spec", "name", "expected"),
    [
        (Pet, "animal", "animal"),
        ({"title": "A pet (new)", "type": "object"}, None, "A_pet_new"),
        ({"title": "ü" * 9, "type": "object"}, None, "reply"),
        ({"title": "x" * 99, "type": "object"}, None, "x" * 64),
        (list[int], None, "list"),
        (Schema.of(Pet), None, "Pet"),
        (Schema.of(Pet), "other", "other"),
    ],
)
def test_every_schema_has_a_name_that_apis_take(spec: Any, name: str | None, expected: str) -> None:
    """The name is the one given, or made of the class's or the title."""
    schema = Schema.of(spec, name=name)
    assert schema.name == expected
    assert schema.json_schema == Schema.of(spec).json_schema


def test_the_short_form() -> None:
    """Names with types, separated by commas, are required properties of an object."""
    schema = Schema.of("name, age int, height float, old bool, nick str, tags list")
    assert schema.json_schema == {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "age": {"type": "integer"},
            "height": {"type": "number"},
            "old": {"type": "boolean"},
            "nick": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["name", "age", "height", "old", "nick", "tags"],
    }


def test_the_short_form_in_lines() -> None:
    """A field a line may have a description with commas and colons."""
    schema = Schema.of("\n  name: first, last\n\n  age int: in years: whole ones,\r\n  bio,\n")
    assert schema.json_schema["properties"] == {
        "name": {"type": "string", "description": "first, last"},
        "age": {"type": "integer", "description": "in years: whole ones,"},
        "bio": {"type": "string"},
    }
    assert Schema.of("name: whose, age int").json_schema["properties"]["name"]["description"] == "whose"
    assert list(Schema.of("name, age int\n").json_schema["properties"]) == ["name", "age"]


_NAMES = st.from_regex(r"[^\W\d][\w-]{0,9}", fullmatch=True)
_KINDS = {"": "string", "int": "integer", "float": "number", "bool": "boolean", "str": "string", "list": "array"}
_WORDS = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=9)


@given(st.dictionaries(_NAMES, st.tuples(st.sampled_from(sorted(_KINDS)), _WORDS), min_size=2))
def test_whatever_is_written_in_the_short_form_is_read(fields: dict[str, tuple[str, str]]) -> None:
    """Each name, type and description comes through, in order."""
    words = "".join(f"{name} {kind}: {description}\n" for name, (kind, description) in fields.items())
    properties = Schema.of(words).json_schema["properties"]
    assert [(name, value["type"], value.get("description", "")) for name, value in properties.items()] == [
        (name, _KINDS[kind], description.strip()) for name, (kind, description) in fields.items()
    ]


class Unknown:
    """Pydantic knows nothing of it."""


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("", "the schema is empty"),
        (" , ,\n", "the schema is empty"),
        ("age number", "no type 'number'; there are str, int, float, bool, list"),
        ("age int please", "no type 'int please'"),
        ("name, name", "'name' is there twice"),
        ("my.file", "'my.file' cannot be a field's name"),
        ("1st int", "'1st' cannot be"),
        (": nothing", "'' cannot be"),
        ('{"type": ', "the schema is no JSON: "),
        ("[1]", "a JSON Schema must be an object"),
        ({"type": {1}}, "the schema is no JSON: "),
        ({"minimum": float("nan"), "type": "number"}, "the schema is no JSON: "),
        ({"name": "string"}, "the schema says nothing: no keyword of JSON Schema among name"),
        ({"type": "objekt"}, "the schema is wrong at $.type: 'objekt' is not valid"),
        ({"properties": {"a b": {"minimum": "1"}}}, 'the schema is wrong at $.properties["a b"].minimum: '),
        ({"type": "string", "pattern": "("}, "the schema is wrong at $.pattern: "),
        ({"allOf": [{"$ref": "#/$defs/x"}]}, "wrong at $.allOf[0].$ref: '#/$defs/x' is not in it, and nothing is"),
        ({"$ref": "http://127.0.0.1:9/x.json"}, "wrong at $.$ref: 'http://127.0.0.1:9/x.json' is not in it"),
        ({"$schema": "https://example.com/mine", "type": "object"}, "wrong at $.$schema: nobody here knows 'https:"),
        (None, "None cannot be a schema"),
        (42, "42 cannot be a schema: "),
        (Pet(name="Tom"), "cannot be a schema: "),
        (Unknown, "cannot be a schema: "),
        (list["NotThere"], "cannot be a schema: "),  # type: ignore[name-defined]  # noqa: F821 - that is the point
    ],
)
def test_what_is_no_schema_is_refused_in_one_line(spec: Any, words: str) -> None:
    """The error says what is wrong, and where."""
    with pytest.raises(UsageError) as caught:
        Schema.of(spec)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "ü"])
def test_a_name_that_no_api_takes_is_refused(name: str) -> None:
    """Better here than by the provider."""
    with pytest.raises(UsageError, match="cannot be the name of a schema"):
        Schema.of(Pet, name=name)


def test_the_schema_says_which_draft_it_is_of() -> None:
    """`items` with a list is a tuple in draft 7, and nonsense in the newest one."""
    pair = {"type": "array", "items": [{"type": "integer"}, {"type": "string"}]}
    schema = Schema.of({"$schema": "http://json-schema.org/draft-07/schema#", **pair})
    assert schema.check('[1, "a"]') == [1, "a"]
    with pytest.raises(SchemaMismatchError, match=r"^\$\[1\]: 2 is not of type 'string'$"):
        schema.check("[1, 2]")
    with pytest.raises(UsageError, match=r"wrong at \$\.items"):
        Schema.of(pair)


def test_references_inside_the_schema_hold() -> None:
    """`$ref` leads to `$defs`, to the schema itself, to an anchor, and to the drafts, which are there."""
    tree = {
        "type": "object",
        "properties": {"value": {"$ref": "#/$defs/n"}, "next": {"$ref": "#"}, "other": {"$ref": "#named"}},
        "$defs": {"n": {"type": "integer"}, "a": {"$anchor": "named", "type": "boolean"}},
    }
    schema = Schema.of(tree)
    assert schema.check('{"next": {"next": {"value": 1}}, "other": true}')
    with pytest.raises(SchemaMismatchError, match=r"^\$\.next\.next\.value: 'x' is not of type 'integer'$"):
        schema.check('{"next": {"next": {"value": "x"}}}')
    meta = Schema.of({"$ref": "https://json-schema.org/draft/2020-12/schema"})
    assert meta.check('{"type": "object"}') == {"type": "object"}


def test_nothing_is_ever_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reference to elsewhere, hidden behind an address of its own, opens no connection and is the schema's fault."""

    def refuse(*args: Any) -> None:
        raise AssertionError("a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    inner = {"$id": "http://127.0.0.1:9/inner.json", "$ref": "other.json"}
    schema = Schema.of({"properties": {"a": inner}})
    assert schema.check("{}") == {}
    with pytest.raises(UsageError, match=r"the schema is wrong: .*other\.json is not in it, and not fetched"):
        schema.check('{"a": 1}')


def test_a_key_called_ref_is_a_key() -> None:
    """What only looks like a reference, in a value or as a property's name, is none."""
    schema = Schema.of({"enum": [{"$ref": "#/nowhere"}], "properties": {"$ref": {"type": "string"}}})
    assert schema.check('{"$ref": "#/nowhere"}') == {"$ref": "#/nowhere"}


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "Tom"}',
        ' \n\t{"name": "Tom"}\r\n',
        '\ufeff{"name": "Tom"}',
        '```json\n{"name": "Tom"}\n```',
        '\n```\n{"name":\n"Tom"}\n```\n\n',
        '```json\n{"name": "Tom"}```',
        '```json\n{"name": "Tom"}',
        '~~~~ json\n{"name": "Tom"}\n~~~~',
    ],
)
def test_a_fence_does_no_harm(text: str) -> None:
    """White space and a Markdown fence, closed or not, are no part of the object."""
    assert Schema.of(Pet).check(text) == Pet(name="Tom")
    assert Schema.of("name").check(text) == {"name": "Tom"}


def test_a_fence_inside_stays() -> None:
    """Backticks in the values are the values' own."""
    data = {"name": "```python\nx = 1\n```"}
    assert Schema.of("name").check(f"```json\n{json.dumps(data)}\n```") == data


@pytest.mark.parametrize(
    ("spec", "text", "line"),
    [
        (Pet, '{"age": 1}', "$.name: Field required"),
        (Pet, '{"name": "x", "kind": "fox"}', "$.kind: Input should be 'cat' or 'dog'"),
        (Pet, '{"age": "x"}', "$.name: Field required; $.age: Input should be a valid integer"),
        (list[Pet], '[{"name": 1}]', "$[0].name: Input should be a valid string"),
        (dict[str, int], '{"a b": null}', '$["a b"]: Input should be a valid integer'),
        ("name, age int", '{"name": "x", "age": "y"}', "$.age: 'y' is not of type 'integer'"),
        ("name", "{}", "$: 'name' is a required property"),
        ("name", "", "$: it is empty"),
        ("name", " ``` ", "$: it is no JSON ("),
        ("name", "Sure! Here it is", "$: it is no JSON (expected value at line 1 column 1)"),
        ("name", '{"name": "x"', "$: it is no JSON (EOF while parsing"),
        ("name", '{"name": NaN}', "$: it is no JSON ("),
        ("name", "[" * 1000, "$: it is no JSON ("),
        ({"anyOf": [{"type": "string"}, {"properties": {"a": {"minimum": 3}}}]}, '{"a": 1}', "$.a: 1 is less than"),
        (Pet, '{"name": "x", "age": null, "kind": "fox"}', "$.age: Input should be a valid integer"),
    ],
)
def test_a_misfit_is_told_with_its_place(spec: Any, text: str, line: str) -> None:
    """The error is one line that a model can act on: where, and what."""
    with pytest.raises(SchemaMismatchError) as caught:
        Schema.of(spec).check(text)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_misfit_tells_no_more_than_a_few_short_faults() -> None:
    """Many faults, and huge values with control characters in them, still make a short line that steers nothing."""
    with pytest.raises(SchemaMismatchError) as caught:
        Schema.of(list[int]).check(json.dumps(["x"] * 50))
    assert str(caught.value).count("$[") == 5
    assert str(caught.value).endswith("; and 45 more")
    with pytest.raises(SchemaMismatchError) as caught:
        Schema.of("a int").check(json.dumps({"a": "\x1b[31m\n" * 9999}))
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


def test_a_recursive_schema_has_an_end() -> None:
    """A schema that only refers to itself, and a text as deep as JSON may be, break nothing."""
    with pytest.raises(SchemaMismatchError, match="nested too deeply"):
        Schema.of({"$ref": "#"}).check("1")
    deep = '{"a": ' * 150 + "1" + "}" * 150
    assert Schema.of({"properties": {"a": {"$ref": "#"}}}).check(deep)


def test_half_of_a_surrogate_pair_is_no_reason_to_fail() -> None:
    """A text that no UTF-8 can carry is checked with a replacement in it."""
    assert Schema.of("name").check('{"name": "\ud800"}') == {"name": "\ufffd"}
    assert Schema.of(Pet).check('{"name": "\ud800"}') == Pet(name="\ufffd")


@pytest.mark.parametrize(
    ("spec", "text", "expected"),
    [
        (Pet, '{"name": "Tom", "age": null, "kind": null}', Pet(name="Tom")),
        (list[Pet | int], '[{"name": "Tom", "age": null}]', [Pet(name="Tom")]),
        (dict[str, Pet], '{"a": {"name": "Tom", "age": null}}', {"a": Pet(name="Tom")}),
        (PERSON, '{"name": "Tom", "age": null}', {"name": "Tom"}),
        ({"items": PERSON}, '[{"name": "Tom", "age": null}]', [{"name": "Tom"}]),
        ({"properties": {"a": {"type": ["string", "null"]}}}, '{"a": null}', {"a": None}),
    ],
)
def test_null_for_an_optional_property_is_as_good_as_nothing(spec: Any, text: str, expected: Any) -> None:
    """Strict mode makes a model say null where it would have left a property out; where null fits, it stays."""
    assert Schema.of(spec).check(text) == expected


def test_null_for_a_required_property_is_a_misfit() -> None:
    """The fault that is told is the null, not that the property is missing."""
    with pytest.raises(SchemaMismatchError, match=r"^\$\.name: None is not of type 'string'$"):
        Schema.of(PERSON).check('{"name": null}')
    with pytest.raises(SchemaMismatchError, match=r"^\$: Input should be an object"):
        Schema.of(Pet).check("null")


def test_strict_is_made_once_and_frozen() -> None:
    """The copy for strict mode is the schema's own, and cannot be changed."""
    schema = Schema.of("name, age int")
    assert schema.strict == {**schema.json_schema, "additionalProperties": False}
    assert schema.strict is schema.strict
    with pytest.raises(TypeError):
        schema.strict["type"] = "array"  # type: ignore[index]
    assert Schema.of(dict[str, int]).strict is None


async def values_of(*tokens: str, error: Exception | None = None) -> list[Any]:
    """Stream a message, and return all that `partial_data` gives of it."""

    async def stream() -> AsyncIterator[str]:
        for token in tokens:
            yield token
        if error is not None:
            raise error

    async with MiniAgents():
        return [value async for value in partial_data(Message.promise(stream()))]


async def test_data_comes_as_it_grows() -> None:
    """The object is there from its first brace on, with every text as far as it has come, each change once."""
    values = await values_of("```json", "\n", "{", '"name"', ': "T', "", "om", '", "n', '": [1', ", 2]", "}", "\n```")
    assert values == [
        {},
        {"name": "T"},
        {"name": "Tom"},
        {"name": "Tom", "n": [1]},
        {"name": "Tom", "n": [1, 2]},
    ]


@pytest.mark.parametrize(
    "tokens", [(), ("Sure", "! {"), ("12",), ('{"a": 1', "} and more {"), ("[1, ", "x"), ("```", "")]
)
async def test_what_is_no_json_gives_no_last_value(tokens: tuple[str, ...]) -> None:
    """A message that is prose gives nothing, and one that breaks off gives what it had."""
    values = await values_of(*tokens)
    assert all(value in ({}, {"a": 1}, [1]) for value in values)
    assert bool(values) == (tokens[0][:1] in ("{", "[") if tokens else False)


async def test_an_error_comes_behind_what_came() -> None:
    """A message that breaks raises its error at whoever reads its data."""
    values: list[Any] = []

    async def stream() -> AsyncIterator[str]:
        yield '{"a": 1, '
        raise ValueError("gone")

    async with MiniAgents():
        with pytest.raises(ValueError, match="gone"):  # noqa: PT012 - what comes before it counts
            async for value in partial_data(Message.promise(stream())):
                values.append(value)  # noqa: PERF401 - a comprehension would lose them
    assert values == [{"a": 1}]


async def test_a_long_reply_is_not_parsed_at_every_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text that is parsed in all is a fixed number of times the reply's length, not half its square."""
    parsed = 0
    real = module.from_json

    def counting(text: str, **options: Any) -> Any:
        nonlocal parsed
        parsed += len(text)
        return real(text, **options)

    monkeypatch.setattr(module, "from_json", counting)
    data = {"words": ["word"] * 5_000}
    text = json.dumps(data)
    tokens = [text[place : place + 4] for place in range(0, len(text), 4)]
    values = await values_of(*tokens)
    assert values[-1] == data
    assert len(values) > 300
    assert parsed < 110 * len(text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.lists(_JSON, max_size=4) | st.dictionaries(st.text(), _JSON, max_size=4),
    st.integers(1, 9),
    st.booleans(),
    st.booleans(),
)
def test_the_last_data_is_the_whole(data: Any, size: int, fenced: bool, escaped: bool) -> None:
    """Whatever the object is, and however it is cut into tokens, the last value equals it; no two in a row do."""
    text = json.dumps(data, ensure_ascii=escaped)
    text = f"```json\n{text}\n```\n" if fenced else text
    values = asyncio.run(values_of(*(text[place : place + size] for place in range(0, len(text), size))))
    assert values[-1] == data
    assert all(one != other for one, other in pairwise(values))
