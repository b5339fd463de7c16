"""Agents: functions that take messages and reply with messages, each call in a task of its own, started at once.

In: whatever can be a message. Out: a `MessageSequencePromise`, at once. Never: what a message says, who shows it.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Self, cast, overload

from .errors import UsageError
from .frozen import EMPTY
from .messages import Message, MessagePromise, MessageSequencePromise, MessageType
from .persistence import OnPersistMessage, Persistence
from .pieces import is_plain_text, pieces_of, sequence_of, tell_as_message
from .promising.passing import source_that
from .promising.scope import Scope
from .promising.source import Source
from .promising.work import Work

__all__ = ["InteractionContext", "Message", "MessagePromise", "MiniAgent", "MiniAgents", "miniagent"]


class MiniAgents(Scope):
    """The scope in which agents run: `async with MiniAgents():`.

    It owns every task. Leaving it normally waits for the agents; leaving it by an error or a cancellation (Ctrl-C)
    cancels them first and is done within 0.1 s. An error that nobody has read by then is logged, in one line.

    Args:
        errors_as_messages: Whether an agent that fails replies an `ErrorMessage` instead of raising at its reader.
        on_persist_message: Called with each message that is sent or replied in this scope, once it is whole and only
            once however many agents it passes, the messages inside it before it; may be async. One call at a time.
            Before the scope ends all calls have been made, also where it is left by an error. What a call raises is
            logged when the scope ends, and the next message follows. Of a nested scope the outer one's is called too.
    """

    def __init__(self, *, errors_as_messages: bool = False, on_persist_message: OnPersistMessage | None = None) -> None:
        super().__init__(errors_as_pieces=errors_as_messages)
        self._on_persist_message = on_persist_message

    def _enter(self) -> None:
        super()._enter()
        if self._on_persist_message is not None:
            persistence = Persistence(self._on_persist_message, self)
            self.on_made = persistence.add
            self.at_end(persistence.close)


class InteractionContext:
    """One call of an agent, seen from inside: what came in, and the way out."""

    __slots__ = ("_sent", "_work", "agent")

    def __init__(self, agent: "MiniAgent", sent: MessageSequencePromise | str | None, work: Work) -> None:
        """For `MiniAgent.inquire`."""
        self.agent = agent
        """The agent that was called, with the parameters it was forked with."""
        self._sent = sent
        self._work = work

    @property
    def message_promises(self) -> MessageSequencePromise:
        """What the caller sent; may still be arriving, and can be read any number of times."""
        if not isinstance(self._sent, MessageSequencePromise):  # a text: not every agent looks at it
            self._sent = sequence_of(self._sent, self.agent.alias)
        return self._sent

    def reply(self, messages: MessageType, /) -> Self:
        """Add to the reply, in this order whatever arrives first; returns at once.

        Raises:
            UnsupportedPieceError: Something in `messages` can be no message.
        """
        for piece in pieces_of(messages, self.agent.alias):
            self._work.source.push(piece)
            self._work.scope.made(piece)
        return self

    def reply_out_of_order(self, messages: MessageType, /) -> Self:
        """Add to the reply what may overtake and be overtaken; returns at once.

        Each message takes its place when its first token comes, whatever was replied before it and has not begun. The
        messages of one sequence, of another agent's reply say, stay in their order; those of a list need not. The call
        lasts until all of them have their places.

        Raises:
            UnsupportedPieceError: Something in `messages` can be no message.
        """
        for piece in pieces_of(messages, self.agent.alias):
            self._work.scope.made(piece)
            source: Source[Any] = Source()
            work = Work(None, source)
            work.held = False
            if self._work.waits_for is None:
                self._work.waits_for = set()
            self._work.waits_for.add(source)
            work.start(self._overtake, piece, source)
        return self

    async def drain(self) -> None:
        """Wait until the readers of a reply that is not kept (`keep=False`) have caught up; else just let others run.

        Raises:
            CancelledError: They have all left: the call stops.
        """
        await self._work.source.room()

    async def _overtake(self, piece: MessagePromise | MessageSequencePromise, source: Source[Any]) -> None:
        """Reply the messages of `piece` one by one as they begin, and its error, if it has one, where it comes."""
        sequence = MessageSequencePromise(piece) if isinstance(piece, MessagePromise) else piece
        try:
            async for promise in sequence.unwanted():
                await promise.begun()
                self._work.source.push(promise)
        except Exception:
            self._work.source.push(MessageSequencePromise.over(source, None))
            raise
        finally:
            cast("set[Source[Any]]", self._work.waits_for).discard(source)


class MiniAgent:
    """An agent: an async function of an `InteractionContext`, and the parameters that it is to be called with.

    Immutable and free of any scope: define and fork agents anywhere, call them inside `async with MiniAgents()`.
    """

    __slots__ = ("_errors_as_messages", "_function", "_keep", "_parameters", "alias", "description")

    _function: Callable[..., Awaitable[None]]
    _errors_as_messages: bool | None
    _keep: bool
    alias: str
    """The name it has in errors, trails and transcripts."""
    description: str
    """What it is for: the function's docstring, unless told otherwise."""
    _parameters: dict[str, Any]

    def __init__(  # noqa: PLR0913 - by name
        self,
        function: Callable[..., Awaitable[None]],
        *,
        alias: str,
        description: str = "",
        errors_as_messages: bool | None = None,
        keep: bool = True,
        parameters: Mapping[str, Any] = EMPTY,
    ) -> None:
        """See `miniagent`, which checks the function first."""
        values = (function, errors_as_messages, keep, dict(parameters), alias, description)
        names = ("_function", "_errors_as_messages", "_keep", "_parameters", "alias", "description")
        for name, value in zip(names, values, strict=True):
            object.__setattr__(self, name, value)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What it was forked with."""
        return MappingProxyType(self._parameters)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"an agent cannot be changed; `fork` it for another {name}")

    def fork(
        self,
        *,
        alias: str | None = None,
        description: str | None = None,
        errors_as_messages: bool | None = None,
        keep: bool | None = None,
        **parameters: Any,
    ) -> "MiniAgent":
        """Return an agent of the same function with these parameters on top of its own; any object will do.

        What `errors_as_messages` and `keep` mean `inquire` says; they hold for its calls that say nothing else.
        """
        return MiniAgent(
            self._function,
            alias=self.alias if alias is None else alias,
            description=self.description if description is None else description,
            errors_as_messages=self._errors_as_messages if errors_as_messages is None else errors_as_messages,
            keep=self._keep if keep is None else keep,
            parameters={**self._parameters, **parameters},
        )

    def inquire(
        self,
        messages: MessageType = None,
        /,
        *,
        timeout_s: float | None = None,
        errors_as_messages: bool | None = None,
        keep: bool | None = None,
        **parameters: Any,
    ) -> MessageSequencePromise:
        """Call the agent: it starts at once, and so does this return, with the promise of its reply.

        Args:
            messages: What to send; may still be arriving.
            timeout_s: Seconds after which the call, and what it called, is cancelled with a `CallTimeoutError`.
            errors_as_messages: Whether an error becomes an `ErrorMessage` at its place in the reply, for this call and
                those that it makes.
            keep: Whether the messages that are replied, the tokens of messages that the agent makes, and messages from
                an async iterable that it is sent, stay for readers to come. If not, memory stays flat however long they
                are: an async iterable is read no faster than the slowest reader reads, `drain` waits for that reader,
                and one that comes too late gets a `PiecesGoneError`.
            parameters: For the agent's function, before those that it was forked with.

        Raises:
            NoScopeError: There is no open scope.
            UnsupportedPieceError: Something in `messages` can be no message.
        """
        keep = self._keep if keep is None else keep
        source = source_that(keeps=keep)
        if errors_as_messages is None:
            errors_as_messages = self._errors_as_messages
        work = Work(self.alias, source, tell_as_message, errors_as_pieces=errors_as_messages, keeps_pieces=keep)
        sent: Any = messages
        if not is_plain_text(sent) or work.scope.on_made is not None:
            sent = sequence_of(sent, self.alias, keep=keep)
            work.scope.made(sent)
        if self._parameters:
            parameters = {**self._parameters, **parameters}
        work.start(self._function, InteractionContext(self, sent, work), **parameters)
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
