"""A provider that fails and then does not: one call, one reply, with the real SDKs over real connections."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import openai
import pytest

from miniagents import Message, MiniAgents
from miniagents.errors import ProviderFailedError, ProviderUnreachableError, RateLimitedError, ReplyCutError
from miniagents.ext.llm import retries
from miniagents.ext.llm.limiter import Rate
from tests.clocks import let_pass
from tests.ext.llm.asking import AGENTS, KEY, Api, ask, both_apis, both_ways, environment, served, settle
from tests.fakes.llm_server import LLMServer, Reply

pytestmark = pytest.mark.real_time

SOON = {"retry-after-ms": "5"}
NOW = "the date of now"


def date_in(seconds: float) -> str:
    """Write a time to come as HTTP does."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait hundredths of a second where it would be half a one and more."""
    monkeypatch.setattr(retries, "_SHORTEST_WAIT_S", 0.01)
    monkeypatch.setattr(retries, "_LONGEST_WAIT_S", 0.02)
    monkeypatch.setattr(retries, "_JITTER_S", 0.01)


@both_apis
@both_ways
@pytest.mark.parametrize(
    "failure",
    [
        Reply(status=429, headers=SOON),
        Reply(status=429, headers={"retry-after": "0.01"}),
        Reply(status=429, retry_after=NOW),
        Reply(status=429),
        Reply(status=500),
        Reply(status=503, headers=SOON),
        Reply(fault="http_529"),
        Reply(fault="html_502"),
        Reply(fault="cut_before"),
        Reply("a b", fault="cut", after=0),
        Reply("a b", fault="error_event", after=0),
        Reply(status=400, headers={"x-should-retry": "true"}),
    ],
    ids=lambda reply: (
        f"{reply.fault or reply.status}{'' if reply.after is None else ' before the first token'}"
        f"{' by a date' if reply.retry_after else ''}"
    ),
)
async def test_the_second_try_succeeds(
    api: Api, failure: Reply, caplog: pytest.LogCaptureFixture, *, stream: bool
) -> None:
    """What failed before the first token is asked for again: the reply is whole, once, and one line tells of it."""
    caplog.set_level(logging.WARNING, "miniagents")
    if failure.retry_after == NOW:
        failure = replace(failure, retry_after=date_in(0))
    async with served(failure, "hello there") as server:
        heard = await ask(api, environment(server), stream=stream, max_retries=2)
        assert heard.error is None
        assert (heard.message.text, "".join(heard.tokens)) == ("hello there", "hello there")
        assert heard.metadata["tries"] == len(server.requests) == 2
        assert server.requests[0].body == server.requests[1].body
    (line,) = [record.getMessage() for record in caplog.records if record.name == "miniagents"]
    assert line.startswith(f"{server.url.removeprefix('http://')}: ")
    assert "; trying again in 0.0 s (try 2 of 3)" in line


