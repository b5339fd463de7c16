"""What a program learns of an Ollama server without waiting: whether it is there, its models, what they can do.

Wire format: `/api/tags` and `/api/show` of docs/api.md in Ollama's repository (2026-11). In: an environment, the name
of a model. Out: names, abilities; nothing, where the server is not there at once. Never: an error, an event loop.

What was found, also that there was nothing, is true for the next few seconds.
"""

import json
import socket
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from miniagents.errors import MiniagentsError
from miniagents.ext.llm.endpoint import Endpoint
from miniagents.hookspecs import Abilities

from .host import endpoint_of

__all__ = ["abilities", "answers", "forget", "installed", "names_in", "sizes", "sizes_in"]

_PROBE_S: Final = 0.05
"""Two machines of one house meet within it, and a person does not notice it."""
_ANSWER_S: Final = 0.5
"""How long an answer may take from a server that is there: for a list of models it reads a file for each."""
_FRESH_S: Final = 5.0
"""How long what is known holds: longer than completing a name, shorter than fetching a model."""
_LATEST: Final = ":latest"

_known: Final[dict[tuple[str, str], tuple[float, Any]]] = {}
"""What servers said, by base URL and what it is about, and when that was."""


def answers(environment: Mapping[str, str] | None = None) -> bool:
    """Say whether somebody listens where the server should be; takes 50 ms at the most, where that is an IP address."""
    try:
        where = urlsplit(endpoint_of(environment).base_url)
        _connect(where.hostname or "", where.port or (443 if where.scheme == "https" else 80)).close()
    except (OSError, MiniagentsError):
        return False
    return True


def installed(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the names of the models that the server has, without the tag that goes without saying."""
    return names_in(_asked(environment, "/api/tags", None))


def sizes(environment: Mapping[str, str] | None = None) -> dict[str, int]:
    """Return how many bytes each model has that the server keeps; those that are in a cloud have next to none."""
    return sizes_in(_asked(environment, "/api/tags", None))


def abilities(model: str, environment: Mapping[str, str] | None = None) -> Abilities | None:
    """Return what a model that the server has can do; None where it does not say so."""
    if model.removesuffix(_LATEST) not in installed(environment):
        return None
    told = _asked(environment, "/api/show", model)
    able = told.get("capabilities")
    if not isinstance(able, list):  # a server of 2024
        return None
    about = told.get("model_info")
    size = about.get(f"{about.get('general.architecture')}.context_length") if isinstance(about, dict) else None
    context_tokens = size if isinstance(size, int) else None
    return Abilities(images="vision" in able, tools="tools" in able, schema=True, context_tokens=context_tokens)


def names_in(listing: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the models in an answer of `/api/tags`.

    Raises:
        LookupError, TypeError: It is one of something else.
    """
    return tuple(str(model["name"]).removesuffix(_LATEST) for model in listing.get("models", ()))


def sizes_in(listing: Mapping[str, Any]) -> dict[str, int]:
    """Return the bytes of the models in an answer of `/api/tags`, by name.

    Raises:
        LookupError, TypeError: It is one of something else.
    """
    models = listing.get("models", ())
    told = [each["size"] if isinstance(each.get("size"), int) else 0 for each in models]
    return dict(zip(names_in(listing), told, strict=True))


def forget() -> None:
    """Ask again when somebody wants to know: there may be more models now."""
    _known.clear()


def _asked(environment: Mapping[str, str] | None, path: str, model: str | None) -> Mapping[str, Any]:
    try:
        endpoint = endpoint_of(environment)
    except MiniagentsError:
        return {}
    about = (endpoint.base_url, model or path)
    asked_s, told = _known.get(about, (float("-inf"), {}))
    if time.monotonic() - asked_s > _FRESH_S:
        told = _told(endpoint, path, None if model is None else json.dumps({"model": model}))
        _known[about] = time.monotonic(), told
    found: Mapping[str, Any] = told
    return found


def _told(endpoint: Endpoint, path: str, body: str | None) -> Mapping[str, Any]:
    from http.client import HTTPConnection, HTTPException, HTTPSConnection  # noqa: PLC0415 - half the time of httpx2

    where = urlsplit(endpoint.base_url)
    kind = HTTPSConnection if where.scheme == "https" else HTTPConnection
    connection = kind(where.hostname or "", where.port, timeout=_PROBE_S)
    headers = {"authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
    try:
        connection.connect()
        connection.sock.settimeout(_ANSWER_S)
        connection.request("GET" if body is None else "POST", f"{where.path}{path}", body, headers)
        told = json.load(connection.getresponse())
        names_in(told)
    except (OSError, HTTPException, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}
    else:
        checked: Mapping[str, Any] = told
        return checked
    finally:
        connection.close()


def _connect(host: str, port: int) -> socket.socket:
    return socket.create_connection((host, port), timeout=_PROBE_S)
