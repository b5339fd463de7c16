"""Checks of JSON against a type or against a JSON Schema, which tell every fault with its place.

In: a type or a JSON Schema, JSON. Out: an object, or faults. Never: a reply, a fence around it, a network.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias

from pydantic import PydanticUserError, TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import from_json

from ...errors import UsageError
from ...frozen import freeze
from ...safe_text import one_line

if TYPE_CHECKING:
    from referencing import Registry

__all__ = ["Check", "Fault", "MisfitError", "by_json_schema", "by_type", "optional_names"]

_LONGEST: Final = 200
"""Characters of one fault; some tell the whole value that does not fit."""
_VALUES: Final = frozenset({"const", "default", "enum", "examples"})
"""Keywords that hold values, not schemas."""

_Path: TypeAlias = tuple[str | int, ...]


class Fault(NamedTuple):
    """One thing in a value that does not fit."""

    path: _Path
    words: str
    is_null: bool
    """Whether it is null that does not fit."""

    def __str__(self) -> str:
        return f"{_place(self.path)}: {_short(self.words)}"


class MisfitError(Exception):
    """For `Schema.check` only: the value does not fit."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        super().__init__()
        self.faults = list(faults)


class Check(Protocol):
    """Checks JSON against one schema."""

    def __call__(self, text: bytes, /) -> Any:
        """Return the object that `text`, which is JSON, stands for.

        Raises:
            MisfitError: It does not fit.
        """


def by_type(spec: Any) -> tuple[Mapping[str, Any], Check]:
    """Return the JSON Schema of a type, and the check of it.

    Raises:
        UsageError: Pydantic knows no schema for it.
    """
    try:
        if spec is None:
            raise UsageError("None cannot be a schema; give a class, a JSON Schema, or names of fields")
        adapter: TypeAdapter[Any] = spec if isinstance(spec, TypeAdapter) else TypeAdapter(spec)
        schema = adapter.json_schema(schema_generator=_Quiet)
    except (PydanticUserError, NameError) as error:
        words = _short(str(error).partition("\n")[0])
        raise UsageError(f"{_short(repr(spec))} cannot be a schema: {words}") from None

    def check(text: bytes) -> Any:
        try:
            return adapter.validate_json(text)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=False)
            raise MisfitError(Fault(at["loc"], at["msg"], at["input"] is None) for at in faults) from None

    return freeze(schema), check


class _Quiet(GenerateJsonSchema):
    """Tells a schema without warnings of defaults that are no JSON."""

    ignored_warning_kinds: Any = frozenset({"skipped-choice", "non-serializable-default"})


def by_json_schema(schema: Mapping[str, Any]) -> Check:
    """Return the check of a JSON Schema, which is plain JSON.

    Raises:
        UsageError: It is none, or refers to what is not in it.
    """
    from jsonschema import Draft202012Validator, SchemaError  # type: ignore[import-untyped]  # noqa: PLC0415 - 0.1 s
    from jsonschema.exceptions import best_match  # type: ignore[import-untyped]  # noqa: PLC0415 - as above
    from jsonschema.validators import validator_for  # type: ignore[import-untyped]  # noqa: PLC0415 - as above
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]  # noqa: PLC0415 - as above
    from referencing.exceptions import Unresolvable  # noqa: PLC0415 - as above

    kind = validator_for(schema, default=None if "$schema" in schema else Draft202012Validator)
    if kind is None:
        raise UsageError(f"the schema is wrong at $.$schema: nobody here knows {_short(repr(schema['$schema']))}")
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        raise UsageError(f"the schema is wrong at {_place(error.absolute_path)}: {_short(error.message)}") from None
    _check_references(schema, kind.META_SCHEMA["$schema"])
    validator = kind(schema, registry=REGISTRY)  # the drafts, and nothing that would fetch

    def check(text: bytes) -> Any:
        data = from_json(text)
        try:
            faults = [_fault(best_match([error])) for error in validator.iter_errors(data)]
        except Unresolvable as error:
            raise UsageError(f"the schema is wrong: {_short(str(error.ref))} is not in it, and not fetched") from None
        except RecursionError:
            faults = [Fault((), "it is nested too deeply", is_null=False)]
        if faults:
            raise MisfitError(faults)
        return freeze(data)

    return check


def _fault(error: Any) -> Fault:
    return Fault(tuple(error.absolute_path), error.message, error.instance is None)


def _check_references(schema: Mapping[str, Any], draft: str) -> None:
    from jsonschema_specifications import REGISTRY  # noqa: PLC0415 - as above
    from referencing.exceptions import Unresolvable  # noqa: PLC0415 - as above
    from referencing.jsonschema import specification_with  # noqa: PLC0415 - as above

    resource = specification_with(draft).create_resource(schema)
    address = resource.id() or ""
    registry: Registry[Any] = REGISTRY.with_resource(address, resource)
    resolver = registry.resolver(address)
    for path, reference in _references(schema):
        try:
            resolver.lookup(reference)
        except Unresolvable:
            why = f"{_short(repr(reference))} is not in it, and nothing is fetched"
            raise UsageError(f"the schema is wrong at {_place(path)}: {why}") from None


def optional_names(schema: Mapping[str, Any]) -> Iterator[str]:
    """Give the names of the properties that some object in the schema may lack."""
    for _, inside in _objects(schema):
        if isinstance(properties := inside.get("properties"), Mapping):
            required = inside.get("required")
            yield from (name for name in properties if name not in (required if isinstance(required, list) else ()))


def _references(schema: Mapping[str, Any]) -> list[tuple[_Path, str]]:
    """Return the references in a schema; none, where parts of it have addresses of their own and `check` will see."""
    found = []
    for path, inside in _objects(schema):
        if path and isinstance(inside.get("$id", inside.get("id")), str):
            return []
        if isinstance(reference := inside.get("$ref"), str):
            found.append(((*path, "$ref"), reference))
    return found


def _objects(schema: Mapping[str, Any]) -> Iterator[tuple[_Path, Mapping[str, Any]]]:
    """Give each JSON object in a schema with its place."""
    pending: list[tuple[_Path, Any]] = [((), schema)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, list):
            pending.extend(((*path, place), item) for place, item in enumerate(value))
        elif isinstance(value, Mapping):
            yield path, value
            pending.extend(((*path, key), item) for key, item in value.items() if key not in _VALUES)


def _place(path: Iterable[str | int]) -> str:
    steps = (f"[{json.dumps(step)}]" if isinstance(step, int) or not _is_plain(step) else f".{step}" for step in path)
    return one_line("$" + "".join(steps))


def _is_plain(key: str) -> bool:
    return key.removeprefix("$").isidentifier()


def _short(words: str) -> str:
    words = one_line(words)
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"
