"""What OpenAI's and Anthropic's SDKs have in common: both come from one generator (Stainless).

In: an endpoint, a model, options. Out: requests by a shared client. Never: which SDK it is, a wire format.

A client keeps connections open for the next request, and they belong to the event loop that opened them. A scope lives
in one loop and owns what runs in it, so it owns the clients too, one for each base URL and key (and number of
retries, which few calls change), and closes them.
"""

import asyncio
import inspect
import json
import os
import threading
import traceback
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
from .faults import check_stream, explain, unsendable

__all__ = ["DEFAULT_RETRIES", "SdkProvider", "imported", "opened", "without_ambient_headers"]

DEFAULT_RETRIES: Final = 2
"""The SDKs' own default."""

_UNWINDING_TURNS: Final = 24
"""Anthropic's SDK 2.12 leaves up to ten generators, nested, under one that failed: each takes two turns of the loop."""

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
    def streamed(self, request: _Request, answer: Answer) -> AsyncGenerator[str, None]:
        """Give the tokens of a streamed answer."""

    @abstractmethod
    def whole(self, request: _Request, answer: Answer) -> AsyncGenerator[str, None]:
        """Give the text of an answer in one piece."""

    def decode(self, request: _Request, answer: Answer) -> AsyncGenerator[str, None]:
        """Send the request and give the tokens as they come."""
        return self.streamed(request, answer) if self._stream else self.whole(request, answer)

    def explain(self, error: Exception) -> ModelError | None:
        """Return what an error of the SDK means."""
        return explain(error, self.endpoint, self.model)

    async def send(self, find: Callable[[Any], Any], **request: Any) -> Any:
        """Call the method of the client that `find` gives, with the options passed on.

        Raises:
            RequestRefusedError: The SDK itself would not send it.
        """
        method = find(self._client)
        arguments = {**_passed_on(method, self.options), **request, "model": self.model}
        try:
            return await method(**arguments)
        except (json.JSONDecodeError, UnicodeDecodeError):  # an answer came, and is none
            raise
        except (TypeError, ValueError) as error:
            raise unsendable(error, self.endpoint) from None


@asynccontextmanager
async def opened(stream: Any, endpoint: Endpoint) -> AsyncIterator[Any]:
    """Give the events of an SDK's stream, and see to it that nothing of the stream outlives the block.

    The SDKs leave nested generators to the garbage collector, which makes tasks of them that nobody owns. Closed in its
    middle, a stream fails at the next event, and that unwinds them; where the SDK itself failed, its frames hold them,
    so these are cleared; and then they are given the time to unwind.

    Raises:
        BadAnswerError: It is no stream.
    """
    try:
        check_stream(stream.response.headers, endpoint)
        yield stream
    except BaseException as error:
        await stream.close()
        with suppress(Exception):
            async for _ in stream:
                pass
        traceback.clear_frames(error.__traceback__)
        raise
    finally:
        for _ in range(_UNWINDING_TURNS):
            await asyncio.sleep(0)


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
