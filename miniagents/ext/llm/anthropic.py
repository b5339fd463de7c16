"""Model agents on Anthropic's API, and on every server that speaks it: messages, by the official SDK.

Wire format: https://platform.claude.com/docs/en/api/messages, as the SDK 2.14 types it (2026-11-26). Never: the SDK, or
`anthropic_events`, before the first call; the environment before a call.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from inspect import signature
from typing import TYPE_CHECKING, Any, Final, Literal

from ...messages import MessageType
from ...miniagents import InteractionContext, miniagent
from .anthropic_request import DEFAULT_MAX_TOKENS, headers_with, request_of, without_format
from .base import Answer, Question, Terms, reply_from
from .clients import endpoint_of
from .endpoint import Endpoint, Service
from .events import written
from .faults import no_answer, words_of
from .sdk import SdkProvider, imported, ready, without_ambient_headers
from .transport import http_client

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic, AsyncAnthropicBedrock, AsyncAnthropicVertex

    from ...content import Part
    from .anthropic_events import Events

__all__ = ["DEFAULT_MAX_TOKENS", "DEFAULT_MODEL", "MODEL_PATTERNS", "anthropic_agent", "warm"]

DEFAULT_MODEL: Final = "claude-haiku-5-5"
"""The newest of Anthropic's small models that the SDK 2.14 knows."""

MODEL_PATTERNS: Final = ("claude-*",)
"""Shell patterns of the model names that are Anthropic's without saying so."""

_MODULES: Final = ("anthropic", f"{__package__}.anthropic_events")
"""What has to be imported, of the SDK's and of ours."""

_SERVICE: Final = Service(
    name="anthropic",
    base_url="https://api.anthropic.com",
    url_hint="has no /v1 at its end",
    default_model=DEFAULT_MODEL,
    model_patterns=MODEL_PATTERNS,
)
_UNKNOWN_OPTION: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
_ABOUT_THE_FORMAT: Final = ("output_config", "output_format", "format", "schema", "structured output")


async def warm() -> None:
    """Import what a request needs; see `ModelProvider.warm`."""
    await imported(*_MODULES)


@miniagent
async def anthropic_agent(  # noqa: PLR0913 - by name, and all but the context optional
    ctx: InteractionContext,
    /,
    *,
    model: str | Sequence[str] | None = None,
    system: MessageType = None,
    stream: bool = True,
    environment: Mapping[str, str] | None = None,
    max_tokens: int | None = None,
    betas: Sequence[str] = (),
    cache: bool = False,
    client: "AsyncAnthropic | AsyncAnthropicBedrock | AsyncAnthropicVertex | None" = None,
    **options: Any,
) -> None:
    """Reply with what a model of Anthropic, or of a server with the same API, says to the conversation.

    The reply's metadata has `model`, `agent`, `usage` (tokens "in", "out" and "cached"; "cache_written" and "thinking"
    where there are some), `finish_reason` (in OpenAI's words, where these have one), `id`, `latency_s` and
    `first_token_s`, streamed or not; and `extra`: what was said that nobody here knows, where short. Messages of the
    system become instructions before the conversation, wherever they stand; what has no content is left out. What a
    model thought goes back to it as long as it calls tools, and no longer.

    `effort` is `output_config.effort`, with thinking that is adaptive; models before 4.6 get a budget instead. "none"
    turns thinking off, where a model can do without. A `schema` is told in the API's own way, or in words where that
    cannot put it, or a server does not know it.

    Args:
        ctx: The call.
        model: Its name; without one, that of `MINIAGENTS_MODEL` if it is one of Anthropic's, or else `DEFAULT_MODEL`.
            Of several, the next is asked where one fails before its reply begins.
        system: Instructions that come before the conversation.
        stream: Whether the reply comes token by token, or in one piece.
        environment: Where `ANTHROPIC_API_KEY` and `ANTHROPIC_BASE_URL` are looked up, instead of the process's
            environment. A base URL without a key is fine.
        max_tokens: How long the reply may be, thinking included; `DEFAULT_MAX_TOKENS` if nothing is said.
        betas: Names of what the API does not do for everybody yet: the header `anthropic-beta`.
        cache: Whether the API is to remember the conversation up to its last block, for the next request.
        client: The SDK's client to ask by, instead of one for the environment; also one for Bedrock or Vertex. It is
            used as it is, and not closed.
        options: What every model agent takes (see `Terms`: tools, schema, limits, …); anything more for the API
            (`temperature`, `thinking`, …), and for the SDK (`timeout`, `extra_headers`); None counts as not given.

    Raises:
        ModelError: Nothing, or not all, came; the subclass says why.
        SettingsError: The base URL is none.
        UsageError: The client is none that can be asked.
    """
    terms = Terms.taken_from(options, environment)
    options["max_tokens"] = max_tokens
    if betas:
        options["extra_headers"] = headers_with(betas, options.get("extra_headers"))
    if client is None:
        endpoint = await ready(_SERVICE, environment, *_MODULES)
    else:
        endpoint = endpoint_of(client, _SERVICE)
        await imported(*_MODULES)
    names = [model] if isinstance(model, str) else model or [_SERVICE.model(environment)]
    providers = [_Anthropic(endpoint, name, options, stream=stream, client=client) for name in names]
    for provider in providers:
        provider.caches = cache
    await reply_from(ctx, *providers, terms=terms, system=system)


