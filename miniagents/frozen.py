"""Values that cannot be changed, and one way to write them down: what messages are made of.

In: plain values, containers of them. Out: the same, frozen; their canonical JSON. Never: what a message is.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from pydantic_core import to_jsonable_python

__all__ = ["EMPTY", "MUTABLE", "FrozenDict", "FrozenList", "canonical_json", "freeze"]


def _refuse(self: object, *_args: object, **_kwargs: object) -> NoReturn:
    raise TypeError(f"a {type(self).__name__} cannot be changed; make a new message with the new value")


class FrozenList(list[Any]):
    """A list, for everyone who reads it."""

    __slots__ = ()
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse
    __delitem__ = __iadd__ = __imul__ = __setitem__ = _refuse


class FrozenDict(dict[str, Any]):
    """A dict, for everyone who reads it."""

    __slots__ = ()
    clear = pop = popitem = setdefault = update = _refuse
    __delitem__ = __ior__ = __setitem__ = _refuse


EMPTY: Final = FrozenDict()
MUTABLE: Final = frozenset({list, dict, set, bytearray})
"""The classes that `freeze` replaces."""


def freeze(value: Any) -> Any:
    """Return `value` with every list, dict and set inside it frozen; a frozen list still is a list, and so on."""
    if isinstance(value, Mapping):
        return FrozenDict({key: freeze(item) for key, item in value.items()})
    if isinstance(value, list):
        return FrozenList(freeze(item) for item in value)
    if type(value) is tuple:
        return tuple(freeze(item) for item in value)
    if isinstance(value, set | frozenset):
        return frozenset(value)
    return bytes(value) if isinstance(value, bytearray) else value


def canonical_json(value: Any, replace: Callable[[Any], Any]) -> bytes:
    """Write `value` as JSON in the one way: sorted keys, no spaces, UTF-8, sets sorted.

    Objects with one key that begins with `$` stand for what JSON lacks (a set, what `replace` gives); a key that begins
    so by itself gets one more `$`.

    Args:
        value: Plain values and containers; others become what pydantic makes of them for JSON.
        replace: Given each value first; what it returns is written instead, unless it is None.
    """

    def plain(value: Any) -> Any:
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
        return plain(to_jsonable_python(value))

    return _dump(plain(value)).encode("utf-8", "surrogatepass")


def _dump(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
