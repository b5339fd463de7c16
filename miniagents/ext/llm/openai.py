"""Model agents on OpenAI's API, and on every server that speaks it: chat completions, by the official SDK.

Wire format: https://platform.openai.com/docs/api-reference/chat, as the SDK 3.57 types it (2026-11-26); the newer API
of OpenAI's own is in `openai_responses`. Never: the SDK, or `openai_chunks`, before the first call; the environment
before a call.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from ...errors import UsageError
from ...messages import MessageType
from ...miniagents import InteractionContext, miniagent
from .base import Answer, Question, Terms, as_chat, nothing_to_send, reply_from
from .clients import endpoint_of
from .endpoint import Endpoint, Service
from .events import written
from .faults import no_answer, words_of
from .openai_client import connected
from .sdk import SdkProvider, imported, ready

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from openai import AsyncOpenAI

    from ...content import Part
    from .openai_chunks import Chunks

__all__ = ["DEFAULT_MODEL", "MODEL_PATTERNS", "openai_agent", "warm"]

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
_MODULES: Final = {"chat": ("chat", "openai_chunks"), "responses": ("responses", "responses_events")}
"""What each API has to be imported for it, of the SDK's and of ours."""
_UNKNOWN_OPTION: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
_THOUGHTS: Final = "messages"
"""Where the thoughts are that we send back."""
_OURS: Final = {
    "stream_options": ("stream_options", "include_usage"),
    "response_format": ("response_format", "json_schema"),
    "reasoning_effort": ("reasoning_effort",),
    _THOUGHTS: ("reasoning_content", "reasoning_details", "].reasoning", "'reasoning'"),
}
"""What we add to a request that not every server knows, and the words by which it says so."""


def _modules(api: str) -> tuple[str, ...]:
    # The SDK leaves the second for its first use.
    return ("openai", f"openai.resources.{_MODULES[api][0]}", f"{__package__}.{_MODULES[api][1]}")


async def warm() -> None:
    """Import what a request needs; see `ModelProvider.warm`."""
    await imported(*_modules("chat"))


@miniagent
async def openai_agent(  # noqa: PLR0913 - by name, and all but the context optional
    ctx: InteractionContext,
    /,
    *,
    model: str | Sequence[str] | None = None,
    system: MessageType = None,
    stream: bool = True,
    environment: Mapping[str, str] | None = None,
    api: str = "chat",
    client: "AsyncOpenAI | None" = None,
    **options: Any,
) -> None:
    """Reply with what a model of OpenAI, or of a server with the same API, says to the conversation.

    The reply's metadata has `model`, `agent`, `usage` (tokens "in", "out" and "cached"; "cache_written" and "thinking"
    where there are some), `finish_reason`, `id`, `latency_s` and `first_token_s`, streamed or not; and `extra`: what
    was said that nobody here knows, where short.

    Args:
        ctx: The call.
        model: Its name; without one, that of `MINIAGENTS_MODEL` if it is one of OpenAI's, or else `DEFAULT_MODEL`. Of
            several, the next is asked where one fails before its reply begins.
        system: Instructions that come before the conversation.
        stream: Whether the reply comes token by token, or in one piece.
        environment: Where `OPENAI_API_KEY` and `OPENAI_BASE_URL` are looked up, instead of the process's environment. A
            base URL without a key is fine.
        api: "chat" for chat completions, which compatible servers have; "responses" for the newer API of OpenAI's own.
        client: The SDK's client to ask by, instead of one for the environment; also one for Azure. It is used as it is,
            and not closed.
        options: What every model agent takes (see `Terms`: tools, schema, limits, …); anything more for the API
            (`temperature`, `max_completion_tokens`, …), and for the SDK (`timeout`, `extra_headers`); None counts as
            not given.

    Raises:
        ModelError: Nothing, or not all, came; the subclass says why.
        SettingsError: The base URL is none.
        UsageError: There is no such API, or the client is none that can be asked.
    """
    terms = Terms.taken_from(options, environment)
    if api not in _MODULES:
        raise UsageError(f"api={api!r}: there is no such API here; give {' or '.join(map(repr, _MODULES))}")
    modules = _modules(api)
    if client is None:
        endpoint = await ready(_SERVICE, environment, *modules)
    else:
        endpoint = endpoint_of(client, _SERVICE)
        await imported(*modules)
    names = [model] if isinstance(model, str) else model or [_SERVICE.model(environment)]
    kind: type[SdkProvider[dict[str, Any]]] = _OpenAI if api == "chat" else _responses()
    providers = [kind(endpoint, name, options, stream=stream, client=client) for name in names]
    await reply_from(ctx, *providers, terms=terms, system=system)


