"""Requests to an Ollama server, and the lines of its answers.

Format: newline-delimited JSON (https://docs.ollama.com/api/streaming, 2026-11). In: an endpoint, a path, a body. Out:
lines of bytes, or an error in a person's words. Never: what they say. The HTTP library is that of openai's SDK, and
`imported` before.

A client keeps connections open for the next request, and they belong to the event loop that opened them: one that is
`shared` belongs to the scope that runs here, which closes it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from miniagents.errors import SettingsError
from miniagents.ext.llm.endpoint import Endpoint
from miniagents.ext.llm.faults import unsendable
from miniagents.promising.scope import current

from .faults import refused
from .host import is_near

if TYPE_CHECKING:
    import httpx2

__all__ = ["Lines", "asked", "body_of", "connected", "opened", "read_out", "shared"]

_OK: Final = 200
_METHODS: Final = {"/api/delete": "DELETE"}
"""Of requests that are no POST."""
_CONNECT_S: Final = 5.0
_SILENCE_S: Final = 600.0
"""Both as in openai's SDK; a model that has to be read from a slow disk first is silent for minutes."""
_AFTER_THE_END_S: Final = 0.1
"""How long the end of a body may take behind its last line: openai's SDK's."""
_LONGEST_REFUSAL_BYTES: Final = 1 << 16
"""More than any error has to say; the rest of an endless one is not read."""


def connected(endpoint: Endpoint) -> "httpx2.AsyncClient":
    """Return a client for the endpoint, to be closed by the caller.

    Raises:
        SettingsError: A proxy of the environment is none that the HTTP library understands.
    """
    import httpx2  # noqa: PLC0415 - it was `imported`

    headers = {"accept-encoding": "identity"}  # a stream that is packed comes late
    if endpoint.key:
        headers["authorization"] = f"Bearer {endpoint.key}"
    try:
        return httpx2.AsyncClient(
            base_url=endpoint.base_url,
            headers=headers,
            timeout=httpx2.Timeout(_SILENCE_S, connect=_CONNECT_S),
            trust_env=not is_near(endpoint),
            verify=endpoint.base_url.startswith("https:"),  # without it no certificates are read from the disk
        )
    except Exception as error:  # noqa: BLE001 - whatever it is that it does not understand
        raise SettingsError(f"{endpoint.host} cannot be asked: {endpoint.tidy(str(error))}") from None


def shared(endpoint: Endpoint) -> "httpx2.AsyncClient":
    """Return this scope's client for the endpoint."""
    scope = current().scope
    if scope.keeps is None:
        scope.keeps = {}
    clients = scope.keeps.setdefault(__name__, {})
    name = (endpoint.base_url, endpoint.key)
    if name not in clients:
        clients[name] = connected(endpoint)
        scope.at_end(clients[name].aclose)
    client: httpx2.AsyncClient = clients[name]
    return client


async def opened(
    client: "httpx2.AsyncClient", endpoint: Endpoint, path: str, body: Mapping[str, Any] | None = None, *, model: str
) -> "httpx2.Response":
    """Send `body` to `path`, or ask for what is there without one; return the answer, of whose body nothing is read.

    Raises:
        ModelError: It was refused, or cannot be sent.
    """
    try:
        content = None if body is None else json.dumps(body, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise unsendable(error, endpoint) from None
    headers = {} if body is None else {"content-type": "application/json"}
    method = "GET" if body is None else _METHODS.get(path, "POST")
    request = client.build_request(method, path, content=content, headers=headers)
    response = await client.send(request, stream=True)
    if response.status_code == _OK:
        return response
    said = bytearray()
    async with body_of(response) as chunks:
        async for chunk in chunks:
            said += chunk
            if len(said) >= _LONGEST_REFUSAL_BYTES:
                break
    raise refused(response.status_code, bytes(said), endpoint, model, headers=response.headers)


@asynccontextmanager
async def body_of(response: "httpx2.Response") -> AsyncIterator[AsyncIterator[bytes]]:
    """Give the body of an answer as it comes, and see to it that nothing of it outlives the block.

    The HTTP library nests its generators, and one that is closed leaves those inside it to the garbage collector. Here
    the connection is closed below them: the innermost ends by itself when it is asked for more, and all others by it.
    """
    body = aiter(response.stream)  # type: ignore[arg-type]  # its type has the stream of a blocking client too
    try:
        yield body
    finally:
        await response.aclose()
        await read_out(body)


async def read_out(body: AsyncIterator[bytes]) -> None:
    """Read what is left of a body, if it comes at once, so that its connection can be used again."""
    with suppress(Exception):
        async with asyncio.timeout(_AFTER_THE_END_S):
            async for _ in body:
                pass


class Lines:
    """Puts lines together of bytes as they come, in time linear in their length."""

    def __init__(self) -> None:
        self._unfinished: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that these bytes complete, without those that are blank."""
        *lines, rest = chunk.split(b"\n")
        if lines:
            lines[0] = b"".join([*self._unfinished, lines[0]])
            self._unfinished.clear()
        if rest:
            self._unfinished.append(rest)
        return [line for line in lines if not line.isspace() and line]

    def end(self) -> list[bytes]:
        """Return the last line, which no line feed has ended, if there is one."""
        return self.feed(b"\n")


async def asked(endpoint: Endpoint, path: str) -> Any:
    """Return the JSON that is at `path`, by a connection of its own.

    Raises:
        ModelError: It was refused.
        json.JSONDecodeError: There is something else.
    """
    async with connected(endpoint) as client:
        response = await opened(client, endpoint, path, model="")
        async with body_of(response) as chunks:
            return json.loads(b"".join([chunk async for chunk in chunks]))
