"""Retries: never sooner than the server asks, never longer than the budget, never where no waiting helps."""

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniagents.errors import (
    BadAnswerError,
    KeyRefusedError,
    ModelError,
    ProviderFailedError,
    ProviderUnreachableError,
    RateLimitedError,
    ReplyCutError,
    RequestRefusedError,
    UsageError,
)
from miniagents.ext.llm.endpoint import Endpoint
from miniagents.ext.llm.faults import no_answer, refusal
from miniagents.ext.llm.retries import (
    DEFAULT_RETRIES,
    DEFAULT_RETRY_BUDGET_S,
    Backoff,
    date_said,
    is_worth_retrying,
    retry_after_s,
    should_retry,
    told,
)

NOW = datetime(2026, 11, 6, 8, 49, 37, tzinfo=UTC)
YEAR_S = 366 * 24 * 3600
AT = Endpoint(base_url="http://models.test/v1", key="key", url_cure="check", is_ambient=False, key_cure="check K")

fractions = st.floats(0, 1, allow_nan=False)


def failed(retry_after_s: float | None = None) -> ModelError:
    """Return an error that is worth another try."""
    return RateLimitedError("too many requests", host="models.test", retry_after_s=retry_after_s)


def waits(backoff: Backoff, *errors: ModelError) -> list[float | None]:
    """Return the waits after these errors, one after the other."""
    return [backoff.wait_s(error) for error in errors]


def test_waits_grow() -> None:
    """Without the server's word waits begin at half a second, may triple, and end at eight."""
    assert waits(Backoff(5, 60, lambda: 0.0), *[failed()] * 6) == [0.5, 0.5, 0.5, 0.5, 0.5, None]
    assert waits(Backoff(5, 60, lambda: 1.0), *[failed()] * 6) == [1.5, 4.5, 8.0, 8.0, 8.0, None]


def test_a_long_wait_is_spread() -> None:
    """Those who wait longest do not all wait equally long."""
    assert waits(Backoff(3, 60, iter([1.0, 1.0, 0.5]).__next__), *[failed()] * 3) == [1.5, 4.5, 4.25]


def test_no_two_wait_the_same() -> None:
    """Two requests that fail at once come back at different times, without being told how."""
    assert Backoff(1, 60).wait_s(failed()) != Backoff(1, 60).wait_s(failed())
    assert Backoff(1, 60).wait_s(failed(2.0)) != Backoff(1, 60).wait_s(failed(2.0))


def test_the_servers_word() -> None:
    """What the server asks for is waited, and up to half a second more."""
    assert waits(Backoff(2, 60, lambda: 0.0), failed(20.0), failed(3.25)) == [20.0, 3.25]
    assert waits(Backoff(2, 60, lambda: 1.0), failed(20.0), failed(3.25)) == [20.5, 3.75]


def test_no_word() -> None:
    """A server that asks for no wait at all gets the same as one that says nothing."""
    assert Backoff(2, 60, lambda: 0.0).wait_s(failed(0.0)) == 0.5


def test_a_word_beyond_the_budget() -> None:
    """Where the server asks for more than is left of the budget, it is given up at once."""
    assert Backoff(2, 60).wait_s(failed(60.5)) is None
    assert Backoff(2, math.inf, lambda: 0.0).wait_s(failed(3600.0)) == 3600.0
    backoff = Backoff(3, 60, lambda: 0.0)
    assert waits(backoff, failed(40.0), failed(20.5), failed(20.0)) == [40.0, None, 20.0]


def test_the_last_of_the_budget() -> None:
    """A wait that just fits is made, without what is added to it otherwise, and then there is none."""
    backoff = Backoff(9, 10, lambda: 1.0)
    assert waits(backoff, failed(9.2), failed(), failed()) == [9.7, None, None]
    assert Backoff(9, 10, lambda: 1.0).wait_s(failed(10.0)) == 10.0
    assert Backoff(9, 0.6, lambda: 1.0).wait_s(failed()) == 0.6
    assert Backoff(9, 0.4, lambda: 0.0).wait_s(failed()) is None


@given(st.integers(0, 5), st.floats(0, 100), st.lists(st.one_of(st.none(), st.floats(0, 100)), max_size=8), fractions)
def test_bounds(max_retries: int, budget_s: float, words: list[float | None], fraction: float) -> None:
    """Whatever servers say, waits fit the budget and the number, and none is sooner than it was asked for."""
    backoff = Backoff(max_retries, budget_s, lambda: fraction)
    made = [(word, wait_s) for word in words if (wait_s := backoff.wait_s(failed(word))) is not None]
    assert len(made) == backoff.retries <= max_retries
    assert sum(wait_s for _, wait_s in made) <= budget_s + 1e-9
    for word, wait_s in made:
        assert (word or 0.5) <= wait_s <= (word + 0.5 if word else 8.0)


def test_counts_for_people() -> None:
    """It tells which try comes, and how many there are."""
    backoff = Backoff(DEFAULT_RETRIES, DEFAULT_RETRY_BUDGET_S)
    assert (backoff.attempt, backoff.tries) == (1, 3)
    backoff.wait_s(failed())
    assert (backoff.attempt, backoff.tries) == (2, 3)
    assert Backoff(0, 60).wait_s(failed()) is None


@pytest.mark.parametrize("max_retries", [-1, 1.5, True, "2", None])
def test_no_number_of_retries(max_retries: Any) -> None:
    """What is no number of retries is refused, with the cure."""
    with pytest.raises(UsageError, match=r"max_retries=.* is no number of retries; give 0 or more"):
        Backoff(max_retries, 60)


@pytest.mark.parametrize("budget_s", [-0.1, math.nan, False, "60", None])
def test_no_budget(budget_s: Any) -> None:
    """What is no time is refused, with the cure."""
    with pytest.raises(UsageError, match=r"retry_budget_s=.* is no time in seconds; give 0 or more"):
        Backoff(2, budget_s)


@pytest.mark.parametrize(
    "error",
    [
        refusal(429, {"error": {"message": "Rate limit reached; see https://models.test/account/billing"}}, AT, "m"),
        refusal(500, None, AT, "m"),
        refusal(529, {"error": {"type": "overloaded_error", "message": "Overloaded"}}, AT, "m"),
        refusal(200, {"error": {"type": "rate_limit_error", "message": "slow down"}}, AT, "m"),
        ProviderFailedError("it failed"),
        ProviderUnreachableError("there is no host of that name"),
    ],
    ids=str,
)
def test_worth_retrying(error: ModelError) -> None:
    """A provider that is busy, broken or out of reach is asked again."""
    assert is_worth_retrying(error)
    assert Backoff(1, 60).wait_s(error) is not None


@pytest.mark.parametrize(
    "error",
    [
        refusal(429, {"error": {"message": "Over your quota.", "code": "insufficient_quota"}}, AT, "m"),
        refusal(429, {"error": {"message": "Your credit balance is too low"}}, AT, "m"),
        RateLimitedError("too many requests (status 429): insufficient_quota"),
        refusal(400, {"error": {"message": "no such field"}}, AT, "m"),
        refusal(401, None, AT, "m"),
        refusal(404, None, AT, "m"),
        no_answer("", AT, "m"),
        KeyRefusedError("the key was refused"),
        BadAnswerError("an empty reply"),
        ReplyCutError("the reply was cut"),
        RequestRefusedError("the request was refused"),
    ],
    ids=str,
)
def test_not_worth_retrying(error: ModelError) -> None:
    """What no waiting mends is not asked again: no credit, no right, no sense, or a reply that has begun."""
    assert not is_worth_retrying(error)
    assert Backoff(1, 60).wait_s(error) is None


def test_the_server_decides() -> None:
    """Where the server says itself whether to try again, that counts, within the same bounds."""
    assert Backoff(1, 60).wait_s(failed(), said=False) is None
    assert Backoff(1, 60).wait_s(RequestRefusedError("the request was refused"), said=True) is not None
    assert Backoff(0, 60).wait_s(failed(), said=True) is None


@pytest.mark.parametrize(
    ("value", "said"), [("true", True), (" False ", False), ("yes", None), ("", None), (None, None)]
)
def test_should_retry(value: str | None, said: bool | None) -> None:
    """`x-should-retry` is true, false or nothing."""
    assert should_retry({} if value is None else {"x-should-retry": value}) is said


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": " 0 "}, 0.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": ".5"}, 0.5),
        ({"retry-after-ms": "1200"}, 1.2),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "7"}, 7.0),
        ({"retry-after": "Fri, 06 Nov 2026 08:50:07 GMT"}, 30.0),
        ({"retry-after": "Friday, 06-Nov-26 08:50:07 GMT"}, 30.0),
        ({"retry-after": "Fri Nov  6 08:50:07 2026"}, 30.0),
        ({"retry-after": "Fri, 06 Nov 2026 09:50:07 +0100"}, 30.0),
        ({"retry-after": "Fri, 06 Nov 2026 08:00:00 GMT"}, 0.0),
        ({"retry-after": "Sun, 06 Nov 2950 08:00:00 GMT"}, YEAR_S),
        ({"retry-after": "9" * 80}, YEAR_S),
        ({"retry-after": "9" * 5000}, YEAR_S),
        *(({"retry-after": text}, None) for text in ("-1", "nan", "inf", "1e3", "1_0", "0x10", "٣", "2 s", "", ".")),
        *(({"retry-after": text}, None) for text in ("Fri, 99 Nov 2026 08:49:37 GMT", "tomorrow", "\x00", "F" * 5000)),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 -2359"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    """The wait is read in every form that is met, and nothing else is taken for one."""
    assert retry_after_s(headers, NOW) == seconds
    assert retry_after_s(httpx2.Headers([(n.title(), v.encode()) for n, v in headers.items()]), NOW) == seconds


def test_the_servers_clock() -> None:
    """A date is measured by the clock of the server that said it, wherever ours stands."""
    headers = {"retry-after": "Fri, 06 Nov 2026 08:50:07 GMT", "date": "Fri, 06 Nov 2026 08:50:00 GMT"}
    assert retry_after_s(headers, NOW - timedelta(days=3)) == 7.0
    assert retry_after_s(headers | {"date": "now"}, NOW.astimezone(timezone(timedelta(hours=5)))) == 30.0


@given(st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms", "date"]), st.text()))
def test_garbage(headers: dict[str, str]) -> None:
    """Whatever a server sends, it is a time of a year at most, or nothing."""
    seconds = retry_after_s(headers, NOW)
    assert seconds is None or 0 <= seconds <= YEAR_S


def test_dates() -> None:
    """A date has a zone, also where it names none."""
    assert date_said("Fri, 06 Nov 2026 08:49:37 -0000") == NOW
    assert date_said("") is None


@pytest.mark.parametrize(
    ("wait_s", "words"),
    [(0.52, "0.5 s"), (9.94, "9.9 s"), (12.2, "13 s"), (59.5, "1 min"), (60, "1 min"), (125.2, "2 min 6 s")],
)
def test_told(wait_s: float, words: str) -> None:
    """A person is told who, why in short, how long, and which try comes."""
    error = RateLimitedError(
        "too many requests (status 429): Rate limit reached for …", host="models.test", cure="wait"
    )
    assert told(error, wait_s, 2, 3) == (
        f"models.test: too many requests (status 429); trying again in {words} (try 2 of 3)"
    )


def test_told_is_one_safe_line() -> None:
    """Nothing that a server said makes the line a long one, two, or a terminal's master."""
    line = told(ProviderFailedError("it\nfailed \x1b[2J" + "x" * 500), 1, 2, 2)
    assert line.startswith("it failed ␛[2Jx")
    assert line.endswith("x…; trying again in 1.0 s (try 2 of 2)")
    assert line.isprintable()
    assert len(line) < 130
