"""How much may go to a provider, and when there will be enough again: by our own rate, and by what the server says.

Our own rate is kept by a log of the last minute: in any 60 s no more goes than it allows. The first half of a minute's
allowance may go at once, what is beyond it goes evenly, 60 s divided by the rate apart; so a burst at the start becomes
an even flow after a minute. (A bucket that is refilled all the time lets twice the rate through in its first minute.)
What is larger than a whole minute's allowance goes alone, and counts for as many minutes as it is worth.

In: amounts, times of a clock that the caller reads, headers of answers. Out: times. Never: a clock, a task, a loop.
"""

import math
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from .retries import date_said

__all__ = ["Minute", "Spent", "Told", "told_by"]

_MINUTE_S: Final = 60.0
_AT_ONCE: Final = 0.5
"""The share of a minute's allowance that need not be spread: agents start in groups, and a server that counts in spans
shorter than a minute, as OpenAI's and Anthropic's pages on rate limits say they may, would refuse the whole of it."""

_LONGEST_RESET_S: Final = _MINUTE_S
"""What is counted per minute is there again after a minute. Where a reset takes longer, the limit is a day's, which has
some left again before that: then the server is asked, and says itself how long to wait."""

_COUNT: Final = re.compile(r"\s*(\d{1,15})(\.\d{0,9})?\s*", re.ASCII)
_SECONDS: Final = re.compile(r"\s*(\d{1,9}(?:\.\d{0,9})?)\s*", re.ASCII)
_DURATION: Final = re.compile(r"\s*(?:\d{1,9}(?:\.\d{1,9})?(?:ns|us|µs|ms|d|h|m|s))+\s*", re.ASCII)
_PART: Final = re.compile(r"([\d.]+)(\D+)", re.ASCII)
_UNIT_S: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LONGEST_HEADER: Final = 64
"""Characters of a header that is a count, a duration or a date."""


@dataclass(slots=True)
class Spent:
    """What one request took of a minute's allowance."""

    at_s: float
    amount: int
    until_s: float
    """When it counts no longer."""


class Minute:
    """An allowance for any minute, and what was spent of it."""

    __slots__ = ("_evenly_s", "_log", "_used", "per_minute")

    def __init__(self, per_minute: float) -> None:
        self.per_minute = per_minute
        self._log: deque[Spent] = deque()
        self._used = 0
        self._evenly_s = -math.inf
        """When the next goes, where it is beyond the share that need not be spread."""

    @property
    def each_s(self) -> float:
        """How long one unit takes in an even flow, in seconds."""
        return _MINUTE_S / self.per_minute

    def ready_at_s(self, amount: int, now_s: float) -> float:
        """Return when to look again whether there is enough for `amount`; `now_s` if there is."""
        log = self._log
        while log and log[0].until_s <= now_s:
            self._used -= log.popleft().amount
        if self._used <= 0:
            return now_s
        used = self._used + max(amount, 1)
        ready_s = log[0].until_s if used > self.per_minute else now_s
        return max(ready_s, self._evenly_s) if used > self.per_minute * _AT_ONCE else ready_s

    def spend(self, amount: int, now_s: float) -> Spent:
        """Write down that this much goes now."""
        spent = Spent(now_s, amount, now_s + self._counts_s(amount))
        self._log.append(spent)
        self._used += amount
        self._evenly_s = now_s + amount * self.each_s
        return spent

    def correct(self, spent: Spent, amount: int) -> None:
        """Write down how much it was in truth; what counts no longer stays as it is."""
        if self._log and spent.until_s >= self._log[0].until_s:
            more = amount - spent.amount
            self._used += more
            spent.amount = amount
            # Both not later than they were: the number may be a server's, and nobody waits for years by its word.
            self._evenly_s += min(more, 0) * self.each_s
            spent.until_s = min(spent.until_s, spent.at_s + self._counts_s(amount))

    def _counts_s(self, amount: int) -> float:
        return _MINUTE_S * max(1.0, amount / self.per_minute)


@dataclass(slots=True)
class Told:
    """What a server said is left of one of its limits, counted down with each request since."""

    limit: int | None
    """How much there is after a reset, if it was said."""
    left: float
    reset_s: float
    """How long it takes until all is there again, in seconds, at most a minute."""
    reset_at_s: float = math.inf
    """When that is, by the caller's clock."""

    def ready_at_s(self, amount: int, now_s: float) -> float:
        """Return when there is enough for `amount`; what is more than there ever is goes when all is there."""
        if now_s >= self.reset_at_s:
            self.left = math.inf if self.limit is None else self.limit
            self.reset_at_s = now_s + self.reset_s
        return now_s if self.left >= max(amount, 1) or self.left == self.limit else self.reset_at_s

    def spend(self, amount: int) -> None:
        """Write down that this much goes, or that it did not (less than nothing)."""
        self.left -= amount


_LIMITS: Final = tuple(
    (kind, *(pattern.format(word, kind) for word in ("limit", "remaining", "reset")))
    for pattern, kinds in (
        ("x-ratelimit-{0}-{1}", ("requests", "tokens")),
        ("anthropic-ratelimit-{1}-{0}", ("requests", "tokens", "input-tokens", "output-tokens")),
    )
    for kind in kinds
)
"""Names of headers, by what they count (OpenAI and Anthropic, "Rate limits", 2026-11); vLLM, Groq and others have taken
those of OpenAI's."""


def told_by(headers: Mapping[str, str]) -> Iterator[tuple[str, str, Told]]:
    """Give what the headers of an answer say of limits: what it counts, the header that says so, and what it says.

    What makes no sense is left out: no number, less than nothing (Azure's -1), no time at which there will be more.

    Args:
        headers: Names in lower case, or a mapping that finds them in any.
    """
    for kind, limit_name, left_name, reset_name in _LIMITS:
        if left_name not in headers:
            continue
        left = _count(headers[left_name])
        reset_s = _reset_s(headers.get(reset_name, ""), headers)
        if left is not None and reset_s is not None:
            limit = _count(headers.get(limit_name, "")) or None
            yield kind, left_name, Told(limit, left, min(reset_s, _LONGEST_RESET_S))


def _count(text: str) -> int | None:
    number = _COUNT.fullmatch(text)
    return None if number is None else int(number[1])


def _reset_s(text: str, headers: Mapping[str, str]) -> float | None:
    """Return in how many seconds a reset is: said as a duration in Go's way, in seconds, or as a time (RFC 3339)."""
    if len(text) > _LONGEST_HEADER:
        return None
    if number := _SECONDS.fullmatch(text):
        return float(number[1])
    if _DURATION.fullmatch(text):
        return sum(float(amount) * _UNIT_S[unit] for amount, unit in _PART.findall(text.strip()))
    try:
        date = datetime.fromisoformat(text.strip())
        date = date.replace(tzinfo=UTC) if date.tzinfo is None else date
        now = date_said(headers.get("date", "")) or datetime.now(UTC)  # the first is of the same clock
        return max((date - now).total_seconds(), 0.0)
    except (ValueError, OverflowError):
        return None
