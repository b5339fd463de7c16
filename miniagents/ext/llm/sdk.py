"""What OpenAI's and Anthropic's SDKs have in common: both come from one generator (Stainless).

In: an endpoint, a model, options. Out: requests by a shared client, the tokens of their answers. The SDK builds, signs
and sends a request, tries again and maps what is refused; the bytes of a stream are read here. Never: which SDK it is,
a wire format.

A client keeps connections open for the next request, and they belong to the event loop that opened them. A scope lives
in one loop and owns what runs in it, so it owns the clients too, one for each base URL and key (and number of
retries, which few calls change), and closes them.
"""

import asyncio
import inspect
import json
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from importlib import import_module
from typing import Any, Final, Generic, TypeVar

from ...errors import ModelError, SettingsError
from ...messages import Message
from ...promising.scope import current
from .base import Answer
from .endpoint import Endpoint
from .events import EventDecoder, TokenDecoder
from .faults import check_stream, explain, unsendable

__all__ = ["DEFAULT_RETRIES", "SdkProvider", "imported", "without_ambient_headers"]

DEFAULT_RETRIES: Final = 2
"""The SDKs' own default."""

_AFTER_THE_END_S: Final = 0.1
"""How long the end of a body may take after the API's end mark, for its connection to be used again: OpenAI's SDK's."""

_Request = TypeVar("_Request")

_imports: Final[dict[tuple[str, ...], Future[None]]] = {}
"""What is being imported or has been, each with a future of its end."""
_imports_lock: Final = threading.Lock()
_one_import: Final = threading.Lock()
"""Two that import the same modules at the same time may each see a half of them."""


