"""Who may ask a provider now, and who waits: one `Limiter` for all requests with one key.

    async with limiter.slot(agent, tokens) as slot:      # waits its turn
        …                                                # the request and its reply
        limiter.learn(headers, status, slot)
        slot.used(tokens)

Agents take turns: each waits in a line of its own, first come, first served, and the lines are served in rounds, so
that an agent with a thousand requests keeps nobody waiting for more than one of them. Whoever is next is never
overtaken, however many tokens it wants. Costs the same however many wait.

In: a `Rate`, agents' names, headers of answers. Out: slots. Never: a request, a provider, a task of its own.
"""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, Self

from ...errors import UsageError
from .allowances import Minute, Spent, Told, told_by
from .retries import retry_after_s

__all__ = ["Limiter", "Rate", "Slot"]

_LONGEST_PAUSE_S: Final = 3600.0
"""After an hour the server is asked again, whatever it said: its word may have been nonsense."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How much may go to a provider; None is no limit.

    Raises:
        UsageError: A number makes no sense.
    """

    requests_per_minute: float | None = None
    """In any 60 s, whichever."""
    tokens_per_minute: float | None = None
    """As above; of requests and replies together, as far as it is known when a request goes."""
    concurrency: int | None = None
    """How many requests may be under way at the same time."""

    def __post_init__(self) -> None:
        for name in ("requests_per_minute", "tokens_per_minute"):
            _check(name, getattr(self, name), int | float, "give a number above 0")
        _check("concurrency", self.concurrency, int, "give a whole number, 1 or more")


def _check(name: str, value: Any, kind: Any, cure: str) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, kind) or not 0 < value < math.inf:
        raise UsageError(f"Rate({name}={value!r}) is no limit; {cure}, or None for no limit")


class Slot:
    """A request's place: waited for by entering it (`async with`), given back by leaving it. Enter it once."""

    __slots__ = ("_limiter", "agent", "gone_before", "request", "spent", "tokens")

    def __init__(self, limiter: "Limiter", agent: str, tokens: int) -> None:
        self._limiter = limiter
        self.agent = agent
        self.tokens = tokens
        """What the request is guessed to cost."""
        self.gone_before = (0, 0)
        """How many requests and tokens had gone by this limiter when this one went, itself included."""
        self.request: Spent | None = None
        self.spent: Spent | None = None
        """What is written down of it in the limiter's own allowances."""

    async def __aenter__(self) -> Self:
        limiter = self._limiter
        if limiter.is_free:
            limiter.let_go(self, 0.0)
        else:
            await limiter.turn_of(self)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._limiter.give_back()

    def used(self, tokens: int) -> None:
        """Correct the guess: the request and its reply were this many tokens."""
        self._limiter.correct(self, max(tokens, 0))


