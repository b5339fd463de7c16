"""When a request is sent again, after how long, and what a person is told meanwhile.

The schedule is exponential with decorrelated jitter (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture
Blog, 2015): each wait is drawn between the shortest one and three times the one before. Full jitter makes slightly
fewer calls among thousands of clients, but may draw a wait of nothing; with two retries, which is what there usually
is, a shortest wait is worth more. Unlike there, the longest wait bounds the draw and not what was drawn: otherwise all
who wait long would come back at the same moment.

In: an error of `miniagents.errors`, the headers of an answer. Out: seconds, or that it is given up. Never: a request, a
sleep, a clock, an SDK.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import random as _random
from typing import Any, Final

from ...errors import ModelError, ProviderFailedError, ProviderUnreachableError, RateLimitedError, UsageError
from ...safe_text import one_line

__all__ = [
    "DEFAULT_RETRIES",
    "DEFAULT_RETRY_BUDGET_S",
    "Backoff",
    "date_said",
    "is_worth_retrying",
    "retry_after_s",
    "should_retry",
    "told",
]

DEFAULT_RETRIES: Final = 2
"""The default of OpenAI's and Anthropic's SDKs."""

DEFAULT_RETRY_BUDGET_S: Final = 60.0
"""How long a request may wait between its tries, together: the longest that limits per minute ask for."""

_SHORTEST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 8.0
"""Both as in the SDKs (`INITIAL_RETRY_DELAY` and `MAX_RETRY_DELAY` of openai 2.x and anthropic 0.x, 2026-11)."""
_GROWTH: Final = 3.0
"""Brooker's."""
_JITTER_S: Final = 0.5
"""What is added to the server's word at most, so that not all whom it told the same come back at once."""

_ROUNDED_FROM_S: Final = 10
_MINUTE_S: Final = 60
_LONGEST_CAUSE: Final = 80
"""Characters of a cause that leave room on the line for the rest of it."""

_NUMBER: Final = re.compile(r"\s*(\d+\.?\d*|\.\d+)\s*", re.ASCII)
_LONGEST_WORD_S: Final = 366 * 24 * 3600.0
"""A year is longer than any budget, and is still a number that a clock can add."""
_LONGEST_HEADER: Final = 100
"""Characters of a header that is a number or a date."""

_RETRIED: Final = (RateLimitedError, ProviderFailedError, ProviderUnreachableError)
_ABOUT_CREDIT: Final = ("insufficient_quota", "billing_error", "credit balance", "plan and credit")
"""What the cause or the cure of an error says that no waiting mends; see `faults`.

No shorter words: OpenAI names a page about billing where it only asks to wait.
"""


class Backoff:
    """The retries of one request: how many are left, and how much of the time that they may wait.

    Args:
        max_retries: How often the request may be sent again; 0 for never.
        budget_s: How long it may wait between its tries, in seconds, all waits together; `math.inf` is no limit.
        random: Gives numbers from 0 to 1.

    Raises:
        UsageError: One of them makes no sense.
    """

    __slots__ = ("_last_s", "_left_s", "_random", "max_retries", "retries")

    def __init__(self, max_retries: int, budget_s: float, random: Callable[[], float] = _random) -> None:
        if not _is_number(max_retries, int):
            raise UsageError(f"max_retries={max_retries!r} is no number of retries; give 0 or more")
        if not _is_number(budget_s, int | float):
            raise UsageError(f"retry_budget_s={budget_s!r} is no time in seconds; give 0 or more")
        self.max_retries = max_retries
        self.retries = 0
        """How many there have been, the one that is waited for included."""
        self._left_s = float(budget_s)
        self._last_s = _SHORTEST_WAIT_S
        self._random = random

    @property
    def attempt(self) -> int:
        """Which try it is now, from 1; after `wait_s`, the one that comes."""
        return self.retries + 1

    @property
    def tries(self) -> int:
        """How many tries there are at most."""
        return self.max_retries + 1

    def wait_s(self, error: ModelError, *, said: bool | None = None) -> float | None:
        """Return after how many seconds the request is sent again, and count that as done; None to give up.

        What the server asks for (`error.retry_after_s`) is never undercut: where it is more than is left of the budget,
        no try is made.

        Args:
            error: What became of the last try, of whose reply nothing was given on.
            said: What the server itself says of it, see `should_retry`.
        """
        worth = is_worth_retrying(error) if said is None else said
        if not worth or self.retries >= self.max_retries:
            return None
        word_s = error.retry_after_s
        if word_s is not None and word_s > 0:
            wait_s = min(word_s + _JITTER_S * self._random(), max(word_s, self._left_s))
        else:
            most_s = min(_GROWTH * self._last_s, _LONGEST_WAIT_S, max(self._left_s, _SHORTEST_WAIT_S))
            wait_s = self._last_s = _SHORTEST_WAIT_S + self._random() * (most_s - _SHORTEST_WAIT_S)
        if wait_s > self._left_s:
            return None
        self._left_s -= wait_s
        self.retries += 1
        return wait_s


