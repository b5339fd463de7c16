"""What a function says of itself, for somebody who can only read and write JSON: its summary, its arguments.

In: a function; the JSON text of arguments. Out: a JSON Schema; Python's arguments, or one line that says what is wrong
with them. Never: who calls the function, what comes of it.
"""

import functools
import inspect
import json
import re
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, PydanticUserError, TypeAdapter, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import to_json

from .errors import UsageError
from .frozen import freeze, freeze_json
from .safe_text import exact, one_line

__all__ = [
    "UNKNOWN",
    "Arguments",
    "ArgumentsError",
    "GivenArguments",
    "descriptions_in",
    "has_schema",
    "parameters_of",
    "summary_of",
    "target_of",
]

UNKNOWN: Final = inspect.Parameter.empty
"""The annotation of a parameter that has none, or one that cannot be resolved."""
_SECTION: Final = re.compile(r"(?:[A-Z]\w*)(?: \w+)?:\s*")
_ARGUMENTS: Final = re.compile(r"(?:Args|Arguments|Keyword Args|Keyword Arguments|Parameters|Params):\s*")
_ENTRY: Final = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?:\s*(.*)")
_MOST_FAULTS: Final = 5
_LONGEST_VALUE: Final = 60
"""Characters of a wrong value that are told."""


class ArgumentsError(ValueError):
    """The arguments do not fit; in one line that whoever wrote them can act on."""


class Arguments:
    """The arguments of a function, as JSON."""

    def __init__(self, name: str, parameters: Iterable[inspect.Parameter], descriptions: Mapping[str, str]) -> None:
        """See what there is to the parameters.

        Args:
            name: The function's, for errors.
            parameters: Those that whoever calls it gives, with resolved annotations.
            descriptions: What the docstring says of them.

        Raises:
            UsageError: There is no schema for one of them.
        """
        self._name = name
        self._parameters = {f"p{place}": parameter for place, parameter in enumerate(parameters)}
        fields: dict[str, Any] = {}
        extra: Any = "forbid"
        for field, parameter in self._parameters.items():
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                raise UsageError(f"{name}: `*{parameter.name}` has no names to call it by; take a list instead")
            if parameter.annotation is UNKNOWN and parameter.kind is not inspect.Parameter.VAR_KEYWORD:
                cure = f"annotate it (`{parameter.name}: str`) with what its module knows"
                raise UsageError(f"{name}: the type of `{parameter.name}` is not known; {cure}")
            if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                extra = "allow"
            else:
                fields[field] = _field(parameter, descriptions.get(parameter.name))
        try:
            config = ConfigDict(extra=extra, protected_namespaces=())
            self._model: type[BaseModel] = create_model(name, __config__=config, **fields)
            schema = self._model.model_json_schema(schema_generator=_Terse)
        except (PydanticUserError, NameError) as error:
            why = one_line(str(error).partition("\n")[0])
            culprit = next((p.name for p in self._parameters.values() if not has_schema(p.annotation)), None)
            raise UsageError(f"{name}: no JSON Schema for `{culprit or name}`: {why}") from None
        schema.pop("title", None)
        self.schema: Mapping[str, Any] = freeze(schema)
        """Their JSON Schema, an object's; frozen."""

    def bind(self, text: str) -> tuple[list[Any], dict[str, Any]]:
        """Return the arguments that `text`, JSON as a model wrote it, stands for: those by place, those by name.

        Nothing at all is as good as `{}`.

        Raises:
            ArgumentsError: They do not fit.
        """
        text = exact(text).strip()
        try:
            given = self._model.model_validate_json("{}" if text in ("", "null") else text)
        except ValidationError as error:
            raise ArgumentsError(self._what_is_wrong(error)) from None
        by_place, by_name = list[Any](), dict(given.model_extra or {})
        for field, parameter in self._parameters.items():
            if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
                by_place.append(getattr(given, field))
            elif parameter.kind is not inspect.Parameter.VAR_KEYWORD:
                by_name[parameter.name] = getattr(given, field)
        return by_place, by_name

    def _what_is_wrong(self, error: ValidationError) -> str:
        faults = error.errors(include_url=False, include_context=False)
        told = [
            self._told(fault["type"], fault["loc"], fault["msg"], fault["input"]) for fault in faults[:_MOST_FAULTS]
        ]
        if len(faults) > _MOST_FAULTS:
            told.append(f"and {len(faults) - _MOST_FAULTS} more")
        return one_line(f"the arguments of {self._name} do not fit: {'; '.join(told)}")

    def _told(self, kind: str, path: tuple[str | int, ...], words: str, value: Any) -> str:
        if kind == "json_invalid":
            return f"they are no JSON ({words.removeprefix('Invalid JSON: ')})"
        if not path:
            return f"they must be a JSON object, not {_short(value)}"
        place = ".".join(map(str, path))
        if kind == "missing":
            return f"`{place}` is missing"
        if kind == "extra_forbidden":
            known = ", ".join(parameter.name for parameter in self._parameters.values()) if len(path) == 1 else ""
            return f"there is no `{place}`" + (f", only {known}" if known else "")
        return f"`{place}`: {words} (it was {_short(value)})"


