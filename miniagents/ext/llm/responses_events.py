"""The events of a response's stream, and what they say: tokens, parts, and all that an `Answer` holds.

Format: https://platform.openai.com/docs/api-reference/responses-streaming, as the SDK 3.57 types it (2026-11-26). An
event that is a token and nothing else, which most are, is read into a typed struct. Never: HTTP, an SDK. Imported at
the first call, for msgspec's sake.
"""

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final, Literal

import msgspec

from ...content import Other, Part, Text, Thinking, Thought, ToolCall
from ...frozen import EMPTY
from .endpoint import Endpoint
from .events import ServerSentEvent, keep, loose, text_of
from .faults import refusal
from .provider import Answer

__all__ = ["ResponseEvents", "take_whole"]

API: Final = "responses"

_TOKENS: Final = ("response.output_text.delta", "response.refusal.delta")
_THOUGHTS: Final = ("response.reasoning_summary_text.delta", "response.reasoning_text.delta")
_BETWEEN_THOUGHTS: Final = "\n\n"
_ENDS: Final = ("response.completed", "response.incomplete")
_FAILURES: Final = ("response.failed", "error")
_REASONS: Final = {"max_output_tokens": "length", "content_filter": "content_filter"}

_SAYING_NOTHING: Final = frozenset(
    {
        *("response.created", "response.in_progress", "response.queued"),
        *("response.content_part.added", "response.output_text.done"),
        *("response.refusal.done", "response.reasoning_text.done", "response.reasoning_summary_text.done"),
        *("response.reasoning_summary_part.added", "response.reasoning_summary_part.done"),
        *("response.function_call_arguments.delta", "response.function_call_arguments.done"),
        *("response.custom_tool_call_input.delta", "response.custom_tool_call_input.done"),
        *("response.mcp_call_arguments.delta", "response.mcp_call_arguments.done"),
        *("response.code_interpreter_call_code.delta", "response.code_interpreter_call_code.done"),
        *("response.shell_call_command.added", "response.shell_call_command.delta", "response.shell_call_command.done"),
        *("response.shell_call_output_content.delta", "response.shell_call_output_content.done"),
        *("response.image_generation_call.partial_image", "response.output_text.annotation.added"),
    }
)
"""Types of events whose words come again, whole, with the item's end."""
_KNOWN_OF_CALL: Final = frozenset({"type", "id", "call_id", "name", "arguments", "status", "created_by"})
_KNOWN: Final = frozenset({"type", "sequence_number", "response", "item", "item_id", "output_index", "obfuscation"})
_KNOWN_OF_RESPONSE: Final = frozenset(
    {
        *("id", "object", "created_at", "completed_at", "model", "status", "output", "usage", "error"),
        *("incomplete_details", "instructions", "metadata", "parallel_tool_calls", "temperature", "top_p", "tools"),
        *("tool_choice", "text", "reasoning", "store", "truncation", "user", "service_tier", "previous_response_id"),
        *("max_output_tokens", "max_tool_calls", "background", "prompt_cache_key", "safety_identifier", "top_logprobs"),
        *("include", "conversation", "prompt", "billing", "prompt_cache_retention", "content_filters"),
        *("presence_penalty", "frequency_penalty", "moderation", "access_programs", "input_transformations"),
        *("prompt_cache_diagnostics", "prompt_cache_options", "image"),
    }
)
"""Most of them repeat the request."""


