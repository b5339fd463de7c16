"""What a provider of models is to the walk: what it is asked, what it answers, and what it has to be able to do.

In: messages. Out: a `Question`, an `Answer`, a conversation in the shape that most APIs share. Never: HTTP, an SDK, an
environment, how often a provider is asked.
"""

import json
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from ...errors import BadAnswerError, ModelError, ReplyCutError, RequestRefusedError
from ...frozen import EMPTY
from ...messages import Message

if TYPE_CHECKING:
    from ...content import Part, Thought
    from ...tools import Tool
    from .schema import Schema

__all__ = [
    "Answer",
    "Provider",
    "Question",
    "as_chat",
    "flaw_of",
    "name_of",
    "nothing_to_send",
    "schema_in_words",
    "sendable",
    "speaker_of",
]

_Request = TypeVar("_Request")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a model is asked, before anybody knows which API it is asked by."""

    messages: Sequence[Message]
    """The conversation. A message of the role "tool" has the results of tools."""
    system: str = ""
    """Instructions that come before it."""
    tools: "Sequence[Tool | Mapping[str, Any]]" = ()
    """What it may call; a mapping is a tool in the API's own words, sent as it is."""
    schema: "Schema | None" = None
    """What the reply's text has to fit."""
    effort: str | None = None
    """How hard a model that thinks is to think: "none", "minimal", "low", "medium", "high", or an API's own word."""


@dataclass(slots=True)
class Answer:
    """What is known of a reply beside its content. A provider fills it while the reply comes; None is not known."""

    model: str | None = None
    """The model's name as the provider reports it."""
    id: str | None = None
    finish_reason: str | None = None
    """Why the reply ended: "stop", "length", "content_filter", "tool_calls", or a word of the provider's own.

    It is the end mark: a reply without one was cut.
    """
    usage: dict[str, int] | None = None
    """Counts of tokens: "in" (all of the request), "out" (of the reply), "cached" (of the request, and remembered).

    Where they are told: "cache_written" (of the request, and remembered from now on), "thinking" (of the reply).
    """
    more: dict[str, Any] = field(default_factory=dict)
    """What only this provider tells; goes into the metadata as it is."""
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """Those of the HTTP answer, which may tell of limits; they go nowhere else."""


class Provider(Protocol[_Request]):
    """One model of one provider, ready to be asked. Subclass it for what has a default here."""

    api: str = ""
    """The name of what it speaks: "openai", "responses", "anthropic", …; the key in `Part.extra`."""
    service: str = ""
    """Who serves it, for prices and traces, if that is not `api`."""
    options: Mapping[str, Any] = EMPTY
    """What the API is told beside the conversation."""
    secrets: Sequence[str] = ()
    """What must never be written down: the key."""

    @property
    def model(self) -> str:
        """The model's name, as it was asked for."""

    @property
    def host(self) -> str:
        """Who is asked, for errors: a host without scheme, path and key, or the path of a local model."""

    def encode(self, question: Question) -> _Request:
        """Return the question as the provider wants it.

        Raises:
            ModelError: There is nothing in it that could be sent, or something that could not.
        """

    def decode(self, request: _Request, answer: Answer) -> "AsyncGenerator[str | Thought | Part, None]":
        """Send the request when the first piece is asked for, give the pieces as they come, fill `answer`.

        A piece is a token of the text, a token of thinking, or a whole part (see `Message.promise`). May be called
        again, for another try. Closing the generator, or cancelling whoever reads it, closes the connection.
        """

    def explain(self, error: Exception) -> ModelError | None:
        """Return what `error`, which `decode` raised, means to a person; None where it is no fault of a provider's."""


def as_chat(messages: Iterable[Message], system: str) -> list[dict[str, str]]:
    """Return the conversation in the shape that most APIs share: `{"role": …, "content": …}`, the instructions first.

    Who has no role is a user; a message with more than text sends its text, or a description of what it is. Where
    nobody is a user, other agents have spoken, as in a chain: then they are the users.
    """
    turns = [{"role": message.role or "user", "content": sendable(_text_of(message))} for message in messages]
    if not any(turn["role"] == "user" for turn in turns):
        turns = [turn | {"role": "user"} if turn["role"] == "assistant" else turn for turn in turns]
    return [{"role": "system", "content": sendable(system)}, *turns] if system else turns


def schema_in_words(schema: Mapping[str, Any]) -> str:
    """Return what a model is told of the form of its reply where the API has no other way to say it."""
    written = json.dumps(schema, ensure_ascii=False)
    return f"Reply with JSON only, nothing before and nothing after it, that fits this JSON Schema:\n\n{written}"


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


_FLAWS: Final[dict[str | None, tuple[type[ModelError], str, str]]] = {
    "content_filter": (
        RequestRefusedError,
        "its content filter stopped the reply before the first word",
        "rephrase the request",
    ),
    "length": (BadAnswerError, "an empty reply: its tokens were used up before the first word", "raise max_tokens"),
    None: (BadAnswerError, "an empty reply", "try again, or another model"),
}
"""What an answer without any content means, by its finish reason."""


def flaw_of(answer: Answer, host: str, *, begun: bool) -> ModelError | None:
    """Return what is wrong with an answer that ended without an error; `begun` says whether it had any content."""
    if begun:
        if answer.finish_reason is None:
            return ReplyCutError("the reply ended without its end mark", host=host, cure="ask again")
        return None
    if answer.finish_reason in _FLAWS:
        kind, cause, cure = _FLAWS[answer.finish_reason]
        return kind(cause, host=host, cure=cure)
    kind, cause, cure = _FLAWS[None]
    return kind(f"{cause} (finish reason: {answer.finish_reason})", host=host, cure=cure)


def speaker_of(message: "Message") -> str:
    """Return the role of who speaks, as APIs name it: "user" where nobody knows, as in a damaged transcript."""
    return "user" if message.role in {None, "", "unknown"} else str(message.role)


def name_of(tool: "Tool | Mapping[str, Any]") -> str:
    """Return what a tool is called, also one in the words of an API."""
    if not isinstance(tool, Mapping):
        return tool.name
    inner = tool.get("function") or tool.get("custom") or {}
    return str(tool.get("name") or inner.get("name") or tool.get("type") or "")


def _text_of(message: Message) -> str:
    if message.text or not message.parts:
        return str(message)
    from ...content import described  # noqa: PLC0415 - most messages are text alone

    return described(message.parts)