@both_apis
@pytest.mark.parametrize("fault", ["http_500", "http_503", "cut_before", "http_429"])
async def test_three_tries_by_default(api: Api, fault: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A provider that goes on failing is asked three times, by us and not by the SDK besides; the error is one line."""
    async with served(Reply(fault=fault)) as server:
        heard = await ask(api, environment(server), max_retries=None)
        assert len(server.requests) == 3
        assert isinstance(heard.error, ProviderFailedError | ProviderUnreachableError | RateLimitedError)
        assert str(heard.error).isprintable()
        assert str(heard.error).startswith(f"{server.url.removeprefix('http://')}: ")
    assert len([record for record in caplog.records if record.name == "miniagents"]) == 2


@both_apis
@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
async def test_what_no_waiting_mends(api: Api, status: int) -> None:
    """A request that is refused is sent once."""
    async with served(Reply(status=status)) as server:
        assert (await ask(api, environment(server), max_retries=None)).error is not None
        assert len(server.requests) == 1


@both_apis
async def test_a_cut_after_the_first_token(api: Api) -> None:
    """A reply that broke when something of it was shown is not asked for again."""
    async with served(Reply(["a", "b", "c", "d"], fault="cut"), "never") as server:
        heard = await ask(api, environment(server), max_retries=2)
        assert (type(heard.error), heard.tokens, len(server.requests)) == (ReplyCutError, ["a", "b"], 1)


@both_apis
@pytest.mark.parametrize("by_date", [False, True])
async def test_a_wait_beyond_all_patience(api: Api, caplog: pytest.LogCaptureFixture, *, by_date: bool) -> None:
    """A server that asks for more than a minute, in seconds or by a date, is taken at its word: the error says so."""
    async with served(Reply(status=429, retry_after=date_in(600) if by_date else "90")) as server:
        heard = await ask(api, environment(server), max_retries=None)
        assert (type(heard.error), len(server.requests)) == (RateLimitedError, 1)
        assert heard.error.retry_after_s >= 90
        assert "try again in " in str(heard.error)
    assert caplog.records == []


@both_apis
@both_ways
async def test_a_stall_before_the_first_token(api: Api, *, stream: bool) -> None:
    """A provider that says nothing in time is asked again, and its first connection is closed."""
    async with served(Reply(fault="stall"), "hello") as server:
        asking = asyncio.create_task(
            ask(api, environment(server), stream=stream, max_retries=1, first_token_timeout_s=60)
        )
        await server.arrived()
        let_pass(61)
        heard = await asking
        assert (heard.error, heard.message.text, heard.metadata["tries"]) == (None, "hello", 2)


@both_apis
@pytest.mark.parametrize("after", [0, 2])
async def test_a_stall_of_a_stream(api: Api, after: int) -> None:
    """One that stalls when it has begun is cut where something was shown, and else could not be reached."""
    async with served(Reply(["a", "b", "c"], fault="stall", after=after)) as server:
        limits = {"first_token_timeout_s": 60 if after else 0.3, "between_tokens_timeout_s": 1}
        heard = await ask(api, environment(server), **limits)
        kind = ReplyCutError if after else ProviderUnreachableError
        assert (type(heard.error), heard.tokens) == (kind, ["a", "b", "c"][:after])
        assert f"the {'next' if after else 'first'} token took longer than" in str(heard.error)
        assert heard.error.__cause__ is heard.error.__context__ is None


@both_apis
async def test_the_next_model_answers(api: Api) -> None:
    """Of several models the next is asked where one fails, and the reply says which it was and why."""
    async with served(Reply(status=404), "hello") as server:
        heard = await ask(api, environment(server), model=["model-1", "model-2"])
        assert [request.body["model"] for request in server.requests] == ["model-1", "model-2"]
        assert (heard.message.text, heard.metadata["model"]) == ("hello", "model-2")
        (instead_of,) = heard.metadata["instead_of"]
        assert instead_of["model"] == "model-1"
        assert "no model 'model-1' (status 404)" in instead_of["error"]


@both_apis
def test_a_thousand_calls_at_once(api: Api) -> None:
    """With ten at a time few are under way at the provider, all are answered, and none twice."""
    most = 0

    async def run(server: LLMServer) -> list[str]:
        nonlocal most
        async with MiniAgents():
            rate = Rate(concurrency=10)
            replies = [
                AGENTS[api].inquire(f"n{i}", model="m", environment=environment(server), rate=rate) for i in range(1000)
            ]
            texts = []
            for reply in replies:
                texts.append(str(await reply))
                most = max(most, server.open_connections)
            await settle()
            return texts

    with LLMServer.in_thread() as server:
        texts = asyncio.run(run(server))
        assert texts == [f"You said: n{i}" for i in range(1000)]
        assert len(server.requests) == 1000
        assert 0 < most <= 100  # as below; `test_limiter` sees to the exact number


@pytest.mark.timeout(300)
def test_a_thousand_calls_through_a_pool_of_ten() -> None:
    """Calls that wait for a connection of a client's own pool wait there: none fails, none takes another's reply."""

    async def run(server: LLMServer) -> list[str]:
        limits = type(openai.DEFAULT_CONNECTION_LIMITS)(max_connections=10)
        pool = openai.DefaultAsyncHttpxClient(limits=limits)
        async with (
            openai.AsyncOpenAI(base_url=server.openai_base_url, api_key=KEY, http_client=pool) as client,
            MiniAgents(),
        ):
            asked = [AGENTS["openai"].inquire(f"n{i}", model="m", client=client, max_retries=0) for i in range(1000)]
            texts = []
            for reply in asked:
                texts.append(str(await reply))
                open_then.append(server.open_connections)
            await settle()
            return texts

    open_then: list[int] = []
    with LLMServer.in_thread() as server:
        assert asyncio.run(run(server)) == [f"You said: n{i}" for i in range(1000)]
        assert len(server.requests) == 1000
        assert max(open_then) <= 100  # ten, and those whose end the server has not seen yet; without a pool all


@both_apis
async def test_what_came_of_a_cut_reply_goes_on(api: Api) -> None:
    """A reply that was cut is kept as far as it came, and the model goes on with it where that is asked for."""
    async with served(Reply(["a ", "b ", "c ", "d"], fault="cut"), "c d") as server:
        heard = await ask(api, environment(server))
        assert (type(heard.error), heard.tokens) == (ReplyCutError, ["a ", "b "])
        begun = Message(text="".join(heard.tokens), role="assistant")
        more = await ask(api, environment(server), ["hello", begun], resume=True)
        assert "".join([*heard.tokens, *more.tokens]) == "a b c d"
        *_, said, wish = server.requests[-1].body["messages"]
        assert (said["role"], said["content"].rstrip(), wish["role"]) == ("assistant", "a b", "user")


HEADERS: dict[str, dict[str, str]] = {
    "openai": {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "300ms"},
    "anthropic": {"anthropic-ratelimit-requests-remaining": "0", "anthropic-ratelimit-requests-reset": "0.3"},
}


@both_apis
async def test_what_the_server_says_is_left(api: Api) -> None:
    """Where an answer says that nothing is left, the next request of that key waits for the reset."""
    async with served(Reply("hello", headers=HEADERS[api]), "well") as server, MiniAgents():
        asking = {"model": "m", "environment": environment(server), "max_retries": 0}
        assert str(await AGENTS[api].inquire("x", **asking)) == "hello"
        assert str(await AGENTS[api].inquire("x", **asking)) == "well"
        told, late = server.requests
        assert late.received_at - told.received_at >= 0.29
