"""What a function says of itself in its docstring and its annotations, and what becomes of arguments in JSON."""

import functools
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from miniagents.errors import UsageError
from miniagents.frozen import FrozenDict
from miniagents.signature import (
    UNKNOWN,
    Arguments,
    ArgumentsError,
    GivenArguments,
    descriptions_in,
    has_schema,
    parameters_of,
    summary_of,
    target_of,
)


class Unit(Enum):
    """How warm."""

    CELSIUS = "c"


class Place(BaseModel):
    """Somewhere."""

    city: str
    country: str = "FI"


@dataclass
class Size:
    """How big."""

    width: int


def arguments_of(function: Callable[..., Any]) -> Arguments:
    """Look at a function as a tool does."""
    return Arguments("f", parameters_of(function, {}, {}), descriptions_in(function.__doc__ or ""))


def bound(function: Callable[..., Any], **arguments: Any) -> Any:
    """Call a function with arguments in JSON."""
    by_place, by_name = arguments_of(function).bind(json.dumps(arguments))
    return function(*by_place, **by_name)


def everything(  # noqa: D417, PLR0913 - one of each, and not all of them have a description
    a: str,
    b: int = 3,
    *,
    unit: Unit = Unit.CELSIUS,
    place: Place,
    size: Size | None = None,
    day: Optional[date] = None,  # noqa: UP045 - people write it so
    kind: Literal["x", "y"] = "x",
    tags: list[str] = [],  # noqa: B006 - pydantic gives each call its own
    counts: dict[str, int] | None = None,
    far: Annotated[float, Field(description="In km.", ge=0)] = 1.5,
    old: bool = Field(default=False, description="Not new."),
) -> tuple[Any, ...]:
    """Take one of each.

    Args:
        a: A text,
            on two lines.
        b (int, optional): A number: whole.
        far: Never mind.
    """
    return (a, b, unit, place, size, day, kind, tags, counts, far, old)


def test_every_kind_of_annotation_is_told() -> None:
    """Texts, numbers, enums, models, dataclasses, unions, literals, containers and defaults are in the schema."""
    schema = arguments_of(everything).schema
    properties = schema["properties"]
    assert list(properties) == ["a", "b", "unit", "place", "size", "day", "kind", "tags", "counts", "far", "old"]
    assert schema["required"] == ["a", "place"]
    assert schema["additionalProperties"] is False
    assert properties["a"] == {"type": "string", "description": "A text, on two lines."}
    assert properties["b"] == {"type": "integer", "default": 3, "description": "A number: whole."}
    assert properties["kind"]["enum"] == ["x", "y"]
    assert properties["far"] == {"type": "number", "default": 1.5, "minimum": 0, "description": "In km."}
    assert properties["old"] == {"type": "boolean", "default": False, "description": "Not new."}
    assert {"Place", "Size", "Unit"} == set(schema["$defs"])
    assert isinstance(schema, FrozenDict)


def test_every_kind_of_argument_arrives_as_what_it_is() -> None:
    """The function gets objects of its types, its own defaults for the rest, and no default twice."""
    given = {"a": "x", "place": {"city": "Oulu"}, "size": {"width": 2}, "day": "2026-11-25", "unit": "c"}
    expected = ("x", 3, Unit.CELSIUS, Place(city="Oulu"), Size(2), date(2026, 11, 25), "x", [], None, 1.5, False)
    assert bound(everything, **given) == expected
    assert bound(everything, **given)[7] is not bound(everything, **given)[7]


@pytest.mark.parametrize("name", ["schema", "copy", "model_config", "_private", "self", "json", "p0", "message"])
def test_a_parameter_may_be_called_anything(name: str) -> None:
    """Names that pydantic has another use for are names like any other."""
    scope: dict[str, Any] = {}
    exec(f"def f({name}: int, p1: int = 1): return {name} + p1", scope)
    assert list(arguments_of(scope["f"]).schema["properties"]) == [name, "p1"]
    assert bound(scope["f"], **{name: 2, "p1": 3}) == 5


