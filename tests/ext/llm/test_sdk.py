"""What both SDKs have in common: shared clients and their end, cancellation, options, retries, what stays at home."""

import asyncio
import gc
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from miniagents import MiniAgents
from miniagents.errors import CallCancelledError, RateLimitedError, RequestRefusedError, SettingsError
from tests.ext.llm.asking import (
    AGENTS,
    KEY,
    PROMPTLY_S,
    SOON_S,
    Api,
    ask,
    asked,
    both_apis,
    both_ways,
    environment,
    served,
    settle,
)
from tests.fakes.llm_server import LLMServer, Reply, Request

real_time = pytest.mark.real_time


def key_of(request: Request) -> str:
    """Return the key that a request came with; Anthropic's SDK has its own header for it before version 2."""
    return request.headers.get("x-api-key") or request.headers["authorization"].removeprefix("Bearer ")


@real_time
@both_apis
@pytest.mark.parametrize("sent", [1, 2])
async def test_tokens_arrive_one_by_one(api: Api, sent: int) -> None:
    """A reader has each token while the provider still holds the next one back."""
    async with served(Reply(["a", "b", "c"], fault="stall", after=sent)) as server, MiniAgents():
        reply = AGENTS[api].inquire("hello", model="m", environment=environment(server))
        tokens = aiter(await anext(aiter(reply)))
        async with asyncio.timeout(SOON_S):
            assert [await anext(tokens) for _ in range(sent)] == ["a", "b"][:sent]
        reply.cancel()


