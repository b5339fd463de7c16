"""What went wrong between us and a provider's HTTP API, put into the words of `miniagents.errors`.

Both SDKs come from one generator (Stainless), so that their errors look alike, and each lets errors of its HTTP library
through. They are told apart by what they carry, and no SDK is imported here. In: any exception, any body of an answer.
Out: one line for a person, without the key. Never: a retry.
"""

import json
import os
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from ...errors import (
    BadAnswerError,
    KeyRefusedError,
    ModelError,
    ModelNotFoundError,
    ProviderFailedError,
    ProviderUnreachableError,
    RateLimitedError,
    ReplyCutError,
    RequestRefusedError,
    SettingsError,
)
from ...frozen import EMPTY
from .endpoint import Endpoint
from .retries import retry_after_s, should_retry

__all__ = ["check_stream", "explain", "no_answer", "refusal", "unsendable", "unusable", "words_of"]

_HTTP_LIBRARIES: Final = frozenset(
    {"openai", "anthropic", "httpx", "httpx2", "httpcore", "httpcore2", "h11", "anyio", "aiohttp"}
)
_FOREIGN_SHAPE: Final = (AttributeError, KeyError, IndexError, TypeError)
"""What reading an answer raises where it is JSON of another shape: the SDKs check nothing."""

_KINDS: Final[Mapping[int, tuple[type[ModelError], str]]] = {
    HTTPStatus.UNAUTHORIZED: (KeyRefusedError, "the key was refused"),
    HTTPStatus.FORBIDDEN: (KeyRefusedError, "the key may not do this"),
    HTTPStatus.TOO_MANY_REQUESTS: (RateLimitedError, "too many requests"),
}
_PASSING: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT)
"""What the SDKs ask again for, as for a failure of the provider's."""
_STATUS_OF_TYPE: Final = {
    "invalid_request_error": HTTPStatus.BAD_REQUEST,
    "authentication_error": HTTPStatus.UNAUTHORIZED,
    "billing_error": HTTPStatus.PAYMENT_REQUIRED,
    "permission_error": HTTPStatus.FORBIDDEN,
    "not_found_error": HTTPStatus.NOT_FOUND,
    "request_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "rate_limit_error": HTTPStatus.TOO_MANY_REQUESTS,
    "rate_limit_exceeded": HTTPStatus.TOO_MANY_REQUESTS,
    "insufficient_quota": HTTPStatus.TOO_MANY_REQUESTS,
    **dict.fromkeys(
        (
            *("invalid_prompt", "bio_policy", "misalignment_policy_violation", "data_residency_mismatch"),
            *("invalid_image", "invalid_image_format", "invalid_base64_image", "invalid_image_url", "image_too_large"),
            *("image_too_small", "image_parse_error", "image_content_policy_violation", "invalid_image_mode"),
            *("image_file_too_large", "unsupported_image_media_type", "empty_image_file", "failed_to_download_image"),
            "image_file_not_found",
        ),
        HTTPStatus.BAD_REQUEST,
    ),
}
"""What types, or codes, of errors inside an answer with status 200 stand for (Anthropic's API, "Errors"; OpenAI's
`ResponseError`, 2026-11)."""

_OUT_OF_CREDIT: Final = ("insufficient_quota", "billing_error", "credit balance")
_ABOUT_CREDIT: Final = "check the account's plan and credit"
_PROXIES: Final = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_CERTIFICATES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_NO_ANSWERS: Final = {
    "RemoteProtocolError": "its answer is no HTTP",
    "ClientResponseError": "its answer is no HTTP",
    "DecodingError": "its answer cannot be decompressed",
    "TooManyRedirects": "it redirects in circles",
}
"""What errors of httpx and aiohttp mean, by their names: something answers, and will not answer better."""
_NOTHING_CAME: Final = "disconnected"
"""What an error of httpx says, of the same name, where it is none of these."""
_INCOMPLETE: Final = ("complete message body", "Not enough data to satisfy")
"""What h11 and aiohttp say when a connection closes in the middle of an answer; before its first byte they do not."""


def explain(error: Exception, endpoint: Endpoint, model: str) -> ModelError | None:
    """Return what an exception means that came out of an SDK; None where it is none of theirs."""
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return BadAnswerError("its answer is not JSON", host=endpoint.host, cure=endpoint.url_cure)
    if isinstance(error, _FOREIGN_SHAPE):
        return BadAnswerError("its answer is not one of this API", host=endpoint.host, cure=endpoint.url_cure)
    if type(error).__module__.partition(".")[0] not in _HTTP_LIBRARIES and not isinstance(error, OSError):
        return None
    body = getattr(error, "body", None)
    response = getattr(error, "response", None)
    if response is not None:
        return refusal(response.status_code, body, endpoint, model, headers=response.headers)
    if body is not None:
        return refusal(HTTPStatus.OK, body, endpoint, model)
    return _unreachable(error, endpoint)