async def imported(*modules: str) -> None:
    """Wait until an SDK's modules are imported, which takes up to a second, while everything else in the loop goes on.

    Whoever is cancelled meanwhile does not wait for the rest, and neither does the end of the process. Raises nothing:
    what cannot be imported says so where it is used.
    """
    with _imports_lock:
        importing = _imports.get(modules)
        if importing is None:
            importing = Future()
            # Not in the loop's pool, nor in any other that is waited for when the interpreter ends.
            threading.Thread(target=_import, args=(modules, importing), name="SDK import", daemon=True).start()
            _imports[modules] = importing
    if importing.done():
        return
    loop = asyncio.get_running_loop()
    waiter = loop.create_future()

    def wake() -> None:
        if not waiter.done():
            waiter.set_result(None)

    def ended(_importing: Future[None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(wake)

    importing.add_done_callback(ended)
    await waiter


def _import(modules: tuple[str, ...], importing: Future[None]) -> None:
    try:
        with _one_import:
            for module in modules:
                import_module(module)
    except BaseException:  # noqa: BLE001 - raised again by the import of whoever uses it; a later call tries again
        with _imports_lock:
            _imports.pop(modules, None)
    finally:
        importing.set_result(None)


class SdkProvider(ABC, Generic[_Request]):
    """One model behind one SDK, ready to be asked once: see `Provider`.

    Made when the SDK is `imported`, and before the clock of a reply starts.
    """

    def __init__(
        self, endpoint: Endpoint, model: str, options: Mapping[str, Any], *, stream: bool, max_retries: int
    ) -> None:
        self.model = model
        self.endpoint = endpoint
        self.options = options
        self._stream = stream
        self._client = _shared_client(self.connect, endpoint, max_retries)

    @property
    def host(self) -> str:
        """Who is asked."""
        return self.endpoint.host

    @staticmethod
    @abstractmethod
    def connect(endpoint: Endpoint, max_retries: int) -> Any:
        """Make the SDK's client, with nothing from the environment in it that is not for this endpoint."""

    @abstractmethod
    def encode(self, messages: Sequence[Message], system: str) -> _Request:
        """Return the conversation as the API wants it."""

    @abstractmethod
    async def opened(self, request: _Request) -> Any:
        """Ask for a stream; return the answer as `open` does."""

    @abstractmethod
    def decoder(self, answer: Answer, headers: Mapping[str, str]) -> TokenDecoder:
        """Return what makes tokens of the events of a stream that came with these headers."""

    @abstractmethod
    def whole(self, request: _Request, answer: Answer) -> AsyncGenerator[str, None]:
        """Give the text of an answer in one piece."""

    def decode(self, request: _Request, answer: Answer) -> AsyncGenerator[str, None]:
        """Send the request and give the tokens as they come."""
        return self._streamed(request, answer) if self._stream else self.whole(request, answer)

    async def _streamed(self, request: _Request, answer: Answer) -> AsyncGenerator[str, None]:
        async with _body(await self.opened(request), self.endpoint) as (headers, body):
            events = EventDecoder()
            decoder = self.decoder(answer, headers)
            async for chunk in body:
                for token in decoder.tokens(events.feed(chunk)):
                    yield token
                if decoder.ended:
                    with suppress(Exception):
                        async with asyncio.timeout(_AFTER_THE_END_S):
                            await _read_out(body)

    def explain(self, error: Exception) -> ModelError | None:
        """Return what an error of the SDK means."""
        return explain(error, self.endpoint, self.model)

    async def send(self, find: Callable[[Any], Any], **request: Any) -> Any:
        """Ask for an answer in one piece by the method `create` of what `find` gives, with the options passed on.

        Raises:
            RequestRefusedError: The SDK itself would not send it.
        """
        return await self._call(find(self._client).create, **request)

    async def open(self, find: Callable[[Any], Any], **request: Any) -> Any:
        """Ask as `send` does, but for a stream; return the HTTP library's response, of whose body nothing is read.

        Raises:
            RequestRefusedError: The SDK itself would not send it.
        """
        resource = find(self._client)

        async def create(**arguments: Any) -> Any:
            return await resource.with_streaming_response.create(**arguments).__aenter__()

        return (await self._call(resource.create, by=create, stream=True, **request)).http_response

    async def _call(self, method: Callable[..., Any], *, by: Callable[..., Any] | None = None, **request: Any) -> Any:
        arguments = {**_passed_on(method, self.options), **request, "model": self.model}
        try:
            return await (by or method)(**arguments)
        except (json.JSONDecodeError, UnicodeDecodeError):  # an answer came, and is none
            raise
        except (TypeError, ValueError) as error:
            raise unsendable(error, self.endpoint) from None


@asynccontextmanager
async def _body(response: Any, endpoint: Endpoint) -> AsyncIterator[tuple[Mapping[str, str], AsyncIterator[bytes]]]:
    """Give the headers and the body of an answer, and see to it that nothing of it outlives the block.

    The HTTP library nests its generators, and one that is closed leaves those inside it to the garbage collector, which
    makes tasks of them that nobody owns. Here the connection is closed below them: the innermost ends by itself, at
    once, when it is asked for more, and all others by it.

    Raises:
        BadAnswerError: It is no stream.
    """
    # The stream below the response spares each read two generators, which are there to decompress.
    body = aiter(response.aiter_bytes() if "content-encoding" in response.headers else response.stream)
    try:
        check_stream(response.headers, endpoint)
        yield response.headers, body
    finally:
        await response.aclose()
        with suppress(Exception):
            await _read_out(body)


async def _read_out(body: AsyncIterator[bytes]) -> None:
    async for _ in body:
        pass


def without_ambient_headers(endpoint: Endpoint, variable: str, omit: Any) -> dict[str, Any]:
    """Return what keeps an SDK from sending the headers of an environment variable that it reads by itself.

    They are meant for the server that the process's environment names, and may be secrets: no other gets them.
    """
    if endpoint.is_ambient:
        return {}
    lines = os.environ.get(variable, "").split("\n")
    return {name.strip(): omit for name, colon, _ in (line.partition(":") for line in lines) if colon}


def _shared_client(connect: Callable[[Endpoint, int], Any], endpoint: Endpoint, max_retries: int) -> Any:
    """Return this scope's client for the endpoint; `connect` makes the first one.

    Retries are set here and not by the SDKs' `with_options`, which reads the environment once more.

    Raises:
        SettingsError: There can be none: a proxy in the environment that the HTTP library does not understand, say.
    """
    scope = current().scope
    if scope.keeps is None:
        scope.keeps = {}
    clients = scope.keeps.setdefault(__name__, {})
    name = (connect, endpoint.base_url, endpoint.key, max_retries)
    if name not in clients:
        try:
            client = clients[name] = connect(endpoint, max_retries)
        except Exception as error:  # noqa: BLE001 - each library that has a hand in it has its own
            raise SettingsError(f"{endpoint.host} cannot be asked: {endpoint.tidy(str(error))}") from None
        scope.at_end(client.close)
    return clients[name]


def _passed_on(method: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return `options` as arguments of an SDK's method: what it does not know by name goes into the body by itself."""
    given = {name: value for name, value in options.items() if value is not None}
    names = _parameters(getattr(method, "__func__", method)) if given else frozenset()
    known = {name: value for name, value in given.items() if name in names}
    if len(known) < len(given):
        unknown = {name: value for name, value in given.items() if name not in names}
        known["extra_body"] = {**unknown, **known.get("extra_body", {})}
    return known


@lru_cache
def _parameters(function: Callable[..., Any]) -> frozenset[str]:
    return frozenset(inspect.signature(function).parameters)
