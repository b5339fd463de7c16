"""Values that cannot be changed, and one way to write them down: what messages are made of.

In: plain values, containers of them. Out: the same, frozen; their canonical JSON. Never: what a message is.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final, NoReturn, Self, TypeVar

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

__all__ = [
    "AS_THEY_ARE",
    "EMPTY",
    "FrozenDict",
    "FrozenList",
    "FrozenSet",
    "by_field_names",
    "canonical_json",
    "freeze",
    "freeze_json",
    "instances_inside",
]

_Kind = TypeVar("_Kind")


def _refuse(self: object, *_args: object, **_kwargs: object) -> NoReturn:
    raise TypeError(f"a {type(self).__name__} cannot be changed; make a new message with the new value")


class _Frozen:
    """What frozen containers have in common: a copy is the thing itself."""

    __slots__ = ()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: Any) -> Self:
        return self


class FrozenList(_Frozen, list[Any]):
    """A list, for everyone who reads it."""

    __slots__ = ()
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse
    __delitem__ = __iadd__ = __imul__ = __setitem__ = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenList, (list(self),)


class FrozenDict(_Frozen, dict[str, Any]):
    """A dict, for everyone who reads it."""

    __slots__ = ()
    clear = pop = popitem = setdefault = update = _refuse
    __delitem__ = __ior__ = __setitem__ = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)


class FrozenSet(_Frozen, set[Any]):
    """A set, for everyone who reads it."""

    __slots__ = ()
    add = clear = difference_update = discard = intersection_update = pop = remove = _refuse
    symmetric_difference_update = update = __iand__ = __ior__ = __isub__ = __ixor__ = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenSet, (set(self),)


EMPTY: Final = FrozenDict()
AS_THEY_ARE: Final = frozenset({str, int, float, bool, bytes, type(None), FrozenList, FrozenDict, FrozenSet})
"""The classes of values that `freeze` has nothing to do with."""


def freeze(value: Any) -> Any:
    """Return `value` with every list, dict and set inside it frozen; a frozen list still is a list, and so on."""
    if type(value) in AS_THEY_ARE:
        return value
    if isinstance(value, Mapping):
        return FrozenDict({key: freeze(item) for key, item in value.items()})
    if isinstance(value, list):
        return FrozenList(freeze(item) for item in value)
    if type(value) is tuple:
        return tuple(freeze(item) for item in value)
    if isinstance(value, set):
        return FrozenSet(value)
    return bytes(value) if isinstance(value, bytearray) else value


def freeze_json(value: Any) -> Any:
    """Return `value` frozen, and as JSON has it: objects, lists, plain values; others as pydantic writes them.

    Raises:
        ValueError: There is something in it that has no JSON.
    """
    if isinstance(value, Mapping):
        return FrozenDict({str(key): freeze_json(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return FrozenList(freeze_json(item) for item in value)
    if isinstance(value, str | int | float | None):
        return value
    try:
        return freeze(to_jsonable_python(value))
    except ValueError:
        raise ValueError(f"{type(value).__qualname__} has none") from None


def instances_inside(value: Any, kind: type[_Kind]) -> Iterator[_Kind]:
    """Give the instances of `kind` in `value` in their order, at any depth, but not those inside other instances."""
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, kind):
            yield value
        elif isinstance(value, Mapping):
            pending.extend(tuple(value.values())[::-1])
        elif isinstance(value, list | tuple):
            pending.extend(value[::-1])
        elif isinstance(value, set | frozenset):
            pending.extend(value)
        elif isinstance(value, BaseModel):
            pending.append(vars(value) | (getattr(value, "__pydantic_extra__", None) or {}))
        elif is_dataclass(value) and not isinstance(value, type):
            pending.append({each.name: getattr(value, each.name, None) for each in fields(value)})


def by_field_names(value: Any) -> Any:
    """Return `value` with each pydantic model in it as a dict of its fields, by the names that the hash knows too."""
    if isinstance(value, BaseModel):
        return by_field_names(_fields_of(value))
    if isinstance(value, Mapping):
        return {key: by_field_names(item) for key, item in value.items()}
    return [by_field_names(item) for item in value] if isinstance(value, list | tuple) else value


def canonical_json(value: Any, replace: Callable[[Any], Any]) -> bytes:
    """Write `value` as JSON in the one way: sorted keys, no spaces, UTF-8, sets sorted.

    Objects with one key that begins with `$` stand for what JSON lacks (a set, bytes, what `replace` gives); a key that
    begins so by itself gets one more `$`.

    Args:
        value: Plain values and containers; others become what pydantic makes of them for JSON.
        replace: Given each value first; what it returns is written instead, unless it is None.
    """

    def plain(value: Any) -> Any:  # noqa: PLR0911 - one return a kind of value
        if (other := replace(value)) is not None:
            return other
        if isinstance(value, str | int | float | None):
            return value
        if isinstance(value, Mapping):
            return {f"${key}" if str(key).startswith("$") else str(key): plain(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        if isinstance(value, set | frozenset):
            return {"$set": sorted((plain(item) for item in value), key=_dump)}
        if isinstance(value, bytes):
            return {"$bytes": value.hex()}
        if isinstance(value, BaseModel):
            return plain(_fields_of(value))
        if is_dataclass(value) and not isinstance(value, type):
            return plain({field.name: getattr(value, field.name) for field in fields(value)})
        return plain(to_jsonable_python(value))

    return _dump(plain(value)).encode("utf-8", "surrogatepass")


def _fields_of(model: BaseModel) -> dict[str, Any]:
    return {name: getattr(model, name) for name in type(model).model_fields} | (model.__pydantic_extra__ or {})


def _dump(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
