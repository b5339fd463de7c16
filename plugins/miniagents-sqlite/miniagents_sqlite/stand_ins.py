"""Classes of messages that nobody here knows, so that what is read can be written again as it was.

In: the name of a class. Out: a class of messages that takes any fields. Never: what such a message means.
"""

from collections.abc import Iterator, Mapping

from miniagents import Message
from miniagents.messages import ErrorMessage

__all__ = ["STAND_INS"]


class _AnyFields(Message, extra="allow"):
    """The fields of a message, and any others."""


class _StandIns(Mapping[str, type[Message]]):
    """Has a class by every name."""

    def __init__(self) -> None:
        self._made: dict[str, type[Message]] = {"ErrorMessage": ErrorMessage}

    def __getitem__(self, name: str) -> type[Message]:
        if name not in self._made:
            self._made[name] = type(name, (_AnyFields,), {"__module__": __name__})
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


STAND_INS = _StandIns()
"""To be given as `message_classes`."""