class Limiter:
    """Lets requests go by a `Rate`, and by what the server says; used in one event loop.

    Where there is neither, nobody waits. What the server says is left is counted down with each request, and makes the
    next one wait only where it is too little: until the reset, for a minute at most. The `rate` is kept in any case.
    """

    def __init__(self, rate: Rate | None = None) -> None:
        self.rate = rate = rate or Rate()
        self._requests = None if rate.requests_per_minute is None else Minute(rate.requests_per_minute)
        self._tokens = None if rate.tokens_per_minute is None else Minute(rate.tokens_per_minute)
        self._told: dict[str, tuple[str, Told]] = {}
        """What the server said, by the header that says it, and what that counts."""
        self._paused_until_s = -math.inf
        self._held = 0
        self._gone = (0, 0)
        self._lines: OrderedDict[str, OrderedDict[asyncio.Future[None], Slot]] = OrderedDict()
        """Who waits, by agent, the agent whose turn it is first; no line is empty."""
        self._waiting = (0, 0)
        """How many requests wait, and how many tokens."""
        self._timer: asyncio.TimerHandle | None = None
        self.is_free = rate == Rate()
        """Whether there is nothing to wait for, and never was."""

    def slot(self, agent: str, tokens: int = 0) -> Slot:
        """Return a place for one request, to be entered.

        Args:
            agent: Who asks; those with the same name share a line.
            tokens: What the request and its reply will cost, guessed; 0 if nobody knows. More than a whole minute's
                allowance waits until nothing of it is used, and goes then.
        """
        return Slot(self, agent, tokens)

    def expected_wait_s(self, agent: str, tokens: int = 0) -> float | None:
        """Return about how long a request would wait that came now, in seconds; None if it would go at once.

        For a slot that somebody else holds nobody knows how long; it counts nothing.
        """
        if self.is_free:
            return None
        now_s = asyncio.get_running_loop().time()
        if not self._lines:
            ready_s = self._ready_at_s(tokens, now_s)
            return None if ready_s <= now_s else _wait_s(ready_s, now_s)
        head = next(iter(next(iter(self._lines.values())).values()))
        requests, all_tokens = self._waiting
        ahead = min(requests, len(self._lines) * (len(self._lines.get(agent, ())) + 1))
        flow_s = 0.0 if self._requests is None else ahead * self._requests.each_s
        if self._tokens is not None:
            flow_s = max(flow_s, all_tokens * ahead / requests * self._tokens.each_s)
        return _wait_s(self._ready_at_s(head.tokens, now_s), now_s) + flow_s

    def pause(self, seconds: float) -> None:
        """Let nobody go for this long, who waits already included; for an hour at most."""
        if seconds > 0:
            until_s = asyncio.get_running_loop().time() + min(seconds, _LONGEST_PAUSE_S)
            self._paused_until_s = max(self._paused_until_s, until_s)
            self.is_free = False

    def learn(self, headers: Mapping[str, str], status: int, slot: Slot | None = None) -> None:
        """Take in what an answer says of the server's limits; with status 429, pause for as long as it asks to.

        Args:
            headers: Of the answer; names in lower case, or a mapping that finds them in any.
            status: Of the answer.
            slot: Of the request that is answered, so that those which went after it are not counted as left.
        """
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            self.pause(retry_after_s(headers, datetime.now(UTC)) or 0.0)
        for kind, name, told in told_by(headers):
            if told.reset_s <= 0:
                self._told.pop(name, None)
                continue
            if slot is not None:
                (requests, tokens), (requests_then, tokens_then) = self._gone, slot.gone_before
                told.spend(_counted(kind, requests - requests_then, tokens - tokens_then))
            told.reset_at_s = asyncio.get_running_loop().time() + told.reset_s
            self._told[name] = kind, told
            self.is_free = False
        if self._lines:
            self._serve()

    def correct(self, slot: Slot, tokens: int) -> None:
        """Write down what a request cost in truth: see `Slot.used`."""
        if self._tokens is not None and slot.spent is not None:
            self._tokens.correct(slot.spent, tokens)
            if self._lines:
                self._serve()

    async def turn_of(self, slot: Slot) -> None:
        """Wait until the slot's turn has come; whoever is cancelled meanwhile leaves nothing behind."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        if not self._lines and self._ready_at_s(slot.tokens, now_s) <= now_s:
            self.let_go(slot, now_s)
            return
        turn: asyncio.Future[None] = loop.create_future()
        is_next = not self._lines
        self._lines.setdefault(slot.agent, OrderedDict())[turn] = slot
        self._waiting = self._waiting[0] + 1, self._waiting[1] + slot.tokens
        if is_next:
            self._serve()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._leave_line(turn, slot)
                self._serve()
            else:  # its turn had come, and it never knew
                self._take_back(slot)
                self.give_back()
            raise

    def let_go(self, slot: Slot, now_s: float) -> None:
        """Write down that a request goes now."""
        tokens = slot.tokens
        if not self.is_free:
            if self._requests is not None:
                slot.request = self._requests.spend(1, now_s)
            if self._tokens is not None:
                slot.spent = self._tokens.spend(tokens, now_s)
            for kind, told in self._told.values():
                told.spend(_counted(kind, 1, tokens))
        self._held += 1
        slot.gone_before = self._gone = self._gone[0] + 1, self._gone[1] + tokens

    def give_back(self) -> None:
        """Take a slot back that somebody held."""
        self._held -= 1
        if self._lines:
            self._serve()

    def _take_back(self, slot: Slot) -> None:
        """Undo that a request has gone."""
        if self._requests is not None and slot.request is not None:
            self._requests.correct(slot.request, 0)
        if self._tokens is not None and slot.spent is not None:
            self._tokens.correct(slot.spent, 0)
        for kind, told in self._told.values():
            told.spend(-_counted(kind, 1, slot.tokens))
        self._gone = self._gone[0] - 1, self._gone[1] - slot.tokens

    def _ready_at_s(self, tokens: int, now_s: float) -> float:
        """Return when to look again whether a request may go: `now_s` if it may, never (inf) if all slots are held."""
        if self.rate.concurrency is not None and self._held >= self.rate.concurrency:
            return math.inf
        ready_s = max(now_s, self._paused_until_s)
        if self._requests is not None:
            ready_s = max(ready_s, self._requests.ready_at_s(1, now_s))
        if self._tokens is not None:
            ready_s = max(ready_s, self._tokens.ready_at_s(tokens, now_s))
        for kind, told in self._told.values():
            ready_s = max(ready_s, told.ready_at_s(_counted(kind, 1, tokens), now_s))
        return ready_s

    def _serve(self) -> None:
        """Let everybody go whose turn it is, and see to it that the next one is looked at in time."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        while self._lines:
            line = next(iter(self._lines.values()))
            turn, slot = next(iter(line.items()))
            if not turn.cancelled():
                ready_s = self._ready_at_s(slot.tokens, now_s)
                if ready_s > now_s:
                    if ready_s < math.inf:
                        self._timer = loop.call_at(ready_s, self._serve)
                    return
                self.let_go(slot, now_s)
                turn.set_result(None)
                self._lines.move_to_end(slot.agent)
            self._leave_line(turn, slot)

    def _leave_line(self, turn: asyncio.Future[None], slot: Slot) -> None:
        line = self._lines.get(slot.agent, OrderedDict())
        if line.pop(turn, None) is not None:
            self._waiting = self._waiting[0] - 1, self._waiting[1] - slot.tokens
            if not line:
                del self._lines[slot.agent]


def _wait_s(ready_s: float, now_s: float) -> float:
    return 0.0 if ready_s == math.inf else ready_s - now_s


def _counted(kind: str, requests: int, tokens: int) -> int:
    """Return how much of a limit of that kind these take; of what goes in and comes out, nobody knows the parts."""
    return {"requests": requests, "tokens": tokens}.get(kind, 0)
