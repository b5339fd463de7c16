"""What servers say of their limits: it makes wait where nothing is left, until the reset, and never loosens a rate."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniagents.ext.llm.limiter import Limiter, Rate
from miniagents.testing import virtual_time_loop


def left(count: int, reset: str, *, kind: str = "requests", limit: int | None = None) -> dict[str, str]:
    """Return headers as OpenAI's API sends them."""
    headers = {f"x-ratelimit-remaining-{kind}": str(count), f"x-ratelimit-reset-{kind}": reset}
    return headers if limit is None else headers | {f"x-ratelimit-limit-{kind}": str(limit)}


async def go(limiter: Limiter, tokens: int = 0) -> float:
    """Ask once; return when it went."""
    async with limiter.slot("a", tokens):
        return asyncio.get_running_loop().time()


async def gone(limiter: Limiter, count: int, tokens: int = 0) -> list[float]:
    """Ask so often at the same time; return when each went."""
    return list(await asyncio.gather(*(go(limiter, tokens) for _ in range(count))))


async def test_nothing_said() -> None:
    """An answer without such headers changes nothing."""
    limiter = Limiter()
    limiter.learn({"content-type": "text/event-stream"}, 200)
    assert limiter.is_free


async def test_nothing_left() -> None:
    """Where nothing is left, the next waits for the reset."""
    limiter = Limiter()
    limiter.learn(left(0, "12s"), 200)
    assert limiter.expected_wait_s("a") == 12.0
    assert await gone(limiter, 2) == [12.0, 12.0]


async def test_something_left() -> None:
    """What is left is shared out, and not given to everybody; after the reset there is the whole limit."""
    limiter = Limiter()
    limiter.learn(left(2, "12s", limit=3), 200)
    assert await gone(limiter, 7) == [0, 0, 12, 12, 12, 24, 24]


async def test_the_latest_counts() -> None:
    """A later answer is believed, also where it says that there is more."""
    limiter = Limiter()
    limiter.learn(left(0, "12s"), 200)
    waiter = asyncio.create_task(go(limiter))
    await asyncio.sleep(1)
    limiter.learn(left(5, "10s"), 200)
    assert await waiter == 1.0
    limiter.learn(left(0, "12s"), 200)
    limiter.learn(left(0, "0s"), 200)
    assert await go(limiter) == 1.0


async def test_requests_under_way() -> None:
    """What went after the request that is answered is not counted as left."""
    limiter = Limiter()
    async with limiter.slot("a") as first:
        await gone(limiter, 2)
        limiter.learn(left(2, "12s"), 200, first)
        assert await go(limiter) == 12.0
    async with limiter.slot("a") as slot:
        limiter.learn(left(1, "12s"), 200, slot)
        assert await go(limiter) == 12.0


async def test_tokens() -> None:
    """Tokens are compared with what is asked for; nobody knows how many is at least one."""
    limiter = Limiter()
    limiter.learn(left(50, "6s", kind="tokens", limit=100), 200)
    assert await go(limiter, 40) == 0.0
    assert await go(limiter) == 0.0
    assert await go(limiter, 40) == 6.0
    limiter.learn(left(0, "6s", kind="tokens"), 200)
    assert await go(limiter) == 12.0


async def test_more_tokens_than_the_limit() -> None:
    """A request that is larger than the server's limit is sent when all is there: the server shall say so itself."""
    limiter = Limiter()
    limiter.learn(left(50, "6s", kind="tokens", limit=100), 200)
    assert await go(limiter, 1000) == 6.0


@pytest.mark.parametrize("kind", ["requests", "tokens", "input-tokens", "output-tokens"])
async def test_anthropic(kind: str) -> None:
    """Anthropic's headers are read too, each kind of tokens by itself."""
    limiter = Limiter()
    reset = (datetime(2026, 11, 6, 8, 50, 7, tzinfo=UTC) + timedelta(seconds=20)).isoformat()
    headers = {
        f"anthropic-ratelimit-{kind}-remaining": "0",
        f"anthropic-ratelimit-{kind}-limit": "50",
        f"anthropic-ratelimit-{kind}-reset": reset.replace("+00:00", "Z"),
        "date": "Fri, 06 Nov 2026 08:50:07 GMT",
    }
    limiter.learn(headers, 200)
    assert await go(limiter, 1) == 20.0


async def test_each_kind_by_itself() -> None:
    """What is left of one kind says nothing of another: the one that is short decides."""
    limiter = Limiter()
    limiter.learn(left(100, "1s") | left(0, "9s", kind="tokens"), 200)
    assert await go(limiter) == 9.0


async def test_a_rate_is_kept() -> None:
    """However much a server says is left, one's own rate is kept."""
    limiter = Limiter(Rate(requests_per_minute=2))
    limiter.learn(left(1000, "1s", limit=1000), 200)
    assert await gone(limiter, 3) == [0.0, 30.0, 60.0]


async def test_too_many_requests() -> None:
    """A 429 pauses everybody for as long as it asks, in its headers; other answers pause nobody."""
    limiter = Limiter()
    limiter.learn({"retry-after": "30"}, 503)
    assert limiter.is_free
    limiter.learn({}, 429)
    assert limiter.is_free
    limiter.learn({"retry-after": "30"}, 429)
    assert await gone(limiter, 2) == [30.0, 30.0]


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*left(0, ""), *left(0, "", kind="tokens", limit=1), "retry-after", "retry-after-ms", "date"]),
        st.one_of(st.text(), st.sampled_from(["0", "1", "-1", "99999999999999999999", "1s", "999h", "nan", "inf"])),
    ),
    st.sampled_from([200, 429, 500]),
    st.integers(0, 2000),
)
def test_hostile_headers(headers: dict[str, str], status: int, tokens: int) -> None:
    """Whatever headers say, everybody gets a turn, within the hour for which a 429 may ask."""

    async def play() -> float:
        limiter = Limiter()
        limiter.learn(headers, status)
        return (await gone(limiter, 5, tokens))[0]

    with asyncio.Runner(loop_factory=virtual_time_loop) as runner:
        assert runner.run(play()) <= (3600 if status == 429 else 60)
