"""The events of a message's stream, and what they say: tokens, and all that an `Answer` holds.

Format: https://platform.claude.com/docs/en/build-with-claude/streaming, as the SDK 2.12 types it (2026-11-22). An event
that is a token and nothing else, which most are, is read into a typed struct; any other the way that the SDK's objects
were read. Never: HTTP, an SDK. Imported at the first call, for msgspec's sake.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final, Literal

import msgspec

from .base import Answer
from .endpoint import Endpoint
from .events import Loose, ServerSentEvent, keep, loose
from .faults import refusal

__all__ = ["Events", "finish_reason_of", "usage_of"]

_FINISH_REASONS: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_COUNTS: Final = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")

_SAYING_NOTHING: Final = (b"", b"ping")
"""Names of events that the SDK passes over: none at all, and a sign of life."""
_NAMES: Final = frozenset(
    {
        *(b"message_start", b"message_delta", b"message_stop"),
        *(b"content_block_start", b"content_block_delta", b"content_block_stop"),
    }
)
_KNOWN_TYPES: Final = frozenset({"content_block_start", "content_block_delta", "content_block_stop", "ping"})
"""Types of events that keep nothing: they are many, and what they say belongs to the text."""
_KNOWN: Final = frozenset({"type", "message", "delta", "usage"})
_KNOWN_OF_MESSAGE: Final = frozenset({"type", "id", "role", "model", "content", "usage", "stop_reason"})


class _Delta(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    type: Literal["text_delta"]
    text: str


class _Token(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An event that says one token; whatever has more to say does not fit into it."""

    type: Literal["content_block_delta"]
    delta: _Delta
    index: int = 0


_token: Final = msgspec.json.Decoder(_Token).decode


class Events:
    """Makes tokens of events: see `TokenDecoder`."""

    def __init__(self, answer: Answer, endpoint: Endpoint, model: str, *, retry_after: str = "") -> None:
        self.ended = False
        self._answer = answer
        self._endpoint = endpoint
        self._model = model
        self._retry_after = retry_after
        self._counts: list[Any] = []

    def tokens(self, events: Iterable[ServerSentEvent]) -> Iterator[str]:
        """Give the tokens of these events; as in the SDK, those without a name say nothing.

        Raises:
            ModelError: An event is an error.
            json.JSONDecodeError: An event is no JSON.
            AttributeError, TypeError: It is JSON of another shape.
        """
        for name, data in events:
            token: str | None
            if name in _SAYING_NOTHING:
                continue
            if name == b"error":
                raise self._failure(data)
            try:
                token = _token(data).delta.text
            except (msgspec.MsgspecError, ValueError):  # msgspec's and Python's own for bytes that are no UTF-8
                token = self._taken(loose(data)) if name in _NAMES else self._of_the_future(data)
            if token:
                yield token
            if self.ended:
                return

    def _failure(self, data: bytes) -> Exception:
        body: Any
        try:
            body = loose(data)
        except json.JSONDecodeError:
            body = data.decode("utf-8", "replace")
        return refusal(HTTPStatus.OK, body, self._endpoint, self._model, retry_after=self._retry_after)

    def _of_the_future(self, data: bytes) -> str | None:
        """Take an event of a name that nobody knows, which may be anything, and is nothing to end a stream for."""
        with suppress(json.JSONDecodeError):
            event = loose(data)
            if isinstance(event, Loose):
                return self._taken(event)
        return None

    def _taken(self, event: Any) -> str | None:
        answer = self._answer
        kept = answer.more.get("extra", {})
        if event.type == "content_block_delta":
            return _text_of(event.delta)
        if event.type == "message_start":
            answer.model, answer.id = event.message.model, event.message.id
            self._counts.append(event.message.usage)
            keep(kept, event.message, _KNOWN_OF_MESSAGE)
            keep(kept, event, _KNOWN)
        elif event.type == "message_delta":
            self._counts.append(event.usage)
            answer.usage = usage_of(*self._counts)
            answer.finish_reason = finish_reason_of(event.delta.stop_reason)
            keep(kept, event.delta, _KNOWN_OF_MESSAGE)
            keep(kept, event, _KNOWN)
        elif event.type == "message_stop":
            self.ended = True
            keep(kept, event, _KNOWN)
        elif isinstance(event.type, str):
            keep(kept, {event.type: {name: event[name] for name in event if name != "type"}}, _KNOWN_TYPES)
        if kept:
            answer.more["extra"] = kept
        return None


def _text_of(delta: Any) -> str | None:
    if delta.type != "text_delta":
        return None
    text = delta.text
    if text is not None and not isinstance(text, str):
        raise TypeError("a token that is no text")
    return text


def finish_reason_of(reason: str | None) -> str | None:
    """Translate the reason, if OpenAI has a word for it."""
    return None if reason is None else _FINISH_REASONS.get(reason, reason)


def usage_of(*counts: Any) -> dict[str, int] | None:
    """Translate the counts, each of which updates those before it; here the cached tokens are not among the input's."""
    latest: dict[str, int] = {}
    for count in counts:
        for name in _COUNTS:
            if (value := getattr(count, name, None)) is not None:
                latest[name] = value
    if not latest:
        return None
    out, cached = latest.pop("output_tokens", 0), latest.get("cache_read_input_tokens", 0)
    return {"in": sum(latest.values()), "out": out, "cached": cached}
