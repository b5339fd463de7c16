"""Marks that stand in a list of agents where an agent could stand."""

from enum import Enum
from typing import Final

__all__ = ["AWAIT", "CLEAR", "Sentinel"]


class Sentinel(Enum):
    """The marks themselves; `AWAIT` and `CLEAR` are their everyday names."""

    AWAIT = "AWAIT"
    """Wait until everything before it is there, then go on with it."""
    CLEAR = "CLEAR"
    """Start what comes after it with no messages."""

    def __repr__(self) -> str:
        return self.value


AWAIT: Final = Sentinel.AWAIT
CLEAR: Final = Sentinel.CLEAR
