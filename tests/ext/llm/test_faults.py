"""Whatever goes wrong between us and a provider becomes one line that names the host, the cause and the cure."""

import gc
import socket
import traceback
from types import AsyncGeneratorType
from typing import Any, get_args

import pytest

from miniagents.errors import (
    BadAnswerError,
    KeyRefusedError,
    ModelError,
    ModelNotFoundError,
    ProviderFailedError,
    ProviderUnreachableError,
    RateLimitedError,
    ReplyCutError,
    RequestRefusedError,
)
from tests.ext.llm.asking import KEY, Api, Heard, answered, ask, asked, both_apis, both_ways, environment, settle
from tests.ext.llm.asking import served as provider
from tests.fakes.llm_server import Fault, Reply

real_time = pytest.mark.real_time

FAULTS: dict[str, tuple[type[ModelError], str]] = {
    "cut": (ReplyCutError, "ask again"),
    "cut_before": (ProviderUnreachableError, "the connection failed: Server disconnected"),
    "cut_mid_character": (ReplyCutError, "ask again"),
    "cut_mid_event": (ReplyCutError, "ask again"),
    "empty": (BadAnswerError, "an empty reply"),
    "error_200": (BadAnswerError, "its answer is one piece (application/json) where a stream was asked for; ask with"),
    "error_event": (ProviderFailedError, "it failed: "),
    "failed_event": (ProviderFailedError, "it failed: "),
    "html_200": (BadAnswerError, "its answer is a web page (text/html); check {API}_BASE_URL, which usually"),
    "html_502": (ProviderFailedError, "it failed (status 502): a web page; try again later"),
    "http_401": (KeyRefusedError, "the key was refused (status 401): "),
    "http_403": (KeyRefusedError, "the key may not do this (status 403): "),
    "http_404": (ModelNotFoundError, "no model 'model-1' (status 404): "),
    "http_413": (RequestRefusedError, "the request was refused (status 413): Request "),
    "http_422": (RequestRefusedError, "the request was refused (status 422): "),
    "http_429": (RateLimitedError, "; try again in 2 s"),
    "http_500": (ProviderFailedError, "it failed (status 500): "),
    "http_503": (ProviderFailedError, "it failed (status 503): "),
    "http_529": (ProviderFailedError, "it failed (status 529): Overloaded; try again later"),
    "not_json": (BadAnswerError, "its answer is not JSON; check {API}_BASE_URL"),
    "stall": (ProviderUnreachableError, "no answer in time"),
}
"""What each fault of the fake provider becomes; `no_end` is none, for the finish reason tells that all has come."""
WHOLE: dict[str, tuple[type[ModelError], str]] = {"error_200": (ProviderFailedError, "it failed: ")}
"""What is something else where no stream was asked for."""


def check(error: Any, kind: type[ModelError], words: str, host: str) -> None:
    """See to it that an error is of that kind, one line, about that host, and free of the key and what knows it."""
    assert type(error) is kind, error
    assert words in str(error)
    assert error.host == host
    assert str(error).startswith(f"{host}: ")
    assert str(error).isprintable()
    assert error.__cause__ is error.__context__ is None
    printed = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    assert KEY not in printed
    assert KEY[:8] not in printed


def test_every_fault_is_tested() -> None:
    """A fault that the fake provider learns must be told here too."""
    assert {*FAULTS, "no_end"} == set(get_args(Fault))


@real_time
@both_apis
@both_ways
@pytest.mark.parametrize("fault", FAULTS)
async def test_fault(api: Api, fault: Any, *, stream: bool) -> None:
    """Each fault of a provider is the error that fits, whole line included, and leaves nothing open."""
    kind, words = FAULTS[fault] if stream else {**FAULTS, **WHOLE}[fault]
    text = ["a", "b", "c", "d"] if kind is ReplyCutError else None
    reply = Reply(text, fault=fault, after=0 if fault.endswith("_event") and text is None else None, retry_after_s=2)
    async with provider(reply) as server:
        patience = {"timeout": 1} if fault == "stall" else {}
        heard = await ask(api, environment(server), stream=stream, **patience)
        check(heard.error, kind, words.format(API=api.upper()), server.url.removeprefix("http://"))
        assert heard.tokens == (["a", "b"] if kind is ReplyCutError and stream else [])


