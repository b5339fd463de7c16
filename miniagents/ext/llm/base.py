"""The walk that all providers share: a conversation becomes a request, a request a stream of tokens, that a reply.

    messages ─encode→ request ─decode→ tokens ─reply→ MessagePromise
                                 └─ fills an `Answer`, which becomes the message's metadata

A provider says what is its own: `encode`, `decode`, `explain` (see `provider`). One reply is a `turn`; where tools are
called, or the reply has to fit a schema, there are `rounds` of them. In: an agent's context. Out: messages with the
role "assistant" that stream, and those of tools between them; or an error of `miniagents.errors`; never an empty reply.
Never: HTTP, an SDK, an environment.
"""

from typing import Any

from ...messages import Message, MessageSequencePromise, MessageType
from ...miniagents import InteractionContext
from .provider import Answer, Provider, Question, as_chat, nothing_to_send, sendable
from .terms import Terms
from .turn import Asking, reply_to

__all__ = ["Answer", "Provider", "Question", "Terms", "as_chat", "nothing_to_send", "reply_from", "sendable"]

_GO_ON = "Your last message was cut off. Go on exactly where it ends; repeat nothing of it, and put nothing before."
_AS_AGREED = Terms()


async def reply_from(
    ctx: InteractionContext, *providers: Provider[Any], terms: Terms = _AS_AGREED, system: MessageType = None
) -> None:
    """Reply to the conversation in `ctx` with what a model says to it.

    A request is made by the task that fills the reply's stream, and by no other: cancelling the reply, or letting go
    of it, closes the connection.

    Args:
        ctx: The call of the model agent.
        providers: Who is asked; the second where the first fails before its reply begins, and so on.
        terms: How often, with which tools, within which limits.
        system: Instructions that come before the conversation; may hold promises that are still arriving.
    """
    messages = tuple(await ctx.message_promises)
    if terms.resume and messages and messages[-1].role == "assistant":
        messages += (Message(text=_GO_ON, role="user"),)
    question = Question(
        messages=messages,
        system="" if system is None else str(await MessageSequencePromise([system])),
        effort=terms.effort,
    )
    asking = Asking(ctx.agent.alias, providers, terms)
    if terms.tools or terms.schema is not None:
        from .rounds import in_rounds  # noqa: PLC0415 - tools and schemas take time to import, and few replies have them

        await in_rounds(ctx, asking, question)
    else:
        ctx.reply(reply_to(asking, question))
