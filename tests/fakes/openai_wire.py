"""OpenAI's chat completions: what the API says to a request, piece by piece.

Knows neither scripts nor connections; has the same functions as `anthropic_wire` and `responses_wire`.
Wire format: https://platform.openai.com/docs/api-reference/chat and .../chat-streaming, as the SDK 3.57 types it
(2026-11-25); the error inside a stream as in go-openai#396; `reasoning_content` as servers of open models send it.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from tests.fakes.contents import texts_of
from tests.fakes.encoding import PLACEHOLDER, Json, fill, to_json
from tests.fakes.openai_errors import REQUEST_ID, error, key, models, no_such_url
from tests.fakes.openai_requests import objection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.connection import Request
    from tests.fakes.replies import Answer

__all__ = [
    "DONE",
    "PATH",
    "REQUEST_ID",
    "asked",
    "broken",
    "closing",
    "empty",
    "error",
    "event",
    "failed",
    "key",
    "models",
    "no_such_url",
    "objection",
    "opening",
    "says_failed",
    "texts",
    "tokens",
    "whole",
    "whole_failed",
]

PATH = "/v1/chat/completions"
DONE = b"data: [DONE]\n\n"


def texts(body: Json) -> Iterator[tuple[str, str]]:
    """The role and the text of each message of a request."""
    return texts_of(body["messages"])


def asked(body: Json) -> dict[str, Any]:
    """What a request says of the answer's form, as fields of `Answer`."""
    return {"include_usage": bool((body.get("stream_options") or {}).get("include_usage"))}


def _usage(answer: Answer) -> Json:
    usage = answer.usage
    told: Json = {"cached_tokens": usage.cached_tokens, "audio_tokens": 0}
    if usage.cache_written_tokens:
        told["cache_write_tokens"] = usage.cache_written_tokens
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": told,
        "completion_tokens_details": {"reasoning_tokens": usage.thinking_tokens, "audio_tokens": 0},
    }


def _completion(answer: Answer, kind: str, choices: list[Json]) -> Json:
    return {
        "id": f"chatcmpl-{answer.number}",
        "object": kind,
        "created": answer.created_s,
        "model": answer.model,
        "service_tier": "default",
        "system_fingerprint": None,
        "choices": choices,
    }


def _calls(answer: Answer) -> list[Json]:
    return [
        {
            "id": call.id or f"call_{answer.number}_{index}",
            "type": "function",
            "function": {"name": call.name, "arguments": call.json},
        }
        for index, call in enumerate(answer.tool_calls)
    ]


def whole(answer: Answer) -> Json:
    """The answer in one piece."""
    text = "".join(answer.tokens) if answer.speaks else None
    said = {"content": None, "refusal": text} if answer.refusal else {"content": text, "refusal": None}
    message: Json = {"role": "assistant", **said, "annotations": []}
    if answer.thinking:
        message["reasoning_content"] = answer.thought
    if answer.tool_calls:
        message["tool_calls"] = _calls(answer)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish_reason}
    usage = {"usage": _usage(answer)} if answer.usage_times else {}
    return {**_completion(answer, "chat.completion", [choice]), **usage}


def whole_failed(request: Request, answer: Answer) -> Json:
    """The answer in one piece that says of itself that it failed: an error, for this API has no such thing."""
    return error(request, 500)


def _chunk(answer: Answer, delta: Json, finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    without_usage = _completion(answer, "chat.completion.chunk", [choice])
    return event({**without_usage, "usage": None} if answer.include_usage else without_usage)


def event(data: Json) -> bytes:
    """One event of a stream."""
    return b"data: " + to_json(data) + b"\n\n"


def opening(answer: Answer) -> list[bytes]:
    """The events before the first piece."""
    content = "" if answer.speaks and not answer.thinks else None
    return [_chunk(answer, {"role": "assistant", "content": content, "refusal": None})]


def tokens(answer: Answer) -> list[bytes]:
    """One event for each piece: of the thinking, of the text, and of the tool calls, which come in turns."""
    thought = _chunk(answer, {"content": None, "reasoning_content": PLACEHOLDER})
    said = _chunk(answer, {"refusal" if answer.refusal else "content": PLACEHOLDER})
    return [*fill(thought, answer.thinking), *fill(said, answer.tokens), *_pieces_of_calls(answer)]


def _pieces_of_calls(answer: Answer) -> list[bytes]:
    begun = [
        {"index": index, **call, "function": {**call["function"], "arguments": ""}}
        for index, call in enumerate(_calls(answer))
    ]
    turns = zip_longest(*(call.pieces for call in answer.tool_calls))
    more = [
        {"index": index, "function": {"arguments": piece}}
        for turn in turns
        for index, piece in enumerate(turn)
        if piece is not None
    ]
    return [_chunk(answer, {"tool_calls": [call]}) for call in (*begun, *more)]


def closing(answer: Answer) -> list[bytes]:
    """The events after the last piece, the end mark last."""
    usage = {**_completion(answer, "chat.completion.chunk", []), "usage": _usage(answer)}
    told = answer.usage_times if answer.include_usage else 0
    return [_chunk(answer, {}, answer.finish_reason), *([event(usage)] * told), DONE]


def empty(_answer: Answer) -> list[bytes]:
    """The events of a stream with no piece."""
    return [DONE]


def failed(request: Request, sent: int = 0) -> list[bytes]:
    """The events of a stream that fails on its way, when so many were sent."""
    return [event(error(request, 500)), DONE]


def says_failed(request: Request, answer: Answer, sent: int = 0) -> list[bytes]:
    """The events of a stream that says of itself that it failed: as `failed`, for this API has no such thing."""
    return failed(request)


def broken(junk: bytes) -> bytes:
    """An event with data that is not JSON."""
    return b"data: " + junk + b"\n\n"