def test_every_kind_of_parameter_is_reached() -> None:
    """Those that only have a place are given by place, and `**` takes whatever else comes."""

    def f(a: int, b: int = 2, /, c: int = 3, *, d: int = 4, **more: Any) -> Any:
        return a, b, c, d, more

    assert bound(f, a=1) == (1, 2, 3, 4, {})
    assert bound(f, a=1, b=0, c=0, d=0, e="x") == (1, 0, 0, 0, {"e": "x"})
    assert arguments_of(f).schema["additionalProperties"] is True


@pytest.mark.parametrize("text", ["", " \n", "{}", "null"])
def test_nothing_is_as_good_as_no_arguments(text: str) -> None:
    """Models write several things where there is nothing to say."""
    assert arguments_of(lambda: 1).bind(text) == ([], {})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{", "they are no JSON (EOF while parsing an object at line 1 column 1)"),
        ('{"a": "x', "they are no JSON (EOF while parsing a string"),
        ("[1]", "they must be a JSON object, not [1]"),
        ('"a"', 'they must be a JSON object, not "a"'),
        ("{}", "`a` is missing; `place` is missing"),
        ('{"a": 1, "place": {}}', "`a`: Input should be a valid string (it was 1); `place.city` is missing"),
        ('{"a": "", "place": {"city": ""}, "bb": 1}', "there is no `bb`, only a, b, unit, place, "),
        (
            '{"a": "", "place": {"city": ""}, "far": -1}',
            "`far`: Input should be greater than or equal to 0 (it was -1)",
        ),
        ('{"a": "", "place": {"city": ""}, "kind": "z"}', "`kind`: Input should be 'x' or 'y' (it was \"z\")"),
        ("[" * 999, "they are no JSON (recursion limit exceeded"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(text: str, line: str) -> None:
    """The line says which argument, and what is wrong with it."""
    with pytest.raises(ArgumentsError) as caught:
        arguments_of(everything).bind(text)
    assert str(caught.value).startswith(f"the arguments of f do not fit: {line}")
    assert "\n" not in str(caught.value)


def test_the_line_is_short_whatever_comes() -> None:
    """Many faults, long values and control characters make no long line, and none that steers a terminal."""

    def f(numbers: list[int]) -> None:
        """Count."""

    with pytest.raises(ArgumentsError, match="and 95 more") as caught:
        arguments_of(f).bind(json.dumps({"numbers": ["\x1b[31m\n" * 999] * 100}))
    assert len(str(caught.value)) < 1_000
    assert str(caught.value).isprintable()


@given(st.text())
def test_any_text_makes_arguments_or_one_line(text: str) -> None:
    """Whatever a model writes, there is no other error."""
    try:
        arguments_of(_count).bind(text)
    except ArgumentsError as error:
        assert "\n" not in str(error)  # noqa: PT017 - where there is one


def _count(number: int = 1) -> int:
    return number


def test_half_of_a_surrogate_pair_is_replaced() -> None:
    """What UTF-8 cannot carry does not break a call."""

    def f(a: str) -> str:
        return a

    assert arguments_of(f).bind('{"a": "\ud800"}') == ([], {"a": "\ufffd"})


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: x, "f: the type of `x` is not known; annotate it (`x: str`)"),
        (lambda *all: all, "f: `*all` has no names to call it by; take a list instead"),
    ],
)
def test_what_no_model_could_call_is_refused(function: Any, words: str) -> None:
    """The error names the parameter, and the cure."""
    with pytest.raises(UsageError) as caught:
        arguments_of(function)
    assert words in str(caught.value)


class Unknown:
    """Pydantic knows nothing of it."""


def test_a_type_that_json_cannot_tell_is_refused() -> None:
    """The error names the parameter whose type it is."""

    def f(ok: int, bad: Unknown) -> None:
        """Fail."""

    def g(bad: Callable[[], int]) -> None:
        """Fail."""

    for function in (f, g):
        with pytest.raises(UsageError, match="f: no JSON Schema for `bad`: ") as caught:
            arguments_of(function)
        assert "\n" not in str(caught.value)


