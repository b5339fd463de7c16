"""One try to get a reply: its clock, its limits, its turn, what is told and written of it, and its end by force."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from miniagents import MiniAgents
from miniagents.content import Thought
from miniagents.errors import (
    CallCancelledError,
    CallTimeoutError,
    LimitReachedError,
    ProviderFailedError,
    ProviderUnreachableError,
    RateLimitedError,
    ReplyCutError,
    SettingsError,
)
from miniagents.ext.llm.limiter import Rate
from miniagents.ext.llm.limits import Limits
from tests.ext.llm.playing import Playing, hear, hear_here, playing_agent

PRICES = '"playing-*" = { input = 1000.0, output = 2000.0 }\n'
USAGE = {"usage": {"in": 100, "out": 50, "cached": 0}}
COST_USD = 0.2
"""Of that usage, by those prices."""


@pytest.fixture
def priced(tmp_path: Path) -> dict[str, str]:
    """Give an environment in which the models of these tests have a price."""
    path = tmp_path / "prices.toml"
    path.write_text(PRICES)
    return {"MINIAGENTS_PRICES": str(path)}


async def test_the_first_token_is_late() -> None:
    """One that takes too long is a provider that cannot be reached: the request is closed, and sent again."""
    provider = Playing([9, "late"], [1, "a"])
    came = await hear(provider, first_token_timeout_s=2)
    assert (came.error, came.tokens, came.metadata["tries"], provider.closed) == (None, ["a"], 2, 2)
    provider = Playing([9, "late"])
    came = await hear(provider, first_token_timeout_s=2.5, max_retries=0)
    assert (type(came.error), came.after_s, provider.closed) == (ProviderUnreachableError, 2.5, 1)
    assert str(came.error) == "here: the first token took longer than 2.5 s; ask again"
    assert came.error.__cause__ is came.error.__context__ is None


async def test_the_next_token_is_late() -> None:
    """One that takes too long cuts the reply: what came is kept, and nothing is asked again."""
    provider = Playing([5, "a", 1, "b", 9, "c"])
    came = await hear(provider, between_tokens_timeout_s=2)
    assert (came.tokens, type(came.error), came.after_s, provider.closed) == (["a", "b"], ReplyCutError, 8, 1)
    assert str(came.error) == "here: the reply was cut: the next token took longer than 2 s; ask again"
    assert len(provider.requests) == 1


async def test_in_time() -> None:
    """A reply whose tokens are all in time may take longer than each of the limits."""
    came = await hear(Playing([2, "a", 2, "b", 2, "c"]), first_token_timeout_s=3, between_tokens_timeout_s=3)
    assert (came.error, came.tokens, came.after_s) == (None, ["a", "b", "c"], 6)


async def test_a_timeout_of_somebody_else_is_no_limit_of_ours() -> None:
    """A `TimeoutError` that a provider raises passes where nobody can explain it."""
    with pytest.raises(TimeoutError, match="theirs"):
        await hear(Playing([TimeoutError("theirs")]), first_token_timeout_s=3)


@pytest.mark.parametrize("script", [[9, "a"], ["a", 9, "b"]], ids=["before the first token", "in mid-stream"])
async def test_the_time_of_a_call(script: list[Any]) -> None:
    """`timeout_s` of the call ends it in whatever phase it is, and closes the request."""
    provider = Playing(script)
    came = await hear(provider, timeout_s=3)
    assert (type(came.error), came.after_s, provider.closed) == (CallTimeoutError, 3, 1)


async def test_a_limit_refuses_before_the_call(priced: dict[str, str]) -> None:
    """What two agents with the same limits use is counted together; one call too many is never sent."""
    limits = Limits(usd=2 * COST_USD)
    first, second = Playing(["a", USAGE]), Playing(["a", USAGE])
    async with MiniAgents():
        for provider in (first, second):
            came = await hear_here(provider, limits=limits, environment=priced)
            assert came.metadata["cost_usd"] == COST_USD
        assert (limits.spent.tokens, limits.spent.usd, limits.spent.calls) == (300, 2 * COST_USD, 2)
        for provider in (first, second):
            came = await hear_here(provider, limits=limits, environment=priced)
            assert isinstance(came.error, LimitReachedError)
    assert (len(first.requests), len(second.requests)) == (1, 1)


async def test_a_limit_in_money_wants_a_price() -> None:
    """A model whose price is not known is refused where dollars are limited, and else costs nothing that is told."""
    provider = Playing(["a", USAGE], model="unheard-of")
    came = await hear(provider, limits=Limits(usd=1))
    assert isinstance(came.error, SettingsError)
    assert provider.requests == []
    limits = Limits(tokens=1000)
    came = await hear(provider, limits=limits)
    assert "cost_usd" not in came.metadata
    assert (limits.spent.tokens, limits.spent.unpriced) == (150, 1)


async def test_a_call_that_was_cut_is_counted_by_estimate() -> None:
    """Without a count of the provider's, the request and what came of the reply count, a token for four bytes."""
    limits = Limits(tokens=1000)
    script = [Thought("t" * 40), "b" * 40, ConnectionError("reset")]
    came = await hear(Playing(script), said="q" * 40, limits=limits)
    assert isinstance(came.error, ReplyCutError)
    assert (limits.spent.tokens, limits.spent.calls) == (30, 1)


