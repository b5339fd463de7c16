"""A model that says what it is told, for miniagents: no key, no network, and the smallest whole plugin.

It has a model, a word of the chat, and a look for its replies: the three that most plugins begin with.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from miniagents import InteractionContext, Message, miniagent
from miniagents.errors import RequestRefusedError
from miniagents.hookspecs import Abilities, Chat, ModelProvider, Option, RegisterRenderer, Said, Word, hookimpl

__all__ = ["EchoReply", "echo_agent", "register_models", "register_renderers", "register_slash"]


class EchoReply(Message):
    """What the echo replies."""

    times: int = 1
    """How often it says what it was told."""


@miniagent
async def echo_agent(ctx: InteractionContext, /, *, model: str = "wall", times: int = 1, **_options: Any) -> None:
    """Say the last message again, word by word.

    Raises:
        RequestRefusedError: There is no message.
    """
    messages = await ctx.message_promises
    if not messages:
        raise RequestRefusedError("nothing to say again", host="echo", cure="say something")
    words = messages[-1].text.split() * times
    usage = {"in": sum(len(message.text.split()) for message in messages), "out": len(words)}
    ctx.reply(
        EchoReply.promise(_spaced(words), role="assistant", times=times, metadata={"model": model, "usage": usage})
    )


async def _spaced(words: list[str]) -> AsyncIterator[str]:
    for number, word in enumerate(words):
        yield f" {word}" if number else word


@hookimpl
def register_models(register: Callable[[ModelProvider], None]) -> None:
    """Offer the echo, under the name that a wall would have."""
    register(
        ModelProvider(
            name="echo",
            agent=echo_agent,
            source="this very process",
            way_out="use --model echo",
            default_model="wall",
            options={"times": Option(kind=int, least=1, most=10, help="how often it says it")},
            abilities=lambda _model: Abilities(),
            ready=_ready,
            rank=100,
        )
    )


@hookimpl
def register_slash(register: Callable[[Word], None]) -> None:
    """Offer a word that has the model hear something again."""
    register(Word(name="again", help="Say to the model what you said last.", act=_say_again))


@hookimpl
def register_renderers(register: RegisterRenderer) -> None:
    """Let echoes that were said more than once say so."""
    register(EchoReply, _count)


def _ready(_environment: Mapping[str, str]) -> str:
    return "always"


async def _say_again(chat: Chat, _rest: str) -> Said | None:
    questions = chat.questions()
    if not questions:
        chat.screen.tell("nothing was said yet")
        return None
    return {"text": questions[-1][1].text, "role": "user"}


def _count(reply: EchoReply) -> Any:
    from rich.text import Text  # noqa: PLC0415 - only at a terminal

    return Text(f"said {reply.times} times" if reply.times > 1 else "", style="italic")
