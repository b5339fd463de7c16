"""Another HTTP library below the SDKs: it streams, stops and fails as the usual one does."""

import asyncio
import time
from types import ModuleType
from typing import Any

import anthropic
import openai
import pytest

from miniagents import MiniAgents
from miniagents.errors import (
    CallCancelledError,
    ProviderUnreachableError,
    RateLimitedError,
    ReplyCutError,
    SettingsError,
)
from miniagents.ext.llm.transport import http_client
from tests.ext.llm.asking import (
    AGENTS,
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
from tests.fakes.llm_server import LLMServer, Reply

pytestmark = [pytest.mark.real_time, pytest.mark.usefixtures("by_aiohttp")]


@pytest.fixture
def by_aiohttp(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the SDKs use aiohttp."""
    monkeypatch.setenv("MINIAGENTS_TRANSPORT", "aiohttp")


@pytest.mark.parametrize("sdk", [openai, anthropic])
async def test_which_library_it_is(sdk: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is aiohttp only where the variable says so; what there is not is an error with the cure."""
    async with http_client(sdk) as client:
        assert isinstance(client, sdk.DefaultAioHttpClient)
    for usual in ("httpx", ""):
        monkeypatch.setenv("MINIAGENTS_TRANSPORT", usual)
        async with http_client(sdk) as client:
            assert not isinstance(client, sdk.DefaultAioHttpClient)
    monkeypatch.setenv("MINIAGENTS_TRANSPORT", "curl")
    with pytest.raises(SettingsError, match="no such HTTP library here; set aiohttp, httpx or nothing"):
        http_client(sdk)
    monkeypatch.setenv("MINIAGENTS_TRANSPORT", "aiohttp")
    with pytest.raises(SettingsError, match="not installed, or too old; pip install"):
        http_client(ModuleType("an_older_sdk"))


@both_apis
@both_ways
async def test_a_reply(api: Api, *, stream: bool) -> None:
    """Replies come token by token, or whole, and leave nothing open."""
    heard, _ = await asked(api, Reply(["a", " b"]), stream=stream)
    assert heard.error is None
    assert heard.message.text == "a b"
    assert len(heard.tokens) == (2 if stream else 1)


FAULTS: dict[str, tuple[type[Exception], str]] = {
    "cut": (ReplyCutError, "the connection broke in the middle of the answer; ask again"),
    "cut_before": (ProviderUnreachableError, "the connection failed: Server disconnected"),
    "http_429": (RateLimitedError, "too many requests"),
}


@both_apis
@pytest.mark.parametrize("fault", FAULTS)
async def test_faults(api: Api, fault: Any) -> None:
    """What goes wrong is told as with the usual library."""
    kind, line = FAULTS[fault]
    heard, _ = await asked(api, Reply(["a", "b", "c", "d"], fault=fault))
    assert type(heard.error) is kind
    assert line in str(heard.error)


@both_apis
async def test_nobody_listens(api: Api) -> None:
    """A refused connection has its own line."""
    async with LLMServer() as server:
        variables = environment(server)
    heard = await ask(api, variables)
    assert "nobody listens there" in str(heard.error)
    await settle()


@both_apis
async def test_what_is_cancelled_stops_at_the_provider(api: Api) -> None:
    """Cancelling a reply closes its connection, and so does leaving it."""
    async with served(Reply("a b", delay_s=60)) as server, MiniAgents():
        reply = AGENTS[api].inquire("x", model="m", environment=environment(server))
        await server.arrived()
        await asyncio.sleep(0.02)
        stopped_s = time.monotonic()
        reply.cancel()
        with pytest.raises(CallCancelledError):
            await reply
        closed_s = await asyncio.wait_for(server.requests[0].client_closed(), SOON_S)
        assert closed_s - stopped_s < PROMPTLY_S
