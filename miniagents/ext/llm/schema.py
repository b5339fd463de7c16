"""What a reply is to look like: a JSON Schema, however it was given, and the check of a text against it.

In: a class, a JSON Schema, names of fields; the text of a reply. Out: a `Schema`; an object that fits, or one line that
says where it does not. Never: how an API is asked for it, who asks again, a network.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from pydantic_core import from_json, to_json

from ...errors import SchemaMismatchError, UsageError
from ...frozen import freeze
from ...messages import MessagePromise
from ...safe_text import exact, one_line
from .schema_checks import Check, MisfitError, by_json_schema, by_type, optional_names
from .schema_strict import strict_copy

__all__ = ["Schema", "partial_data"]

_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST_NAME: Final = 64
"""Characters in the name of a schema, as OpenAI's API limits it (2026-11)."""
_FENCE: Final = re.compile(r"(`{3,}|~{3,})[^\n`]*\n(.*?)\s*(?:\1)?", re.DOTALL)
_OPENING: Final = re.compile(r"\s*(?:`{3,}|~{3,})[^\n`]*\n")
_GROWTH: Final = 1.01
"""How much longer a text must be than when it was parsed last, so that parsing all of it costs 100 times its length."""
_MOST_FAULTS: Final = 5
_KEYWORDS: Final = frozenset(
    {"$defs", "$ref", "$schema", "allOf", "anyOf", "const", "enum", "items", "oneOf", "properties", "required", "type"}
)
"""One of these is in every schema that says something."""
_WORDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "list": {"type": "array", "items": {"type": "string"}},
}
"""The types of fields in the short form."""
_FIELD_NAME: Final = re.compile(r"[^\W\d][\w-]*")


@dataclass(frozen=True, eq=False)
class Schema:
    """What a reply is to look like. Immutable; make it with `Schema.of`."""

    name: str
    """What APIs are told it is called: letters, digits, `_` and `-`, at most 64."""
    json_schema: Mapping[str, Any]
    """The JSON Schema; frozen."""
    _check: Check = field(repr=False)

    @classmethod
    def of(cls, spec: Any, *, name: str | None = None) -> "Schema":
        """Return the schema that `spec` stands for.

        Args:
            spec: A pydantic model's class, or any other type that pydantic knows (a dataclass, `list[int]`); a JSON
                Schema as a mapping or as text, of draft 2020-12 unless its `$schema` says otherwise; or the names of
                fields, `name, age int, tags list`, all of them required. A field is a text unless `int`, `float`,
                `bool`, `str` or `list` (of texts) follows, and `: description` may come last. A description with a
                comma in it wants each field on a line of its own.
            name: What APIs are told it is called; without one, as its class or by its `title`.

        Raises:
            UsageError: It is no schema, or refers to what is not in it: nothing is ever fetched. The place is named.
        """
        if name is not None and (_NOT_IN_A_NAME.search(name) or not 0 < len(name) <= _LONGEST_NAME):
            raise UsageError(f"{name!r} cannot be the name of a schema; use up to 64 letters, digits, _ and -")
        if isinstance(spec, Schema):
            return replace(spec, name=name or spec.name)
        if isinstance(spec, str | Mapping):
            schema = freeze(_plain(spec))
            check, called = by_json_schema(schema), str(schema.get("title", ""))
        else:
            schema, check = by_type(spec)
            called = str(getattr(spec, "__name__", ""))
        return cls(name or _NOT_IN_A_NAME.sub("_", called)[:_LONGEST_NAME].strip("_") or "reply", schema, check)

    @cached_property
    def strict(self) -> Mapping[str, Any] | None:
        """The schema as OpenAI's strict mode wants it, or None where it cannot be put so.

        No object has more properties than those named, and all of these are required; one that was optional may be
        null, which `check` takes as left out.
        """
        strict: Mapping[str, Any] | None = freeze(strict_copy(self.json_schema))
        return strict

    @cached_property
    def _optional(self) -> frozenset[str]:
        return frozenset(optional_names(self.json_schema))

    def check(self, text: str) -> Any:
        """Return the object that a reply's text stands for: one of the class, or else plain JSON, frozen.

        White space and a Markdown code fence around it do no harm, and neither does null for an optional property.

        Raises:
            SchemaMismatchError: It is no JSON, or does not fit; in one line, each fault behind its place (`$.age: …`).
            UsageError: The schema refers to what is not in it, in a way that `of` did not see.
        """
        text = exact(_without_fence(text))
        try:
            data = from_json(text, allow_inf_nan=False)
        except ValueError as error:
            raise SchemaMismatchError(f"$: it is no JSON ({error})" if text else "$: it is empty") from None
        try:
            return self._check(text.encode())
        except MisfitError as misfit:
            faults = misfit.faults
        if _drop(data, [fault.path for fault in faults if fault.is_null], self._optional):
            with suppress(MisfitError):
                return self._check(to_json(data))
        told = list(dict.fromkeys(map(str, faults)))
        more = [f"and {len(told) - _MOST_FAULTS} more"] if len(told) > _MOST_FAULTS else []
        raise SchemaMismatchError("; ".join(told[:_MOST_FAULTS] + more))