class _Anthropic(SdkProvider[dict[str, Any]]):
    api = "anthropic"
    caches = False
    """Whether the API is to remember the conversation."""
    _knows_format = True
    """Whether the server has not refused `output_config.format` yet."""

    @staticmethod
    def connect(endpoint: Endpoint) -> "AsyncAnthropic":
        import anthropic  # noqa: PLC0415 - it was `imported`

        headers = without_ambient_headers(endpoint, "ANTHROPIC_CUSTOM_HEADERS", anthropic.Omit())
        known = signature(anthropic.AsyncAnthropic).parameters
        # Since October 2026 the SDK makes spans by itself, and with ours each request would be two.
        untraced: dict[str, Any] = {"open_telemetry": False} if "open_telemetry" in known else {}
        client = anthropic.AsyncAnthropic(
            base_url=endpoint.base_url,
            api_key=endpoint.key,
            max_retries=0,
            default_headers=headers,
            http_client=http_client(anthropic),
            **untraced,
        )
        client.auth_token = None  # older SDKs take one from the environment and send it beside the key
        return client

    def encode(self, question: Question) -> dict[str, Any]:
        """Return the request, but for the options that stay as they are given."""
        return request_of(question, self.model, self.options, host=self.host, caching=self._caching)

    @property
    def _caching(self) -> Literal["automatic", "marks"] | None:
        if not self.caches or "cache_control" in self.options:
            return None
        # The clouds of others set no marks by themselves.
        return "marks" if "Bedrock" in type(self._own_client).__name__ else "automatic"

    async def opened(self, request: dict[str, Any]) -> Any:
        """Ask for a stream, whichever way it comes in."""
        response = await self._asked(self.open, request)
        if response.headers.get("content-type", "").startswith("application/vnd.amazon"):
            from .aws_frames import Unframed  # noqa: PLC0415 - few ask Bedrock

            return Unframed(response)
        return response

    def decoder(self, answer: Answer, headers: Mapping[str, str]) -> "Events":
        from .anthropic_events import Events  # noqa: PLC0415 - it was `imported`

        return Events(answer, self.endpoint, self.model, headers=headers)

    async def whole(self, request: dict[str, Any], answer: Answer) -> "AsyncGenerator[str | Part, None]":
        from .anthropic_events import take_whole  # noqa: PLC0415 - it was `imported`

        message = await self._asked(self.send, {**request, "stream": False})
        if getattr(message, "content", None) is None:
            raise no_answer(message, self.endpoint, self.model)
        for piece in take_whole(written(message), answer):
            yield piece

    async def _asked(self, ask: Callable[..., Awaitable[Any]], request: dict[str, Any]) -> Any:
        """Ask, and where a server does not know how to be told the form of a reply, ask again in words."""
        own = self.options.get("output_config") or {}
        if "format" not in request.get("output_config", ()) or "format" in own:
            return await ask(_messages, **request)
        if self._knows_format:
            try:
                return await ask(_messages, **request)
            except Exception as error:
                if getattr(error, "status_code", None) not in _UNKNOWN_OPTION:
                    raise
                words = words_of(getattr(error, "body", None), self.endpoint)
                if not any(sign in words.lower() for sign in _ABOUT_THE_FORMAT):
                    raise
            self._knows_format = False
        return await ask(_messages, **without_format(request))


def _messages(client: "AsyncAnthropic") -> Any:
    return client.messages
