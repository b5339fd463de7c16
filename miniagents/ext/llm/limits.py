"""What a run may use, in tokens, money and calls: counted in one place for all the agents that share it.

    hold (or check) ─→ the call ─→ add

In: limits, what calls used, estimates of what those under way will use. Out: what is spent, or an error before the call
that would go too far. Never: a price, a request, a clock. All of it belongs to one event loop: it must not be shared
between threads, and needs no lock, because nothing in here waits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from types import TracebackType
from typing import Any, Final, Self

from ...errors import LimitReachedError, SettingsError
from ...safe_text import one_line

__all__ = ["Hold", "Limits", "Spent", "estimate_tokens"]

_EXACT: Final = 10**12
"""Money is counted in whole numbers of this part of a dollar, or three times 0.1 would be more than 0.3."""

_BYTES_PER_TOKEN: Final = 4


@dataclass(frozen=True, slots=True)
class Spent:
    """What calls used, at one moment."""

    tokens: int
    """Of requests and replies together, those read from a provider's cache included."""
    usd: float
    """What the calls cost whose price is known."""
    calls: int
    unpriced: int
    """How many of the calls have a price that nobody knows."""


@dataclass(slots=True)
class _Count:
    """One thing that is counted: whole numbers of it, used and under way, and a limit if it has one."""

    name: str
    limit: int | None
    used: int = 0
    held: int = 0

    def check(self, more: int | None) -> None:
        """Raise if there is no room for `more` of it, or where nobody knows how much more, no room at all."""
        if self.limit is None or more == 0:
            return
        room = self.limit - self.used - self.held
        if room < more if more is not None else room <= 0:
            raise LimitReachedError(self._line(more))

    def shown(self, number: int) -> str:
        """Return so many of it, for people: dollars with at least the cents, and six decimals at most."""
        if self.name != "usd":
            return f"{number:,}"
        dollars, _, rest = f"{number / _EXACT:,.6f}".partition(".")
        return f"${dollars}.{rest[:2]}{rest[2:].rstrip('0')}"

    def _line(self, more: int | None) -> str:
        what = "" if self.name == "usd" else f" {self.name}"
        parts = [f"{self.shown(self.used)} used"]
        if self.held:
            parts.append(f"{self.shown(self.held)} under way")
        if more is not None and self.name != "calls":
            parts.append(f"this call needs about {self.shown(more)}")
        reached = f"the limit of {self.shown(self.limit or 0)}{what} is reached: {', '.join(parts)}"
        return f"{reached}; raise {self.name} in `limits`, or end the run here"


@dataclass(slots=True)
class _Level:
    """What one `Limits` counts itself."""

    tokens: _Count
    usd: _Count
    calls: _Count
    unpriced: int = 0

    def set_aside(self, calls: int, tokens: int, usd: int) -> None:
        """Hold so much more, or less."""
        self.calls.held += calls
        self.tokens.held += tokens
        self.usd.held += usd


