"""The real SDKs, asked one question each and reported alike, so that one test can hold for both APIs."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import anthropic
import openai

from tests.fakes.llm_server import Usage

if TYPE_CHECKING:
    from tests.fakes.llm_server import LLMServer

Api = Literal["openai", "anthropic"]


@dataclass
class Heard:
    """What a client got: filled as it comes, so that what came before an error is there too."""

    tokens: list[str] = field(default_factory=list)
    id: str = ""
    model: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None
    page: str | None = None  # a response that the SDK did not take for JSON
    error: Exception | None = None


def connect(api: Api, server: LLMServer, *, key: str = "any", timeout_s: float = 5) -> Any:
    """Make the SDK's own client for an API."""
    options: Any = {"api_key": key, "timeout": timeout_s, "max_retries": 0}
    no_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # saves each client 26 ms of reading certificates
    if api == "openai":
        http_client: Any = openai.DefaultAsyncHttpxClient(verify=no_tls)
        return openai.AsyncOpenAI(base_url=server.openai_base_url, http_client=http_client, **options)
    http_client = anthropic.DefaultAsyncHttpxClient(verify=no_tls)
    return anthropic.AsyncAnthropic(base_url=server.anthropic_base_url, http_client=http_client, **options)


async def hear(  # noqa: PLR0913 - what a question can vary in
    api: Api,
    server: LLMServer,
    *,
    streamed: bool,
    text: str = "hello",
    key: str = "any",
    timeout_s: float = 5,
    heard: Heard | None = None,
) -> Heard:
    """Ask one question with a client of its own; an error is reported, not raised."""
    heard = heard or Heard()
    question = {"model": "asked", "messages": [{"role": "user", "content": text}], "stream": streamed}
    listen = _listen_to_openai if api == "openai" else _listen_to_anthropic
    async with connect(api, server, key=key, timeout_s=timeout_s) as client:
        try:
            await listen(client, question, heard)
        except Exception as error:  # noqa: BLE001 - whatever the SDK lets through is what the tests are about
            heard.error = error
    return heard


async def _listen_to_openai(client: openai.AsyncOpenAI, question: dict[str, Any], heard: Heard) -> None:
    options: dict[str, Any] = {"stream_options": {"include_usage": True}} if question["stream"] else {}
    response: Any = await client.chat.completions.create(**question, **options)
    if isinstance(response, str):
        heard.page = response
    elif question["stream"]:
        async for piece in response:
            _take_openai(heard, piece, "delta")
    else:
        _take_openai(heard, response, "message")


def _take_openai(heard: Heard, piece: Any, part: str) -> None:
    heard.id, heard.model = piece.id, piece.model
    for choice in piece.choices or ():
        heard.finish_reason = choice.finish_reason
        if content := getattr(choice, part).content:
            heard.tokens.append(content)
    if usage := piece.usage:
        cached = usage.prompt_tokens_details.cached_tokens
        heard.usage = Usage(usage.prompt_tokens, usage.completion_tokens, cached)


async def _listen_to_anthropic(client: anthropic.AsyncAnthropic, question: dict[str, Any], heard: Heard) -> None:
    response: Any = await client.messages.create(**question, max_tokens=100)
    if isinstance(response, str):
        heard.page = response
    elif question["stream"]:
        async for piece in response:
            _take_anthropic(heard, piece)
    else:
        heard.id, heard.model, heard.finish_reason = response.id, response.model, response.stop_reason
        heard.tokens = [block.text for block in response.content or ()]
        heard.usage = response.usage and _anthropic_usage(response.usage)


def _take_anthropic(heard: Heard, piece: Any) -> None:
    if piece.type == "message_start":
        heard.id, heard.model = piece.message.id, piece.message.model
    elif piece.type == "content_block_delta":
        heard.tokens.append(piece.delta.text)
    elif piece.type == "message_delta":
        heard.finish_reason, heard.usage = piece.delta.stop_reason, _anthropic_usage(piece.usage)


def _anthropic_usage(usage: Any) -> Usage:
    cached = usage.cache_read_input_tokens
    return Usage(usage.input_tokens + cached, usage.output_tokens, cached)
