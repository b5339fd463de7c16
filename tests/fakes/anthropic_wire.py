"""Anthropic's messages: what the API says to a request, piece by piece.

Knows neither scripts nor connections; has the same functions as `openai_wire` and `responses_wire`.
Wire format: https://platform.claude.com/docs/en/api/messages, .../build-with-claude/streaming and .../api/errors, as
the SDK 2.14 types it (2026-11-25); the texts of errors as clients have reported them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fakes import blocks
from tests.fakes.anthropic_requests import objection_to
from tests.fakes.contents import text_of, texts_of
from tests.fakes.encoding import PLACEHOLDER, Json, fill, to_json
from tests.fakes.sealing import seal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.fakes.connection import Request
    from tests.fakes.replies import Answer, ToolUse

PATH = "/v1/messages"
REQUEST_ID = "request-id"

_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}

# status: type, message
_ERRORS: dict[int, tuple[str, str]] = {
    401: ("authentication_error", "invalid x-api-key"),
    403: ("permission_error", "Your API key does not have permission to use the specified resource."),
    404: ("not_found_error", "model: {model}"),
    413: ("request_too_large", "Request exceeds the maximum size"),
    429: ("rate_limit_error", "This request would exceed your account's rate limit. Please try again later."),
    529: ("overloaded_error", "Overloaded"),
}


def key(headers: Mapping[str, str]) -> str:
    """The key that a request came with, or nothing; the SDK 2 sends it as a bearer token, older ones as x-api-key."""
    return headers.get("x-api-key") or headers.get("authorization", "").partition(" ")[2].strip()


def _error(request: Request, kind: str, message: str) -> Json:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": f"req_{request.number}"}


def error(request: Request, status: int, message: str | None = None) -> Json:
    """The body of an answer with this status."""
    other = ("api_error", "Internal server error") if status >= 500 else ("invalid_request_error", "Error")
    kind, text = _ERRORS.get(status, other)
    model = request.body.get("model") if isinstance(request.body, dict) else None
    if status == 401 and "x-api-key" not in request.headers:
        text = "Invalid bearer token" if key(request.headers) else "x-api-key header is required"
    return _error(request, kind, text.format(model=model) if message is None else message)


def no_such_url(request: Request) -> Json:
    """The body of the answer 404 to a path that the API does not have."""
    return _error(request, "not_found_error", "Not Found")


def objection(request: Request) -> Json | None:
    """The body of the answer 400 to a request that the API would not take."""
    message = objection_to(request.headers, request.body)
    return None if message is None else _error(request, "invalid_request_error", message)


def texts(body: Json) -> Iterator[tuple[str, str]]:
    """The role and the text of each message of a request, the system's first."""
    yield "system", text_of(body.get("system"))
    yield from texts_of(body["messages"])


def asked(body: Json) -> dict[str, Any]:
    """What a request says of the answer's form, as fields of `Answer`."""
    return {"include_usage": True, "thinking_shown": (body.get("thinking") or {}).get("display") != "omitted"}


def models(names: tuple[str, ...]) -> Json:
    """The list of models."""
    told = {"type": "model", "created_at": "2025-01-01T00:00:00Z", "lifecycle": "active"}
    data = [{**told, "id": name, "display_name": name} for name in names]
    return {"data": data, "has_more": False, "first_id": names[0], "last_id": names[-1]}


def _usage(answer: Answer, output_tokens: int) -> Json:
    if not answer.usage_times:
        return {}
    usage = answer.usage
    # Here the tokens of the cache are not among the input's
    told: Json = {
        "input_tokens": usage.input_tokens - usage.cached_tokens - usage.cache_written_tokens,
        "cache_creation_input_tokens": usage.cache_written_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": output_tokens,
    }
    if usage.thinking_tokens and output_tokens == usage.output_tokens:
        told["output_tokens_details"] = {"thinking_tokens": usage.thinking_tokens}
    return {"usage": told}


def _message(answer: Answer) -> Json:
    return {"id": f"msg_{answer.number}", "type": "message", "role": "assistant", "model": answer.model}


