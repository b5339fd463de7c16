"""Where a provider is reached, and with which key: looked up in an environment when an agent is called.

In: a mapping of environment variables, the process's own by default. Out: an `Endpoint`. Never: a file, a request.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from ...errors import KeyMissingError, SettingsError
from ...safe_text import one_line

__all__ = ["Endpoint", "Service"]

_NO_KEY = "no-key"
"""What is sent where there is a base URL and no key: local servers want none, and the SDKs want one."""

_SHORTEST_SECRET = 8
"""Keys of real providers have 40 characters and more; "ollama" or "x", which local servers take, are no secrets."""

_LONGEST_WORDS = 300
"""Characters of a provider's words that still read as one line."""

_LONGEST_SAID = 4 * _LONGEST_WORDS
"""Characters of them that are looked at: they are somebody else's, and may have no end."""

_MASKED_KEY = re.compile(r"[^\s*]*\*{4,}\S*")
"""A key as OpenAI quotes it: its first eight and last four characters, and stars."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A base URL and the key for it."""

    base_url: str
    key: str = field(repr=False)
    url_cure: str
    """What to do when it seems not to be that API that answers there."""
    is_ambient: bool
    """Whether it is the one that the process's own environment names; headers that this sets are for no other."""
    key_cure: str
    """What to do when the key is refused."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be written down."""
        return (self.key,) if len(self.key) >= _SHORTEST_SECRET else ()

    @property
    def host(self) -> str:
        """The host, with its port if the URL has one, and nothing else of the URL."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]

    def tidy(self, words: str) -> str:
        """Return what a provider said as it can stand in an error: one line, not long, without the key."""
        if len(self.key) >= _SHORTEST_SECRET:
            words = words.replace(self.key, "[key]")
        words = words[:_LONGEST_SAID]
        line = one_line(_MASKED_KEY.sub("[key]", words)).rstrip(".")
        return line if len(line) <= _LONGEST_WORDS else f"{line[: _LONGEST_WORDS - 1]}…"


@dataclass(frozen=True, slots=True)
class Service:
    """What there is to know of a provider before its environment is looked at."""

    name: str
    """Its prefix in the names of models; in capital letters that of its environment variables."""
    base_url: str
    url_hint: str
    """How its base URLs end."""
    default_model: str
    model_patterns: tuple[str, ...]

    def endpoint(self, environment: Mapping[str, str] | None, *, offline: bool = False) -> Endpoint:
        """Return where `environment` says that it is (None: the process's own, as it is now); `offline` wants no key.

        Raises:
            KeyMissingError: There is neither a key nor a base URL, or the key can be none.
            SettingsError: The base URL is none.
        """
        source = os.environ if environment is None else environment
        key_name, url_name = f"{self.name.upper()}_API_KEY", f"{self.name.upper()}_BASE_URL"
        key, own_url = source.get(key_name, "").strip(), source.get(url_name, "").strip()
        base_url = own_url or self.base_url
        if not _is_url(base_url):
            raise SettingsError(f"{url_name} is no URL; write it like {self.base_url}")
        url_cure = "check the network: a login page or a proxy may be in the way"
        endpoint = Endpoint(
            base_url=base_url,
            key=key or _NO_KEY,
            url_cure=f"check {url_name}, which usually {self.url_hint}" if own_url else url_cure,
            is_ambient=base_url == (os.environ.get(url_name, "").strip() or self.base_url),
            key_cure=f"check {key_name}"
            if key
            else source.get("MINIAGENTS_KEY_WITHHELD") or f"set {key_name}: this server wants one",
        )
        if not key and not own_url and not offline:
            cure = f"set {key_name}, or {url_name} for a server that wants none"
            raise KeyMissingError("there is no key", host=endpoint.host, cure=cure)
        if not (key.isascii() and key.isprintable()) or " " in key:
            cure = f"copy it into {key_name} again, by itself"
            raise KeyMissingError("the key has characters that no key has", host=endpoint.host, cure=cure)
        return endpoint

    def model(self, environment: Mapping[str, str] | None) -> str:
        """Return the model that `environment` names as the one to use, if it is this provider's, or the default."""
        source = os.environ if environment is None else environment
        wanted = source.get("MINIAGENTS_MODEL", "").strip()
        prefix, _, name = wanted.partition(":")
        if prefix == self.name and name:
            return name
        if any(fnmatchcase(wanted, pattern) for pattern in self.model_patterns):
            return wanted
        return self.default_model


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # its port is no number, its address no IPv6
        return False
