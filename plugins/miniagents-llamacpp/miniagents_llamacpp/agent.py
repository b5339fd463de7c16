"""The agent of the models on this machine: the walk that all providers share, with an engine instead of an API.

In: a conversation. Out: a reply that streams. Never: how a model is fetched or run.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from miniagents import InteractionContext, miniagent
from miniagents.content import Part, Thinking
from miniagents.errors import ModelError, RequestRefusedError
from miniagents.ext.llm.base import Answer, Provider, Question, Terms, as_chat, nothing_to_send, reply_from
from miniagents.ext.llm.provider import schema_in_words
from miniagents.messages import MessageType

from . import library
from .engine import DEFAULT_CONTEXT_TOKENS, Completion, Engine

__all__ = ["llamacpp_agent"]

_DEFAULTS = {"temperature": 0.2, "top_p": 0.9}
"""What suits small models; SmolLM2's own page recommends it."""


@miniagent
async def llamacpp_agent(  # noqa: PLR0913 - by name, and all but the context optional
    ctx: InteractionContext,
    /,
    *,
    model: str = "local",
    system: MessageType = None,
    stream: bool = True,
    context_tokens: int = DEFAULT_CONTEXT_TOKENS,
    parallel: int = 1,
    environment: Mapping[str, str] | None = None,
    **options: Any,
) -> None:
    """Reply with what a model on this machine says to the conversation; no key, no network.

    The reply's metadata is that of every model agent: `usage`, `finish_reason`, `latency_s`, ….

    Args:
        ctx: The call.
        model: `local` (fetched the first time, 93 MB), the name of an installed model, the path of a GGUF file, or
            `owner/repo[:quantisation]` of Hugging Face, which is fetched the first time.
        system: Instructions that come before the conversation; without any, the model's own, from its chat template.
        stream: Whether the reply comes token by token, or in one piece.
        context_tokens: How long conversation and reply may be together; costs memory.
        parallel: How many requests run at a time, in the same batches; each has `context_tokens` of memory to itself.
        environment: Where `MINIAGENTS_LOG`, `HF_ENDPOINT` and `HF_TOKEN` are looked up.
        options: What every model agent takes (see `Terms`; with `schema=` the engine lets the model write nothing
            else), and those of OpenAI's chat completions and llama.cpp's server; temperature 0.2 and top_p 0.9 by
            default.

    Raises:
        ModelError: Nothing, or not all, came; the subclass says why.
    """
    path = await library.pull(model, environment=environment)
    engine = Engine.shared(path, context_tokens=context_tokens, parallel=parallel)
    terms = Terms.taken_from(options, environment)
    await reply_from(ctx, _LlamaCpp(engine, _DEFAULTS | options, stream=stream), terms=terms, system=system)


class _LlamaCpp(Provider[dict[str, Any]]):
    """A provider for one request; see `miniagents.ext.llm.base.Provider`."""

    api = "llamacpp"
    service = "local"

    def __init__(self, engine: Engine, options: Mapping[str, Any], *, stream: bool) -> None:
        self.options = options
        self._engine = engine
        self._stream = stream

    @property
    def host(self) -> str:
        return str(self._engine.path)

    @property
    def model(self) -> str:
        return self._engine.name

    def encode(self, question: Question) -> dict[str, Any]:
        turns = as_chat(question.messages, question.system)
        if not turns:
            raise nothing_to_send(self.host)
        if question.tools:
            cure = "choose a model of an API that calls tools, or leave `tools` out"
            raise RequestRefusedError("it calls no tools", host=self.host, cure=cure)
        if question.schema is None:
            return {"messages": turns}
        schema = question.schema.json_schema
        last = turns[-1]  # a grammar tells the model no meaning; every template lets words stand here
        told = {**last, "content": f"{last['content']}\n\n{schema_in_words(schema)}"}
        return {"messages": [*turns[:-1], told], "schema": schema}

    async def decode(self, request: dict[str, Any], answer: Answer) -> "AsyncGenerator[str | Part, None]":
        whole: list[str] = []
        async with aclosing(self._engine.stream(**{**self.options, **request})) as pieces:
            async for piece in pieces:
                if isinstance(piece, Completion):
                    _fill(answer, piece)
                    if piece.reasoning:
                        yield Thinking(piece.reasoning)
                elif self._stream:
                    yield piece
                else:
                    whole.append(piece)
        yield "".join(whole)

    def explain(self, error: Exception) -> ModelError | None:
        return error if isinstance(error, ModelError) else None


def _fill(answer: Answer, completion: Completion) -> None:
    answer.model = completion.model
    answer.id = completion.id
    answer.finish_reason = completion.finish_reason
    answer.usage = {
        "in": completion.input_tokens,
        "out": completion.output_tokens,
        "cached": completion.cached_tokens,
    }