@real_time
@both_apis
@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("cut", ReplyCutError, "the connection broke in the middle of the answer; ask again"),
        ("cut_mid_character", ReplyCutError, "the connection broke in the middle of the answer; ask again"),
        ("cut_mid_event", ReplyCutError, "the connection broke in the middle of the answer; ask again"),
        ("error_event", ProviderFailedError, "it failed: "),
        ("failed_event", ProviderFailedError, "it failed: "),
        ("no_end", ReplyCutError, "the reply ended without its end mark; ask again"),
        ("not_json", ReplyCutError, "the reply was cut: its answer is not JSON; ask again"),
        ("stall", ReplyCutError, "the reply was cut: no answer in time; ask again"),
    ],
)
async def test_fault_in_mid_stream(api: Api, fault: Any, kind: type[ModelError], words: str) -> None:
    """The tokens before a fault arrive, and the error says that the reply is not whole."""
    async with provider(Reply(["a", "b", "c"], fault=fault, after=2)) as server:
        heard = await ask(api, environment(server), **({"timeout": 1} if fault == "stall" else {}))
        assert heard.tokens == ["a", "b"]
        check(heard.error, kind, words, server.url.removeprefix("http://"))


@real_time
@both_apis
@pytest.mark.parametrize("fault", ["cut", "no_end", "cut_mid_event"])
async def test_a_stream_that_closes_with_its_connection(api: Api, fault: Any) -> None:
    """Where no layer tells a cut from an end, the missing finish reason does."""
    async with provider(Reply(["a", "b", "c"], fault=fault, after=2, close_delimited=True)) as server:
        heard = await ask(api, environment(server))
        assert heard.tokens == ["a", "b"]
        words = "the reply ended without its end mark; ask again"
        check(heard.error, ReplyCutError, words, server.url.removeprefix("http://"))


@real_time
@both_apis
@pytest.mark.parametrize("fault", ["cut", "error_event", "not_json"])
@pytest.mark.parametrize("after", [0, 2])
async def test_a_failed_stream_is_gone_with_its_scope(api: Api, fault: Any, after: int) -> None:
    """None of the SDK's nested generators outlives the scope, to be closed by tasks that nobody owns."""
    async with provider(Reply(["a", "b", "c"], fault=fault, after=after)) as server:
        before = {id(each) for each in gc.get_objects()}
        heard = await ask(api, environment(server))
        left = [each for each in gc.get_objects() if isinstance(each, AsyncGeneratorType) and id(each) not in before]
        assert heard.error is not None
        assert [each for each in left if each.ag_frame is not None] == []


@real_time
@both_apis
@both_ways
async def test_the_finish_reason_is_the_end_mark(api: Api, *, stream: bool) -> None:
    """A reply that says why it ended is whole, whatever the connection does then."""
    heard, _ = await asked(api, Reply("a b", fault="no_end"), stream=stream)
    assert (heard.error, heard.message.text, heard.metadata["finish_reason"]) == (None, "a b", "stop")


@real_time
@both_apis
@pytest.mark.parametrize(
    ("environment_key", "cure"),
    [
        ({}, "check {API}_API_KEY"),
        ({"{API}_API_KEY": ""}, "set {API}_API_KEY: this server wants one"),
        ({"{API}_API_KEY": "", "MINIAGENTS_KEY_WITHHELD": "your key was kept back"}, "your key was kept back"),
    ],
)
async def test_a_refused_key(api: Api, environment_key: dict[str, str], cure: str) -> None:
    """A key that is refused, or was not there, is told with what to do about it."""
    async with provider("hi", keys={"right"}) as server:
        more = {name.format(API=api.upper()): value for name, value in environment_key.items()}
        heard = await ask(api, environment(server, **more))
        check(heard.error, KeyRefusedError, cure.format(API=api.upper()), server.url.removeprefix("http://"))


