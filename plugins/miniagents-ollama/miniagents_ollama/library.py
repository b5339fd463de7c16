"""How a model gets to an Ollama server, and away.

Wire format: `/api/tags`, `/api/pull` and `/api/delete` of docs/api.md in Ollama's repository (2026-11). In: the name of
a model. Out: progress, and then the model is there, or gone. Never: a chat.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

from miniagents.errors import ModelError, ModelNotFoundError, ProviderFailedError, ReplyCutError
from miniagents.ext.llm.endpoint import Endpoint
from miniagents.ext.llm.faults import words_of
from miniagents.ext.llm.sdk import imported

from . import client, glance
from .faults import explained
from .host import endpoint_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

__all__ = ["pull", "remove"]

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes there will be, as far as the server has told of them."""

_GO_ON: Final = "try again: what has come so far is kept, and the server goes on from there"


async def pull(model: str, progress: Progress | None = None, *, environment: Mapping[str, str] | None = None) -> str:
    """See to it that the server has a model, fetching it if need be; return its name.

    It is the server that fetches it, checks it and keeps what has come: a pull that was cancelled or failed goes on
    where it stopped, and several at once share one download.

    Raises:
        ModelNotFoundError: There is no such model to fetch.
        ModelError: The server cannot be asked, or the download failed.
    """
    endpoint = endpoint_of(environment)
    await imported("httpx2")
    try:
        there = glance.names_in(await client.asked(endpoint, "/api/tags"))
        if model.removesuffix(":latest") in there:
            return model
        await _fetch(endpoint, model, progress or (lambda _done, _total: None))
    except Exception as error:
        if (known := explained(error, endpoint, model)) is None:
            raise
        if isinstance(known, ReplyCutError):
            known.cure = _GO_ON
        raise known from None
    glance.forget()
    return model


async def remove(model: str, *, environment: Mapping[str, str] | None = None) -> int:
    """Have the server take a model away; return its size in bytes, which need not be what that frees.

    Raises:
        ModelNotFoundError: The server has none of that name.
        ModelError: It cannot be asked, or refuses.
    """
    endpoint = endpoint_of(environment)
    await imported("httpx2")
    try:
        sizes = glance.sizes_in(await client.asked(endpoint, "/api/tags"))
        async with client.connected(endpoint) as connection:
            response = await client.opened(connection, endpoint, "/api/delete", {"model": model}, model=model)
            await response.aclose()
    except Exception as error:
        if (known := explained(error, endpoint, model)) is None:
            raise
        if isinstance(known, ModelNotFoundError):
            known.cure = "`miniagents models list --local ollama` lists those there are"
        raise known from None
    glance.forget()
    return sizes.get(model.removesuffix(":latest"), 0)


async def _fetch(endpoint: Endpoint, model: str, progress: Progress) -> None:
    layers: dict[str, tuple[int, int]] = {}  # the bytes that are there, and that there will be, by digest
    async with aclosing(_states(endpoint, model)) as states:
        async for state in states:
            if state.get("error"):
                raise _failure(state, endpoint, model)
            if state.get("status") == "success":
                break
            if isinstance(total := state.get("total"), int) and isinstance(done := state.get("completed", 0), int):
                digest = str(state.get("digest"))
                layers[digest] = max(done, layers.get(digest, (0, 0))[0]), total
                progress(sum(done for done, _ in layers.values()), sum(total for _, total in layers.values()))
        else:
            raise ReplyCutError("the download ended before it was whole", host=endpoint.host, cure=_GO_ON)
    total = sum(total for _, total in layers.values())
    progress(total, total)


async def _states(endpoint: Endpoint, model: str) -> "AsyncGenerator[dict[str, Any], None]":
    lines = client.Lines()
    async with client.connected(endpoint) as connection:
        response = await client.opened(connection, endpoint, "/api/pull", {"model": model, "stream": True}, model=model)
        async with client.body_of(response) as body:
            async for chunk in body:
                for line in lines.feed(chunk):
                    yield json.loads(line)
            for line in lines.end():
                yield json.loads(line)


def _failure(state: Mapping[str, Any], endpoint: Endpoint, model: str) -> ModelError:
    words = words_of(state, endpoint)
    if "does not exist" in words or "not found" in words:
        cause = f"there is no model {model!r} to fetch: {words}"
        return ModelNotFoundError(cause, host=endpoint.host, cure="check its name")
    return ProviderFailedError(f"the download failed: {words}", host=endpoint.host, cure=_GO_ON)
