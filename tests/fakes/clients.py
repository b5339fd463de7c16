"""The real SDKs, asked one question each and reported alike, so that one test can hold for both APIs."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import anthropic
import openai

from tests.fakes.llm_server import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fakes.llm_server import LLMServer

Api = Literal["openai", "responses", "anthropic"]


@dataclass
class Heard:
    """What a client got: filled as it comes, so that what came before an error is there too."""

    tokens: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    calls: list[tuple[str, str, str]] = field(default_factory=list)  # id, name, arguments
    items: list[Any] = field(default_factory=list)  # the answer's own blocks or items, to be sent back
    id: str = ""
    model: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None
    page: str | None = None  # a response that the SDK did not take for JSON
    error: Exception | None = None


def connect(  # noqa: PLR0913 - what a client can vary in
    api: Api, server: LLMServer, *, key: str = "any", timeout_s: float = 5, trusted: str = "", proxy: str | None = None
) -> Any:
    """Make the SDK's own client for an API; it trusts one certificate, or none."""
    options: Any = {"api_key": key, "timeout": timeout_s, "max_retries": 0}
    tls = ssl.create_default_context(cadata=trusted) if trusted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if api != "anthropic":  # one that reads no certificates saves each client 26 ms
        http_client: Any = openai.DefaultAsyncHttpxClient(verify=tls, proxy=proxy)
        return openai.AsyncOpenAI(base_url=server.openai_base_url, http_client=http_client, **options)
    http_client = anthropic.DefaultAsyncHttpxClient(verify=tls, proxy=proxy)
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
    question: Mapping[str, Any] | None = None,
    **transport: Any,
) -> Heard:
    """Ask one question with a client of its own; an error is reported, not raised."""
    heard = heard or Heard()
    turns = "input" if api == "responses" else "messages"
    asked = {"model": "asked", turns: [{"role": "user", "content": text}], "stream": streamed, **(question or {})}
    async with connect(api, server, key=key, timeout_s=timeout_s, **transport) as client:
        try:
            await _LISTENERS[api](client, asked, heard)
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
        said = getattr(choice, part)
        if content := said.content or said.refusal:
            heard.tokens.append(content)
        if thought := (said.model_extra or {}).get("reasoning_content"):
            heard.thoughts.append(thought)
        for place, call in enumerate(said.tool_calls or ()):
            _take_call(heard, getattr(call, "index", place), call.id, call.function.name, call.function.arguments)
    if usage := piece.usage:
        read, written = usage.prompt_tokens_details, usage.completion_tokens_details
        cached = read.cached_tokens, read.cache_write_tokens or 0
        heard.usage = Usage(usage.prompt_tokens, usage.completion_tokens, *cached, written.reasoning_tokens)


def _take_call(heard: Heard, index: int, call_id: str | None, name: str | None, arguments: str) -> None:
    """Add to a call: its id and name come once, its arguments in pieces."""
    if index == len(heard.calls):
        heard.calls.append(("", "", ""))
    before = heard.calls[index]
    heard.calls[index] = (before[0] + (call_id or ""), before[1] + (name or ""), before[2] + arguments)


async def _listen_to_responses(client: openai.AsyncOpenAI, question: dict[str, Any], heard: Heard) -> None:
    response: Any = await client.responses.create(**question)
    if isinstance(response, str):
        heard.page = response
    elif question["stream"]:
        async for piece in response:
            _take_response_event(heard, piece)
    else:
        heard.tokens = [response.output_text] if response.output else []
        _take_response(heard, response)


def _take_response_event(heard: Heard, piece: Any) -> None:
    match piece.type:
        case "response.output_text.delta" | "response.refusal.delta":
            heard.tokens.append(piece.delta)
        case "response.reasoning_summary_text.delta":
            heard.thoughts.append(piece.delta)
        case "response.created" | "response.completed" | "response.incomplete" | "response.failed":
            _take_response(heard, piece.response)
        case "error":
            raise openai.APIError(piece.message, request=None, body=piece)  # type: ignore[arg-type]  # needs none


def _take_response(heard: Heard, response: Any) -> None:
    heard.id, heard.model = response.id, response.model
    details = response.incomplete_details
    if response.status != "in_progress":
        heard.finish_reason = details.reason if details else response.status
    heard.items = response.output or []
    heard.calls = [(item.call_id, item.name, item.arguments) for item in heard.items if item.type == "function_call"]
    if usage := response.usage:
        read, written = usage.input_tokens_details, usage.output_tokens_details
        cached = read.cached_tokens, read.cache_write_tokens
        heard.usage = Usage(usage.input_tokens, usage.output_tokens, *cached, written.reasoning_tokens)


async def _listen_to_anthropic(client: anthropic.AsyncAnthropic, question: dict[str, Any], heard: Heard) -> None:
    response: Any = await client.messages.create(**{"max_tokens": 100, **question})
    if isinstance(response, str):
        heard.page = response
    elif question["stream"]:
        async for piece in response:
            _take_anthropic(heard, piece)
    else:
        heard.id, heard.model, heard.finish_reason = response.id, response.model, response.stop_reason
        heard.items = [block.model_dump(exclude_none=True) for block in response.content or ()]
        heard.tokens = [block["text"] for block in heard.items if block["type"] == "text"]
        heard.usage = response.usage and _anthropic_usage(response.usage)
        _take_blocks(heard)


def _take_anthropic(heard: Heard, piece: Any) -> None:
    if piece.type == "message_start":
        heard.id, heard.model = piece.message.id, piece.message.model
    elif piece.type == "content_block_start":
        heard.items.append(piece.content_block.model_dump(exclude_none=True))
    elif piece.type == "content_block_delta":
        _take_delta(heard, heard.items[piece.index], piece.delta)
    elif piece.type == "message_delta":
        heard.finish_reason, heard.usage = piece.delta.stop_reason, piece.usage and _anthropic_usage(piece.usage)
        _take_blocks(heard)


def _take_delta(heard: Heard, block: dict[str, Any], delta: Any) -> None:
    match delta.type:
        case "text_delta":
            heard.tokens.append(delta.text)
            block["text"] += delta.text
        case "thinking_delta":
            heard.thoughts.append(delta.thinking)
            block["thinking"] += delta.thinking
        case "signature_delta":
            block["signature"] = delta.signature
        case "input_json_delta":
            block["json"] = block.get("json", "") + delta.partial_json


def _take_blocks(heard: Heard) -> None:
    """Read from the whole blocks what deltas did not tell."""
    for block in heard.items:
        if block["type"] == "tool_use":
            arguments = block.pop("json", None)
            if arguments is not None:
                block["input"] = json.loads(arguments or "{}")
            heard.calls.append((block["id"], block["name"], json.dumps(block["input"], separators=(",", ":"))))


def _anthropic_usage(usage: Any) -> Usage:
    cached, written = usage.cache_read_input_tokens, usage.cache_creation_input_tokens
    thinking = usage.output_tokens_details.thinking_tokens if usage.output_tokens_details else 0
    return Usage(usage.input_tokens + cached + written, usage.output_tokens, cached, written, thinking)


_LISTENERS: dict[str, Any] = {
    "openai": _listen_to_openai,
    "responses": _listen_to_responses,
    "anthropic": _listen_to_anthropic,
}
