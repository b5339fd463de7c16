"""What both of OpenAI's APIs have in common: the key, the shape of an error, the list of models.

The texts of errors as clients have reported them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fakes.connection import Request
    from tests.fakes.encoding import Json

REQUEST_ID = "x-request-id"
REFUSED = "invalid_request_error"
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")

_WRONG_KEY = (
    "Incorrect API key provided: {key}. You can find your API key at https://platform.openai.com/account/api-keys."
)
_SORRY = "The server had an error while processing your request. Sorry about that!"

# status: type, code, message
_ERRORS: dict[int, tuple[str, str | None, str]] = {
    401: (REFUSED, "invalid_api_key", _WRONG_KEY),
    403: ("request_forbidden", "unsupported_country_region_territory", "Country, region, or territory not supported"),
    404: (REFUSED, "model_not_found", "The model `{model}` does not exist or you do not have access to it."),
    413: (REFUSED, None, "Request too large."),
    422: (REFUSED, None, "Unprocessable entity."),
    429: (
        "requests",
        "rate_limit_exceeded",
        "Rate limit reached for {model} on requests per min (RPM): Limit 3, Used 3.",
    ),
    503: ("server_error", None, "The engine is currently overloaded, please try again later."),
    529: ("server_error", None, "Overloaded"),
}


def key(headers: Mapping[str, str]) -> str:
    """The key that a request came with, or nothing."""
    return headers.get("authorization", "").partition(" ")[2].strip()


def _masked(secret: str) -> str:
    return f"{secret[:8]}{'*' * (len(secret) - 12)}{secret[-4:]}" if len(secret) > 12 else secret


def error_of(kind: str, code: str | None, message: str, param: str | None = None) -> Json:
    """An error."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def error(request: Request, status: int, message: str | None = None) -> Json:
    """The body of an answer with this status."""
    secret = key(request.headers)
    if status == 401 and not secret:
        missing = "You didn't provide an API key. You need to provide your API key in an Authorization header."
        return error_of(REFUSED, None, missing)
    other = ("server_error" if status >= 500 else REFUSED, None, _SORRY)
    kind, code, text = _ERRORS.get(status, other)
    model = request.body.get("model") if isinstance(request.body, dict) else None
    return error_of(kind, code, text.format(key=_masked(secret), model=model) if message is None else message)


def no_such_url(request: Request) -> Json:
    """The body of the answer 404 to a path that the API does not have."""
    return error_of(REFUSED, None, f"Invalid URL ({request.method} {request.path})")


def models(names: tuple[str, ...]) -> Json:
    """The list of models."""
    data = [{"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "system"} for name in names]
    return {"object": "list", "data": data}


def bad_value(value: object, supported: tuple[str, ...], param: str) -> Json:
    """The error about a value that is none of those there are."""
    listed = ", ".join(f"'{known}'" for known in supported)
    return error_of(REFUSED, "invalid_value", f"Invalid value: '{value}'. Supported values are: {listed}.", param)


def missing(param: str) -> Json:
    """The error about a parameter that must be there."""
    return error_of(REFUSED, "missing_required_parameter", f"Missing required parameter: '{param}'.", param)


def unknown(param: str) -> Json:
    """The error about a parameter that does not exist."""
    return error_of(REFUSED, "unknown_parameter", f"Unknown parameter: '{param}'.", param)


def bad_type(param: str, expected: str) -> Json:
    """The error about a parameter of another type."""
    return error_of(REFUSED, "invalid_type", f"Invalid type for '{param}': expected {expected}.", param)
