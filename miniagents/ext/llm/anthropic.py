"""Model agents on Anthropic's API, and on every server that speaks it: messages, by the official SDK.

Wire format: https://platform.claude.com/docs/en/api/messages, as the SDK 2.12 types it (2026-11-22). Never: the SDK, or
`anthropic_events`, before the first call; the environment before a call.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ...messages import Message, MessageType
from ...miniagents import InteractionContext, miniagent
from .base import Answer, as_chat, nothing_to_send, reply_from
from .endpoint import Endpoint, Service
from .faults import no_answer
from .sdk import DEFAULT_RETRIES, SdkProvider, imported, without_ambient_headers

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

    from .anthropic_events import Events

__all__ = ["DEFAULT_MAX_TOKENS", "DEFAULT_MODEL", "MODEL_PATTERNS", "anthropic_agent"]

DEFAULT_MODEL: Final = "claude-haiku-5-5"
"""The newest of Anthropic's small models that the SDK 2.12 knows."""

DEFAULT_MAX_TOKENS: Final = 8192
"""How long a reply may be: this API wants to be told, every model takes that much, and few replies are longer."""

MODEL_PATTERNS: Final = ("claude-*",)
"""Shell patterns of the model names that are Anthropic's without saying so."""

_SERVICE: Final = Service(
    name="anthropic",
    base_url="https://api.anthropic.com",
    url_hint="has no /v1 at its end",
    default_model=DEFAULT_MODEL,
    model_patterns=MODEL_PATTERNS,
)
_INSTRUCTING: Final = ("system", "developer")


@miniagent
async def anthropic_agent(  # noqa: PLR0913 - by name, and all but the context optional
    ctx: InteractionContext,
    /,
    *,
    model: str | None = None,
    system: MessageType = None,
    stream: bool = True,
    environment: Mapping[str, str] | None = None,
    max_retries: int = DEFAULT_RETRIES,
    max_tokens: int | None = None,
    **options: Any,
) -> None:
    """Reply with what a model of Anthropic, or of a server with the same API, says to the conversation.

    The reply's metadata has `model`, `agent`, `usage` (tokens "in", "out" and "cached"), `finish_reason` (in OpenAI's
    words, where these have one), `id`, `latency_s` and `first_token_s`, streamed or not; and `extra`: what a
    stream said that nobody here knows, where short. Messages of the system become
    instructions before the conversation, wherever they stand; messages without a text are left out.

    Args:
        ctx: The call.
        model: Its name; without one, that of `MINIAGENTS_MODEL` if it is one of Anthropic's, or else `DEFAULT_MODEL`.
        system: Instructions that come before the conversation.
        stream: Whether the reply comes token by token, or in one piece.
        environment: Where `ANTHROPIC_API_KEY` and `ANTHROPIC_BASE_URL` are looked up, instead of the process's
            environment. A base URL without a key is fine.
        max_retries: How often the SDK tries again where that may help: no connection, too many requests, a server that
            fails.
        max_tokens: How long the reply may be; `DEFAULT_MAX_TOKENS` if nothing is said.
        options: Anything more for the API (`temperature`, `thinking`, …), and for the SDK (`timeout`, `extra_headers`);
            None counts as not given.

    Raises:
        ModelError: Nothing, or not all, came; the subclass says why.
        SettingsError: The base URL is none.
    """
    endpoint = _SERVICE.endpoint(environment)
    options["max_tokens"] = DEFAULT_MAX_TOKENS if max_tokens is None else max_tokens
    asked = model or _SERVICE.model(environment)
    await imported("anthropic", f"{__package__}.anthropic_events")
    await reply_from(ctx, _Anthropic(endpoint, asked, options, stream=stream, max_retries=max_retries), system=system)


class _Anthropic(SdkProvider[dict[str, Any]]):
    @staticmethod
    def connect(endpoint: Endpoint, max_retries: int) -> "AsyncAnthropic":
        from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient, Omit  # noqa: PLC0415 - it was `imported`

        headers = without_ambient_headers(endpoint, "ANTHROPIC_CUSTOM_HEADERS", Omit())
        client = AsyncAnthropic(
            base_url=endpoint.base_url,
            api_key=endpoint.key,
            max_retries=max_retries,
            default_headers=headers,
            http_client=DefaultAsyncHttpxClient(),  # the default one, dropped, starts a task of nobody's
        )
        client.auth_token = None  # older SDKs take one from the environment and send it beside the key
        return client

    def encode(self, messages: Sequence[Message], system: str) -> dict[str, Any]:
        """Return `messages` and `system` of the request.

        A conversation may begin with the assistant (since October 2024; anthropic-sdk-typescript#622), but must have
        something to answer. Neighbours of one role are one turn to the API anyway.
        """
        instructions: list[str] = []
        turns: list[dict[str, str]] = []
        for turn in as_chat(messages, system):
            if not turn["content"].strip():
                continue  # "text content blocks must contain non-whitespace text"
            if turn["role"] in _INSTRUCTING:
                instructions.append(turn["content"])
            elif turns and turns[-1]["role"] == turn["role"]:
                turns[-1]["content"] += f"\n\n{turn['content']}"
            else:
                turns.append(turn)
        if not any(turn["role"] == "user" for turn in turns):
            raise nothing_to_send(self.host)
        return {"messages": turns, **({"system": "\n\n".join(instructions)} if instructions else {})}

    async def opened(self, request: dict[str, Any]) -> Any:
        return await self.open(_messages, **request)

    def decoder(self, answer: Answer, headers: Mapping[str, str]) -> "Events":
        from .anthropic_events import Events  # noqa: PLC0415 - it was `imported`

        return Events(answer, self.endpoint, self.model, retry_after=headers.get("retry-after", ""))

    async def whole(self, request: dict[str, Any], answer: Answer) -> AsyncGenerator[str, None]:
        from .anthropic_events import finish_reason_of, usage_of  # noqa: PLC0415 - it was `imported`

        message = await self.send(_messages, **request, stream=False)
        if getattr(message, "content", None) is None:
            raise no_answer(message, self.endpoint, self.model)
        answer.model, answer.id = message.model, message.id
        answer.usage = usage_of(message.usage)
        answer.finish_reason = finish_reason_of(message.stop_reason)
        yield "".join(block.text for block in message.content if block.type == "text")


def _messages(client: "AsyncAnthropic") -> Any:
    return client.messages
