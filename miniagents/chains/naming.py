"""Messages with the name of the agent that said them.

In: a message promise. Out: the promise of the same message, as it arrives. Never: an agent, a run.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

from ..content import Part
from ..ext.whole_message import WholeMessage
from ..messages import Message, MessagePromise

__all__ = ["named"]


def named(promise: MessagePromise, name: str, failed: Callable[[BaseException], None]) -> MessagePromise:
    """Return the same message with `agent` in its metadata.

    Args:
        promise: The message.
        name: The agent's.
        failed: Told what it breaks by, before anybody who reads it is.
    """
    keeps = promise._source.keeps  # noqa: SLF001 - what is not kept is gone when it was read: nobody can await it, too
    if promise.is_done and keeps:
        try:
            return MessagePromise.of(_with(promise.take(), name))
        except Exception:  # noqa: BLE001, S110 - whoever reads it gets it, as far as it came
            pass
    afterwards: dict[str, Any] = {}

    async def pieces() -> AsyncIterator[str | Part]:
        try:
            async for piece in promise.parts():
                yield piece
            if keeps:
                afterwards[WholeMessage.MESSAGE] = _with(await promise, name)
        except Exception as error:
            failed(error)
            raise

    known = dict(promise.known_beforehand)
    known["metadata"] = {**known.get("metadata", {}), "agent": name}
    return (WholeMessage if keeps else Message).promise(pieces(), afterwards=afterwards, **known)


def _with(message: Message, name: str) -> Message:
    if message.metadata.get("agent") == name:
        return message
    return message.model_copy(update={"metadata": {**message.metadata, "agent": name}})