@real_time
@both_apis
@both_ways
async def test_a_provider_that_quotes_the_key(api: Api, *, stream: bool) -> None:
    """A key that the provider sends back is taken out of its words."""
    heard, _ = await asked(api, Reply(f"Bad key {KEY}!\n\x1b[31mSee there.", status=401), stream=stream)
    assert "Bad key [key]! ␛[31mSee there; check" in str(heard.error)


@real_time
@both_apis
@both_ways
@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_refused_request(api: Api, status: int, *, stream: bool) -> None:
    """What the API has against a request is told in its own words."""
    heard, _ = await asked(api, Reply("temperature must be less than 2", status=status), stream=stream)
    assert type(heard.error) is RequestRefusedError
    assert f"the request was refused (status {status}): temperature must be less than 2" in str(heard.error)


@real_time
@both_apis
async def test_a_wrong_path(api: Api) -> None:
    """A base URL that the API is not at is no matter of the model."""
    async with provider("hi") as server:
        url = f"{server.url}/wrong"
        heard = await ask(api, environment(server, OPENAI_BASE_URL=url, ANTHROPIC_BASE_URL=url))
        words = f"; check {api.upper()}_BASE_URL, which usually"
        check(heard.error, BadAnswerError, words, server.url.removeprefix("http://"))


@real_time
@both_apis
@both_ways
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"[]", "its answer is not one of this API"),
        (b'"text"', "its answer is not"),
        (b"{}", "its answer is not one of this API"),
        (b'{"choices": "x", "content": 3}', "its answer is not one of this API"),
        (b'{"choices": [null], "content": [null]}', "its answer is not one of this API"),
        (b"\xff", "its answer is not JSON"),
    ],
)
async def test_json_of_another_shape(api: Api, body: bytes, words: str, *, stream: bool) -> None:
    """JSON that is no answer of the API is told as such, in one piece and as the event of a stream."""
    if stream:
        event = b"event: content_block_delta\ndata: " + body + b"\n\n"
        heard = await answered(api, event * 2, "text/event-stream", stream=True)
    else:
        heard = await answered(api, body, "application/json", stream=False)
    assert heard.tokens == []
    assert type(heard.error) is BadAnswerError, heard.error
    assert words in str(heard.error) or "an empty reply" in str(heard.error)


@real_time
@both_apis
async def test_one_piece_instead_of_a_stream(api: Api) -> None:
    """A server that cannot stream is named as such."""
    heard = await answered(api, b"{}", "application/json; charset=utf-8", stream=True)
    assert "one piece (application/json)" in str(heard.error)
    assert "--no-stream" in str(heard.error)


@real_time
@both_apis
@pytest.mark.parametrize(("body", "words"), [(b"hello there", "text: hello there"), (b" ", "an empty answer")])
async def test_text_instead_of_json(api: Api, body: bytes, words: str) -> None:
    """An answer that is plain text is quoted."""
    heard = await answered(api, body, "text/plain", stream=False)
    assert words in str(heard.error)


async def ask_at(api: Api, url: str) -> Heard:
    """Ask at another address."""
    heard = await ask(api, {"OPENAI_BASE_URL": url, "ANTHROPIC_BASE_URL": url})
    await settle()
    return heard


@real_time
@both_apis
async def test_nobody_listens(api: Api) -> None:
    """A server that is not running is told as that."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        heard = await ask_at(api, f"http://127.0.0.1:{port}/v1")
    check(heard.error, ProviderUnreachableError, "nobody listens there; start the server", f"127.0.0.1:{port}")


@real_time
@both_apis
async def test_no_such_host(api: Api) -> None:
    """A name that no network knows is told as that (`.invalid` is kept free for it by RFC 2606)."""
    heard = await ask_at(api, "http://nowhere.invalid/v1")
    check(heard.error, ProviderUnreachableError, "there is no host of that name", "nowhere.invalid")


@real_time
@both_apis
async def test_no_encryption(api: Api) -> None:
    """https:// to a server that speaks plain HTTP is told as that."""
    heard = await answered(api, b"hi", "text/plain", scheme="https")
    check(heard.error, ProviderUnreachableError, "no encrypted connection", heard.error.host)
