"""Every fault of a provider, where the Responses API is asked: as that of the other APIs, with the real SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from miniagents import MiniAgents
from miniagents.errors import MiniagentsError, ProviderFailedError, ReplyCutError
from miniagents.ext.llm.openai import openai_agent
from tests.ext.llm.asking import Heard, both_ways, environment, served
from tests.ext.llm.test_faults import FAULTS, WHOLE, check
from tests.fakes.llm_server import Reply

if TYPE_CHECKING:
    from tests.fakes.llm_server import LLMServer

pytestmark = pytest.mark.real_time

PIECES = ["a", "b", "c", "d"]


async def hear(server: LLMServer, **parameters: Any) -> Heard:
    """Ask one question, without a second try, and report an error instead of raising it."""
    heard = Heard()
    parameters = {"model": "model-1", "max_retries": 0, "api": "responses", **parameters}
    async with MiniAgents():
        try:
            async for promise in openai_agent.inquire("hello", environment=environment(server), **parameters):
                async for token in promise:
                    heard.tokens.append(token)
                heard.message = await promise
        except MiniagentsError as error:
            heard.error = error
    return heard


@both_ways
@pytest.mark.parametrize("fault", FAULTS)
async def test_fault(fault: Any, *, stream: bool) -> None:
    """Each fault is the error that fits, whole line included, and leaves nothing open."""
    kind, words = FAULTS[fault] if stream else {**FAULTS, **WHOLE}[fault]
    text = PIECES if kind is ReplyCutError else None
    reply = Reply(text, fault=fault, after=0 if fault.endswith("_event") and text is None else None, retry_after_s=2)
    async with served(reply) as server:
        patience = {"timeout": 1} if fault == "stall" else {}
        heard = await hear(server, stream=stream, **patience)
        check(heard.error, kind, words.format(API="OPENAI"), server.url.removeprefix("http://"))
        assert heard.tokens == (["a", "b"] if kind is ReplyCutError and stream else [])


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
async def test_fault_in_mid_stream(fault: Any, kind: Any, words: str) -> None:
    """The tokens before a fault arrive, and the error says that the reply is not whole; nothing is asked again."""
    async with served(Reply(PIECES, fault=fault, after=2), "never") as server:
        heard = await hear(server, max_retries=2, **({"timeout": 1} if fault == "stall" else {}))
        assert (heard.tokens, len(server.requests)) == (["a", "b"], 1)
        check(heard.error, kind, words, server.url.removeprefix("http://"))


@both_ways
async def test_the_end_mark_is_the_end(*, stream: bool) -> None:
    """An answer without the event that ends it is cut; in one piece it is whole."""
    async with served(Reply("a b", fault="no_end")) as server:
        heard = await hear(server, stream=stream)
        assert (type(heard.error), "".join(heard.tokens)) == (ReplyCutError if stream else type(None), "a b")
