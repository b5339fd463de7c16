"""The events of a message's stream, and what they say: tokens, and all that an `Answer` holds.

Format: https://platform.claude.com/docs/en/build-with-claude/streaming, as the SDK 2.14 types it (2026-11-26). An event
that is a token and nothing else, which most are, is read into a typed struct; any other the way that the SDK's objects
were read. Never: HTTP, an SDK. Imported at the first call, for msgspec's sake.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final, Literal

import msgspec

from ...content import Part
from ...frozen import EMPTY
from .anthropic_blocks import decoded
from .anthropic_open_blocks import OpenBlocks
from .endpoint import Endpoint
from .events import Loose, ServerSentEvent, keep, loose
from .faults import refusal
from .provider import Answer

__all__ = ["Events", "finish_reason_of", "take_whole", "usage_of"]

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
_DELTA: Final = b"content_block_delta"
_NAMES: Final = frozenset(
    {
        *(b"message_start", b"message_delta", b"message_stop"),
        *(b"content_block_start", _DELTA, b"content_block_stop"),
    }
)
_KNOWN_TYPES: Final = frozenset({"content_block_start", "content_block_delta", "content_block_stop", "ping"})
"""Types of events that keep nothing: they are many, and what they say belongs to the text."""
_KNOWN: Final = frozenset({"type", "message", "delta", "usage"})
_KNOWN_OF_USAGE: Final = frozenset(
    {*_COUNTS, "output_tokens_details", "cache_creation", "inference_geo", "service_tier", "speed"}
)
"""Those that are no counts only repeat the request, or what is told in sum."""
_KNOWN_OF_MESSAGE: Final = frozenset({"type", "id", "role", "model", "content", "usage", "stop_reason"})


class _TextDelta(msgspec.Struct, forbid_unknown_fields=True, gc=False, tag_field="type", tag="text_delta"):
    text: str


class _ThinkingDelta(msgspec.Struct, forbid_unknown_fields=True, gc=False, tag_field="type", tag="thinking_delta"):
    thinking: str


class _JsonDelta(msgspec.Struct, forbid_unknown_fields=True, gc=False, tag_field="type", tag="input_json_delta"):
    partial_json: str


class _Token(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An event that says one token; whatever has more to say does not fit into it."""

    type: Literal["content_block_delta"]
    delta: _TextDelta | _ThinkingDelta | _JsonDelta
    index: int = 0


_token: Final = msgspec.json.Decoder(_Token).decode


