"""The agent of the models that Ollama serves: the walk that all providers share, by Ollama's own API.

In: a conversation. Out: a reply that streams. Never: how a model gets there; a connection of its own.
"""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from miniagents import InteractionContext, miniagent
from miniagents.errors import ModelError, RequestRefusedError
from miniagents.ext.llm.base import Answer, Provider, Question, Terms, reply_from
from miniagents.ext.llm.endpoint import Endpoint
from miniagents.ext.llm.sdk import imported
from miniagents.messages import MessageType

from . import client
from .faults import explained
from .host import endpoint_of

if TYPE_CHECKING:
    import httpx2

    from miniagents.content import Part

    from .chunks import Chunks

__all__ = ["DEFAULT_MODEL", "ollama_agent", "warm"]

DEFAULT_MODEL: Final = "llama3.2"
"""The one in the examples of Ollama's own documentation: 2 GB, calls tools, runs on a laptop."""
_THINK: Final = "think"


async def warm() -> None:
    """Import what a request needs; see `ModelProvider.warm`."""
    await imported("httpx2", f"{__package__}.chunks")


@miniagent
async def ollama_agent(
    ctx: InteractionContext,
    /,
    *,
    model: str | Sequence[str] = DEFAULT_MODEL,
    system: MessageType = None,
    stream: bool = True,
    environment: Mapping[str, str] | None = None,
    **options: Any,
) -> None:
    """Reply with what a model that Ollama serves says to the conversation.

    The reply's metadata is that of every model agent: `usage`, `finish_reason`, `latency_s`, …; in `extra` are Ollama's
    own counts (`load_duration`, `eval_duration`, …, in nanoseconds) and what nobody here knows, where short.

    Args:
        ctx: The call.
        model: Its name at Ollama, with its tag or without; of several, the next is asked where one fails before its
            reply begins.
        system: Instructions that come before the conversation.
        stream: Whether the reply comes token by token, or in one piece.
        environment: Where `OLLAMA_HOST` and `OLLAMA_API_KEY` are looked up, instead of the process's environment.
        options: What every model agent takes (see `Terms`); Ollama's `think`, `format`, `keep_alive`, `logprobs`; and
            the model's (`temperature`, `num_ctx`, `seed`, …), by themselves or as `options`. `max_tokens` and
            `context_tokens` do for `num_predict` and `num_ctx`. None counts as not given.

    Raises:
        ModelError: Nothing, or not all, came; the subclass says why.
        SettingsError: `OLLAMA_HOST` is no address.
    """
    terms = Terms.taken_from(options, environment)
    endpoint = endpoint_of(environment)
    await warm()
    names = [model] if isinstance(model, str) else model
    await reply_from(
        ctx, *(_Ollama(endpoint, name, options, stream=stream) for name in names), terms=terms, system=system
    )


class _Ollama(Provider[dict[str, Any]]):
    """A provider for one call; see `miniagents.ext.llm.base.Provider`."""

    api = "ollama"

    def __init__(self, endpoint: Endpoint, model: str, options: Mapping[str, Any], *, stream: bool) -> None:
        self.options = options
        self.secrets = endpoint.secrets
        self._endpoint, self._model, self._stream = endpoint, model, stream
        self._unthinkable: list[Any] = []
        """What the server has refused as `think`."""

    @property
    def model(self) -> str:
        return self._model

    @property
    def host(self) -> str:
        return self._endpoint.host

    def encode(self, question: Question) -> dict[str, Any]:
        from .turns import request_of  # noqa: PLC0415 - what it needs of the core was `imported`

        return {"model": self._model, **request_of(question, self.options, self.host), "stream": self._stream}

    async def decode(self, request: dict[str, Any], answer: Answer) -> "AsyncGenerator[str | Part, None]":
        response = await self._opened(request)
        answer.headers = response.headers
        chunks, lines = self._chunks(request, answer), client.Lines()
        async with client.body_of(response) as body:
            async for chunk in body:
                for line in lines.feed(chunk):
                    for piece in chunks.take(line):
                        yield piece
                if chunks.ended:
                    await client.read_out(body)
                    return
            # Half an object is how an answer is cut, if there were others: then the end mark is missing.
            with suppress(*[json.JSONDecodeError] if answer.model else []):
                for line in lines.end():
                    for piece in chunks.take(line):
                        yield piece

    def _chunks(self, request: Mapping[str, Any], answer: Answer) -> "Chunks":
        from .chunks import Chunks  # noqa: PLC0415 - it was `imported`
        from .turns import calls_in  # noqa: PLC0415 - as above

        first_call = calls_in(request["messages"])
        return Chunks(answer, self._endpoint, self._model, headers=answer.headers, first_call=first_call)

    async def _opened(self, request: Mapping[str, Any]) -> "httpx2.Response":
        """Ask, and ask again for less thinking where the server knows no such effort, as long as that is ours."""
        while True:
            body = self._thinkable(request)
            try:
                return await client.opened(
                    client.shared(self._endpoint), self._endpoint, "/api/chat", body, model=self._model
                )
            except RequestRefusedError as error:
                if _THINK not in error.cause or _THINK not in body or self.options.get(_THINK) is not None:
                    raise
            self._unthinkable.append(body[_THINK])

    def _thinkable(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the request with what of its `think` was not refused: a level, then whether at all, then none."""
        body = dict(request)
        if _THINK in body and self._unthinkable:
            del body[_THINK]
            if True not in self._unthinkable and isinstance(request[_THINK], str):
                body[_THINK] = True
        return body

    def explain(self, error: Exception) -> ModelError | None:
        return explained(error, self._endpoint, self._model)
