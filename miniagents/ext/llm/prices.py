"""What a call costs: the price list that we bring along, and the user's own, which comes first.

In: the name of a model, counts of tokens. Out: US dollars, or None where nobody knows. Never: a limit, a request, the
network; and no file before a cost is wanted.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from ...errors import SettingsError
from ...safe_text import one_line

__all__ = ["Prices"]

_EXACT: Final = 10**9
"""Prices are kept as whole numbers of this part of a dollar, so that sums are exact; no list has as many decimals."""

_PER_TOKENS: Final = 1_000_000
_NEEDED: Final = ("input", "output")
_OPTIONAL: Final = ("cached_input", "cache_write")
_HIGHEST_USD: Final = 1_000_000
"""The highest price that is no slip (a float times `_EXACT` is exact up to nine times that)."""

_DATED: Final = re.compile(r"[-@]20\d\d-?\d\d-?\d\d$")
"""How the names of snapshots end: OpenAI's with dashes, Anthropic's without, Google's for Anthropic's after an @."""

_OWN_HOSTS: Final[Mapping[str, tuple[str, ...]]] = {
    "openai": ("api.openai.com", "*.api.openai.com", "*.openai.azure.com", "*.services.ai.azure.com"),
    "anthropic": ("api.anthropic.com", "bedrock*.amazonaws.com", "*aiplatform.googleapis.com"),
}
"""Where what we bring along is the price: the providers' own, and the clouds that sell their models at their prices. No
other server need mean by a name what they do."""

_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
"""How messages of `tomllib` end (Python 3.11 to 3.14)."""

_HOMES: Final = ("HOME", "XDG_CONFIG_HOME", "USERPROFILE", "LOCALAPPDATA", "WIN_PD_OVERRIDE_LOCAL_APPDATA")
"""What of the environment `platformdirs` makes a user's folders of, on any system; it takes 50 µs to do so."""

_SAMPLE: Final = '"some-model" = { input = 1.00, output = 2.00 }'


@dataclass(frozen=True, slots=True)
class _Rates:
    """What tokens cost, in `_EXACT` parts of a dollar for a million."""

    input: int
    output: int
    cached_input: int
    cache_write: int


@dataclass(frozen=True, slots=True)
class _Price:
    """What one model costs."""

    usual: _Rates
    above: int
    """How many tokens a request may have before `long` holds for all of it."""
    long: _Rates | None


@dataclass(frozen=True, slots=True)
class _List:
    """One file: names, and patterns of names in the order in which they are tried."""

    names: Mapping[str, _Price]
    patterns: tuple[tuple[str, _Price], ...]

    def price(self, *names: str) -> _Price | None:
        """Return the price of whoever is called any of `names`."""
        for name in names:
            if name in self.names:
                return self.names[name]
        for pattern, price in self.patterns:
            if any(fnmatchcase(name, pattern) for name in names):
                return price
        return None


@dataclass(frozen=True, slots=True)
class Prices:
    """What models cost; get it from `load`."""

    _lists: tuple[_List, ...] = field(repr=False)
    """The first that knows a model decides; the last is ours."""

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> "Prices":
        """Return the price list that we bring along, behind the user's own if there is one.

        The user's is `prices.toml` in the folder of `config.toml`, or the file that `MINIAGENTS_PRICES` names. It is
        read once, and again when it changes; a further call costs a look at its date and size.

        Args:
            environment: Where `MINIAGENTS_PRICES` is looked up, instead of the process's environment.

        Raises:
            SettingsError: The user's file cannot be read, or something in it makes no sense; it says where.
        """
        named = (os.environ if environment is None else environment).get("MINIAGENTS_PRICES")
        path = Path(named) if named else _usual_path()
        try:
            state = path.stat()
        except (FileNotFoundError, NotADirectoryError) as error:
            if named:
                raise SettingsError(
                    f"{path}: MINIAGENTS_PRICES names this file, and there is none; write it, or unset the variable"
                ) from error
            return _shipped()
        except OSError as error:
            raise _unreadable(path, error) from error
        return _with_own(path, state.st_mtime_ns, state.st_size)

    def cost_usd(self, model: str, usage: Mapping[str, int], *, provider: str = "", host: str = "") -> float | None:
        """Return what a call cost, in US dollars; None where the price is not known, or the count of "in" or "out".

        Args:
            model: Its name, as the provider knows it.
            usage: Counts of tokens: "in" (all of the request; "cached" and "cache_written", which may be missing, are
                parts of it) and "out" (all of the reply, thinking included).
            provider: Who was asked, for entries such as `"local:*"`.
            host: Where; what we bring along holds only at the provider's own. For entries such as `"there:8000:*"`.
        """
        price = self._price(model, provider, host)
        sent, received = usage.get("in"), usage.get("out")
        if price is None or sent is None or received is None:
            return None
        rates = price.usual if price.long is None or sent <= price.above else price.long
        cached, written = usage.get("cached") or 0, usage.get("cache_written") or 0
        # Some server may leave the cached ones out of "in": that must not make the others cheaper.
        fresh = max(0, sent - cached - written)
        request = fresh * rates.input + cached * rates.cached_input + written * rates.cache_write
        return (request + received * rates.output) / (_EXACT * _PER_TOKENS)

    def _price(self, model: str, provider: str, host: str) -> _Price | None:
        is_own = not host or _is_own(provider, host)
        for each in self._lists:
            for name in dict.fromkeys((model, _DATED.sub("", model))):
                names = [f"{who}:{name}" for who in (host, provider) if who]
                if is_own or each is not self._lists[-1]:
                    names.append(name)
                price = each.price(*names)
                if price is not None:
                    return price
        return None