def test_annotations_in_quotes_are_resolved() -> None:
    """They may name what is in the module, what is around the function, and what is everywhere."""

    class Local(BaseModel):
        x: int

    def f(a: "Place", b: "Local", c: "Ambient", d: "list[Local]", e: "Nowhere") -> None:  # type: ignore[name-defined]  # noqa: F821 - see below
        """Refer."""

    parameters = parameters_of(f, {"Local": Local}, {"Ambient": int, "Place": str})
    assert [each.annotation for each in parameters] == [Place, Local, int, list[Local], UNKNOWN]


def test_whatever_can_be_called_tells_its_parameters() -> None:
    """Partial functions, methods and objects say what is left to give."""

    class Counter:
        def __call__(self, a: int) -> int:
            return a

        def method(self, b: "int") -> int:
            return b

    def f(a: int, b: str) -> None:
        """Take two."""

    assert [each.name for each in parameters_of(functools.partial(f, 1), {}, {})] == ["b"]
    assert [each.annotation for each in parameters_of(Counter(), {}, {})] == [int]
    assert [each.annotation for each in parameters_of(Counter().method, {}, {})] == [int]
    assert target_of(functools.partial(functools.partial(f, 1), b="")) is f
    with pytest.raises(UsageError, match="does not tell its parameters"):
        parameters_of(dict, {}, {})


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [(int, True), (list[Place], True), (dict[str, int] | None, True), (Any, False), (object, False), (Unknown, False)],
)
def test_what_json_can_tell(annotation: Any, expected: bool) -> None:
    """A type has a schema if that says anything."""
    assert has_schema(annotation) is expected
    assert has_schema(inspect.Parameter.empty) is False


@pytest.mark.parametrize(
    ("docstring", "summary"),
    [
        ("", ""),
        ("Do it.", "Do it."),
        ("Do it\n    well.\n\n    More.\n", "Do it well."),
        ("\n    Do it.\n\n    Args:\n        a: x\n", "Do it."),
        ("Args:\n    a: x", ""),
        ("Note: this is it.", "Note: this is it."),
    ],
)
def test_the_summary_is_the_first_paragraph(docstring: str, summary: str) -> None:
    """It comes in one line, and a section is none."""
    assert summary_of(docstring) == summary


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("Do it.", {}),
        ("Do it.\n\nArgs:\n", {}),
        (
            "Do it.\n\nArgs:\n    a: x\n\n    b (int): y: z\n        and\n        more\nReturns:\n    c: no",
            {"a": "x", "b": "y: z and more"},
        ),
        ("Do it.\n\nArguments:\n  *a: x\n  **b: y\n\nAfterwards.\n  c: no", {"a": "x", "b": "y"}),
        ("Do it.\n\nArgs:\n    lost\n    a: x\n      d: part of a", {"a": "x d: part of a"}),
        ("a: no\n\n    Args:\n        b: x\n\n    Raises:\n        c: no\n", {"b": "x"}),
    ],
)
def test_descriptions_stand_under_args(docstring: str, expected: dict[str, str]) -> None:
    """Each parameter has its own, in one line; other sections have none."""
    assert descriptions_in(docstring) == expected


def test_arguments_that_are_only_named() -> None:
    """What somebody else describes has only to be a JSON object; nothing is one, too."""
    arguments = GivenArguments("f", {"type": "object", "required": ["a"]})
    assert arguments.schema == {"type": "object", "required": ["a"]}
    assert arguments.bind("") == arguments.bind("{}") == arguments.bind(" null ") == ([], {})
    assert arguments.bind('{"b": [1, "\\ud83d\\ude00"]}') == ([], {"b": [1, "\U0001f600"]})
    for text in ("1", '"a"', "{", "[" * 100_000):
        with pytest.raises(ArgumentsError, match=r"^the arguments of f "):
            arguments.bind(text)