async def test_a_count_that_was_cut_is_completed() -> None:
    """Where the provider counted the request before the reply broke, the reply counts by estimate."""
    limits = Limits()
    came = await hear(Playing([{"usage": {"in": 500, "out": 1}}, "b" * 40, ConnectionError("x")]), limits=limits)
    assert isinstance(came.error, ReplyCutError)
    assert limits.spent.tokens == 510


async def test_a_refused_call_costs_nothing() -> None:
    """What failed before anything came is not counted, and sets nothing aside any longer."""
    limits = Limits(calls=1)
    came = await hear(Playing([ProviderFailedError("no")]), limits=limits)
    assert (type(came.error), limits.spent.calls) == (ProviderFailedError, 0)
    assert (await hear(Playing(["a"]), limits=limits)).tokens == ["a"]
    assert limits.spent.calls == 1


async def test_calls_at_the_same_time_share_a_limit() -> None:
    """What is under way counts: of two calls at once, where there is room for one, one is sent."""
    limits, provider = Limits(calls=1), Playing([1, "a"])
    async with MiniAgents():
        both = await asyncio.gather(*(hear_here(provider, limits=limits) for _ in range(2)))
    assert [type(came.error) for came in both] == [type(None), LimitReachedError]
    assert len(provider.requests) == 1


async def test_never_more_at_once_than_may_be() -> None:
    """Of a thousand calls at once ten are under way, all are answered, and each is sent once."""
    provider = Playing([1, "a"])
    rate = Rate(concurrency=10)
    async with MiniAgents():
        replies = [playing_agent.inquire(str(i), providers=[provider], rate=rate) for i in range(1000)]
        assert [str(await reply) for reply in replies] == ["a"] * 1000
    assert (provider.most_open, len(provider.requests), provider.open) == (10, 1000, 0)
    assert sorted(int(request[-1]["content"]) for request in provider.requests) == list(range(1000))
    assert provider.asked_at_s[-1] == 99


@pytest.mark.parametrize(
    ("rate", "lines"),
    [
        (Rate(concurrency=1), []),
        (Rate(requests_per_minute=1), ["here: waiting about 60 s, for its limits ask for that"]),
    ],
    ids=repr,
)
async def test_a_wait_is_told(rate: Rate, lines: list[str], caplog: pytest.LogCaptureFixture) -> None:
    """A wait for one's turn is told if it is known and a second or more; of another's slot nobody knows how long."""
    provider = Playing([1, "a"])
    async with MiniAgents():
        both = await asyncio.gather(*(hear_here(provider, rate=rate) for _ in range(2)))
    assert [came.tokens for came in both] == [["a"]] * 2
    assert [record.getMessage() for record in caplog.records if record.name == "miniagents"] == lines


async def test_a_server_that_asks_one_to_wait_asks_all() -> None:
    """After a 429 with a time, others with the same key and model wait for it too, without being refused."""
    provider = Playing([RateLimitedError("too many", host="here", retry_after_s=20)], ["a"])
    async with MiniAgents():
        first = asyncio.create_task(hear_here(provider))
        await asyncio.sleep(1)
        second = await hear_here(provider)
        await first
    assert (second.tokens, second.after_s) == (["a"], 19)
    assert len(provider.requests) == 3


async def test_a_pause_longer_than_patience(caplog: pytest.LogCaptureFixture) -> None:
    """Who would wait longer than a request may is refused at once, in the server's stead, and not told to wait."""
    provider = Playing([RateLimitedError("too many", host="here", retry_after_s=300)], ["a"])
    async with MiniAgents():
        await hear_here(provider)
        second = await hear_here(provider)
    assert str(second.error) == "here: too many requests; try again in 300 s"
    assert (type(second.error), second.after_s, len(provider.requests)) == (RateLimitedError, 0, 1)
    assert caplog.records == []


async def test_what_a_refusal_says_of_limits_is_heeded() -> None:
    """Headers that came with an error count as those of an answer do: the next request waits until there is room."""
    headers = {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-limit-requests": "10",
        "x-ratelimit-reset-requests": "9s",
    }
    provider = Playing([{"headers": headers}, ProviderFailedError("it failed")], ["a"])
    came = await hear(provider)
    assert came.tokens == ["a"]
    assert provider.asked_at_s[1] == 9