def _is_own(provider: str, host: str) -> bool:
    return any(fnmatchcase(host.lower().removesuffix(":443"), own) for own in _OWN_HOSTS.get(provider, ()))


def _usual_path() -> Path:
    from platformdirs import user_config_path  # noqa: PLC0415 - only where a cost is wanted

    return _path_below(user_config_path, *map(os.environ.get, _HOMES))


@lru_cache(maxsize=8)
def _path_below(find: Callable[..., Path], *_homes: str | None) -> Path:
    return find("miniagents", appauthor=False) / "prices.toml"


def _unreadable(path: Path, error: Exception) -> SettingsError:
    return SettingsError(f"{path}: cannot be read ({one_line(str(error))}); mend it or move it away")


@cache
def _shipped() -> Prices:
    path = Path(__file__).with_name("prices.toml")
    return Prices((_parsed(str(path), path.read_text(encoding="utf-8")),))


@lru_cache(maxsize=8)
def _with_own(path: Path, _mtime_ns: int, _size: int) -> Prices:
    """Return the prices with those of the file at `path` before them, as it was when it had that date and size."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    return Prices((_parsed(str(path), text), *_shipped()._lists))  # noqa: SLF001 - the same class


def _parsed(source: str, text: str) -> _List:
    import tomllib  # noqa: PLC0415 - only where a cost is wanted

    try:
        entries = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(_misspelt(source, text, str(error))) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, a thousand brackets
        raise _unreadable(Path(source), error) from error
    # Longest first; the alphabet decides between equals, so that the order in the file does not.
    names = sorted(entries, key=lambda name: (-len(name), name))
    prices = {name: _entry(f'{source}: "{one_line(name)}"', entries[name]) for name in names}
    return _List(prices, tuple((name, price) for name, price in prices.items() if any(sign in name for sign in "*?[")))


def _misspelt(source: str, text: str, message: str) -> str:
    """Return where and why `text` is no TOML, the place as editors and terminals know it: `path:line:column`."""
    found = _PLACE.search(message)
    line, column = found.groups() if found else (None, None)
    if line is None:
        lines = text.split("\n")
        line, column = str(len(lines)), str(len(lines[-1]) + 1)
    why = one_line(_PLACE.sub("", message))
    return f"{source}:{line}:{column}: {why}; it must be TOML, such as: {_SAMPLE}"


def _entry(where: str, table: object) -> _Price:
    """Return what one entry of a file says; `where` names it in errors."""
    table = _table(where, table, needed=_NEEDED, optional=(*_OPTIONAL, "long"))
    usual = _rates(where, table)
    if "long" not in table:
        return _Price(usual, above=0, long=None)
    where = f"{where}: long"
    long = _table(where, table["long"], needed=("above", *_NEEDED), optional=_OPTIONAL)
    above = long["above"]
    if not isinstance(above, int) or isinstance(above, bool) or above <= 0:
        raise SettingsError(f"{where}: above is no count of tokens; write a whole number, such as 100_000")
    return _Price(usual, above=above, long=_rates(where, long))


def _table(where: str, table: object, *, needed: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, Any]:
    """Return `table` if it is one and has what it must have, and no more than it may."""
    if not isinstance(table, dict):
        raise SettingsError(f"{where} is no table; write it as in: {_SAMPLE}")
    for name, value in table.items():
        if name in needed or name in optional:
            continue
        if isinstance(value, dict):  # `[gpt-5.4-mini]` is for TOML an entry "gpt-5" with a table "4-mini"
            cure = 'put a name with a dot into quotes, as in ["some-1.5"]'
            raise SettingsError(f"{where}: {one_line(name)} is a table, and no price; {cure}")
        there_are = ", ".join((*needed, *optional))
        raise SettingsError(f"{where}: {one_line(name)} means nothing here; there are {there_are}")
    for name in needed:
        if name not in table:
            raise SettingsError(f"{where}: {name} is missing; write it as in: {_SAMPLE}")
    return table


def _rates(where: str, table: Mapping[str, Any]) -> _Rates:
    exact = {}
    for name in (*_NEEDED, *_OPTIONAL):
        usd = table.get(name, table["input"])
        # NaN is in no range.
        if not isinstance(usd, int | float) or isinstance(usd, bool) or not 0 <= usd <= _HIGHEST_USD:
            cure = "write US dollars per million tokens as a number, such as 0.75"
            raise SettingsError(f"{where}: {name} is no price; {cure}")
        exact[name] = round(usd * _EXACT)
    return _Rates(**exact)
