"""Model agents on OpenAI's API, and on every server that speaks it: chat completions, by the official SDK.

Wire format: https://platform.openai.com/docs/api-reference/chat, as the SDK 3.54 types it (2026-11-22). Never: the SDK,
or `openai_chunks`, before the first call; the environment before a call.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from ...messages import MessageType
from ...miniagents import InteractionContext, miniagent
from .base import Answer, Question, Terms, as_chat, nothing_to_send, reply_from
from .endpoint import Endpoint, Service
from .faults import no_answer, words_of
from .sdk import SdkProvider, ready, without_ambient_headers

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from .openai_chunks import Chunks

__all__ = ["DEFAULT_MODEL", "MODEL_PATTERNS", "openai_agent"]

DEFAULT_MODEL: Final = "gpt-5.4-mini"
"""The smaller of the newest that has no announced end (the SDK 3.54 lists those of the others)."""

MODEL_PATTERNS: Final = ("gpt-*", "chatgpt-*", "o[0-9]*")
"""Shell patterns of the model names that are OpenAI's without saying so."""

_SERVICE: Final = Service(
    name="openai",
    base_url="https://api.openai.com/v1",
    url_hint="ends in /v1",
    default_model=DEFAULT_MODEL,
    model_patterns=MODEL_PATTERNS,
)
_UNKNOWN_OPTION: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)


@miniagent
async def openai_agent(
    ctx: InteractionContext,
    /,
    *,
    model: str | Sequence[str] | None = None,
    system: MessageType = None,
    stream: bool = True,
    environment: Mapping[str, str] | None = None,
    **options: Any,
) -> None:
    """Reply with what a model of OpenAI, or of a server with the same API, says to the conversation.

    The reply's metadata has `model`, `agent`, `usage` (tokens "in", "out" and "cached"), `finish_reason`, `id`,
    `latency_s` and `first_token_s`, streamed or not; and `extra`: what a stream said that nobody here
    knows, where short.

    Args:
        ctx: The call.
        model: Its name; without one, that of `MINIAGENTS_MODEL` if it is one of OpenAI's, or else `DEFAULT_MODEL`. Of
            several, the next is asked where one fails before its reply begins.
        system: Instructions that come before the conversation.
        stream: Whether the reply comes token by token, or in one piece.
        environment: Where `OPENAI_API_KEY` and `OPENAI_BASE_URL` are looked up, instead of the process's environment. A
            base URL without a key is fine.
        options: What every model agent takes (see `Terms`: tools, schema, limits, …); anything more for the API (`temperature`, `max_completion_tokens`, …), and for the SDK (`timeout`,
            `extra_headers`); None counts as not given.

    Raises:
        ModelError: Nothing, or not all, came; the subclass says why.
        SettingsError: The base URL is none.
    """
    terms = Terms.taken_from(options, environment)
    # The SDK leaves the second for its first use.
    endpoint = await ready(_SERVICE, environment, "openai", "openai.resources.chat", f"{__package__}.openai_chunks")
    names = [model] if isinstance(model, str) else model or [_SERVICE.model(environment)]
    providers = [_OpenAI(endpoint, name, options, stream=stream) for name in names]
    await reply_from(ctx, *providers, terms=terms, system=system)


class _OpenAI(SdkProvider[list[dict[str, str]]]):
    api = "openai"

    @staticmethod
    def connect(endpoint: Endpoint) -> "AsyncOpenAI":
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Omit  # noqa: PLC0415 - it was `imported`

        headers = without_ambient_headers(endpoint, "OPENAI_CUSTOM_HEADERS", Omit())
        client = AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=endpoint.key,
            max_retries=0,
            default_headers=headers,
            http_client=DefaultAsyncHttpxClient(),  # the default one, dropped, starts a task of nobody's
        )
        if not endpoint.is_ambient:
            client.organization = client.project = None
        return client

    def encode(self, question: Question) -> list[dict[str, str]]:
        turns = as_chat(question.messages, question.system)
        if not turns:
            raise nothing_to_send(self.host)
        return turns

    def decoder(self, answer: Answer, headers: Mapping[str, str]) -> "Chunks":  # noqa: ARG002 - says all in its events
        from .openai_chunks import Chunks  # noqa: PLC0415 - it was `imported`

        return Chunks(answer, self.endpoint, self.model)

    async def whole(self, request: list[dict[str, str]], answer: Answer) -> AsyncGenerator[str, None]:
        from .openai_chunks import text_of, usage_of  # noqa: PLC0415 - it was `imported`

        completion = await self.send(_completions, messages=request, stream=False)
        if not getattr(completion, "choices", None):
            raise no_answer(completion, self.endpoint, self.model)
        answer.model, answer.id = completion.model, completion.id
        answer.finish_reason = completion.choices[0].finish_reason
        if completion.usage is not None:
            answer.usage = usage_of(completion.usage)
        yield text_of(completion.choices[0].message) or ""

    async def opened(self, request: list[dict[str, str]]) -> Any:
        """Ask for a stream with a count of tokens at its end, or else, where a server knows no such thing, without."""
        if "stream_options" in self.options:
            return await self.open(_completions, messages=request)
        try:
            return await self.open(_completions, messages=request, stream_options={"include_usage": True})
        except Exception as error:
            if getattr(error, "status_code", None) not in _UNKNOWN_OPTION:
                raise
            words = words_of(getattr(error, "body", None), self.endpoint)
            if "stream_options" not in words and "include_usage" not in words:
                raise
        return await self.open(_completions, messages=request)


def _completions(client: "AsyncOpenAI") -> Any:
    return client.chat.completions
