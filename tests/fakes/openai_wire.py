"""OpenAI's chat completions: what the API says to a request, piece by piece.

Knows neither scripts nor connections; has the same functions as `anthropic_wire`.
Wire format: https://platform.openai.com/docs/api-reference/chat and .../chat-streaming, as the SDK 3.54 types it
(2026-11-22); the texts of errors as clients have reported them, the error inside a stream as in go-openai#396.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes.encoding import PLACEHOLDER, Json, fill, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fakes.connection import Request
    from tests.fakes.replies import Answer

PATH = "/v1/chat/completions"
REQUEST_ID = "x-request-id"
DONE = b"data: [DONE]\n\n"

_ROLES = ("system", "assistant", "user", "function", "tool", "developer")
_WRONG_KEY = (
    "Incorrect API key provided: {key}. You can find your API key at https://platform.openai.com/account/api-keys."
)
_SORRY = "The server had an error while processing your request. Sorry about that!"

# status: type, code, message
_ERRORS: dict[int, tuple[str, str | None, str]] = {
    401: ("invalid_request_error", "invalid_api_key", _WRONG_KEY),
    403: ("request_forbidden", "unsupported_country_region_territory", "Country, region, or territory not supported"),
    404: (
        "invalid_request_error",
        "model_not_found",
        "The model `{model}` does not exist or you do not have access to it.",
    ),
    429: (
        "requests",
        "rate_limit_exceeded",
        "Rate limit reached for {model} on requests per min (RPM): Limit 3, Used 3.",
    ),
    529: ("server_error", None, "Overloaded"),
}


def key(headers: Mapping[str, str]) -> str:
    """The key that a request came with, or nothing."""
    return headers.get("authorization", "").partition(" ")[2].strip()


def _masked(secret: str) -> str:
    return f"{secret[:8]}{'*' * (len(secret) - 12)}{secret[-4:]}" if len(secret) > 12 else secret


def _error(kind: str, code: str | None, message: str, param: str | None = None) -> Json:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def error(request: Request, status: int, message: str | None = None) -> Json:
    """The body of an answer with this status."""
    secret = key(request.headers)
    if status == 401 and not secret:
        missing = "You didn't provide an API key. You need to provide your API key in an Authorization header."
        return _error("invalid_request_error", None, missing)
    other = ("server_error" if status >= 500 else "invalid_request_error", None, _SORRY)
    kind, code, text = _ERRORS.get(status, other)
    model = request.body.get("model") if isinstance(request.body, dict) else None
    return _error(kind, code, text.format(key=_masked(secret), model=model) if message is None else message)


def no_such_url(request: Request) -> Json:
    """The body of the answer 404 to a path that the API does not have."""
    return _error("invalid_request_error", None, f"Invalid URL ({request.method} {request.path})")


def objection(request: Request) -> Json | None:
    """The body of the answer 400 to a request that the API would not take."""
    body, kind = request.body, "invalid_request_error"
    if not isinstance(body, dict):
        return _error(kind, None, "We could not parse the JSON body of your request.")
    if not body.get("model"):
        return _error(kind, None, "you must provide a model parameter")
    if "messages" not in body:
        return _error(kind, "missing_required_parameter", "Missing required parameter: 'messages'.", "messages")
    messages = body["messages"]
    if not isinstance(messages, list):
        return _error(kind, "invalid_type", "Invalid type for 'messages': expected an array of objects.", "messages")
    if not messages:
        empty = (
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead."
        )
        return _error(kind, "empty_array", empty, "messages")
    return next(filter(None, (_objection_to(message, place) for place, message in enumerate(messages))), None)


def _objection_to(message: Any, place: int) -> Json | None:
    kind, where = "invalid_request_error", f"messages[{place}]"
    role = message.get("role")
    if role not in _ROLES:
        supported = ", ".join(f"'{known}'" for known in _ROLES)
        return _error(
            kind, "invalid_value", f"Invalid value: '{role}'. Supported values are: {supported}.", f"{where}.role"
        )
    if not isinstance(message.get("content"), str | list) and role != "assistant":
        return _error(kind, None, "Invalid value for 'content': expected a string, got null.", f"{where}.content")
    return None


def models(names: tuple[str, ...]) -> Json:
    """The list of models."""
    data = [{"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "system"} for name in names]
    return {"object": "list", "data": data}


def _usage(answer: Answer) -> Json:
    usage = answer.usage
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
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


def whole(answer: Answer) -> Json:
    """The answer in one piece."""
    message: Json = {"role": "assistant", "content": "".join(answer.tokens), "refusal": None, "annotations": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish_reason}
    return {**_completion(answer, "chat.completion", [choice]), "usage": _usage(answer)}


def _chunk(answer: Answer, delta: Json, finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    without_usage = _completion(answer, "chat.completion.chunk", [choice])
    return event({**without_usage, "usage": None} if answer.include_usage else without_usage)


def event(data: Json) -> bytes:
    """One event of a stream."""
    return b"data: " + to_json(data) + b"\n\n"


def opening(answer: Answer) -> list[bytes]:
    """The events before the first token."""
    return [_chunk(answer, {"role": "assistant", "content": "", "refusal": None})]


def tokens(answer: Answer) -> list[bytes]:
    """One event for each token."""
    return fill(_chunk(answer, {"content": PLACEHOLDER}), answer.tokens)


def closing(answer: Answer) -> list[bytes]:
    """The events after the last token, the end mark last."""
    usage = {**_completion(answer, "chat.completion.chunk", []), "usage": _usage(answer)}
    return [_chunk(answer, {}, answer.finish_reason), *([event(usage)] if answer.include_usage else []), DONE]


def empty(_answer: Answer) -> list[bytes]:
    """The events of a stream with no token."""
    return [DONE]


def failed(request: Request) -> list[bytes]:
    """The events of a stream that fails on its way."""
    return [event(error(request, 500)), DONE]


def broken(junk: bytes) -> bytes:
    """An event with data that is not JSON."""
    return b"data: " + junk + b"\n\n"
