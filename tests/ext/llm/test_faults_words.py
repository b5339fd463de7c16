"""What errors say, wherever a server puts it, and what they mean: without a server."""

import json
from typing import Any

import pytest

from miniagents.errors import (
    BadAnswerError,
    KeyRefusedError,
    ModelError,
    ModelNotFoundError,
    ProviderFailedError,
    ProviderUnreachableError,
    RateLimitedError,
    RequestRefusedError,
)
from miniagents.ext.llm.endpoint import Endpoint
from miniagents.ext.llm.faults import explain, no_answer, refusal, words_of
from miniagents.ext.llm.retries import is_worth_retrying
from tests.ext.llm.asking import KEY

ENDPOINT = Endpoint(
    base_url="http://host.test/v1",
    key=KEY,
    url_cure="check the URL",
    is_ambient=True,
    key_cure="check the key",
)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "OpenAI says so."}}, "OpenAI says so"),
        ({"type": "error", "error": {"type": "api_error", "message": "Anthropic does"}}, "Anthropic does"),
        ({"object": "error", "message": "vLLM does", "code": 404}, "vLLM does"),
        ({"error": "Ollama does"}, "Ollama does"),
        ({"detail": "Not Found"}, "Not Found"),
        (
            {"detail": [{"loc": ["body", "stream_options"], "msg": "not permitted"}]},
            "body.stream_options: not permitted",
        ),
        ("plain", "plain"),
        (" <html>", "a web page"),
        ({"status": 3}, ""),
        (None, ""),
    ],
)
def test_where_words_are_found(body: Any, words: str) -> None:
    """The words of an error are found in the shapes that servers put them into."""
    assert words_of(body, ENDPOINT) == words


@pytest.mark.parametrize(
    ("inner", "kind"),
    [
        ({"type": "overloaded_error"}, ProviderFailedError),
        ({"type": "rate_limit_error"}, RateLimitedError),
        ({"type": "authentication_error"}, KeyRefusedError),
        ({"type": "invalid_request_error"}, RequestRefusedError),
        ({"type": "not_found_error", "message": "model: m-1"}, ModelNotFoundError),
        ({"code": 429}, RateLimitedError),
        ({"code": "server_error"}, ProviderFailedError),
        ({"code": "image_too_large"}, RequestRefusedError),
        ({"code": "data_residency_mismatch"}, RequestRefusedError),
        ({"type": "billing_error"}, RequestRefusedError),
        ("no object", ProviderFailedError),
    ],
)
def test_errors_inside_an_answer(inner: Any, kind: type[ModelError]) -> None:
    """An error with status 200 is of the kind that its type or code says."""
    assert type(refusal(200, {"error": inner}, ENDPOINT, "m-1")) is kind
    assert type(refusal(200, inner, ENDPOINT, "m-1")) is kind


@pytest.mark.parametrize(
    ("body", "retry_after", "cure"),
    [
        ({}, "1.5", "try again in 1.5 s"),
        ({}, "Wed, 21 Oct 2026 07:28:00 GMT", "try again later"),
        ({}, "", "try again later"),
        ({"code": "insufficient_quota"}, "1", "check the account's plan and credit"),
    ],
)
def test_when_to_come_again(body: Any, retry_after: str, cure: str) -> None:
    """Too many requests: the provider's own seconds are told, and that waiting is no cure for an empty account."""
    error = refusal(429, body, ENDPOINT, "m-1", headers={"retry-after": retry_after} if retry_after else {})
    assert isinstance(error, RateLimitedError)
    assert error.cure == cure


@pytest.mark.parametrize(("status", "body"), [(402, "no money"), (200, {"error": {"type": "billing_error"}})])
def test_an_empty_account(status: int, body: Any) -> None:
    """Where there is nothing left to pay with, the line says what to look at, and nobody asks again."""
    error = refusal(status, body, ENDPOINT, "m-1")
    assert error.cure == "check the account's plan and credit"
    assert not is_worth_retrying(error)


def test_a_redirect_that_lost_its_way() -> None:
    """An address that takes no POST is none of the API."""
    assert type(refusal(405, {"detail": "Method Not Allowed"}, ENDPOINT, "m-1")) is BadAnswerError


def test_an_error_instead_of_an_answer() -> None:
    """An object with nothing but an error in it is that error."""

    class Answer:
        error = json.loads('{"message": "no more", "code": 503}')

    error = no_answer(Answer(), ENDPOINT, "m-1")
    assert (type(error), str(error)) == (ProviderFailedError, "host.test: it failed: no more; try again later")


def test_what_is_not_the_providers_fault() -> None:
    """An error that has nothing to do with a provider is left alone."""
    assert explain(ZeroDivisionError(), ENDPOINT, "m-1") is None
    assert explain(ValueError(), ENDPOINT, "m-1") is None


def test_the_cause_is_found_wherever_it_is() -> None:
    """A refused connection is known as one inside a group of attempts too."""
    error = OSError("all attempts failed")
    error.__cause__ = ExceptionGroup("attempts", [OSError("no route"), ConnectionRefusedError(111, "refused")])
    found = explain(error, ENDPOINT, "m-1")
    assert isinstance(found, ProviderUnreachableError)
    assert found.cause == "nobody listens there"
    other = explain(OSError(KEY), ENDPOINT, "m-1")
    assert str(other) == "host.test: the connection failed: [key]; check the network"
