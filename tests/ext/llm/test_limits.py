"""What a run may use, in tokens, money and calls."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from miniagents.errors import LimitReachedError, SettingsError
from miniagents.ext.llm.limits import Limits, Spent, estimate_tokens

USAGE = {"in": 90, "out": 10, "cached": 50}


def refusal(check: Callable[..., object], **arguments: Any) -> str:
    """Return what is said instead of letting a call go."""
    with pytest.raises(LimitReachedError) as caught:
        check(**arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_used_is_counted() -> None:
    """Tokens of requests and replies add up, and so do money, calls, and calls without a price."""
    limits = Limits()
    limits.check()
    limits.add("m", USAGE, 0.25)
    limits.add("m", USAGE, None)
    limits.add("m", {"out": 5}, 0.5)
    assert limits.spent == Spent(tokens=205, usd=0.75, calls=3, unpriced=1)


def test_spent_is_what_was_spent_at_that_moment() -> None:
    """What somebody asked for earlier does not change with later calls."""
    limits = Limits()
    before = limits.spent
    limits.add("m", USAGE, 0.25)
    assert before == Spent(tokens=0, usd=0.0, calls=0, unpriced=0)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (
            Limits(tokens=100),
            "the limit of 100 tokens is reached: 100 used; raise tokens in `limits`, or end the run here",
        ),
        (Limits(usd=0.25), "the limit of $0.25 is reached: $0.25 used; raise usd in `limits`, or end the run here"),
        (Limits(calls=1), "the limit of 1 calls is reached: 1 used; raise calls in `limits`, or end the run here"),
        (
            Limits(usd=0.2499995),
            "the limit of $0.25 is reached: $0.25 used; raise usd in `limits`, or end the run here",
        ),
        (
            Limits(usd=0.000125),
            "the limit of $0.000125 is reached: $0.25 used; raise usd in `limits`, or end the run here",
        ),
    ],
)
def test_at_the_limit_there_is_no_further_call(limits: Limits, words: str) -> None:
    """The call that reaches a limit is the last; the error says which limit, how much is used, and the cure."""
    limits.check()
    limits.add("m", USAGE, 0.25)
    assert refusal(limits.check) == words


@pytest.mark.parametrize("limits", [Limits(tokens=0), Limits(usd=0), Limits(calls=0)])
def test_nothing_at_all_is_a_limit(limits: Limits) -> None:
    """With a limit of 0 there is no first call."""
    assert refusal(limits.check)


def test_a_call_that_would_go_too_far_is_not_made() -> None:
    """Where a call says what it needs, it needs room for all of that, and not a token more."""
    limits = Limits(tokens=1_000, usd=0.3)
    limits.add("m", {"in": 600, "out": 0}, 0.2)
    limits.check(tokens=400, usd=0.1)
    assert "600 used, this call needs about 401;" in refusal(limits.check, tokens=401)
    assert "$0.20 used, this call needs about $0.11;" in refusal(limits.check, tokens=400, usd=0.11)


def test_money_adds_up_exactly() -> None:
    """Three times ten cents are thirty, which floats do not say."""
    limits = Limits(usd=0.3)
    for _ in range(3):
        limits.check(usd=0.1)
        limits.add("m", USAGE, 0.1)
    assert limits.spent.usd == 0.3


def test_what_costs_nothing_is_never_too_dear() -> None:
    """A model that costs nothing may be called when the money is spent, but not when the calls are."""
    limits = Limits(usd=0.25, calls=2)
    limits.add("m", USAGE, 0.3)
    limits.check(usd=0.0)
    assert refusal(limits.check)
    limits.add("local", USAGE, 0.0)
    assert "2 calls" in refusal(limits.check, usd=0.0)


def test_a_model_without_a_price_cannot_be_limited_in_money() -> None:
    """Where there is a limit in money, a model whose price is not known is refused, with the file to write it into."""
    limits = Limits(usd=1.0)
    for refuse in (limits.check, limits.hold, limits.child(tokens=5).check):
        with pytest.raises(
            SettingsError, match=r"^the price of new-1 is not known, .* write it into prices\.toml"
        ) as caught:
            refuse(model="new-1", priced=False)
        assert not isinstance(caught.value, LimitReachedError)
    with pytest.raises(SettingsError, match=r"^the price of the model is not known"):
        limits.check(priced=False)
    Limits(tokens=10).check(model="new-1", priced=False)


def test_a_model_name_cannot_spoil_an_error() -> None:
    """A name with line ends and control characters leaves the error one line that is safe to show."""
    with pytest.raises(SettingsError) as caught:
        Limits(usd=1).check(model="a\nb\x1b[2J", priced=False)
    assert "the price of a b\u241b[2J is" in str(caught.value)


def test_a_cut_call_counts_by_estimate() -> None:
    """Where the provider told nothing of a call, the caller's estimate counts; where it did, that does not."""
    limits = Limits()
    limits.add("m", None, None, tokens=42)
    limits.add("m", {}, None, tokens=8)
    limits.add("m", USAGE, 0.1, tokens=7)
    assert limits.spent == Spent(tokens=150, usd=0.1, calls=3, unpriced=2)


def test_no_server_can_give_a_budget_back() -> None:
    """Counts and costs below nothing, which only a broken server tells, count as nothing."""
    limits = Limits()
    limits.add("m", {"in": -1_000, "out": 10}, -5.0)
    assert limits.spent == Spent(tokens=0, usd=0.0, calls=1, unpriced=0)


def test_a_limit_must_be_one() -> None:
    """What is no number, or less than nothing, is refused where it is written, with a sample."""
    for name in ("tokens", "calls"):
        for value in (-1, 1.5, "10", True):
            with pytest.raises(SettingsError, match=rf"^Limits\({name}={value!r}\): .* {name}=1000$"):
                Limits(**{name: value})
    for usd in (-0.1, float("nan"), float("inf"), "1", True):
        with pytest.raises(SettingsError, match=r"usd=0\.50$"):
            Limits(usd=usd)  # type: ignore[arg-type]  # the point
    with pytest.raises(SettingsError):
        Limits().child(tokens=-1)


def test_limits_say_what_they_are() -> None:
    """The `repr` has the limits that there are, and what is spent."""
    limits = Limits(tokens=2_000, usd=1)
    assert repr(limits) == "<Limits tokens=2,000 usd=$1.00: Spent(tokens=0, usd=0.0, calls=0, unpriced=0)>"
    assert repr(Limits()).startswith("<Limits none: ")


async def test_several_agents_share_one_limit() -> None:
    """However many calls are made at once, no more are made than there may be, and none is lost from the count."""
    limits = Limits(calls=5)
    refused = 0

    async def call() -> None:
        nonlocal refused
        try:
            with limits.hold() as held:
                await asyncio.sleep(1)
                held.add("m", USAGE, None)
        except LimitReachedError:
            refused += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(call())
    assert (refused, limits.spent.calls, limits.spent.tokens) == (15, 5, 500)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        (b"", 0),
        ("a", 1),
        ("word", 1),
        ("words", 2),
        (b"words", 2),
        ("四个汉字", 3),
        ("\ud800", 1),
        ("é" * 4, 2),
    ],
)
def test_tokens_are_guessed_from_bytes(text: str | bytes, tokens: int) -> None:
    """A text has a quarter as many tokens as bytes in UTF-8, and no text has none."""
    assert estimate_tokens(text) == tokens