class _Token(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An event that says one token of the text; whatever has more to say does not fit into it."""

    type: Literal["response.output_text.delta"]
    delta: str
    item_id: str | None = None
    output_index: int = 0
    content_index: int = 0
    sequence_number: int = 0
    logprobs: Any = None
    obfuscation: str | None = None


_token: Final = msgspec.json.Decoder(_Token).decode


class ResponseEvents:
    """Makes tokens and parts of events: see `TokenDecoder`."""

    def __init__(self, answer: Answer, endpoint: Endpoint, model: str, *, headers: Mapping[str, str] = EMPTY) -> None:
        self.ended = False
        self._answer = answer
        self._endpoint = endpoint
        self._model = model
        self._headers = headers
        self._phase: Any = None

    def tokens(self, events: Iterable[ServerSentEvent]) -> Iterator[str | Part]:
        """Give the tokens of these events, and each part at the end of its item.

        Raises:
            ModelError: An event is an error.
            json.JSONDecodeError: An event is no JSON.
            AttributeError, KeyError, TypeError: It is JSON of another shape.
        """
        for _, data in events:
            try:
                token = _token(data).delta
            except (msgspec.MsgspecError, ValueError):  # msgspec's and Python's own for bytes that are no UTF-8
                yield from self._taken(loose(data))
            else:
                if token:
                    yield token
            if self.ended:
                return

    def _taken(self, event: Any) -> Iterator[str | Part]:
        kind = event.type
        if kind in _TOKENS and (token := text_of(event.delta)):
            yield token
        elif kind in _THOUGHTS and (thought := text_of(event.delta)):
            yield Thought(thought)
        elif kind == "response.reasoning_summary_part.added" and event.summary_index:
            yield Thought(_BETWEEN_THOUGHTS)
        elif kind == "response.output_item.added":
            self._phase = event.item.phase
        elif kind == "response.content_part.done":
            yield from _more_of(event.part, self._phase)
        elif kind == "response.output_item.done":
            yield from parts_of(event.item, has_streamed=True)
        elif kind in _ENDS:
            self.ended = True
            know(event.response, self._answer)
        elif kind in _FAILURES or kind is None:
            body = event.error or (event.response or {}).get("error") or event
            raise refusal(HTTPStatus.OK, body, self._endpoint, self._model, headers=self._headers)
        elif kind not in (*_SAYING_NOTHING, *_TOKENS, *_THOUGHTS):
            said = {name: event[name] for name in event if name not in _KNOWN}
            _keep(self._answer, {kind: said} if said else {}, frozenset())


def parts_of(item: Any, *, has_streamed: bool) -> Iterator[str | Part]:
    """Give what an item says that has ended: a message, where it has not been given, and all else."""
    kind = item.type
    if kind == "message":
        for content in () if has_streamed else item.content or ():
            if text := text_of(content.text) or text_of(content.refusal):
                yield text
            yield from _more_of(content, item.phase)
    elif kind == "function_call":
        call_id, name = text_of(item.call_id) or text_of(item.id) or "", text_of(item.name) or ""
        own = {name: value for name, value in item.items() if name not in _KNOWN_OF_CALL and value is not None}
        extra = {API: own} if own else {}
        yield ToolCall(call_id, name=name, arguments=text_of(item.arguments) or "{}", extra=extra)
    elif kind == "reasoning":
        said = [*(item.summary or ()), *(item["content"] or () if "content" in item else ())]
        yield Thinking(_BETWEEN_THOUGHTS.join(text_of(each.text) or "" for each in said), extra={API: item})
    elif isinstance(kind, str):
        yield Other(API, block=item)


def _more_of(content: Any, phase: Any) -> Iterator[Part]:
    """Give the text of a message's part once more, where there is more to say of it: what it cites, what it is for."""
    told = {"annotations": content.annotations, "phase": phase}
    own = {name: value for name, value in told.items() if value}
    if own and (text := text_of(content.text) or text_of(content.refusal)):
        yield Text(text, extra={API: own})


def know(response: Any, answer: Answer) -> None:
    """Fill an answer from a response that has ended."""
    answer.model, answer.id = response.model, response.id
    reason = (response.incomplete_details or {}).get("reason")
    called = any(item.type == "function_call" for item in response.output or ())
    answer.finish_reason = _REASONS.get(reason, reason) if reason else "tool_calls" if called else "stop"
    if response.usage is not None:
        answer.usage = _usage(response.usage)
    _keep(answer, response, _KNOWN_OF_RESPONSE)


def _keep(answer: Answer, said: dict[str, Any], known: frozenset[str]) -> None:
    kept = answer.more.get("extra", {})
    keep(kept, said, known)
    if kept:
        answer.more["extra"] = kept


def take_whole(data: bytes, answer: Answer) -> Iterator[str | Part]:
    """Give what a response in one piece says, as `ResponseEvents` would; fill `answer`.

    Raises:
        AttributeError, KeyError, TypeError: It is JSON of another shape.
    """
    response = loose(data)
    for item in response.output:
        yield from parts_of(item, has_streamed=False)
    know(response, answer)


def _usage(usage: Any) -> dict[str, int]:
    counts = {
        "in": usage.input_tokens or 0,
        "out": usage.output_tokens or 0,
        "cached": (usage.input_tokens_details or {}).get("cached_tokens") or 0,
    }
    if written := (usage.input_tokens_details or {}).get("cache_write_tokens"):
        counts["cache_written"] = written
    if thinking := (usage.output_tokens_details or {}).get("reasoning_tokens"):
        counts["thinking"] = thinking
    return counts
