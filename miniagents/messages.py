"""Messages and the promises of them: the names that a user imports.

`message` holds one, `pieces` several; `content` has the parts of those that are more than text, and is imported when
one of its names is asked for: most programs say text.
"""

from typing import TYPE_CHECKING, Any

from .message import ErrorMessage, Message, MessagePromise
from .pieces import MessageSequencePromise, MessageTuple, MessageType

if TYPE_CHECKING:
    from .content import Audio, File, Image, Other, Part, Text, Thinking, Thought, ToolCall, ToolResult

__all__ = [
    "Audio",
    "ErrorMessage",
    "File",
    "Image",
    "Message",
    "MessagePromise",
    "MessageSequencePromise",
    "MessageTuple",
    "MessageType",
    "Other",
    "Part",
    "Text",
    "Thinking",
    "Thought",
    "ToolCall",
    "ToolResult",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import content  # noqa: PLC0415 - see above

    return getattr(content, name)
