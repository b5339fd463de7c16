"""What went wrong between us and an Ollama server, in the words of `miniagents.errors`, with cures that are Ollama's.

Format: `{"error": "…"}` (https://docs.ollama.com/api/errors, 2026-11), with a status, or as a line of a stream. In: any
exception, any body of an answer. Out: one line for a person. Never: a retry.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from miniagents.errors import (
    BadAnswerError,
    ModelError,
    ModelNotFoundError,
    ProviderUnreachableError,
    RequestRefusedError,
)
from miniagents.ext.llm.endpoint import Endpoint
from miniagents.ext.llm.faults import explain, refusal, words_of

from .host import is_near

__all__ = ["explained", "failed", "refused"]

_CANNOT: Final = "does not support"
"""What Ollama says of a model that has no tools, no pictures, no thoughts."""


def explained(error: Exception, endpoint: Endpoint, model: str) -> ModelError | None:
    """Return what an exception means; None where it is no fault of the server's."""
    if isinstance(error, ModelError):
        return error
    known = explain(error, endpoint, model)
    if isinstance(known, ProviderUnreachableError) and known.cure.startswith("start the server") and is_near(endpoint):
        known.cure = "start Ollama (`ollama serve`, or its app), or set OLLAMA_HOST to where it runs"
        known.should_retry = False  # nobody starts it within a second
    return known


def refused(status: int, said: bytes, endpoint: Endpoint, model: str, *, headers: Mapping[str, str]) -> ModelError:
    """Return the error that an answer with this status and body stands for."""
    try:
        body = json.loads(said)
    except (ValueError, RecursionError):
        body = said.decode("utf-8", "replace")
    if status < HTTPStatus.BAD_REQUEST:
        cause = f"it sends us elsewhere (status {status})"
        return BadAnswerError(cause, host=endpoint.host, cure="check OLLAMA_HOST, and whether it begins with https://")
    if status == HTTPStatus.NOT_FOUND:
        words = f"(status {status}): {words_of(body, endpoint)}"
        if model and isinstance(body, Mapping) and "error" in body:
            return ModelNotFoundError(
                f"no model {model!r} {words}", host=endpoint.host, cure=f"fetch it: `ollama pull {model}`"
            )
        return BadAnswerError(f"no such address {words}", host=endpoint.host, cure=endpoint.url_cure)
    error = refusal(status, body, endpoint, model, headers=headers)
    if isinstance(error, RequestRefusedError) and _CANNOT in error.cause:
        error.cure = "choose another model, or leave that out"
    return error


def failed(error: Any, endpoint: Endpoint, model: str, *, headers: Mapping[str, str]) -> ModelError:
    """Return the error that a line of a stream stands for."""
    return refusal(HTTPStatus.OK, error, endpoint, model, headers=headers)
