"""What OpenAI's and Anthropic's SDKs have in common: both come from one generator (Stainless).

In: an endpoint, a model, options. Out: requests by a shared client, the tokens of their answers. The SDK builds, signs
and sends a request, once, and maps what is refused; the bytes of a stream are read here. Never: which SDK it is,
a wire format.

A client keeps connections open for the next request, and they belong to the event loop that opened them. A scope lives
in one loop and owns what runs in it, so it owns the clients too, one for each base URL and key, and closes them.
"""

import asyncio
import inspect
import json
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from ...errors import ModelError
from ...frozen import EMPTY
from ...promising.scope import current
from .endpoint import Endpoint, Service
from .events import EventDecoder, TokenDecoder
from .faults import check_stream, explain, unsendable, unusable
from .provider import Answer, Provider, Question
from .recorder import RECORDER

if TYPE_CHECKING:
    from ...content import Part

__all__ = ["SdkProvider", "imported", "ready", "without_ambient_headers"]

_AFTER_THE_END_S: Final = 0.1
"""How long the end of a body may take after the API's end mark, for its connection to be used again: OpenAI's SDK's."""
_Request = TypeVar("_Request")
_imports: Final[dict[tuple[str, ...], Future[None]]] = {}
"""What is being imported or has been, each with a future of its end."""
_imports_lock: Final = threading.Lock()
_one_import: Final = threading.Lock()
"""Two that import the same modules at the same time may each see a half of them."""


async def ready(service: Service, environment: Mapping[str, str] | None, *modules: str) -> Endpoint:
    """Return the endpoint that `environment` names, when the SDK's modules are `imported`.

    Where recorded replies are replayed, neither a key nor an SDK is needed.

    Raises:
        KeyMissingError: There is no key to send.
        SettingsError: The base URL is none.
    """
    recorder = RECORDER.get()
    offline = recorder is not None and recorder.is_replaying
    endpoint = service.endpoint(environment, offline=offline)
    if not offline:
        await imported(*modules)
    return endpoint


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
        with suppress(asyncio.InvalidStateError):  # whoever waited gave up, perhaps at this very moment
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


class SdkProvider(Provider[_Request], ABC, Generic[_Request]):
    """One model behind one SDK, ready to be asked once: see `Provider`.

    Made when the SDK is `imported`, and before the clock of a reply starts.
    """

    def __init__(
        self, endpoint: Endpoint, model: str, options: Mapping[str, Any], *, stream: bool, client: Any = None
    ) -> None:
        """Make it; `client` is the caller's own of the SDK, whatever cloud that talks to."""
        self._model = model
        self.endpoint = endpoint
        self.options = options
        self.secrets = endpoint.secrets
        self._stream = stream
        self._own_client = client

    @property
    def model(self) -> str:
        """The model's name, as it was asked for."""
        return self._model

    @property
    def client(self) -> Any:
        """The SDK's client: the caller's own, or the one that this scope shares."""
        return self._own_client or _shared_client(self.connect, self.endpoint)

    @property
    def host(self) -> str:
        """Who is asked."""
        return self.endpoint.host

    @staticmethod
    @abstractmethod
    def connect(endpoint: Endpoint) -> Any:
        """Make the SDK's client, with nothing from the environment in it that is not for this endpoint.

        It tries nothing again: that is done where it is known whether anything was shown.
        """

    @abstractmethod
    def encode(self, question: Question) -> _Request:
        """Return the question as the API wants it."""

    @abstractmethod
    async def opened(self, request: _Request) -> Any:
        """Ask for a stream; return the answer as `open` does."""

    @abstractmethod
    def decoder(self, answer: Answer, headers: Mapping[str, str]) -> TokenDecoder:
        """Return what makes tokens of the events of a stream that came with these headers."""

    @abstractmethod
    def whole(self, request: _Request, answer: Answer) -> "AsyncGenerator[str | Part, None]":
        """Give the content of an answer that comes in one piece."""

    def decode(self, request: _Request, answer: Answer) -> "AsyncGenerator[str | Part, None]":
        """Send the request and give the pieces as they come."""
        return self._streamed(request, answer) if self._stream else self._in_one_piece(request, answer)

    async def _in_one_piece(self, request: _Request, answer: Answer) -> "AsyncGenerator[str | Part, None]":
        with _refusals_headers_in(answer):
            async with aclosing(self.whole(request, answer)) as pieces:
                async for piece in pieces:
                    yield piece

    async def _streamed(self, request: _Request, answer: Answer) -> "AsyncGenerator[str | Part, None]":
        with _refusals_headers_in(answer):
            response = await self.opened(request)
        async with _body(response, self.endpoint) as (headers, body):
            answer.headers = headers
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
        return await self._call(find(self.client).create, **request)

    async def open(self, find: Callable[[Any], Any], **request: Any) -> Any:
        """Ask as `send` does, but for a stream; return the HTTP library's response, of whose body nothing is read.

        Raises:
            RequestRefusedError: The SDK itself would not send it.
        """
        resource = find(self.client)

        async def create(**arguments: Any) -> Any:
            return await resource.with_streaming_response.create(**arguments).__aenter__()

        return (await self._call(resource.create, by=create, stream=True, **request)).http_response

    async def _call(self, method: Callable[..., Any], *, by: Callable[..., Any] | None = None, **request: Any) -> Any:
        arguments = {**_passed_on(method, {**self.options, **request}), "model": self.model}
        try:
            return await (by or method)(**arguments)
        except (json.JSONDecodeError, UnicodeDecodeError):  # an answer came, and is none
            raise
        except (TypeError, ValueError) as error:
            raise unsendable(error, self.endpoint) from None


@contextmanager
def _refusals_headers_in(answer: Answer) -> Iterator[None]:
    """Keep the headers of an answer that an SDK raises: they may tell of limits."""
    try:
        yield
    except Exception as error:
        answer.headers = getattr(getattr(error, "response", None), "headers", EMPTY)
        raise


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


def _shared_client(connect: Callable[[Endpoint], Any], endpoint: Endpoint) -> Any:
    """Return this scope's client for the endpoint; `connect` makes the first one."""
    scope = current().scope
    if scope.keeps is None:
        scope.keeps = {}
    clients = scope.keeps.setdefault(__name__, {})
    name = (connect, endpoint.base_url, endpoint.key)
    if name not in clients:
        try:
            client = clients[name] = connect(endpoint)
        except Exception as error:  # noqa: BLE001 - a proxy that the HTTP library does not understand, say
            raise unusable(error, endpoint) from None
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