class GivenArguments:
    """Arguments that somebody else has described, and looks at: all that is known here is that they have names."""

    def __init__(self, name: str, schema: Mapping[str, Any]) -> None:
        """Take the schema as it is.

        Raises:
            UsageError: It is no JSON.
        """
        self._name = name
        try:
            self.schema: Mapping[str, Any] = freeze_json(schema)
            """Their JSON Schema, frozen."""
        except ValueError as error:
            raise UsageError(f"{name}: the schema of its arguments must be JSON; {error}") from None

    def bind(self, text: str) -> tuple[list[Any], dict[str, Any]]:
        """Return no arguments by place, and those by name that `text` stands for.

        Raises:
            ArgumentsError: It is no JSON object.
        """
        text = exact(text).strip()
        try:
            given = json.loads(text or "{}")
        except (ValueError, RecursionError) as error:
            raise ArgumentsError(one_line(f"the arguments of {self._name} do not fit: no JSON ({error})")) from None
        if not isinstance(given, dict | None):
            raise ArgumentsError(f"the arguments of {self._name} must be a JSON object, not {_short(given)}")
        return [], given or {}


def _field(parameter: inspect.Parameter, description: str | None) -> tuple[Any, Any]:
    """Return the field of a model for a parameter; its name may be one that a model's field must not have."""
    about: dict[str, Any] = {"alias": parameter.name}
    of_its_own = [default] if isinstance(default := parameter.default, FieldInfo) else []
    if get_origin(parameter.annotation) is Annotated:
        of_its_own += [one for one in get_args(parameter.annotation)[1:] if isinstance(one, FieldInfo)]
    if description and not any(one.description for one in of_its_own):
        about["description"] = description
    if isinstance(default, FieldInfo):
        return Annotated[parameter.annotation, Field(**about)], default
    return parameter.annotation, Field(**about) if default is UNKNOWN else Field(default, **about)


class _Terse(GenerateJsonSchema):
    """Tells no titles, which only repeat the names, and warns of nothing that is no fault."""

    ignored_warning_kinds: Any = frozenset({"skipped-choice", "non-serializable-default"})

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - as pydantic calls it
        return False


def has_schema(annotation: Any) -> bool:
    """Say whether values of this type can be told in JSON, and say more than "anything"."""
    if annotation in (UNKNOWN, Any, object):
        return False
    try:
        TypeAdapter(annotation).json_schema(schema_generator=_Terse)
    except (PydanticUserError, NameError):
        return False
    return True


def parameters_of(
    function: Callable[..., Any], names: Mapping[str, Any], ambient: Mapping[str, Any]
) -> list[inspect.Parameter]:
    """Return the parameters of a function, with their annotations resolved.

    Args:
        function: Any that can be called.
        names: What its annotations may name before what is in its module.
        ambient: What they may name where that is not in its module.

    Raises:
        UsageError: It cannot tell its parameters.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise UsageError(f"{function!r} does not tell its parameters; wrap it in a `def` that has them") from None
    target = target_of(function)
    if not inspect.isroutine(target):
        target = target.__call__
    module = {**ambient, **getattr(inspect.unwrap(target), "__globals__", {})}
    return [each.replace(annotation=_resolved(each.annotation, module, names)) for each in parameters]


def target_of(function: Callable[..., Any]) -> Any:
    """Return the function that has the name and the docstring, behind any `functools.partial`."""
    while isinstance(function, functools.partial):
        function = function.func
    return function


def _resolved(annotation: Any, module: dict[str, Any], names: Mapping[str, Any]) -> Any:
    if annotation is UNKNOWN:
        return annotation
    about: Any = SimpleNamespace(__annotations__={"it": annotation})
    try:
        return get_type_hints(about, module, dict(names), include_extras=True)["it"]
    except (AttributeError, NameError, SyntaxError, TypeError):
        return UNKNOWN


def summary_of(docstring: str) -> str:
    """Return the first paragraph of a docstring, in one line; "" where it begins with a section."""
    paragraph = inspect.cleandoc(docstring).partition("\n\n")[0]
    return "" if _SECTION.fullmatch(paragraph.partition("\n")[0]) else " ".join(paragraph.split())


def descriptions_in(docstring: str) -> dict[str, str]:
    """Return what the section `Args:` of a docstring (Google's style) says of each parameter, in one line each."""
    lines = iter(inspect.cleandoc(docstring).split("\n"))
    found: dict[str, list[str]] = {}
    for line in lines:
        if _ARGUMENTS.fullmatch(line):
            break
    depth, words = 0, list[str]()
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if line and not indent:
            break
        depth = depth or indent
        if entry := _ENTRY.fullmatch(line.strip()) if indent == depth else None:
            words = found[entry[1]] = [entry[2]]
        else:
            words.append(line)
    return {name: " ".join(" ".join(words).split()) for name, words in found.items()}


def _short(value: Any) -> str:
    text = to_json(value, fallback=repr).decode("utf-8", "replace")
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
