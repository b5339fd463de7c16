"""The fake provider, when something goes wrong: what the real SDKs make of each fault."""

from __future__ import annotations

import asyncio
from typing import Any, get_args

import anthropic
import openai
import pytest

from tests.fakes.clients import Api, Heard, connect, hear
from tests.fakes.llm_server import Fault, LLMServer, Reply

TOKENS = ("a", "b", "c", "d")
STATUSES = {
    "http_401": ("AuthenticationError", 401, "invalid_api_key", "authentication_error"),
    "http_403": ("PermissionDeniedError", 403, "unsupported_country_region_territory", "permission_error"),
    "http_404": ("NotFoundError", 404, "model_not_found", "not_found_error"),
    "http_413": ("APIStatusError", 413, None, "request_too_large"),
    "http_422": ("UnprocessableEntityError", 422, None, "invalid_request_error"),
    "http_429": ("RateLimitError", 429, "rate_limit_exceeded", "rate_limit_error"),
    "http_500": ("InternalServerError", 500, None, "api_error"),
    "http_503": ("InternalServerError", 503, None, "api_error"),
    "http_529": ("InternalServerError", 529, None, "overloaded_error"),
}
CUT_OFF = {"openai": "APIConnectionError", "responses": "APIConnectionError", "anthropic": "RemoteProtocolError"}
SDKS: dict[str, Any] = {"openai": openai, "responses": openai, "anthropic": anthropic}

all_apis = pytest.mark.parametrize("api", get_args(Api))
both_ways = pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])


def meet(api: Api, fault: Fault, *, streamed: bool, after: int | None = None, timeout_s: float = 5) -> Heard:
    """Hear a reply of four tokens that goes wrong."""

    async def run() -> Heard:
        async with LLMServer([Reply(TOKENS, fault=fault, after=after)]) as server:
            return await hear(api, server, streamed=streamed, timeout_s=timeout_s)

    return asyncio.run(run())


def kind(api: Api, heard: Heard) -> str:
    """The error's type: its bare name if it is one of the SDK's, else with its module."""
    found = type(heard.error)
    return found.__name__ if hasattr(SDKS[api], found.__name__) else f"{found.__module__}.{found.__name__}"


@all_apis
@both_ways
@pytest.mark.parametrize("fault", STATUSES)
def test_status(api: Api, fault: Any, *, streamed: bool) -> None:
    """A status is an error of the SDK's family for it, with the body that the API sends."""
    name, status, openai_code, anthropic_type = STATUSES[fault]
    error: Any = meet(api, fault, streamed=streamed).error
    assert isinstance(error, getattr(SDKS[api], name))
    assert error.status_code == status
    if api != "anthropic":
        assert error.body.keys() == {"message", "type", "param", "code"}
        assert error.code == openai_code
    else:
        assert error.body.keys() == {"type", "error", "request_id"}
        assert error.body["error"].keys() == {"type", "message"}
        assert error.body["error"]["type"] == anthropic_type
    assert error.request_id == "req_1"


@all_apis
def test_retry_after_and_message(api: Api) -> None:
    """Any status can be scripted, with its message and with the seconds after which to come again."""

    async def run() -> Heard:
        async with LLMServer([Reply("later", status=503, retry_after_s=1.5)]) as server:
            return await hear(api, server, streamed=False)

    error: Any = asyncio.run(run()).error
    assert (error.status_code, error.response.headers["retry-after"]) == (503, "1.5")
    assert "later" in str(error)


@all_apis
@both_ways
def test_gateway_page(api: Api, *, streamed: bool) -> None:
    """A gateway's web page is a status error whose body is no JSON."""
    error: Any = meet(api, "html_502", streamed=streamed).error
    assert isinstance(error, SDKS[api].InternalServerError)
    assert error.response.headers["content-type"] == "text/html"


@all_apis
@both_ways
def test_page(api: Api, *, streamed: bool) -> None:
    """A web page with status 200 is no error to the SDKs: a stream of nothing, or the page itself as a string."""
    heard = meet(api, "html_200", streamed=streamed)
    assert (heard.error, heard.tokens) == (None, [])
    assert (heard.page or "").startswith("<!DOCTYPE html>") is not streamed


@all_apis
@both_ways
def test_cut_before(api: Api, *, streamed: bool) -> None:
    """A connection closed before any byte is a connection error."""
    assert kind(api, meet(api, "cut_before", streamed=streamed)) == "APIConnectionError"


@all_apis
@pytest.mark.parametrize(("after", "count"), [(None, 2), (0, 0), (3, 3), (99, 4)])
def test_cut_stream(api: Api, after: int | None, count: int) -> None:
    """A stream cut after some tokens delivers these, then an error (with Anthropic's SDK one of its HTTP library)."""
    heard = meet(api, "cut", streamed=True, after=after)
    assert heard.tokens == list(TOKENS[:count])
    assert kind(api, heard).endswith(CUT_OFF[api])


@all_apis
def test_cut_whole(api: Api) -> None:
    """An answer in one piece that is cut is a connection error."""
    assert kind(api, meet(api, "cut", streamed=False)) == "APIConnectionError"


@all_apis
@both_ways
def test_not_json(api: Api, *, streamed: bool) -> None:
    """What is no JSON is the JSON library's error in both SDKs."""
    assert kind(api, meet(api, "not_json", streamed=streamed)) == "json.decoder.JSONDecodeError"


@all_apis
@pytest.mark.parametrize("fault", ["not_json", "error_event"])
def test_tokens_before_fault(api: Api, fault: Any) -> None:
    """What comes before the fault arrives."""
    heard = meet(api, fault, streamed=True, after=3)
    assert heard.tokens == list(TOKENS[:3])
    assert heard.error