def _stop_reason(answer: Answer) -> Json:
    reason = "refusal" if answer.refusal else _STOP_REASONS.get(answer.finish_reason, answer.finish_reason)
    return {"stop_reason": reason, "stop_sequence": None}


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of content: how it begins, what its deltas are, and how it looks as a whole."""

    start: Json
    whole: Json
    delta: Json | None = None
    pieces: tuple[str, ...] = ()
    signature: str = ""

    def opened(self, index: int) -> list[bytes]:
        return [event({"type": "content_block_start", "index": index, "content_block": self.start})]

    def streamed(self, index: int) -> list[bytes]:
        return fill(event({"type": "content_block_delta", "index": index, "delta": self.delta}), self.pieces)

    def closed(self, index: int) -> list[bytes]:
        signed = {"type": "signature_delta", "signature": self.signature}
        signing = [event({"type": "content_block_delta", "index": index, "delta": signed})] if self.signature else []
        return [*signing, event({"type": "content_block_stop", "index": index})]


def _blocks(answer: Answer) -> list[_Block]:
    found: list[_Block] = []
    if answer.thinking:
        signature, shown = seal(answer.thought), answer.thinking if answer.thinking_shown else ()
        start = {"type": "thinking", "thinking": "", "signature": ""}
        whole = {"type": "thinking", "thinking": "".join(shown), "signature": signature}
        found.append(_Block(start, whole, {"type": "thinking_delta", "thinking": PLACEHOLDER}, shown, signature))
    if answer.redacted_thinking:
        redacted = {"type": "redacted_thinking", "data": seal(f"what no one may read in {answer.number}")}
        found.append(_Block(redacted, redacted))
    if answer.speaks:
        start, whole = {"type": "text", "text": ""}, {"type": "text", "text": "".join(answer.tokens)}
        found.append(_Block(start, whole, {"type": "text_delta", "text": PLACEHOLDER}, answer.tokens))
    return [*found, *(_block_of(call, f"toolu_{answer.number}_{at}") for at, call in enumerate(answer.tool_calls))]


def _block_of(call: ToolUse, made_up_id: str) -> _Block:
    block = {"type": "tool_use", "id": call.id or made_up_id, "name": call.name}
    try:
        value = json.loads(call.json)
    except ValueError:
        value = None  # the API has no text of arguments in this form
    pieces = ("",) if call.json == "{}" else ("", *call.pieces)  # the first has none, the only one where there are none
    whole = {**block, "input": value if isinstance(value, dict) else {}}
    return _Block({**block, "input": {}}, whole, {"type": "input_json_delta", "partial_json": PLACEHOLDER}, pieces)


def whole(answer: Answer) -> Json:
    """The answer in one piece."""
    content = [block.whole for block in _blocks(answer) if block.whole.get("text") != ""]
    return {
        **_message(answer),
        "content": content,
        **_stop_reason(answer),
        **_usage(answer, answer.usage.output_tokens),
    }


def whole_failed(request: Request, answer: Answer) -> Json:
    """The answer in one piece that says of itself that it failed: an error, for this API has no such thing."""
    return error(request, 500)


def event(data: Json) -> bytes:
    """One event of a stream, under the name of its type."""
    return b"event: %b\ndata: %b\n\n" % (str(data.get("type", "message")).encode(), to_json(data))


def _message_start(answer: Answer) -> bytes:
    begun: Json = {"content": [], "stop_reason": None, "stop_sequence": None, **_usage(answer, 1)}
    return event({"type": "message_start", "message": {**_message(answer), **begun}})


def opening(answer: Answer) -> list[bytes]:
    """The events before the first piece."""
    return [_message_start(answer), *_blocks(answer)[0].opened(0), event({"type": "ping"})]


def tokens(answer: Answer) -> list[bytes]:
    """One event for each piece: of the thinking, of the text, and of the tool calls, one after the other.

    With the first of a block comes what is between it and the block before.
    """
    return blocks.streamed(_blocks(answer))


def closing(answer: Answer) -> list[bytes]:
    """The events after the last piece, the end mark last."""
    return [*blocks.closed(_blocks(answer)), *_message_end(answer)]


def _message_end(answer: Answer) -> list[bytes]:
    delta = {"type": "message_delta", "delta": _stop_reason(answer), **_usage(answer, answer.usage.output_tokens)}
    return [*([event(delta)] * max(answer.usage_times, 1)), event({"type": "message_stop"})]


def empty(answer: Answer) -> list[bytes]:
    """The events of a stream with no piece."""
    return [_message_start(answer), event({"type": "ping"}), *_message_end(answer)]


def failed(request: Request, sent: int = 0) -> list[bytes]:
    """The events of a stream that fails on its way, when so many were sent."""
    return [event(error(request, 529))]


def says_failed(request: Request, answer: Answer, sent: int = 0) -> list[bytes]:
    """The events of a stream that says of itself that it failed: as `failed`, for this API has no such thing."""
    return failed(request)


def broken(junk: bytes) -> bytes:
    """An event with data that is not JSON."""
    return b"event: content_block_delta\ndata: " + junk + b"\n\n"
