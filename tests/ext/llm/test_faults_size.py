"""Replies that are very long, have very long tokens, or are read very slowly: nothing of them is lost."""

import asyncio

import pytest

from miniagents import MessagePromise, MiniAgents
from tests.ext.llm.asking import AGENTS, SOON_S, Api, ask, both_apis, both_ways, environment, served, settle
from tests.fakes.llm_server import LLMServer, Reply

LONG = 100_000
MEGABYTE = "é\n\u2028\N{WATER WAVE}" * 100_000
"""A million bytes in UTF-8, with what lines and characters can be broken at."""

pytestmark = pytest.mark.real_time


@both_apis
async def test_a_hundred_thousand_tokens(api: Api) -> None:
    """Each of them arrives, by itself and in order."""
    tokens = [f" {number}" for number in range(LONG)]
    with LLMServer.in_thread([Reply(tokens)], burst=True) as server:
        heard = await ask(api, environment(server))
        assert heard.error is None
        assert heard.tokens == tokens
        assert heard.metadata["usage"]["out"] == LONG
    await settle()


@both_apis
@both_ways
async def test_a_token_of_a_megabyte(api: Api, *, stream: bool) -> None:
    """It arrives whole, with those around it."""
    async with served(Reply(["a", MEGABYTE, "b"])) as server:
        heard = await ask(api, environment(server), stream=stream)
        assert heard.error is None
        assert heard.tokens == (["a", MEGABYTE, "b"] if stream else [f"a{MEGABYTE}b"])


@both_apis
async def test_a_slow_reader(api: Api) -> None:
    """One that takes its time gets all, and keeps a quick one from nothing."""
    tokens = [f" {number}" for number in range(200)]
    async with served(Reply(tokens)) as server, MiniAgents():
        slow: list[str] = []
        async for promise in AGENTS[api].inquire("hello", model="m", environment=environment(server)):
            quick = asyncio.create_task(_all(promise))
            async for token in promise:
                slow.append(token)
                if len(slow) == len(tokens) // 2:
                    await asyncio.wait_for(asyncio.shield(quick), SOON_S)
            assert slow == await quick == tokens


async def _all(promise: MessagePromise) -> list[str]:
    return [token async for token in promise]