@all_apis
def test_error_event(api: Api) -> None:
    """An error inside a stream is an API error with the provider's words."""
    heard = meet(api, "error_event", streamed=True)
    assert isinstance(heard.error, SDKS[api].APIError)
    assert ("overloaded_error" if api == "anthropic" else "The server had an error") in str(heard.error)


@all_apis
def test_error_instead_of_answer(api: Api) -> None:
    """An error object with status 200, as some gateways send it, is no error to the SDKs, and no answer."""
    heard = meet(api, "error_event", streamed=False)
    assert (heard.error, heard.tokens, heard.finish_reason) == (None, [], None)


@all_apis
@both_ways
def test_empty(api: Api, *, streamed: bool) -> None:
    """An empty answer ends well and has no token."""
    heard = meet(api, "empty", streamed=streamed)
    assert (heard.error, heard.tokens) == (None, [])


@all_apis
@both_ways
def test_no_end(api: Api, *, streamed: bool) -> None:
    """Without the end mark alone the SDKs see a whole answer, and its finish reason if that is not in the mark."""
    heard = meet(api, "no_end", streamed=streamed)
    assert (heard.error, "".join(heard.tokens)) == (None, "abcd")
    expected = {"openai": "stop", "responses": None if streamed else "completed", "anthropic": "end_turn"}
    assert heard.finish_reason == expected[api]


@all_apis
def test_no_end_in_mid_stream(api: Api) -> None:
    """A stream that ends cleanly after some tokens is no error to the SDKs; only the finish reason is missing."""
    heard = meet(api, "no_end", streamed=True, after=2)
    assert (heard.error, heard.tokens, heard.finish_reason) == (None, ["a", "b"], None)


@all_apis
@pytest.mark.parametrize(("streamed", "after"), [(True, None), (True, 2), (False, None), (False, 2)])
def test_stall(api: Api, after: int | None, *, streamed: bool) -> None:
    """A stall sends the tokens that it is told to, and then nothing until the client has had enough."""
    heard = meet(api, "stall", streamed=streamed, after=after, timeout_s=0.5)
    in_stream = streamed and after is not None
    assert heard.tokens == (["a", "b"] if in_stream else [])
    expected = "ReadTimeout" if in_stream and api == "anthropic" else "APITimeoutError"
    assert kind(api, heard).endswith(expected)


@all_apis
@both_ways
def test_key(api: Api, *, streamed: bool) -> None:
    """A key that is not among the server's is refused, and uses up no reply."""

    async def run() -> None:
        async with LLMServer(["first", "then"], keys={"right"}) as server:
            refused = await hear(api, server, streamed=streamed, key="wrong")
            assert isinstance(refused.error, SDKS[api].AuthenticationError)
            assert (await hear(api, server, streamed=streamed, key="right")).tokens == ["first"]

    asyncio.run(run())


@all_apis
def test_no_key(api: Api) -> None:
    """Without a key a request is refused, whichever keys the server takes."""

    async def run() -> None:
        async with LLMServer() as server, connect(api, server) as client:
            with pytest.raises(SDKS[api].AuthenticationError):
                await client.models.list(extra_headers={"Authorization": "Bearer"})

    asyncio.run(run())

    asyncio.run(run())


USER = {"role": "user", "content": "x"}
OBJECTIONS = [
    ("openai", {"model": "m"}, "Missing required parameter: 'messages'."),
    ("openai", {"model": "m", "messages": []}, "empty array"),
    ("openai", {"model": "m", "messages": "x"}, "expected an array"),
    ("openai", {"messages": [USER]}, "you must provide a model parameter"),
    ("openai", {"model": "m", "messages": [USER, {"role": "bot", "content": "x"}]}, "Invalid value: 'bot'."),
    ("openai", {"model": "m", "messages": [{"role": "user", "content": None}]}, "expected a string, got null"),
    ("anthropic", {"model": "m", "messages": [USER]}, "max_tokens: Field required"),
    ("anthropic", {"model": "m", "max_tokens": 1}, "messages: Field required"),
    ("anthropic", {"model": "m", "max_tokens": 1, "messages": []}, "at least one message is required"),
    ("anthropic", {"model": "m", "max_tokens": 1, "messages": [{"role": "system", "content": "x"}]}, 'role "system"'),
    ("anthropic", {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": ""}]}, "non-empty content"),
]


@pytest.mark.parametrize(("api", "body", "message"), OBJECTIONS)
def test_objections(api: Api, body: dict[str, Any], message: str) -> None:
    """A request that the API would not take is refused with status 400, and uses up no reply."""

    async def run() -> None:
        async with LLMServer(["first", "then"]) as server, connect(api, server) as client:
            path = {"openai": "/chat/completions", "anthropic": "/v1/messages"}[api]
            with pytest.raises(SDKS[api].BadRequestError, match=message):
                await client.post(path, body=body, cast_to=object)
            assert "".join((await hear(api, server, streamed=False)).tokens) == "first"

    asyncio.run(run())


@all_apis
def test_wrong_url(api: Api) -> None:
    """A base URL that is not quite right is answered with status 404."""

    async def run() -> None:
        async with LLMServer() as server, connect(api, server) as client:
            with pytest.raises(SDKS[api].NotFoundError):
                await client.post("/v2/chat", body={}, cast_to=object)

    asyncio.run(run())


def test_faults_are_named() -> None:
    """A fault that does not exist is refused with the names of those that do."""
    with pytest.raises(ValueError, match=", ".join(get_args(Fault))):
        Reply(fault="htpp_401")  # type: ignore[arg-type]
