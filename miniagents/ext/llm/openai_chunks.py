"""The events of a chat completion's stream, and what they say: tokens, and all that an `Answer` holds.

Format: https://platform.openai.com/docs/api-reference/chat-streaming, as the SDK 3.54 types it (2026-11-22), and as
compatible servers bend it. A chunk that is a token and nothing else, which most are, is read into a typed struct; any
other the way that the SDK's objects were read. Never: HTTP, an SDK. Imported at the first call, for msgspec's sake.
"""

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final, Literal

import msgspec

from ...content import Part, Thought
from ...frozen import EMPTY
from .endpoint import Endpoint
from .events import ServerSentEvent, keep, loose
from .faults import refusal
from .openai_said import Said
from .provider import Answer

__all__ = ["Chunks", "take_whole", "usage_of"]

_DONE: Final = b"[DONE]"

_KNOWN: Final = frozenset(
    {"id", "object", "created", "model", "choices", "usage", "service_tier", "system_fingerprint", "obfuscation"}
)
"""Fields of a chunk; the last is a filler that keeps the length of a token secret."""
_KNOWN_OF_CHOICE: Final = frozenset({"index", "delta", "finish_reason", "logprobs"})
_KNOWN_OF_USAGE: Final = frozenset(
    {"prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "completion_tokens_details"}
)


class _Delta(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    content: str | None = None
    role: str | None = None
    refusal: None = None
    tool_calls: None = None
    function_call: None = None
    reasoning_content: str | None = None
    reasoning: None = None


class _Choice(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    delta: _Delta
    index: Literal[0] = 0
    finish_reason: None = None
    logprobs: None = None
    stop_reason: None = None


class _Token(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A chunk that says one token of the first choice; whatever has more to say does not fit into it."""

    choices: tuple[_Choice]
    id: str | None = None
    object: str | None = None
    created: float | None = None
    model: str | None = None
    usage: None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    obfuscation: str | None = None


_token: Final = msgspec.json.Decoder(_Token).decode


class Chunks:
    """Makes tokens of chunks: see `TokenDecoder`."""

    def __init__(self, answer: Answer, endpoint: Endpoint, model: str, *, headers: Mapping[str, str] = EMPTY) -> None:
        self.ended = False
        self._answer = answer
        self._endpoint = endpoint
        self._model = model
        self._headers = headers
        self._said = Said()

    def tokens(self, events: Iterable[ServerSentEvent]) -> Iterator[str | Part]:
        """Give the tokens of these events, of text and of thinking; calls of tools at the end, when they are whole.

        Raises:
            ModelError: An event is an error.
            json.JSONDecodeError: An event is no JSON.
            AttributeError, KeyError, TypeError: It is JSON of another shape.
        """
        for _, data in events:
            if data.startswith(_DONE):
                yield from self._said.close()  # no finish reason may have come
                self.ended = True
                return
            try:
                delta = _token(data).choices[0].delta
            except (msgspec.MsgspecError, ValueError):  # msgspec's and Python's own for bytes that are no UTF-8
                yield from self._taken(loose(data))
            else:
                if not self._answer.model:  # the first chunk
                    self._know(loose(data))
                if thought := delta.reasoning_content or delta.reasoning:
                    self._said.thoughts.append(thought)
                    yield Thought(thought)
                if token := delta.content:
                    if self._said.thoughts:
                        yield from self._said.think_no_more()
                    yield token

    def _taken(self, chunk: Any) -> Iterator[str | Part]:
        self._know(chunk)
        if chunk.choices and not (choice := chunk.choices[0]).index:
            yield from self._said.take(choice.delta)
            if choice.finish_reason is not None:
                yield from self._said.close()

    def _know(self, chunk: Any) -> None:
        answer = self._answer
        if isinstance(chunk, dict) and (error := chunk.get("error")):
            raise refusal(HTTPStatus.OK, error, self._endpoint, self._model, headers=self._headers)
        if not answer.model:
            answer.model, answer.id = chunk.model, chunk.id
        kept = answer.more.get("extra", {})
        if chunk.choices and not (choice := chunk.choices[0]).index and choice.finish_reason is not None:
            answer.finish_reason = choice.finish_reason
            keep(kept, choice, _KNOWN_OF_CHOICE)
        if chunk.usage is not None:
            answer.usage = usage_of(chunk.usage)
            keep(kept, chunk.usage, _KNOWN_OF_USAGE)
        keep(kept, chunk, _KNOWN)
        if kept:
            answer.more["extra"] = kept


def usage_of(usage: Any) -> dict[str, int]:
    """Translate the counts; the cached tokens are among those that went in."""
    details = usage.prompt_tokens_details
    counts = {
        "in": usage.prompt_tokens or 0,
        "out": usage.completion_tokens or 0,
        "cached": (details.cached_tokens if details else None) or 0,
    }
    if (more := usage.completion_tokens_details) and (thinking := getattr(more, "reasoning_tokens", None)):
        counts["thinking"] = thinking
    return counts


def take_whole(data: bytes, answer: Answer) -> Iterator[str | Part]:
    """Give what an answer in one piece says, as `Chunks` would; fill `answer`.

    Raises:
        AttributeError, KeyError, TypeError: It is JSON of another shape.
    """
    completion = loose(data)
    choice = completion.choices[0]
    answer.model, answer.id = completion.model, completion.id
    answer.finish_reason = choice.finish_reason
    if completion.usage is not None:
        answer.usage = usage_of(completion.usage)
    said = Said()
    yield from said.take(choice.message)
    yield from said.close()