def refusal(
    status: int, body: Any, endpoint: Endpoint, model: str, *, headers: Mapping[str, str] = EMPTY
) -> ModelError:
    """Return the error that an answer with this status and body stands for.

    With status 200, which is how an error inside a stream comes, its own code or type says what it is.
    """
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return _stranger_to_the_proxy(endpoint)
    wait_s = retry_after_s(headers, datetime.now(UTC))
    error = _refusal(status, body, endpoint, model, wait_s)
    error.retry_after_s, error.should_retry = wait_s, should_retry(headers)
    return error


def _refusal(status: int, body: Any, endpoint: Endpoint, model: str, wait_s: float | None) -> ModelError:
    said = f" (status {status})" if status >= HTTPStatus.BAD_REQUEST else ""
    status = status if said else _status_inside(body)
    said += f": {words}" if (words := words_of(body, endpoint)) else ""
    host = endpoint.host
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):  # the latter where a redirect made it a GET
        return _not_found(body, said, endpoint, model)
    if status in _KINDS:
        kind, cause = _KINDS[status]
        cure = _when(wait_s, body) if kind is RateLimitedError else endpoint.key_cure
        return kind(f"{cause}{said}", host=host, cure=cure)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING:
        return ProviderFailedError(f"it failed{said}", host=host, cure="try again later")
    cure = _ABOUT_CREDIT if status == HTTPStatus.PAYMENT_REQUIRED else ""
    return RequestRefusedError(f"the request was refused{said}", host=host, cure=cure)


def check_stream(headers: Mapping[str, str], endpoint: Endpoint) -> None:
    """See to it that an answer which should be a stream is none of the two that are met in its place.

    Other types of content than the right one pass: not every compatible server names it.

    Raises:
        BadAnswerError: It is a web page, or one JSON object.
    """
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "text/html":
        raise _web_page(endpoint)
    if content_type == "application/json":
        cause = f"its answer is one piece ({content_type}) where a stream was asked for"
        raise BadAnswerError(cause, host=endpoint.host, cure="ask with stream=False (--no-stream)")


def no_answer(answer: Any, endpoint: Endpoint, model: str) -> ModelError:
    """Return what is wrong with an answer in one piece that is no answer: a page, an error, some other JSON."""
    if isinstance(answer, str):
        if answer.lstrip()[:1] == "<":
            return _web_page(endpoint)
        cause = f"its answer is not JSON but text: {endpoint.tidy(answer)}" if answer.strip() else "an empty answer"
        return BadAnswerError(cause, host=endpoint.host, cure=endpoint.url_cure)
    error = getattr(answer, "error", None)
    if error is not None:
        told = error.model_dump() if hasattr(error, "model_dump") else error
        return refusal(HTTPStatus.OK, told, endpoint, model)
    return BadAnswerError("its answer is not one of this API", host=endpoint.host, cure=endpoint.url_cure)


def unsendable(error: Exception, endpoint: Endpoint) -> RequestRefusedError:
    """Return the error for a request that an SDK would not even send: an option that is no JSON, say."""
    return RequestRefusedError(f"the request cannot be sent: {endpoint.tidy(str(error))}", host=endpoint.host)


def unusable(error: Exception, endpoint: Endpoint) -> SettingsError:
    """Return the error for an HTTP library that cannot be set up: with a proxy that it does not understand, say."""
    named = _named(*(_CERTIFICATES if isinstance(error, OSError) else _PROXIES))
    cure = f"; check {named}" if named else ""
    return SettingsError(f"{endpoint.host} cannot be asked: {endpoint.tidy(str(error))}{cure}")


def words_of(body: Any, endpoint: Endpoint) -> str:
    """Return what the body of an error says, in one line; "" if it says nothing."""
    if isinstance(body, str) and body.lstrip()[:1] == "<":
        return "a web page"
    return endpoint.tidy(" ".join(_sentences(body)))


def _sentences(body: Any) -> Iterator[str]:
    """Find the words in the shapes in which OpenAI, Anthropic, vLLM, Ollama, llama.cpp and FastAPI put them."""
    if isinstance(body, str):
        yield body
    elif isinstance(body, list):
        for item in body:
            yield from _sentences(item)
    elif isinstance(body, Mapping):
        if isinstance(place := body.get("loc"), list):
            yield f"{'.'.join(map(str, place))}:"
        named = (body[name] for name in ("message", "msg", "error", "detail") if body.get(name))
        yield from _sentences(next(named, None))


