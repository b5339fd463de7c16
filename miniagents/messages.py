"""Messages and the promises of them: the names that a user imports. `message` holds one, `pieces` holds several."""

from .message import ErrorMessage, Message, MessagePromise
from .pieces import MessageSequencePromise, MessageTuple, MessageType

__all__ = ["ErrorMessage", "Message", "MessagePromise", "MessageSequencePromise", "MessageTuple", "MessageType"]
