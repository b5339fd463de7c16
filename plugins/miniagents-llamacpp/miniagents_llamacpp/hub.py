"""Hugging Face's hub, or a mirror: what is in a repository, where its files are, and why it gives none.

Wire format: `/api/models/NAME/revision/main?blobs=true` and `/NAME/resolve/COMMIT/FILE`, as the hub's OpenAPI page and
the client `huggingface_hub` have them (2026-11). A file of more than a few bytes is in LFS and has a SHA-256; any other
has Git's SHA-1. In: an environment, a repository's name. Out: its files. Never: a disk.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from json import loads
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from miniagents.errors import (
    BadAnswerError,
    KeyRefusedError,
    ModelError,
    ModelNotFoundError,
    ProviderFailedError,
    ProviderUnreachableError,
    RateLimitedError,
    SettingsError,
)
from miniagents.ext.llm.endpoint import Endpoint

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    import httpx2

__all__ = ["Hub", "HubFile", "Repository", "connected", "endpoint_of", "look_into", "refused", "unreachable"]

_HUB: Final = "https://huggingface.co"
_CONNECT_S: Final = 10.0
_SILENCE_S: Final = 60.0
"""A download that stands still for a minute has ended, and nobody has told us."""
_LONGEST_LISTING_BYTES: Final = 64 << 20
"""A hundred times what the largest repositories answer."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository."""

    path: str
    size_bytes: int
    digest: str
    """Of its content: SHA-256, or Git's SHA-1, which has 40 digits."""


@dataclass(frozen=True, slots=True)
class Hub:
    """A hub that somebody is connected to."""

    endpoint: Endpoint
    client: "httpx2.AsyncClient"


@dataclass(frozen=True, slots=True)
class Repository:
    """What is in a repository, at one commit: what is fetched from it later belongs together."""

    hub: Hub
    name: str
    commit: str
    files: Mapping[str, HubFile]

    @property
    def host(self) -> str:
        """The hub's, for errors."""
        return self.hub.endpoint.host

    def opened(self, path: str, first_byte: int) -> "AbstractAsyncContextManager[httpx2.Response]":
        """Ask for a file, or for the rest of it."""
        headers = {"range": f"bytes={first_byte}-"} if first_byte else {}
        where = f"/{self.name}/resolve/{quote(self.commit, safe='')}/{quote(path)}"
        return self.hub.client.stream("GET", where, headers=headers)


def endpoint_of(environment: Mapping[str, str] | None = None) -> Endpoint:
    """Return the hub that `HF_ENDPOINT` names, with the key in `HF_TOKEN`; looking at that one may take its time.

    Raises:
        SettingsError: One of the two cannot be right.
    """
    source = os.environ if environment is None else environment
    url = source.get("HF_ENDPOINT", "").strip().rstrip("/") or _HUB
    token = source.get("HF_TOKEN", "").strip()
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise SettingsError(f"HF_ENDPOINT is no address; write it like {_HUB}, or leave it out")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise SettingsError("HF_TOKEN has characters that no token has; copy it again, by itself")
    return Endpoint(
        base_url=url,
        key=token,
        url_cure="check HF_ENDPOINT",
        is_ambient=environment is None,
        key_cure="check HF_TOKEN",
    )


@asynccontextmanager
async def connected(endpoint: Endpoint) -> AsyncIterator[Hub]:
    """Lend a connection to the hub; to no other host, such as that of its files, is the token sent.

    Raises:
        SettingsError: A proxy of the environment is none that the HTTP library understands.
    """
    import httpx2  # noqa: PLC0415 - 0.1 s, for who fetches a model

    headers = {"accept-encoding": "identity"}  # what is packed on the way cannot be gone on with from its middle
    if endpoint.key:
        headers["authorization"] = f"Bearer {endpoint.key}"
    try:
        client = httpx2.AsyncClient(
            base_url=endpoint.base_url,
            headers=headers,
            follow_redirects=True,
            timeout=httpx2.Timeout(_SILENCE_S, connect=_CONNECT_S),
        )
    except Exception as error:  # noqa: BLE001 - whatever it is that it does not understand
        raise SettingsError(f"{endpoint.host} cannot be asked: {endpoint.tidy(str(error))}") from None
    async with client:
        yield Hub(endpoint, client)


async def look_into(hub: Hub, name: str) -> Repository:
    """Return what is in a repository now.

    Raises:
        ModelError: It is not there, or not for us; the hub cannot be reached, or answers something else.
    """
    import httpx2  # noqa: PLC0415 - as above

    endpoint = hub.endpoint
    try:
        async with hub.client.stream("GET", f"/api/models/{name}/revision/main", params={"blobs": "true"}) as response:
            said = bytearray()
            async for chunk in response.aiter_bytes():
                said += chunk
                if len(said) > _LONGEST_LISTING_BYTES:
                    break
    except httpx2.HTTPError as error:
        raise unreachable(error, endpoint) from None
    if response.status_code != HTTPStatus.OK:
        raise refused(response, endpoint, name)
    try:
        told = loads(said)
        files = [_file(each) for each in told["siblings"]]
        return Repository(hub, name, str(told["sha"]), {file.path: file for file in files})
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise BadAnswerError("its answer is not that of a hub", host=endpoint.host, cure=endpoint.url_cure) from None


def _file(told: Mapping[str, Any]) -> HubFile:
    lfs = told.get("lfs") or {}
    size = lfs.get("size", told.get("size"))
    if not isinstance(size, int) or size < 0:
        raise TypeError("a file without a size")
    return HubFile(str(told["rfilename"]), size, str(lfs.get("sha256") or told["blobId"]).lower())


def unreachable(error: Exception, endpoint: Endpoint) -> ModelError:
    """Return what an error of the HTTP library's means to a person."""
    cause = f"the hub cannot be reached: {endpoint.tidy(str(error)) or type(error).__name__}"
    return ProviderUnreachableError(cause, host=endpoint.host, cure="check the network, the proxy and HF_ENDPOINT")


def refused(response: "httpx2.Response", endpoint: Endpoint, name: str) -> ModelError:
    """Return what it means that the hub gives us neither a listing nor a file."""
    status = response.status_code
    code = response.headers.get("x-error-code", "")
    words = endpoint.tidy(response.headers.get("x-error-message", "")) or f"status {status}"
    if code == "GatedRepo" or status == HTTPStatus.FORBIDDEN:
        cure = f"accept its terms at {endpoint.base_url}/{name}, and set HF_TOKEN to a token that may read it"
        return KeyRefusedError(f"{name} is only for those who have accepted its terms", host=endpoint.host, cure=cure)
    if status == HTTPStatus.UNAUTHORIZED and endpoint.key and code != "RepoNotFound":
        return KeyRefusedError(f"the token was refused: {words}", host=endpoint.host, cure=endpoint.key_cure)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND):  # without a token the hub does not tell the two apart
        cure = "check its name" if endpoint.key else "check its name; if it is private, set HF_TOKEN"
        return ModelNotFoundError(f"there is no repository {name} ({words})", host=endpoint.host, cure=cure)
    kind = RateLimitedError if status == HTTPStatus.TOO_MANY_REQUESTS else ProviderFailedError
    return kind(f"it gives no model ({words})", host=endpoint.host, cure="try again later")
