"""The walk that all providers share: a conversation becomes a request, a request a stream of tokens, that a reply.

    messages ─encode→ request ─decode→ tokens ─reply→ MessagePromise
                                 └─ fills an `Answer`, which becomes the message's metadata

A provider says what is its own: `encode`, `decode`, `explain`. In: an agent's context. Out: one message with the role
"assistant" that streams, or an error of `miniagents.errors`; never an empty reply. Never: HTTP, an SDK, an environment.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from ...errors import BadAnswerError, ModelError, ProviderUnreachableError, ReplyCutError, RequestRefusedError
from ...messages import Message, MessageSequencePromise, MessageType
from ...miniagents import InteractionContext

__all__ = ["Answer", "Provider", "as_chat", "nothing_to_send", "reply_from", "sendable"]

_Request = TypeVar("_Request")


@dataclass(slots=True)
class Answer:
    """What is known of a reply beside its text. A provider fills it while the reply comes; None is not known."""

    model: str | None = None
    """The model's name as the provider reports it."""
    id: str | None = None
    finish_reason: str | None = None
    """Why the reply ended: "stop", "length", "content_filter", "tool_calls", or a word of the provider's own.

    It is the end mark: a reply without one was cut.
    """
    usage: dict[str, int] | None = None
    """Counts of tokens: "in" (all of the request), "out" (of the reply), "cached" (of the request, and remembered)."""
    more: dict[str, Any] = field(default_factory=dict)
    """What only this provider tells; goes into the metadata as it is."""


class Provider(Protocol[_Request]):
    """One model of one provider, ready to be asked once."""

    @property
    def model(self) -> str:
        """The model's name, as it was asked for."""

    @property
    def host(self) -> str:
        """Who is asked, for errors: a host without scheme, path and key, or the path of a local model."""

    def encode(self, messages: Sequence[Message], system: str) -> _Request:
        """Return the conversation as the provider wants it, with the instructions `system` ("" for none).

        Raises:
            ModelError: There is nothing in it that could be sent.
        """

    def decode(self, request: _Request, answer: Answer) -> AsyncGenerator[str, None]:
        """Send the request when the first token is asked for, give the tokens as they come, fill `answer`.

        Closing the generator, or cancelling whoever reads it, closes the connection.
        """

    def explain(self, error: Exception) -> ModelError | None:
        """Return what `error`, which `decode` raised, means to a person; None where it is no fault of a provider's."""


async def reply_from(ctx: InteractionContext, provider: Provider[_Request], *, system: MessageType = None) -> None:
    """Reply to the conversation in `ctx` with what `provider` says to it.

    The request is made by the task that fills the reply's stream, and by no other: cancelling the reply, or letting go
    of it, closes the connection.

    Args:
        ctx: The call of the model agent.
        provider: Who is asked.
        system: Instructions that come before the conversation; may hold promises that are still arriving.
    """
    messages = await ctx.message_promises
    instructions = "" if system is None else str(await MessageSequencePromise([system]))
    request = provider.encode(messages, instructions)
    afterwards: dict[str, Any] = {}
    known = {"model": provider.model, "agent": ctx.agent.alias}
    tokens = _tokens(provider, request, afterwards)
    ctx.reply(Message.promise(tokens, role="assistant", metadata=known, afterwards=afterwards))


def as_chat(messages: Iterable[Message], system: str) -> list[dict[str, str]]:
    """Return the conversation in the shape that most APIs share: `{"role": …, "content": …}`, the instructions first.

    Who has no role is a user; a message with more than text sends its `str`. Where nobody is a user, other agents have
    spoken, as in a chain: then they are the users.
    """
    turns = [{"role": message.role or "user", "content": sendable(str(message))} for message in messages]
    if not any(turn["role"] == "user" for turn in turns):
        turns = [turn | {"role": "user"} if turn["role"] == "assistant" else turn for turn in turns]
    return [{"role": "system", "content": sendable(system)}, *turns] if system else turns


def sendable(text: str) -> str:
    """Return `text` as it can be sent: half a surrogate pair, from a file name or a terminal, is no reason to fail."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def nothing_to_send(host: str) -> RequestRefusedError:
    """Return the error for a conversation that no provider could answer."""
    return RequestRefusedError(
        "nothing to send: there is no message of a user", host=host, cure="give the model agent a message"
    )


async def _tokens(
    provider: Provider[_Request], request: _Request, afterwards: dict[str, Any]
) -> AsyncGenerator[str, None]:
    clock = asyncio.get_running_loop().time
    started_s = clock()
    first_token_s: float | None = None
    answer = Answer()
    failure: ModelError | None
    try:
        async with aclosing(provider.decode(request, answer)) as tokens:
            async for token in tokens:
                if first_token_s is None and token:
                    first_token_s = round(clock() - started_s, 4)
                yield token
    except Exception as error:
        failure = _explained(provider, error, begun=first_token_s is not None)
        if failure is None:
            raise
    else:
        failure = _flaw(provider.host, answer, begun=first_token_s is not None)
    if failure is not None:
        # Raised here, outside of the `except`, and alone: what an SDK raised knows the request, its key included.
        failure.__cause__ = failure.__context__ = None
        raise failure
    told = {"model": answer.model, "id": answer.id, "finish_reason": answer.finish_reason, "usage": answer.usage}
    afterwards["metadata"] = {
        **{name: value for name, value in told.items() if value},
        **answer.more,
        "latency_s": round(clock() - started_s, 4),
        "first_token_s": first_token_s,
    }


def _explained(provider: Provider[Any], error: Exception, *, begun: bool) -> ModelError | None:
    failure = error if isinstance(error, ModelError) else provider.explain(error)
    if begun and isinstance(failure, ProviderUnreachableError | BadAnswerError):
        return ReplyCutError(f"the reply was cut: {failure.cause}", host=failure.host, cure="ask again")
    return failure


_FLAWS: dict[str | None, tuple[type[ModelError], str, str]] = {
    "content_filter": (
        RequestRefusedError,
        "its content filter stopped the reply before the first word",
        "rephrase the request",
    ),
    "length": (BadAnswerError, "an empty reply: its tokens were used up before the first word", "raise max_tokens"),
    "tool_calls": (
        BadAnswerError,
        "an empty reply: the model wants a tool to be called, and nobody here does that",
        "leave `tools` out",
    ),
    None: (BadAnswerError, "an empty reply", "try again, or another model"),
}
"""What an answer without a text means, by its finish reason."""


def _flaw(host: str, answer: Answer, *, begun: bool) -> ModelError | None:
    """Return what is wrong with an answer that ended without an error."""
    if begun:
        if answer.finish_reason is None:
            return ReplyCutError("the reply ended without its end mark", host=host, cure="ask again")
        return None
    if answer.finish_reason in _FLAWS:
        kind, cause, cure = _FLAWS[answer.finish_reason]
        return kind(cause, host=host, cure=cure)
    kind, cause, cure = _FLAWS[None]
    return kind(f"{cause} (finish reason: {answer.finish_reason})", host=host, cure=cure)