class Events:
    """Makes tokens of events: see `TokenDecoder`."""

    def __init__(self, answer: Answer, endpoint: Endpoint, model: str, *, headers: Mapping[str, str] = EMPTY) -> None:
        self.ended = False
        self._answer = answer
        self._endpoint = endpoint
        self._model = model
        self._headers = headers
        self._counts: list[Any] = []
        self._blocks = OpenBlocks()

    def tokens(self, events: Iterable[ServerSentEvent]) -> Iterator[str | Part]:
        """Give the tokens of these events, of text and of thinking, and each part at the end of its block.

        As in the SDK, events without a name say nothing.

        Raises:
            ModelError: An event is an error.
            json.JSONDecodeError: An event is no JSON.
            AttributeError, KeyError, TypeError: It is JSON of another shape.
        """
        for name, data in events:
            if name != _DELTA:
                yield from self._of_another_kind(name, data)
                if self.ended:
                    return
                continue
            try:
                event = _token(data)
            except (msgspec.MsgspecError, ValueError):  # msgspec's and Python's own for bytes that are no UTF-8
                yield from self._taken(loose(data))
                continue
            delta = event.delta
            if isinstance(delta, _TextDelta):
                if token := delta.text:
                    self._blocks.text.append(token)
                    yield token
            elif isinstance(delta, _ThinkingDelta):
                yield from self._blocks.think(event.index, delta.thinking)
            else:
                self._blocks.write(event.index, delta.partial_json)

    def _of_another_kind(self, name: bytes, data: bytes) -> Iterable[str | Part]:
        if name in _SAYING_NOTHING:
            return ()
        if name == b"error":
            raise self._failure(data)
        return self._taken(loose(data)) if name in _NAMES else self._of_the_future(data)

    def _failure(self, data: bytes) -> Exception:
        body: Any
        try:
            body = loose(data)
        except json.JSONDecodeError:
            body = data.decode("utf-8", "replace")
        return refusal(HTTPStatus.OK, body, self._endpoint, self._model, headers=self._headers)

    def _of_the_future(self, data: bytes) -> Iterable[str | Part]:
        """Take an event of a name that nobody knows, which may be anything, and is nothing to end a stream for."""
        with suppress(json.JSONDecodeError):
            event = loose(data)
            if isinstance(event, Loose):
                return self._taken(event)
        return ()

    def _taken(self, event: Any) -> Iterable[str | Part]:
        pieces: Iterable[str | Part] = ()
        kept = self._answer.more.get("extra", {})
        if event.type == "content_block_delta":
            return self._blocks.take(event.index, event.delta)
        if event.type == "content_block_start":
            return self._blocks.open(event.index, event.content_block)
        if event.type == "content_block_stop":
            return self._blocks.close(event.index)
        if event.type == "message_start":
            self._answer.model, self._answer.id = event.message.model, event.message.id
            self._counts.append(event.message.usage)
            keep(kept, event.message, _KNOWN_OF_MESSAGE)
            keep(kept, event, _KNOWN)
        elif event.type == "message_delta":
            self._finish(event, kept)
        elif event.type == "message_stop":
            self.ended = True
            pieces = self._blocks.close_all()
            keep(kept, event, _KNOWN)
        elif isinstance(event.type, str):
            keep(kept, {event.type: {name: event[name] for name in event if name != "type"}}, _KNOWN_TYPES)
        if kept:
            self._answer.more["extra"] = kept
        return pieces

    def _finish(self, event: Any, kept: dict[str, Any]) -> None:
        self._counts.append(event.usage)
        self._answer.usage = usage_of(*self._counts)
        self._answer.finish_reason = finish_reason_of(event.delta.stop_reason)
        keep(kept, event.usage or {}, _KNOWN_OF_USAGE)
        keep(kept, event.delta, _KNOWN_OF_MESSAGE)
        keep(kept, event, _KNOWN)


def take_whole(data: bytes, answer: Answer) -> Iterator[str | Part]:
    """Give what an answer in one piece says, as `Events` would; fill `answer`.

    Raises:
        AttributeError, KeyError, TypeError: It is JSON of another shape.
    """
    message = loose(data)
    answer.model, answer.id = message.model, message.id
    answer.usage = usage_of(message.usage)
    answer.finish_reason = finish_reason_of(message.stop_reason)
    kept: dict[str, Any] = {}
    keep(kept, message.usage or {}, _KNOWN_OF_USAGE)
    keep(kept, message, _KNOWN_OF_MESSAGE)
    if kept:
        answer.more["extra"] = kept
    for block in message.content:
        yield from decoded(block)


def finish_reason_of(reason: str | None) -> str | None:
    """Translate the reason, if OpenAI has a word for it."""
    return None if reason is None else _FINISH_REASONS.get(reason, reason)


def usage_of(*counts: Any) -> dict[str, int] | None:
    """Translate the counts, each of which updates those before it; here the cached tokens are not among the input's."""
    latest: dict[str, int] = {}
    thinking = None
    for count in counts:
        for name in _COUNTS:
            if (value := getattr(count, name, None)) is not None:
                latest[name] = value
        if (details := getattr(count, "output_tokens_details", None)) is not None:
            thinking = getattr(details, "thinking_tokens", None)
    if not latest:
        return None
    out, cached = latest.pop("output_tokens", 0), latest.get("cache_read_input_tokens", 0)
    more = {"cache_written": latest.get("cache_creation_input_tokens"), "thinking": thinking}
    return {"in": sum(latest.values()), "out": out, "cached": cached} | {
        name: value for name, value in more.items() if value
    }
