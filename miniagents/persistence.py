"""Messages on their way to whoever persists them: each once, what is inside one before it, none forgotten.

In: whatever is made in a scope. Out: calls of `on_persist_message`. Never: where messages are kept.
"""

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import Any, TypeAlias, cast
from weakref import WeakSet, WeakValueDictionary

from .messages import Message, MessagePromise, MessageSequencePromise
from .promising.failure import Failure
from .promising.scope import CURRENT, Scope

__all__ = ["OnPersistMessage", "Persistence"]

_LOGGER = logging.getLogger("miniagents")

OnPersistMessage: TypeAlias = Callable[[Message], Awaitable[None] | None]
"""Persists a message; may be async."""


class Persistence:
    """The queue between a scope and its `on_persist_message`: see `MiniAgents`."""

    def __init__(self, persist: OnPersistMessage, scope: Scope) -> None:
        """Begin with nothing; to be made when the scope is entered, as it passes on what the outer scope wants too."""
        self._persist = persist
        self._scope = scope
        self._outer = scope.on_made
        self._queue: deque[Message] = deque()
        self._seen: WeakValueDictionary[int, Message] = WeakValueDictionary()
        """The messages that were in the queue and still live, by their ids: equal ones are each persisted."""
        self._walked: WeakSet[MessageSequencePromise] = WeakSet()
        self._task: asyncio.Task[None] | None = None

    def add(self, what: Message | MessagePromise | MessageSequencePromise) -> None:
        """Take what is there already of this; what still arrives is added by whoever makes it, when it has come."""
        if self._outer is not None:
            self._outer(what)
        pending: list[Any] = [what]
        while pending:
            what = pending.pop()
            if isinstance(what, Message):
                self._add(what)
            elif what.is_handmade and what not in self._walked:
                if isinstance(what, MessagePromise):
                    self._add(what.take())
                else:
                    self._walked.add(what)
                    pending.extend(reversed(what.parts))

    def _add(self, message: Message) -> None:
        waiting = [message]
        while waiting:  # a thread of replies may be longer than the stack is high
            message = waiting[-1]
            if id(message) in self._seen:
                waiting.pop()
                continue
            inside = [each for each in message.inside if id(each) not in self._seen]
            if inside:
                waiting.extend(reversed(inside))
                continue
            self._seen[id(message)] = message
            self._queue.append(message)
            waiting.pop()
        if self._queue and self._task is None:
            context = copy_context()
            context.run(CURRENT.set, None)  # what persists is no part of what it persists
            self._task = asyncio.create_task(self._run(), name="on_persist_message", context=context)

    async def _run(self) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        try:
            while self._queue:
                try:
                    done = self._persist(self._queue[0])
                    if inspect.isawaitable(done):
                        await done
                except (Exception, asyncio.CancelledError) as error:  # reported, and the next one follows
                    if task.cancelling():
                        raise
                    name = f"on_persist_message of {self._queue[0].content_hash[:12]}"
                    Failure(error, name, unread=self._scope.unread)
                self._queue.popleft()
        finally:
            self._task = None

    async def close(self) -> None:
        """Wait until all that was added is persisted; if this is cancelled, the log says what was not."""
        try:
            while self._task is not None:
                await self._task
        finally:
            if self._queue:
                hashes = ", ".join(message.content_hash[:12] for message in self._queue)
                _LOGGER.error("%d messages were not persisted: %s", len(self._queue), hashes)
