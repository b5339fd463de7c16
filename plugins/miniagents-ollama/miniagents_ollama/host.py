"""Where the Ollama server is, and with which key: looked up in an environment when somebody asks.

Format of `OLLAMA_HOST`: that of Ollama's own programs (`envconfig/config.go`, 2026-11): `host`, `host:port` or a URL,
of which each part may be missing. In: a mapping of environment variables, the process's own by default. Out: an
`Endpoint`. Never: a file, a request.
"""

import os
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from miniagents.errors import SettingsError
from miniagents.ext.llm.endpoint import Endpoint

__all__ = ["endpoint_of", "is_near"]

_PORT: Final = 11434
"""Ollama's own; a URL with a scheme has that of its scheme."""
_CLOUD: Final = "ollama.com"
"""The one host that means https without saying so."""
_HERE: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where a server listens, it can be asked
_KEY: Final = "OLLAMA_API_KEY"


def endpoint_of(environment: Mapping[str, str] | None = None) -> Endpoint:
    """Return where `environment` says that the server is (None: the process's own, as it is now).

    `OLLAMA_API_KEY`, which Ollama's cloud wants and a server on one's own machine does not, is sent by https only.

    Raises:
        SettingsError: `OLLAMA_HOST` is no address.
    """
    source = os.environ if environment is None else environment
    base_url = _url(source.get("OLLAMA_HOST", ""))
    key = source.get(_KEY, "").strip() if base_url.startswith("https:") else ""
    if not (key.isascii() and (key.isprintable() and " " not in key)):
        raise SettingsError(f"{_KEY} has characters that no key has; copy it again, by itself")
    return Endpoint(
        base_url=base_url,
        key=key,
        url_cure="check OLLAMA_HOST",
        is_ambient=environment is None,
        key_cure=f"check {_KEY}" if key else f"sign in (`ollama signin`), or set {_KEY} and an OLLAMA_HOST of https",
    )


def is_near(endpoint: Endpoint) -> bool:
    """Say whether that is this very machine, to which no proxy leads."""
    host = urlsplit(endpoint.base_url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name
        return host == "localhost"


def _url(written: str) -> str:
    text = written.strip().strip("\"'").strip()
    scheme, mark, rest = text.partition("://")
    if not mark:
        scheme, rest = ("https" if text == _CLOUD else "http"), text
    rest = rest.rstrip("/")
    if rest.count(":") > 1 and "[" not in rest:
        rest = f"[{rest}]"  # an IPv6 address by itself
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        host, port = _HERE.get(parts.hostname or "", parts.hostname), parts.port
    except ValueError:  # its port is no number, its address no IPv6
        host, port = None, 0
    if scheme not in ("http", "https") or not host or port == 0 or "@" in rest or any(map(str.isspace, rest)):
        raise SettingsError(f"OLLAMA_HOST is no address; write it like 127.0.0.1:{_PORT} or https://{_CLOUD}")
    if port is None and not mark and scheme == "http":
        port = _PORT
    return f"{scheme}://{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}{parts.path}"