def is_worth_retrying(error: ModelError) -> bool:
    """Say whether the same request may well succeed in a moment.

    It may where the provider asked us to wait, failed or could not be reached; hosts without an address are among the
    last, because networks come back. It will not where an account has no credit left, nor where the answer is none of
    this API (`BadAnswerError`, an empty reply included, which was paid for and which the same question mostly gives
    again).
    """
    if isinstance(error, RateLimitedError):
        about = f"{error.cause} {error.cure}".lower()
        return not any(sign in about for sign in _ABOUT_CREDIT)
    return isinstance(error, _RETRIED)


def should_retry(headers: Mapping[str, str]) -> bool | None:
    """Return what the server says of another try in `x-should-retry`, which both SDKs obey; None if it says nothing."""
    return {"true": True, "false": False}.get(headers.get("x-should-retry", "").strip().lower())


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return how long the server asks us to wait, in seconds: 0.0 or more, at most a year; None if it does not.

    Reads `retry-after-ms`, which is of both SDKs, and `retry-after` in seconds, fractions included, or as a date
    (RFC 9110, section 10.2.3). What is negative or no such thing says nothing.

    Args:
        headers: Of the answer, names in lower case (or a mapping that finds them in any).
        now: The time, with its zone; where the answer has a `date`, that counts, because it is of the same clock.
    """
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        number = _NUMBER.fullmatch(headers.get(name, "")[:_LONGEST_HEADER])
        if number is not None:
            return min(float(number[1]) * unit_s, _LONGEST_WORD_S)
    date = date_said(headers.get("retry-after", ""))
    if date is None:
        return None
    wait_s = (date - (date_said(headers.get("date", "")) or now)).total_seconds()
    return min(max(wait_s, 0.0), _LONGEST_WORD_S)


def date_said(text: str) -> datetime | None:
    """Return the time that an HTTP date (RFC 9110, section 5.6.7) stands for, with its zone; None if it is none."""
    if not text or len(text) > _LONGEST_HEADER:
        return None
    try:
        date = parsedate_to_datetime(text)
        # A date without a zone is in Greenwich's; one with a zone may lie outside of all years there.
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):  # the parser raises each of these on one text or another
        return None


def told(error: ModelError, wait_s: float, attempt: int, tries: int) -> str:
    """Return one line for a person that waits: who, what went wrong in short, how long it takes, which try comes.

    Args:
        error: What became of the last try.
        wait_s: How long it is until the next, in seconds.
        attempt: The number of the next, from 1.
        tries: How many there are at most.
    """
    cause = one_line(error.cause.partition(": ")[0])
    if len(cause) > _LONGEST_CAUSE:
        cause = f"{cause[: _LONGEST_CAUSE - 1]}…"
    who = f"{error.host}: " if error.host else ""
    return f"{who}{cause}; trying again in {_duration(wait_s)} (try {attempt} of {tries})"


def _is_number(value: Any, kind: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool) and value >= 0


def _duration(seconds: float) -> str:
    if seconds < _ROUNDED_FROM_S:
        return f"{seconds:.1f} s"
    whole = math.ceil(seconds)
    minutes, rest = divmod(whole, _MINUTE_S)
    if not minutes:
        return f"{whole} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
