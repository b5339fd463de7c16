"""The attributes of spans: what we know, by the names and in the shapes of OpenTelemetry's conventions.

In: names, options, messages, an answer. Out: attributes, of types that OpenTelemetry takes. Never: a span.

Names: https://github.com/open-telemetry/semantic-conventions-genai, `client-inference.md` and the JSON schemas of
messages (2026-11).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ...content import Audio, File, Image, Part, Text, Thinking, ToolCall, ToolResult
from .redaction import redact, redact_value

if TYPE_CHECKING:
    from ...messages import Message
    from .provider import Answer

__all__ = ["answered", "asked", "content_of", "instructions_of", "name_of", "requested", "server_of"]

_PROVIDERS: Final = {
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "mistral": "mistral_ai",
    "responses": "openai",
    "vertex": "gcp.vertex_ai",
    "xai": "x_ai",
}
"""Providers that the conventions know by another name than we do."""
_PORTS: Final = {"http": 80, "https": 443}
_REQUEST: Final[Mapping[str, tuple[str, type]]] = {
    "effort": ("gen_ai.request.reasoning.level", str),
    "frequency_penalty": ("gen_ai.request.frequency_penalty", float),
    "max_completion_tokens": ("gen_ai.request.max_tokens", int),
    "max_output_tokens": ("gen_ai.request.max_tokens", int),
    "max_tokens": ("gen_ai.request.max_tokens", int),
    "presence_penalty": ("gen_ai.request.presence_penalty", float),
    "previous_response_id": ("gen_ai.request.previous_response.id", str),
    "reasoning_effort": ("gen_ai.request.reasoning.level", str),
    "seed": ("gen_ai.request.seed", int),
    "temperature": ("gen_ai.request.temperature", float),
    "top_k": ("gen_ai.request.top_k", int),
    "top_p": ("gen_ai.request.top_p", float),
}
"""Options of requests that have an attribute of their own, and its type."""
_USAGE: Final = {
    "in": "gen_ai.usage.input_tokens",
    "out": "gen_ai.usage.output_tokens",
    "cached": "gen_ai.usage.cache_read.input_tokens",
    "cache_written": "gen_ai.usage.cache_write.input_tokens",
    "thinking": "gen_ai.usage.reasoning.output_tokens",
}


def asked(operation: str, agent: str, provider: str = "", model: str = "") -> dict[str, Any]:
    """Return what is said of every operation."""
    told = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": _PROVIDERS.get(provider, provider),
        "gen_ai.request.model": model,
        "gen_ai.agent.name": agent,
    }
    return {name: value for name, value in told.items() if value}


def requested(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the conventions have a name for among the options of a request."""
    told: dict[str, Any] = {}
    for name, (attribute, kind) in _REQUEST.items():
        value = options.get(name)
        if kind is float and isinstance(value, int):
            value = float(value)
        if isinstance(value, kind) and not isinstance(value, bool):
            told[attribute] = value
    stops = options.get("stop") or options.get("stop_sequences") or ()
    stops = [stops] if isinstance(stops, str) else stops
    if stops and isinstance(stops, list | tuple):
        told["gen_ai.request.stop_sequences"] = [str(stop) for stop in stops]
    if isinstance(count := options.get("n"), int) and count != 1:
        told["gen_ai.request.choice.count"] = count
    if options.get("stream") is True:
        told["gen_ai.request.stream"] = True
    shape = options.get("response_format")
    if isinstance(shape, Mapping) and str(shape.get("type")).startswith("json"):
        told["gen_ai.output.type"] = "json"
    return told


def server_of(host: str) -> dict[str, Any]:
    """Return where a host (for which https is taken for granted) or a base URL is; nothing for a path."""
    try:
        parts = urlsplit(host if "://" in host else f"https://{host}")
        address, port = parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:  # its port is no number, its address no IPv6
        return {}
    if not address or ("://" not in host and parts.path):
        return {}
    return {"server.address": address} if port is None else {"server.address": address, "server.port": port}


def answered(answer: "Answer") -> dict[str, Any]:
    """Return what is known of a reply."""
    told: dict[str, Any] = {"gen_ai.response.model": answer.model, "gen_ai.response.id": answer.id}
    told["gen_ai.response.finish_reasons"] = [answer.finish_reason] if answer.finish_reason else None
    for name, count in (answer.usage or {}).items():
        if name in _USAGE:
            told[_USAGE[name]] = count
    return {name: value for name, value in told.items() if value is not None}


def name_of(kind: type[BaseException]) -> str:
    """Return what an error of this class is called."""
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def content_of(messages: Sequence["Message"], secrets: Sequence[str], *, finish_reason: str | None = None) -> str:
    """Return messages in the shape of the conventions, as JSON, without secrets; data is described."""
    end = {} if finish_reason is None else {"finish_reason": finish_reason}
    told = [
        {"role": message.role or "user", "parts": _parts(message.parts or (Text(message.text),)), **end}
        for message in messages
    ]
    return json.dumps(redact_value(told, secrets), ensure_ascii=False)


def instructions_of(system: str, secrets: Sequence[str]) -> str:
    """Return a request's instructions in the shape of the conventions, as JSON, without secrets."""
    return json.dumps([{"type": "text", "content": redact(system, secrets)}], ensure_ascii=False)


def _parts(parts: Iterable[Part]) -> list[dict[str, Any]]:
    return [_part(part) for part in parts]


def _part(part: Part) -> dict[str, Any]:
    match part:
        case Text():
            return {"type": "text", "content": part.text}
        case Thinking():
            return {"type": "reasoning", "content": part.text}
        case ToolCall():
            return {"type": "tool_call", "id": part.id, "name": part.name, "arguments": _object(part.arguments)}
        case ToolResult():
            is_text = all(isinstance(inside, Text) for inside in part.content)
            response = part.text if is_text else _parts(part.content)
            return {"type": "tool_call_response", "id": part.call_id, "response": response}
        case Image() | Audio() | File():
            return _media(part)
        case _:
            return {"type": part.kind or type(part).__name__}


def _media(part: Image | Audio | File) -> dict[str, Any]:
    if part.url is None:
        size_bytes = len(part.data or b"")
        return {"type": "media", "modality": part.kind, "mime_type": part.media_type, "size_bytes": size_bytes}
    # an address may be the data itself
    where = f"{part.url.partition(',')[0]},…" if part.url.startswith("data:") else part.url
    return {"type": "uri", "modality": part.kind, "uri": where}


def _object(arguments: str) -> Any:
    """Return the arguments as JSON, or as they are where that is broken."""
    try:
        return json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments
