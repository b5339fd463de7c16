"""How much may go: in no minute more than the rate, and by a server's word only where it makes sense."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniagents.ext.llm.allowances import Minute, Told, told_by

NAMES = {
    "x": ("x-ratelimit-limit-{0}", "x-ratelimit-remaining-{0}", "x-ratelimit-reset-{0}"),
    "a": ("anthropic-ratelimit-{0}-limit", "anthropic-ratelimit-{0}-remaining", "anthropic-ratelimit-{0}-reset"),
}
KINDS = ("requests", "tokens", "input-tokens", "output-tokens")


def went(minute: Minute, amounts: list[int]) -> list[float]:
    """Return when each of these goes if all are there from the beginning."""
    now_s, times = 0.0, []
    for amount in amounts:
        while (ready_s := minute.ready_at_s(amount, now_s)) > now_s:
            now_s = ready_s
        minute.spend(amount, now_s)
        times.append(now_s)
    return times


def said(family: str, kind: str, *values: str) -> dict[str, str]:
    """Return headers that say the limit of a kind, what is left of it, and its reset."""
    return {pattern.format(kind): value for pattern, value in zip(NAMES[family], values, strict=True)}


def test_half_at_once_then_evenly() -> None:
    """Half of a minute's allowance goes at once, the rest evenly, and so does all after the first minute."""
    times = went(Minute(6), [1] * 15)
    assert times == [0, 0, 0, 10, 20, 30, 60, 70, 80, 90, 100, 110, 120, 130, 140]


def test_slow_rates() -> None:
    """A rate of less than one in a minute is kept too."""
    assert went(Minute(0.5), [1, 1, 1]) == [0, 120, 240]
    assert went(Minute(1), [1, 1, 1]) == [0, 60, 120]


def test_more_than_a_minutes_allowance() -> None:
    """What is larger than the allowance waits until nothing of it is used, goes, and is paid for."""
    assert went(Minute(100), [10, 1000, 1]) == [0, 60, 660]


def test_correcting_upwards() -> None:
    """What cost more than was guessed makes others wait, for a minute and not for longer."""
    minute = Minute(100)
    spent = minute.spend(0, 0.0)
    minute.correct(spent, 10**15)
    assert minute.ready_at_s(1, 1.0) == 60.0
    assert minute.ready_at_s(1, 60.0) == 60.0


def test_correcting_downwards() -> None:
    """What cost less than was guessed makes room at once."""
    minute = Minute(100)
    spent = minute.spend(90, 0.0)
    assert minute.ready_at_s(20, 1.0) == 60.0
    minute.correct(spent, 10)
    assert minute.ready_at_s(20, 1.0) == 1.0
    assert minute.ready_at_s(80, 1.0) == 6.0
    large = Minute(100)
    spent = large.spend(1000, 0.0)
    large.correct(spent, 60)
    assert large.ready_at_s(60, 1.0) == 60.0


def test_correcting_to_nothing() -> None:
    """What was not spent after all keeps nobody waiting, not even who wants more than there is."""
    minute = Minute(100)
    minute.correct(minute.spend(90, 0.0), 0)
    assert minute.ready_at_s(1000, 1.0) == 1.0


def test_correcting_too_late() -> None:
    """What counts no longer is not counted again."""
    minute = Minute(100)
    spent = minute.spend(50, 0.0)
    assert minute.ready_at_s(50, 61.0) == 61.0
    minute.correct(spent, 100)
    assert minute.ready_at_s(100, 61.0) == 61.0
    minute.spend(100, 61.0)
    minute.correct(spent, 0)
    assert minute.ready_at_s(1, 62.0) == 121.0


@given(st.integers(1, 40), st.lists(st.integers(1, 60), max_size=60))
def test_no_minute_has_more(per_minute: int, amounts: list[int]) -> None:
    """In no 60 s more goes than the allowance, but for one that is larger, which goes alone."""
    times = went(Minute(per_minute), amounts)
    for start_s in times:
        window = [amount for amount, at_s in zip(amounts, times, strict=True) if start_s <= at_s < start_s + 60]
        assert sum(window) <= per_minute or len(window) == 1


@given(st.integers(1, 40), st.integers(1, 200))
def test_all_of_the_rate_is_used(per_minute: int, count: int) -> None:
    """The rate is not only kept but reached: nobody waits longer than for whole minutes."""
    times = went(Minute(per_minute), [1] * count)
    assert times[-1] <= 60 * (count / per_minute) + 1e-6


def test_what_is_left() -> None:
    """What a server says is left is counted down, and the next waits for the reset; then all is there again."""
    told = Told(3, 1, 20.0, 20.0)
    assert told.ready_at_s(1, 0.0) == 0.0
    told.spend(1)
    assert told.ready_at_s(1, 5.0) == 20.0
    assert told.ready_at_s(3, 21.0) == 21.0
    told.spend(3)
    assert told.ready_at_s(1, 22.0) == 41.0


def test_no_limit_said() -> None:
    """Where only what is left is said, nobody waits after the reset."""
    told = Told(None, 0, 20.0, 20.0)
    assert told.ready_at_s(1, 19.0) == 20.0
    told.spend(1000)
    assert told.ready_at_s(1000, 20.0) == 20.0
    assert told.ready_at_s(1000, 20.1) == 20.1


def test_more_than_a_servers_limit() -> None:
    """What is larger than the server's whole limit goes when all of it is there, and not never."""
    told = Told(100, 99, 20.0, 20.0)
    assert told.ready_at_s(1000, 0.0) == 20.0
    assert told.ready_at_s(1000, 20.0) == 20.0


@pytest.mark.parametrize(
    ("family", "kind"), [("x", "requests"), ("x", "tokens"), *(("a", kind) for kind in KINDS)], ids=str
)
def test_headers(family: str, kind: str) -> None:
    """Both families of headers are read, whatever case they come in."""
    headers = said(family, kind, "60", "7", "12s")
    name = NAMES[family][1].format(kind)
    assert list(told_by(headers)) == [(kind, name, Told(60, 7, 12.0))]
    upper = httpx2.Headers({name.upper(): value for name, value in headers.items()})
    assert list(told_by(upper)) == [(kind, name, Told(60, 7, 12.0))]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1.0),
        ("120ms", 0.12),
        ("7.66s", 7.66),
        ("1m0s", 60.0),
        ("6m0s", 60.0),
        ("1h2m3s", 60.0),
        ("2d", 60.0),
        ("500us", 0.0005),
        ("500µs", 0.0005),
        ("20ns", 2e-8),
        (" 12 ", 12.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("1764000000", None),
        ("2026-11-06T08:50:07Z", 30.0),
        ("2026-11-06T09:50:07.5+01:00", 30.5),
        ("2026-11-06T08:50:07", 30.0),
        ("2026-11-06T08:49:00Z", 0.0),
        ("9999-12-31T23:59:59-23:59", 60.0),
        *((text, None) for text in ("", "-1s", "s", "1x", "1 s", "1e3", "nan", "soon", "1s" * 40, "٣s", "0000-00-00")),
    ],
)
def test_resets(text: str, seconds: float | None) -> None:
    """A reset is read in every form that is met, a minute at most; without one nothing is learnt."""
    headers = said("x", "requests", "60", "0", text) | {"date": "Fri, 06 Nov 2026 08:49:37 GMT"}
    assert [told.reset_s for _, _, told in told_by(headers)] == ([] if seconds is None else [pytest.approx(seconds)])


def test_our_clock() -> None:
    """A reset at a time is measured by our clock where the server does not tell its own."""
    at = (datetime.now(UTC) + timedelta(seconds=40)).isoformat()
    ((_, _, told),) = told_by(said("a", "requests", "60", "0", at))
    assert 30 < told.reset_s <= 40


@pytest.mark.parametrize("left", ["-1", "", "many", "1e9", "nan", "9" * 16, "1_0", "٣", "0x1", "1,000"])
def test_no_counts(left: str) -> None:
    """What is no count teaches nothing."""
    assert list(told_by(said("x", "tokens", "60", left, "1s"))) == []


@pytest.mark.parametrize("limit", ["-1", "0", "", "many"])
def test_no_limits(limit: str) -> None:
    """A limit that is none is one that was not said."""
    assert [told.limit for _, _, told in told_by(said("x", "tokens", limit, "3.0", "1s"))] == [None]


@given(
    st.dictionaries(
        st.sampled_from(
            [pattern.format(kind) for patterns in NAMES.values() for pattern in patterns for kind in KINDS] + ["date"]
        ),
        st.one_of(st.text(), st.sampled_from(["0", "5", "1s", "2026-11-06T08:50:07Z"]), st.datetimes().map(str)),
    )
)
def test_garbage(headers: dict[str, str]) -> None:
    """Whatever the headers say, what is learnt are counts, and resets within a minute."""
    for _, name, told in told_by(headers):
        assert name in headers
        assert told.left >= 0
        assert told.limit is None or told.limit > 0
        assert 0 <= told.reset_s <= 60