def _status_inside(body: Any) -> int:
    """Return the status that an error inside an answer has by its own code or type; without these it is a failure."""
    inner = body.get("error", body) if isinstance(body, Mapping) else body
    if not isinstance(inner, Mapping):
        return HTTPStatus.INTERNAL_SERVER_ERROR
    code = inner.get("code")
    if isinstance(code, int) and code >= HTTPStatus.BAD_REQUEST:
        return code
    known = (_STATUS_OF_TYPE.get(str(inner.get(name))) for name in ("type", "code"))
    return next(filter(None, known), HTTPStatus.INTERNAL_SERVER_ERROR)


def _not_found(body: Any, said: str, endpoint: Endpoint, model: str) -> ModelError:
    if "model_not_found" in str(body) or model in said:
        cure = "choose another model (model=, --model)"
        return ModelNotFoundError(f"no model {model!r}{said}", host=endpoint.host, cure=cure)
    return BadAnswerError(f"no such address{said}", host=endpoint.host, cure=endpoint.url_cure)


def _when(wait_s: float | None, body: Any) -> str:
    if any(sign in str(body) for sign in _OUT_OF_CREDIT):
        return _ABOUT_CREDIT
    return f"try again in {wait_s:g} s" if wait_s else "try again later"


def _web_page(endpoint: Endpoint) -> BadAnswerError:
    return BadAnswerError("its answer is a web page (text/html)", host=endpoint.host, cure=endpoint.url_cure)


def _stranger_to_the_proxy(endpoint: Endpoint) -> ProviderUnreachableError:
    cure = "write them into HTTPS_PROXY or HTTP_PROXY, as in http://name:password@host:port"
    error = ProviderUnreachableError(
        "the proxy wants a name and a password (status 407)", host=endpoint.host, cure=cure
    )
    error.should_retry = False
    return error


def _unreachable(error: Exception, endpoint: Endpoint) -> ModelError:
    causes = list(_causes(error))
    if any("Timeout" in type(found).__name__ for found in causes) and not any(map(_is_no_timeout, causes)):
        return ProviderUnreachableError("no answer in time", host=endpoint.host, cure="try again, or check the network")
    if any(type(found).__name__ == "ProxyError" for found in causes):
        words = endpoint.tidy(str(causes[-1]))
        if words.startswith(str(int(HTTPStatus.PROXY_AUTHENTICATION_REQUIRED))):
            return _stranger_to_the_proxy(endpoint)
        cause = f"the proxy does not let it through: {words}"
        return ProviderUnreachableError(cause, host=endpoint.host, cure="check HTTPS_PROXY and HTTP_PROXY")
    and_proxies = f", and {named}" if (named := _named(*_PROXIES)) else ""
    for kind, cause, cure in (
        (socket.gaierror, "there is no host of that name", "check the name and the network"),
        (ConnectionRefusedError, "nobody listens there", f"start the server, or {endpoint.url_cure}"),
        (ssl.SSLCertVerificationError, "its certificate is not trusted", "check the network, or SSL_CERT_FILE"),
        (ssl.SSLError, "no encrypted connection", "check whether its URL begins with http:// or https://"),
    ):
        if any(isinstance(found, kind) for found in causes):
            proxies = "" if issubclass(kind, ssl.SSLError) else and_proxies
            error = ProviderUnreachableError(cause, host=endpoint.host, cure=f"{cure}{proxies}")
            if kind is ssl.SSLCertVerificationError:
                error.should_retry = False  # it will be the same certificate, as a wrong key stays wrong
            return error
    return _broken(causes, endpoint, and_proxies)


def _broken(causes: Sequence[BaseException], endpoint: Endpoint, and_proxies: str) -> ModelError:
    """Return what it means that there was a connection, and no answer, or half of one."""
    if any(sign in str(found) for found in causes for sign in _INCOMPLETE):
        return ReplyCutError("the connection broke in the middle of the answer", host=endpoint.host, cure="ask again")
    for found in causes:
        said = _NO_ANSWERS.get(type(found).__name__)
        if said and _NOTHING_CAME not in str(found):
            return BadAnswerError(said, host=endpoint.host, cure=f"{endpoint.url_cure}{and_proxies}")
    words = endpoint.tidy(str(causes[-1]) or type(causes[-1]).__name__)
    return ProviderUnreachableError(f"the connection failed: {words}", host=endpoint.host, cure="check the network")


def _named(*names: str) -> str:
    """Return those of the process's variables that are there: what they name may not be."""
    return ", ".join(name for name in names if os.environ.get(name) or os.environ.get(name.lower()))


def _is_no_timeout(error: BaseException) -> bool:
    """Say whether it is what the bridge to aiohttp takes for a timeout too: a connection that failed in any way."""
    kind = type(error)
    return kind.__module__.startswith("aiohttp") and "Timeout" not in kind.__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Give the error and what it came from, its origin last."""
    found: BaseException | None = error
    while found is not None:
        yield found
        if isinstance(found, BaseExceptionGroup):
            for member in found.exceptions:
                yield from _causes(member)
        found = found.__cause__ or found.__context__
