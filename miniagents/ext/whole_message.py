"""A message that streams now, and of which only its end tells what it is.

In: a message, when it is whole. Out: that very message, where a class of messages is asked for. Never: what streams.
"""

from typing import Any, ClassVar

from ..messages import Message

__all__ = ["WholeMessage"]


class WholeMessage(Message):
    """Makes a message that is there already, of a class that nobody knew when it began to stream.

    `WholeMessage.promise(…, afterwards=fields)`, with the message under `MESSAGE` in `fields` by the end.
    """

    MESSAGE: ClassVar = "message"

    def __new__(cls, **fields: Any) -> Message:  # type: ignore[misc]  # what it returns is what counts
        """Return the message."""
        message: Message = fields[cls.MESSAGE]
        return message