@real_time
@both_apis
async def test_one_client_for_a_scope(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls in one scope share the connections of one client; another scope, or another key, has its own."""
    monkeypatch.setattr("miniagents.ext.llm.sdk._AFTER_THE_END_S", SOON_S)  # a busy machine may need a while
    async with served("hi") as server:
        for _ in range(2):
            async with MiniAgents():
                for _ in range(2):
                    await AGENTS[api].inquire("x", environment=environment(server))
                other = environment(server, OPENAI_API_KEY=f"{KEY}2", ANTHROPIC_API_KEY=f"{KEY}2")
                await AGENTS[api].inquire("x", environment=other, max_retries=1)
        assert [request.connection for request in server.requests] == [1, 1, 2, 3, 3, 4]
        assert [key_of(request)[-1] for request in server.requests] == [*"jj2jj2"]


@real_time
@both_apis
async def test_calls_at_the_same_time(api: Api) -> None:
    """Calls do not wait for each other."""
    async with served("first", Reply("a b", fault="stall", after=1)) as server, MiniAgents():
        await _whole(api, server)  # makes the client
        replies = [AGENTS[api].inquire("x", environment=environment(server)) for _ in range(5)]
        await asyncio.wait_for(server.arrived(1 + 5), SOON_S)  # and none has come to its end
        for reply in replies:
            reply.cancel()


@real_time
@both_apis
async def test_no_connection_outlives_the_scope(api: Api) -> None:
    """When the scope is left, its connections are closed: the provider sees it in the next turn of the loop."""
    async with served("hi") as server:
        async with MiniAgents():
            await asyncio.gather(*(_whole(api, server) for _ in range(3)))
            assert server.open_connections > 0
        left_s = time.monotonic()
        for request in server.requests:
            assert await asyncio.wait_for(request.client_closed(), SOON_S) - left_s < PROMPTLY_S


async def _whole(api: Api, server: LLMServer) -> Any:
    return await AGENTS[api].inquire("x", environment=environment(server), stream=False)


@both_apis
def test_no_task_outlives_the_reply(api: Api) -> None:
    """When the last token and the end of a stream are there, the SDK has left nothing to the event loop."""

    async def run() -> set[Any]:
        async with MiniAgents():
            await AGENTS[api].inquire("x", environment=environment(server))
            return asyncio.all_tasks() - {asyncio.current_task()}

    with LLMServer.in_thread(["hi there"], burst=True) as server:
        for _ in range(2):
            assert asyncio.run(run()) == set()


@both_apis
def test_loop_after_loop(api: Api) -> None:
    """A program may run one event loop after another: nothing of one is left to the next, and nothing warns."""
    before = {*threading.enumerate()}

    async def run() -> None:
        async with MiniAgents():
            for stream in (True, False):
                await AGENTS[api].inquire("x", environment=environment(server), stream=stream)

    with LLMServer.in_thread(["hi"]) as server:
        for _ in range(3):
            asyncio.run(run())
        gc.collect()  # what was not closed would warn now
        assert len(server.requests) == 6
        for request in server.requests:
            request.wait_closed(SOON_S)
    assert {*threading.enumerate()} <= before


def test_the_interpreter_ends_in_silence() -> None:
    """A program that leaves its scope and at once its loop writes nothing to standard error, with all warnings on."""
    program = (
        "import asyncio, sys\n"
        "from miniagents import MiniAgents\n"
        "from miniagents.ext.llm.openai import openai_agent\n"
        "async def main():\n"
        "    async with MiniAgents():\n"
        "        print(await openai_agent.inquire('x'))\n"
        "asyncio.run(main())\n"
    )
    with LLMServer.in_thread(["hi there"]) as server:
        command = [sys.executable, "-W", "error", "-c", program]
        done = subprocess.run(
            command, env=environment(server), capture_output=True, text=True, timeout=SOON_S * 4, check=False
        )
    assert (done.stdout, done.stderr) == ("hi there\n", "")


@real_time
@both_apis
@pytest.mark.parametrize(
    ("reply", "stream"),
    [
        (Reply(fault="stall"), True),
        (Reply(fault="stall"), False),
        (Reply("a b", delay_s=60), True),
        (Reply("a b", delay_s=60), False),
    ],
    ids=["streamed, before the first byte", "whole", "streamed, between tokens", "whole, while it is made"],
)
async def test_cancelling_closes_the_connection(api: Api, reply: Reply, *, stream: bool) -> None:
    """A reply that is cancelled, at whatever point, is closed at the provider at once, and leaves no task."""
    async with served(reply) as server, MiniAgents():
        promises = AGENTS[api].inquire("x", environment=environment(server), stream=stream)
        tokens = aiter(await anext(aiter(promises)))
        request = await server.arrived()
        if reply.text and stream:
            assert await anext(tokens) == "a"
        cancelled_s = time.monotonic()
        promises.cancel()
        assert await asyncio.wait_for(request.client_closed(), SOON_S) - cancelled_s < PROMPTLY_S
        with pytest.raises(CallCancelledError):
            await anext(tokens)


@real_time
@both_apis
@both_ways
async def test_leaving_the_scope_by_an_error_closes_the_connection(api: Api, *, stream: bool) -> None:
    """Ctrl-C, or any error, in the scope stops the provider too."""
    async with served(Reply("a b", delay_s=60)) as server:
        with pytest.raises(ZeroDivisionError):
            await _interrupted(api, server, stream=stream)
        left_s = time.monotonic()
        assert await asyncio.wait_for(server.requests[0].client_closed(), SOON_S) - left_s < PROMPTLY_S


async def _interrupted(api: Api, server: LLMServer, *, stream: bool) -> None:
    async with MiniAgents():
        AGENTS[api].inquire("x", environment=environment(server), stream=stream)
        await server.arrived()
        raise ZeroDivisionError


@real_time
@both_apis
@both_ways
async def test_cancelled_before_its_first_step(api: Api, *, stream: bool) -> None:
    """A call that is cancelled at once asks nobody and leaves nothing."""
    async with served("hi") as server:
        async with MiniAgents():
            reply = AGENTS[api].inquire("x", environment=environment(server), stream=stream)
            reply.cancel()
            with pytest.raises(CallCancelledError):
                await reply
        assert server.requests == []


@real_time
@both_apis
async def test_retries_are_not_the_sdks(api: Api) -> None:
    """A request is sent again as often as it is told to, and the SDK adds none; without retries a refusal counts."""
    async with served(Reply(status=429, retry_after_s=0.01), "hi") as server:
        assert (await ask(api, environment(server), max_retries=2)).message.text == "hi"
        assert len(server.requests) == 2
        server.script(Reply(status=429))
        heard = await ask(api, environment(server), max_retries=0)
        assert isinstance(heard.error, RateLimitedError)
        assert len(server.requests) == 3


@real_time
@both_apis
@both_ways
async def test_options_reach_the_api(api: Api, *, stream: bool) -> None:
    """Whatever option is given arrives, known to the SDK or not; what is None counts as not given."""
    options = {"temperature": 0.25, "top_k": 3, "brand_new": {"deep": [1]}, "metadata": {"user_id": "u"}, "seed": None}
    heard, body = await asked(api, "hi", stream=stream, **options, extra_body={"brand_new_too": 1})
    assert heard.message.text == "hi"
    sent = {**{name: value for name, value in options.items() if value is not None}, "brand_new_too": 1}
    assert {name: body.get(name) for name in sent} == sent
    assert "seed" not in body


@real_time
@both_apis
async def test_options_of_the_sdk(api: Api) -> None:
    """What the SDK itself takes (headers, a timeout) is no matter of the API."""
    async with served("hi") as server:
        heard = await ask(api, environment(server), extra_headers={"x-mine": "yes"}, timeout=9)
        assert heard.message.text == "hi"
        assert server.requests[0].headers["x-mine"] == "yes"
        assert "timeout" not in server.requests[0].body


@real_time
@both_apis
@both_ways
async def test_what_cannot_be_sent(api: Api, *, stream: bool) -> None:
    """An option that is no JSON is refused before anything is sent, in one line."""
    async with served("hi") as server:
        heard = await ask(api, environment(server), stream=stream, brand_new=object())
        assert isinstance(heard.error, RequestRefusedError)
        assert "the request cannot be sent: " in str(heard.error)
        assert server.requests == []


@real_time
@both_apis
async def test_half_a_character_is_no_reason_to_fail(api: Api) -> None:
    """Text that cannot be encoded is sent all the same."""
    heard, body = await asked(api, "hi", "caf\udce9")
    assert (heard.error, body["messages"][-1]["content"]) == (None, "caf?")


@real_time
@both_apis
async def test_another_server_gets_no_headers_of_the_environment(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the process's environment makes an SDK send goes to the server that it names, and to no other."""
    prefix = api.upper()
    monkeypatch.setenv(f"{prefix}_CUSTOM_HEADERS", "x-secret: 1\nno header\nX-Other : 2")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-secret")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "token-secret")
    async with served("hi") as server:
        await ask(api, environment(server))
        for name, value in environment(server).items():
            monkeypatch.setenv(name, value)
        await ask(api, environment(server))
    elsewhere, at_home = server.requests
    assert "secret" not in str(elsewhere.headers)
    assert at_home.headers.get("x-secret", "1") == "1"  # older SDKs know no such variable
    assert at_home.headers.get("openai-organization") == ("org-secret" if api == "openai" else None)
    assert key_of(elsewhere) == key_of(at_home) == KEY


@real_time
@both_apis
async def test_the_process_environment_is_read_at_the_call(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an environment of its own an agent uses the process's, as it is when it is called."""
    async with served("hi") as server:
        for name, value in environment(server).items():
            monkeypatch.setenv(name, value)
        async with MiniAgents():
            assert str(await AGENTS[api].inquire("x")) == "hi"


@real_time
@both_apis
async def test_a_proxy_that_is_none(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment that the HTTP library does not understand is a wrong setting, told in its words."""
    monkeypatch.setenv("ALL_PROXY", "gopher://localhost")
    heard = await ask(api, {"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY})
    assert isinstance(heard.error, SettingsError)
    assert "cannot be asked: " in str(heard.error)
    assert "proxy" in str(heard.error)


@real_time
@both_apis
async def test_no_key(api: Api) -> None:
    """Without a key nothing is sent, and nothing of the process's environment helps out."""
    heard = await ask(api, {})
    assert f"there is no key; set {api.upper()}_API_KEY" in str(heard.error)
    await settle()
