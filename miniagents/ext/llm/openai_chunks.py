"""The events of a chat completion's stream, and what they say: tokens, and all that an `Answer` holds.

Format: https://platform.openai.com/docs/api-reference/chat-streaming, as the SDK 3.57 types it (2026-11-26), and as
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
from .openai_said import KNOWN, Said
from .provider import Answer

__all__ = ["Chunks", "take_whole", "usage_of"]

_DONE: Final = b"[DONE]"

_KNOWN: Final = frozenset(
    {"id", "object", "created", "model", "choices", "usage", "service_tier", "system_fingerprint", "obfuscation"}
)
"""Fields of a chunk; the last is a filler that keeps the length of a token secret."""
_KNOWN_OF_CHOICE: Final = frozenset({"index", "delta", "message", "finish_reason", "logprobs"})
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

    def __init__(
        self,
        answer: Answer,
        endpoint: Endpoint,
        model: str,
        *,
        headers: Mapping[str, str] = EMPTY,
        sound_type: str = "",
    ) -> None:
        """Begin; `sound_type` is the media type of what is heard, which only the request says."""
        self.ended = False
        self._answer = answer
        self._endpoint = endpoint
        self._model = model
        self._headers = headers
        self._said = Said(sound_type)

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
                    _know(loose(data), self._answer)
                if thought := delta.reasoning_content or delta.reasoning:
                    self._said.thoughts.append(thought)
                    yield Thought(thought)
                if token := delta.content:
                    if self._said.thoughts:
                        yield from self._said.think_no_more()
                    yield token

    def _taken(self, chunk: Any) -> Iterator[str | Part]:
        if isinstance(chunk, dict) and (error := chunk.get("error")):
            raise refusal(HTTPStatus.OK, error, self._endpoint, self._model, headers=self._headers)
        _know(chunk, self._answer)
        if chunk.choices and not (choice := chunk.choices[0]).index:
            yield from self._said.take(choice.delta)
            if choice.finish_reason is not None:
                yield from self._said.close()


def _know(told: Any, answer: Answer) -> None:
    """Fill an answer from a chunk, or from a whole completion."""
    if not answer.model:
        answer.model, answer.id = told.model, told.id
    kept = answer.more.get("extra", {})
    if told.choices and not (choice := told.choices[0]).index:
        keep(kept, choice.delta or choice.message or {}, KNOWN)
        if choice.finish_reason is not None:
            answer.finish_reason = choice.finish_reason
            keep(kept, choice, _KNOWN_OF_CHOICE)
    if told.usage is not None:
        answer.usage = usage_of(told.usage)
        keep(kept, told.usage, _KNOWN_OF_USAGE)
    keep(kept, told, _KNOWN)
    if kept:
        answer.more["extra"] = kept


def usage_of(usage: Any) -> dict[str, int]:
    """Translate the counts; the tokens from a cache, and into one, are among those that went in."""
    details = usage.prompt_tokens_details
    counts = {
        "in": usage.prompt_tokens or 0,
        "out": usage.completion_tokens or 0,
        "cached": (details.cached_tokens if details else None) or 0,
    }
    if details and (written := getattr(details, "cache_write_tokens", None)):
        counts["cache_written"] = written
    if (more := usage.completion_tokens_details) and (thinking := getattr(more, "reasoning_tokens", None)):
        counts["thinking"] = thinking
    return counts


def take_whole(data: bytes, answer: Answer, sound_type: str = "") -> Iterator[str | Part]:
    """Give what an answer in one piece says, as `Chunks` would; fill `answer`.

    Raises:
        AttributeError, KeyError, TypeError: It is JSON of another shape.
    """
    completion = loose(data)
    _know(completion, answer)
    said = Said(sound_type)
    yield from said.take(completion.choices[0].message)
    yield from said.close()
