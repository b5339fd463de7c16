"""Where each key comes from, and whether it is there.

In: an environment, the process's own, the names of keys that plugins need. Out: rows of words. Never: a key.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..config.environment import OUR_KEYS, key_of, unopened
from ..config.key import IN_FILE, NAME, Key

__all__ = ["Source", "sources"]


class Source(NamedTuple):
    """One key, in words."""

    variable: str
    origin: str
    """"environment", ".env", "keys file", "cmd" or "keyring"; "" where there is none."""
    state: str
    """"set", "not set", "held back", or "asked for when it is needed", and what there is to say of it."""


def sources(
    environment: Mapping[str, str], own: Mapping[str, str], kept: Mapping[str, Key], needed: Mapping[str, str]
) -> Iterator[Source]:
    """Give all keys that are known of, by name.

    Args:
        environment: What model agents get.
        own: The process's environment.
        kept: What the keys file has.
        needed: Variables of keys that plugins need, each with where one gets it.
    """
    found = (name for name, value in own.items() if value and NAME.fullmatch(name) and name.endswith("_API_KEY"))
    for variable in sorted({*OUR_KEYS, *kept, *needed, *found}):
        key = key_of(environment, variable)
        if key is not None:
            yield Source(variable, key.origin, "set" if key.origin == IN_FILE else "asked for when it is needed")
        elif unopened(environment).get(variable):
            is_own = own.get(variable) == unopened(environment)[variable]
            yield Source(variable, "environment" if is_own else ".env", "set")
        elif own.get(variable) or variable in kept:
            origin = "environment" if own.get(variable) else kept[variable].origin
            yield Source(variable, origin, "held back: the base URL comes from a .env")
        else:
            where = needed.get(variable)
            yield Source(variable, "", f"not set; get one at {where}" if where else "not set")
