"""Agents: functions that take messages and reply with messages, each call in a task of its own, started at once.

In: whatever can be a message. Out: a `MessageSequencePromise`, at once. Never: what a message says, who shows it.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Self, overload

from .errors import UsageError
from .frozen import EMPTY
from .messages import ErrorMessage, Message, MessagePromise, MessageSequencePromise, MessageType
from .pieces import pieces_of, sequence_of
from .promising.scope import Scope
from .promising.stream import Source
from .promising.work import Work

__all__ = ["InteractionContext", "Message", "MessagePromise", "MiniAgent", "MiniAgents", "miniagent"]


class MiniAgents(Scope):
    """The scope in which agents run: `async with MiniAgents():`.

    It owns every task. Leaving it normally waits for the agents; leaving it by an error or a cancellation (Ctrl-C)
    cancels them first and is done within 0.1 s. An error that nobody has read by then is logged, in one line.

    Args:
        errors_as_messages: Whether an agent that fails replies an `ErrorMessage` instead of raising at its reader.
    """

    def __init__(self, *, errors_as_messages: bool = False) -> None:
        super().__init__(errors_as_pieces=errors_as_messages)


class InteractionContext:
    """One call of an agent, seen from inside: what came in, and the way out."""

    __slots__ = ("_source", "agent", "message_promises")

    def __init__(self, agent: "MiniAgent", message_promises: MessageSequencePromise, source: Source[Any]) -> None:
        """For `MiniAgent.inquire`."""
        self.agent = agent
        """The agent that was called, with the parameters it was forked with."""
        self.message_promises = message_promises
        """What the caller sent; may still be arriving, and can be read any number of times."""
        self._source = source

    def reply(self, messages: MessageType, /) -> Self:
        """Add to the reply, in this order whatever arrives first; returns at once.

        Raises:
            UnsupportedPieceError: Something in `messages` can be no message.
        """
        for piece in pieces_of(messages, self.agent.alias):
            self._source.push(piece)
        return self


class MiniAgent:
    """An agent: an async function of an `InteractionContext`, and the parameters that it is to be called with.

    Immutable and free of any scope: define and fork agents anywhere, call them inside `async with MiniAgents()`.
    """

    __slots__ = ("_errors_as_messages", "_function", "alias", "description", "parameters")

    _function: Callable[..., Awaitable[None]]
    _errors_as_messages: bool | None
    alias: str
    """The name it has in errors, trails and transcripts."""
    description: str
    """What it is for: the function's docstring, unless told otherwise."""
    parameters: Mapping[str, Any]
    """What it was forked with."""

    def __init__(
        self,
        function: Callable[..., Awaitable[None]],
        *,
        alias: str,
        description: str = "",
        errors_as_messages: bool | None = None,
        parameters: Mapping[str, Any] = EMPTY,
    ) -> None:
        """See `miniagent`, which checks the function first."""
        values = (function, errors_as_messages, alias, description, MappingProxyType(dict(parameters)))
        names = ("_function", "_errors_as_messages", "alias", "description", "parameters")
        for name, value in zip(names, values, strict=True):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"an agent cannot be changed; `fork` it for another {name}")

    def fork(
        self,
        *,
        alias: str | None = None,
        description: str | None = None,
        errors_as_messages: bool | None = None,
        **parameters: Any,
    ) -> "MiniAgent":
        """Return an agent of the same function with these parameters on top of its own; any object will do."""
        return MiniAgent(
            self._function,
            alias=self.alias if alias is None else alias,
            description=self.description if description is None else description,
            errors_as_messages=self._errors_as_messages if errors_as_messages is None else errors_as_messages,
            parameters={**self.parameters, **parameters},
        )

    def inquire(
        self,
        messages: MessageType = None,
        /,
        *,
        timeout_s: float | None = None,
        errors_as_messages: bool | None = None,
        **parameters: Any,
    ) -> MessageSequencePromise:
        """Call the agent: it starts at once, and so does this return, with the promise of its reply.

        Args:
            messages: What to send; may still be arriving.
            timeout_s: Seconds after which the call, and what it called, is cancelled with a `CallTimeoutError`.
            errors_as_messages: Whether an error becomes an `ErrorMessage` at its place in the reply, for this call.
            parameters: For the agent's function, before those that it was forked with.

        Raises:
            NoScopeError: There is no open scope.
            UnsupportedPieceError: Something in `messages` can be no message.
        """
        source: Source[Any] = Source()
        if errors_as_messages is None:
            errors_as_messages = self._errors_as_messages
        work = Work(self.alias, source, errors_as_pieces=errors_as_messages)
        context = InteractionContext(self, sequence_of(messages, self.alias), source)
        if self.parameters:
            parameters = {**self.parameters, **parameters}
        if work.errors_as_pieces:
            work.start(_replying_errors, context, partial(self._function, context, **parameters))
        else:
            work.start(partial(self._function, context, **parameters))
        if timeout_s is not None:
            work.expire(timeout_s)
        return MessageSequencePromise.over(source, work)

    def __repr__(self) -> str:
        return f"<MiniAgent {self.alias}>"


@overload
def miniagent(function: Callable[..., Awaitable[None]], /) -> MiniAgent: ...
@overload
def miniagent(
    *, alias: str | None = None, description: str | None = None, **parameters: Any
) -> Callable[[Callable[..., Awaitable[None]]], MiniAgent]: ...
def miniagent(
    function: Callable[..., Awaitable[None]] | None = None,
    /,
    *,
    alias: str | None = None,
    description: str | None = None,
    **parameters: Any,
) -> Any:
    """Make an agent of an async function that takes an `InteractionContext` and then whatever parameters it likes.

    `@miniagent` by itself, or with the agent's name, its description and parameters that it is to have from the start.

    Raises:
        UsageError: It is no async function.
    """
    if function is None:
        return lambda function: miniagent(function).fork(alias=alias, description=description, **parameters)
    if isinstance(function, type) or not (
        inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004 - of an object, it is as good
    ):
        raise UsageError(f"{function!r} cannot be an agent; write it as `async def …(ctx)`")
    name = getattr(function, "__name__", type(function).__name__)
    return MiniAgent(function, alias=name, description=inspect.getdoc(function) or "")


async def _replying_errors(context: InteractionContext, call: Callable[[], Awaitable[None]]) -> None:
    try:
        await call()
    except Exception as error:  # noqa: BLE001 - the caller asked for it as a message
        context.reply(ErrorMessage.of(error))
