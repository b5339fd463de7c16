"""Anthropic's messages: what the API says to a request, piece by piece.

Knows neither scripts nor connections; has the same functions as `openai_wire`.
Wire format: https://platform.claude.com/docs/en/api/messages, .../build-with-claude/streaming and .../api/errors, as
the SDK 2.12 types it (2026-11-22); the texts of errors as clients have reported them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes.encoding import PLACEHOLDER, Json, fill, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fakes.connection import Request
    from tests.fakes.replies import Answer

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
    message = _objection(request.headers, request.body)
    return None if message is None else _error(request, "invalid_request_error", message)


def _objection(headers: Mapping[str, str], body: Any) -> str | None:
    if "anthropic-version" not in headers:
        return "anthropic-version: header is required"
    if not isinstance(body, dict):
        return "The request body is not valid JSON"
    if missing := next((name for name in ("model", "messages", "max_tokens") if name not in body), None):
        return f"{missing}: Field required"
    if not isinstance(body["messages"], list):
        return "messages: Input should be a valid list"
    if not body["messages"]:
        return "messages: at least one message is required"
    last = len(body["messages"]) - 1
    found = (_objection_to(message, place, last) for place, message in enumerate(body["messages"]))
    return next(filter(None, found), None)


def _objection_to(message: Any, place: int, last: int) -> str | None:
    role, content = message.get("role"), message.get("content")
    if role == "system":
        return (
            'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, '
            'not "system" as an input message role.'
        )
    if role not in ("user", "assistant"):
        return f'messages: Unexpected role "{role}". Allowed roles are "user" or "assistant".'
    if not isinstance(content, str | list):
        return f"messages.{place}.content: Input should be a valid string or list"
    if not content and not (role == "assistant" and place == last):
        allowed = "all messages must have non-empty content except for the optional final assistant message"
        return f"messages.{place}: {allowed}"
    return None


def models(names: tuple[str, ...]) -> Json:
    """The list of models."""
    told = {"type": "model", "created_at": "2025-01-01T00:00:00Z", "lifecycle": "active"}
    data = [{**told, "id": name, "display_name": name} for name in names]
    return {"data": data, "has_more": False, "first_id": names[0], "last_id": names[-1]}


def _usage(answer: Answer, output_tokens: int) -> Json:
    # Here the cached tokens are not among the input's
    return {
        "input_tokens": answer.usage.input_tokens - answer.usage.cached_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": answer.usage.cached_tokens,
        "output_tokens": output_tokens,
    }


def _message(answer: Answer) -> Json:
    return {"id": f"msg_{answer.number}", "type": "message", "role": "assistant", "model": answer.model}


def _stop_reason(answer: Answer) -> Json:
    return {"stop_reason": _STOP_REASONS.get(answer.finish_reason, answer.finish_reason), "stop_sequence": None}


def whole(answer: Answer) -> Json:
    """The answer in one piece."""
    content = [{"type": "text", "text": "".join(answer.tokens)}] if answer.tokens else []
    usage = _usage(answer, answer.usage.output_tokens)
    return {**_message(answer), "content": content, **_stop_reason(answer), "usage": usage}


def event(data: Json) -> bytes:
    """One event of a stream."""
    return b"event: %b\ndata: %b\n\n" % (data["type"].encode(), to_json(data))


def _message_start(answer: Answer) -> bytes:
    begun: Json = {"content": [], "stop_reason": None, "stop_sequence": None, "usage": _usage(answer, 1)}
    return event({"type": "message_start", "message": {**_message(answer), **begun}})


def opening(answer: Answer) -> list[bytes]:
    """The events before the first token."""
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    return [_message_start(answer), event(block), event({"type": "ping"})]


def tokens(answer: Answer) -> list[bytes]:
    """One event for each token."""
    delta = {"type": "text_delta", "text": PLACEHOLDER}
    return fill(event({"type": "content_block_delta", "index": 0, "delta": delta}), answer.tokens)


def _message_end(answer: Answer) -> list[bytes]:
    usage = _usage(answer, answer.usage.output_tokens)
    delta = {"type": "message_delta", "delta": _stop_reason(answer), "usage": usage}
    return [event(delta), event({"type": "message_stop"})]


def closing(answer: Answer) -> list[bytes]:
    """The events after the last token, the end mark last."""
    return [event({"type": "content_block_stop", "index": 0}), *_message_end(answer)]


def empty(answer: Answer) -> list[bytes]:
    """The events of a stream with no token."""
    return [_message_start(answer), event({"type": "ping"}), *_message_end(answer)]


def failed(request: Request) -> list[bytes]:
    """The events of a stream that fails on its way."""
    return [event(error(request, 529))]


def broken(junk: bytes) -> bytes:
    """An event with data that is not JSON."""
    return b"event: content_block_delta\ndata: " + junk + b"\n\n"
