"""Plugins: found, asked what they offer, and imported when something of it is wanted."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .found import ENTRY_POINT_GROUP as ENTRY_POINT_GROUP
    from .found import Found as Found
    from .loading import Member as Member
    from .loading import Plugins as Plugins
    from .loading import load as load
    from .offers import by_note as by_note

__all__ = ["ENTRY_POINT_GROUP", "Found", "Member", "Plugins", "by_note", "load"]

_ROOMS = {
    "ENTRY_POINT_GROUP": ".found",
    "Found": ".found",
    "Member": ".loading",
    "Plugins": ".loading",
    "by_note": ".offers",
    "load": ".loading",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and no more: who only looks which plugins there are waits for no agent."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name], __name__), name)