class Limits:
    """What a run may use at most; give the same object to every agent of it, as `limits=`.

    A limit holds before a call: one that is under way is not stopped. What several calls at once will use is counted
    too, as far as those who make them tell (`hold`). Without any limit it only counts (`spent`).
    """

    __slots__ = ("_levels",)

    def __init__(self, *, tokens: int | None = None, usd: float | None = None, calls: int | None = None) -> None:
        """Limit what is given.

        Args:
            tokens: Of requests and replies together.
            usd: US dollars; a model whose price is not known is refused then.
            calls: Requests that were answered, wholly or in part.

        Raises:
            SettingsError: A limit is no number, or less than nothing.
        """
        own = _Level(
            tokens=_Count("tokens", _whole("tokens", tokens)),
            usd=_Count("usd", _money(usd)),
            calls=_Count("calls", _whole("calls", calls)),
        )
        self._levels: tuple[_Level, ...] = (own,)  # then those that these are a part of, the nearest first

    def __repr__(self) -> str:
        own = self._levels[0]
        counts = (own.tokens, own.usd, own.calls)
        given = [f"{each.name}={each.shown(each.limit)}" for each in counts if each.limit is not None]
        return f"<Limits {' '.join(given) or 'none'}: {self.spent}>"

    @property
    def spent(self) -> Spent:
        """What was used by the calls that have ended."""
        own = self._levels[0]
        usd = own.usd.used / _EXACT
        return Spent(tokens=own.tokens.used, usd=usd, calls=own.calls.used, unpriced=own.unpriced)

    def child(self, *, tokens: int | None = None, usd: float | None = None, calls: int | None = None) -> "Limits":
        """Return limits for a part of what these are for: what is counted or held there is so here as well.

        Raises:
            SettingsError: A limit is no number, or less than nothing.
        """
        child = Limits(tokens=tokens, usd=usd, calls=calls)
        child._levels += self._levels
        return child

    def check(self, *, model: str = "", priced: bool = True, tokens: int = 0, usd: float | None = None) -> None:
        """Raise if there must be no further call.

        Args:
            model: Who would be called, for errors.
            priced: Whether its price is known.
            tokens: What the call will use, by estimate; 0 for no idea: then it must have room for any at all.
            usd: What that costs; None for no idea, 0 for a model that costs nothing and may be called always.

        Raises:
            LimitReachedError: What is used and under way leaves no room for it; one line, with the cure.
            SettingsError: There is a limit in money, and the price is not known.
        """
        cost = None if usd is None else _exact(usd)
        for level in self._levels:
            level.calls.check(1)
            level.tokens.check(tokens or None)
            if not priced and level.usd.limit is not None:
                raise _unpriceable(model)
            level.usd.check(cost)

    def add(
        self,
        model: str,  # noqa: ARG002 - who was called is told, and nothing is counted by it so far
        usage: Mapping[str, int] | None,
        cost_usd: float | None,
        *,
        tokens: int = 0,
    ) -> None:
        """Count a call that has ended.

        Args:
            model: Who was called.
            usage: Counts of tokens "in" (all of the request) and "out" (all of the reply), as the provider tells them.
            cost_usd: What it cost; None where the price is not known.
            tokens: What it used by estimate, where the provider did not tell: a server that does not count, a call that
                was cut.
        """
        if usage:
            tokens = (usage.get("in") or 0) + (usage.get("out") or 0)
        tokens = max(0, tokens)  # a server that says less than nothing gives nothing back
        cost = 0 if cost_usd is None else _exact(cost_usd)
        for level in self._levels:
            level.calls.used += 1
            level.tokens.used += tokens
            level.usd.used += cost
            level.unpriced += cost_usd is None

    def hold(self, tokens: int = 0, *, usd: float | None = None, model: str = "", priced: bool = True) -> "Hold":
        """Check as `check` does, and set aside what the call will use.

            with limits.hold(estimate_tokens(request), model=name) as held:
                ...
                held.add(name, usage, cost_usd)

        It is set aside from here to the hold's `add` or `release`, or the end of its `with`, whichever comes first: a
        call counts as long as it is under way, and once.

        Args:
            tokens: What the call will use, by estimate.
            usd: What that costs.
            model: Who will be called, for errors.
            priced: Whether its price is known.

        Raises:
            LimitReachedError: What is used and under way leaves no room for it; nothing is set aside.
            SettingsError: There is a limit in money, and the price is not known.
        """
        self.check(model=model, priced=priced, tokens=tokens, usd=usd)
        for level in self._levels:
            level.set_aside(1, tokens, _exact(usd or 0))
        return Hold(self, self._levels, tokens, usd)


@dataclass(slots=True)
class Hold:
    """What is set aside for a call that is under way; made by `Limits.hold`."""

    _limits: Limits
    _levels: tuple[_Level, ...]
    _tokens: int
    _usd: float | None
    _open: bool = True

    def add(self, model: str, usage: Mapping[str, int] | None, cost_usd: float | None, *, tokens: int = 0) -> None:
        """Count the call, which has ended, as `Limits.add` does, instead of what was set aside for it.

        Where there is neither a `usage` nor a cost, as of a call that was cut, it cost the money that was set aside.
        """
        self.release()
        if not usage and cost_usd is None:
            cost_usd = self._usd
        self._limits.add(model, usage, cost_usd, tokens=tokens)

    def release(self) -> None:
        """Set nothing aside any longer; a second time does nothing."""
        if self._open:
            self._open = False
            for level in self._levels:
                level.set_aside(-1, -self._tokens, -_exact(self._usd or 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def estimate_tokens(text: str | bytes) -> int:
    """Return about how many tokens a text is: a quarter of its bytes in UTF-8, and at least one if it is not empty.

    It is a guess, for what nobody has counted yet. Google counts a token for four characters
    (https://ai.google.dev/gemini-api/docs/tokens); DeepSeek 0.3 tokens for a character of English and 0.6 for one of
    Chinese (https://api-docs.deepseek.com/quick_start/token_usage), where this says 0.25 and 0.75 (both 2026-11).
    """
    is_counted = isinstance(text, bytes) or text.isascii()
    size_bytes = len(text) if is_counted else len(str(text).encode("utf-8", "surrogatepass"))
    return -(-size_bytes // _BYTES_PER_TOKEN)


def _exact(usd: float) -> int:
    return max(0, round(usd * _EXACT))


def _whole(name: str, value: Any) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    raise SettingsError(f"Limits({name}={value!r}): it must be a whole number, 0 or more, such as {name}=1000")


def _money(usd: Any) -> int | None:
    if usd is None:
        return None
    if isinstance(usd, int | float) and not isinstance(usd, bool) and isfinite(usd) and usd >= 0:
        return _exact(usd)
    raise SettingsError(f"Limits(usd={usd!r}): it must be a number of US dollars, 0 or more, such as usd=0.50")


def _unpriceable(model: str) -> SettingsError:
    whose = f"the price of {one_line(model)}" if model else "the price of the model"
    return SettingsError(
        f"{whose} is not known, and what has no price cannot be limited in dollars; "
        "write it into prices.toml beside config.toml, or limit tokens instead of usd"
    )