class _OpenAI(SdkProvider[dict[str, Any]]):
    api = "openai"

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._unknown: set[str] = set()
        """What the server has said that it does not know."""

    @staticmethod
    def connect(endpoint: Endpoint) -> "AsyncOpenAI":
        return connected(endpoint)

    def encode(self, question: Question) -> dict[str, Any]:
        if any(message.parts for message in question.messages):
            from .openai_turns import turns_of  # noqa: PLC0415 - most conversations are text alone

            turns: Any = turns_of(question.messages, question.system, self.host)
        else:
            turns = as_chat(question.messages, question.system)
        if not turns:
            raise nothing_to_send(self.host)
        request = {"messages": turns}
        if question.tools or question.schema is not None or question.effort is not None:
            from .openai_turns import told_of  # noqa: PLC0415 - few requests have any of these

            request = told_of(question, self.options, request)
        return request

    def decoder(self, answer: Answer, headers: Mapping[str, str]) -> "Chunks":
        from .openai_chunks import Chunks  # noqa: PLC0415 - it was `imported`

        return Chunks(answer, self.endpoint, self.model, headers=headers, sound_type=self._sound_type)

    @property
    def _sound_type(self) -> str:
        """The media type of what the model says aloud, if it is asked to."""
        audio = self.options.get("audio")
        return f"audio/{audio['format']}" if isinstance(audio, Mapping) and audio.get("format") else ""

    async def whole(self, request: dict[str, Any], answer: Answer) -> "AsyncGenerator[str | Part, None]":
        from .openai_chunks import take_whole  # noqa: PLC0415 - it was `imported`

        completion = await self._asked(self.send, {**request, "stream": False})
        if not getattr(completion, "choices", None):
            raise no_answer(completion, self.endpoint, self.model)
        for piece in take_whole(written(completion), answer, self._sound_type):
            yield piece

    async def opened(self, request: dict[str, Any]) -> Any:
        """Ask for a stream with a count of tokens at its end, where a server knows how."""
        if "stream_options" not in self.options:
            request = {**request, "stream_options": {"include_usage": True}}
        return await self._asked(self.open, request)

    async def _asked(self, ask: Callable[..., Awaitable[Any]], request: dict[str, Any]) -> Any:
        """Ask, and ask again without what a server says that it does not know, as long as that is of our own adding."""
        while True:
            try:
                return await ask(_completions, **self._without_unknown(request))
            except Exception as error:
                if getattr(error, "status_code", None) not in _UNKNOWN_OPTION:
                    raise
                words = words_of(getattr(error, "body", None), self.endpoint)
                known = (name for name, signs in _OURS.items() if any(sign in words for sign in signs))
                name = next((name for name in known if self._may_lack(request, name)), None)
                if name is None or name in self.options:
                    raise
            self._unknown.add(name)

    def _may_lack(self, request: Mapping[str, Any], name: str) -> bool:
        """Say whether that is in the request, and nobody has refused it yet."""
        if name == _THOUGHTS and not any(field.startswith("reasoning") for turn in request[name] for field in turn):
            return False
        return name in request and name not in self._unknown

    def _without_unknown(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return a request without what the server does not know; a schema is put into words, thoughts are left out."""
        if "response_format" in self._unknown and "response_format" in request:
            from .openai_turns import with_words  # noqa: PLC0415 - there is a schema

            request = with_words(request)
        if _THOUGHTS in self._unknown:
            from .openai_turns import without_thoughts  # noqa: PLC0415 - there are thoughts

            request = without_thoughts(request)
        return {name: value for name, value in request.items() if name not in self._unknown or name == _THOUGHTS}


def _responses() -> "type[SdkProvider[dict[str, Any]]]":
    from .openai_responses import Responses  # noqa: PLC0415 - most ask for chat completions

    return Responses


def _completions(client: "AsyncOpenAI") -> Any:
    return client.chat.completions