async def partial_data(promise: MessagePromise) -> AsyncIterator[Any]:
    """Give the JSON object (or array) of a message as far as it has come, each time that there is more of it.

    Texts in it grow as they come. The last value is the whole one; a message that is no JSON gives none. A long one is
    looked at only when it is a hundredth longer than before, so the cost grows with the length and not with its square.

    Raises:
        Exception: What the message broke by.
    """
    text, tokens, last = "", list[str](), None
    length = looked_at = 0
    async for token in promise:
        tokens.append(token)
        length += len(token)
        if length < looked_at * _GROWTH:
            continue
        text, looked_at = text + "".join(tokens), length
        tokens.clear()
        value = _begun(text)
        if value is not None and value != last:
            yield value
            last = value
    with suppress(ValueError):
        value = from_json(exact(_without_fence(text + "".join(tokens))), allow_inf_nan=False)
        if isinstance(value, dict | list) and value != last:
            yield value


def _begun(text: str) -> Any:
    if opening := _OPENING.match(text):
        text = text[opening.end() :]
    if text.lstrip("\ufeff \t\r\n")[:1] not in ("{", "["):
        return None
    with suppress(ValueError):
        return from_json(exact(text), allow_inf_nan=False, allow_partial="trailing-strings")
    return None


def _without_fence(text: str) -> str:
    text = text.strip("\ufeff \t\r\n")
    fenced = _FENCE.fullmatch(text)
    return fenced[2] if fenced else text


def _drop(data: Any, paths: list[tuple[str | int, ...]], optional: frozenset[str]) -> bool:
    """Take the optional properties at `paths` that are null out of `data`; say whether there were any."""
    found = False
    for path in paths:
        inside, last = data, path[-1] if path else None
        for step in path[:-1]:
            if isinstance(inside, list) and isinstance(step, int) and step < len(inside):
                inside = inside[step]
            elif isinstance(inside, dict) and step in inside:
                inside = inside[str(step)]
            # else it is no step but the name of a class, which pydantic tells where there are several
        if isinstance(inside, dict) and last in optional and last in inside and inside[last] is None:
            del inside[last]
            found = True
    return found


def _plain(spec: str | Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON Schema, given so or as names of fields, as plain JSON."""
    if isinstance(spec, str) and spec.lstrip()[:1] not in ("{", "["):
        return _of_words(spec)
    try:
        schema = json.loads(spec if isinstance(spec, str) else json.dumps(spec, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"the schema is no JSON: {one_line(str(error))}") from None
    if not isinstance(schema, dict):
        raise UsageError("a JSON Schema must be an object, `{…}`")
    if schema and not _KEYWORDS & schema.keys():
        raise UsageError(f"the schema says nothing: no keyword of JSON Schema among {', '.join(schema)}")
    return schema


def _of_words(words: str) -> dict[str, Any]:
    """Return the JSON Schema for the short form."""
    properties: dict[str, Any] = {}
    for line in words.split("\n" if "\n" in words.strip() else ","):
        if not line.strip(" \t\r\n,"):
            continue
        named, _, description = line.partition(":")
        name, *kinds = named.strip(" \t\r\n,").split() or [""]
        if not _FIELD_NAME.fullmatch(name) or name in properties:
            fault = "is there twice" if name in properties else "cannot be a field's name"
            raise UsageError(f"the schema's field {one_line(line)!r}: {name!r} {fault}; write `name, age int`")
        kind = " ".join(kinds) or "str"
        if kind not in _WORDS:
            raise UsageError(f"the schema's field {one_line(line)!r}: no type {kind!r}; there are {', '.join(_WORDS)}")
        told = {"description": description.strip()} if description.strip() else {}
        properties[name] = {**_WORDS[kind], **told}
    if not properties:
        raise UsageError("the schema is empty; write names of fields, `name, age int`, or a JSON Schema")
    return {"type": "object", "properties": properties, "required": list(properties)}
