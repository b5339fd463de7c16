"""What OpenAI's and Anthropic's SDKs have in common: both come from one generator (Stainless).

In: an endpoint, a model, options. Out: requests by a shared client. Never: the import of either SDK, a wire format.

A client keeps connections open for the next request, and they belong to the event loop that opened them. A scope lives
in one loop and owns what runs in it, so it owns the clients too, one for each base URL and key, and closes them.
"""

import inspect
import json
import os
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

from ...errors import ModelError
from ...messages import Message
from ...promising.scope import current
from .base import Answer
from .endpoint import Endpoint
from .faults import explain, unsendable

__all__ = ["DEFAULT_RETRIES", "SdkProvider", "without_ambient_headers"]

DEFAULT_RETRIES: Final = 2
"""The SDKs' own default."""

_Request = TypeVar("_Request")


class SdkProvider(ABC, Generic[_Request]):
    """One model behind one SDK, ready to be asked once: see `Provider`.

    Making the first one imports the SDK: before the clock of a reply starts.
    """

    def __init__(
        self, endpoint: Endpoint, model: str, options: Mapping[str, Any], *, stream: bool, max_retries: int
    ) -> None:
        self.model = model
        self.endpoint = endpoint
        self.options = options
        self._stream = stream
        self._client = _shared_client(self.connect, endpoint)
        if max_retries != DEFAULT_RETRIES:
            self._client = self._client.with_options(max_retries=max_retries)

    @property
    def host(self) -> str:
        """Who is asked."""
        return self.endpoint.host

    @staticmethod
    @abstractmethod
    def connect(endpoint: Endpoint) -> Any:
        """Make the SDK's client."""

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
        client = clients[name] = connect(endpoint)
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