@pytest.mark.parametrize(
    ("script", "at_s"),
    [
        ([5, "a"], 1),
        (["a", 5, "b"], 1),
        ([RateLimitedError("wait", retry_after_s=20)], 1),
        (["a", 0.5], 0.25),
    ],
    ids=["before the first token", "in mid-stream", "between two tries", "at its end"],
)
async def test_cancelled_whenever(script: list[Any], at_s: float) -> None:
    """A call that is cancelled gives back its slot and what was set aside, and closes its request."""
    limits, rate = Limits(calls=3), Rate(concurrency=1)
    provider = Playing(script, ["z"])
    async with MiniAgents():
        reply = playing_agent.inquire("hello", providers=[provider], limits=limits, rate=rate)
        waiting = playing_agent.inquire("hello", providers=[Playing(["never"])], limits=limits, rate=rate)
        await asyncio.sleep(at_s)
        for each in (waiting, reply):
            each.cancel()
        with pytest.raises(CallCancelledError):
            await reply
        came = await hear_here(provider, limits=limits, rate=rate)
        assert (came.error, came.tokens, provider.open) == (None, ["z"], 0)
    assert limits.spent.calls == 1 + (script[0] == "a")  # what was shown is counted
    limits.check()
    limits.hold().release()  # nothing is set aside any longer


async def test_cancelled_in_the_line() -> None:
    """Who is cancelled while it waits for its turn was never sent, is not counted, and keeps nobody waiting."""
    limits, rate, provider = Limits(calls=2), Rate(concurrency=1), Playing([5, "a"])
    async with MiniAgents():
        first = playing_agent.inquire("1", providers=[provider], limits=limits, rate=rate)
        await asyncio.sleep(1)
        second = playing_agent.inquire("2", providers=[provider], limits=limits, rate=rate)
        await asyncio.sleep(1)
        second.cancel()
        with pytest.raises(CallCancelledError):
            await second
        assert str(await first) == "a"
        assert str(await playing_agent.inquire("3", providers=[provider], limits=limits, rate=rate)) == "a"
    assert [request[-1]["content"] for request in provider.requests] == ["1", "3"]
    assert (limits.spent.calls, provider.asked_at_s) == (2, [0, 5])


async def _fail(log: Path) -> None:
    await hear(Playing(["shown ", ConnectionError("reset")]), log=log)


async def _cancel(log: Path) -> None:
    async with MiniAgents():
        reply = playing_agent.inquire("hello", providers=[Playing(["shown ", 9, "b"])], log=log)
        await asyncio.sleep(1)
        reply.cancel()


async def _succeed(log: Path) -> None:
    await hear(Playing(["shown ", USAGE]), environment={"MINIAGENTS_LOG": str(log)})


@pytest.mark.parametrize(
    ("end", "words"), [(_succeed, "finish reason: stop"), (_fail, "ReplyCutError"), (_cancel, "Cancel")]
)
async def test_the_log_has_it_however_it_ends(
    end: Callable[[Path], Awaitable[None]], words: str, tmp_path: Path
) -> None:
    """What was asked and what came is written down, with what ended it."""
    log = tmp_path / "log.md"
    await end(log)
    written = log.read_text()
    assert "hello" in written
    assert "shown" in written
    assert words in written


async def test_each_try_is_written_down(tmp_path: Path) -> None:
    """A try that failed is in the log too."""
    log = tmp_path / "log.md"
    await hear(Playing([ProviderFailedError("first failure")], ["second time"]), log=log)
    written = log.read_text()
    assert written.index("first failure") < written.index("second time")
    assert written.count("playing_agent → here") == 2


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Trace, and keep what is traced."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    return exporter


@pytest.mark.parametrize("wanted", [True, False])
async def test_each_try_is_a_span(
    spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch, *, wanted: bool
) -> None:
    """With its error or its answer; what was said is in it only where the environment says so."""
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true" if wanted else "false")
    await hear(Playing([ProviderFailedError("no")], ["a", " b", USAGE]))
    failed, answered = (dict(span.attributes or {}) for span in spans.get_finished_spans())
    assert str(failed["error.type"]).endswith("ProviderFailedError")
    assert answered["gen_ai.usage.output_tokens"] == 50
    assert "error.type" not in answered
    assert ("a b" in str(answered.get("gen_ai.output.messages"))) == wanted
    assert ("hello" in str(answered.get("gen_ai.input.messages"))) == wanted


async def test_a_cancelled_try_is_a_span_that_has_ended(spans: InMemorySpanExporter) -> None:
    """A cancellation ends it too, as an error."""
    async with MiniAgents():
        reply = playing_agent.inquire("hello", providers=[Playing(["a", 9, "b"])])
        await asyncio.sleep(1)
        reply.cancel()
    (span,) = spans.get_finished_spans()
    assert "Cancel" in str((span.attributes or {})["error.type"])


async def test_a_price_list_that_is_broken_loses_no_reply(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Without a limit in money, a wrong price list is a warning, and the reply has no cost."""
    path = tmp_path / "prices.toml"
    path.write_text("nonsense")
    caplog.set_level(logging.WARNING, "miniagents")
    came = await hear(Playing(["a", USAGE]), environment={"MINIAGENTS_PRICES": str(path)})
    assert (came.tokens, came.metadata.get("cost_usd")) == (["a"], None)
    assert "no costs are told: " in caplog.text
