"""One part of a message as a block of Anthropic's messages, and one block as what a reply is made of.

Wire format: https://platform.claude.com/docs/en/api/messages, as the SDK 2.14 types it (2026-11-26). In: parts, blocks.
Out: blocks, tokens and parts. Never: a conversation, an event, the SDK.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ...content import (
    Audio,
    File,
    Image,
    Other,
    Part,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    described,
)
from ...errors import RequestRefusedError
from .provider import sendable

__all__ = ["API", "block_of", "call_block", "decoded", "result_of", "text_block", "text_end"]

API: Final = "anthropic"
"""The key in `Part.extra`."""

_TEXTUAL: Final = ("application/json", "application/xml", "application/yaml", "application/x-yaml", "application/toml")
"""Types of files that are text, though their names do not begin so."""


def block_of(part: Part, role: str, host: str) -> dict[str, Any] | None:
    """Return the block of a part, None where there is nothing to send. Calls and their results have blocks elsewhere.

    What cannot be a part of who speaks (a picture, of a model's reply) is described in words.

    Raises:
        RequestRefusedError: The API takes no such thing.
    """
    match part:
        case Other():
            return dict(part.block) if part.api == API else None
        case Thinking():
            return _thinking_block(part) if role == "assistant" else None
        case Text():
            block = text_block(part.text)
            return None if block is None else {**block, **part.extra.get(API, {})}
        case Image() | File() if role != "assistant":
            return _media_block(part, host)
        case Audio() if role != "assistant":
            cure = "send what is said as text, or ask a model of another API"
            raise RequestRefusedError("this API takes no audio", host=host, cure=cure)
        case _:
            return text_block(described([part]))


def text_block(text: str) -> dict[str, Any] | None:
    """Return the block of a text, None for one of white space: the API refuses it."""
    return {"type": "text", "text": sendable(text)} if text.strip() else None


def _thinking_block(part: Thinking) -> dict[str, Any] | None:
    own = part.extra.get(API, {})
    if own.get("type") == "redacted_thinking":
        return dict(own)
    if part.signature is None:  # of another API, or cut
        return None
    return {"type": "thinking", "thinking": part.text, "signature": part.signature, **own}


def _media_block(part: Image | File, host: str) -> dict[str, Any]:
    own = part.extra.get(API, {})
    block = {"type": "image" if isinstance(part, Image) else "document"}
    if isinstance(part, File) and part.name:
        block["title"] = sendable(part.name)
    if "file_id" in own:
        source: Any = {"type": "file", "file_id": own["file_id"]}
    else:
        source = own.get("source") or _source(part, host)
    return {**block, "source": source, **_without(own, "file_id")}


def _source(part: Image | File, host: str) -> dict[str, Any]:
    kind, media_type = part.kind, part.media_type
    if part.url is not None:
        return {"type": "url", "url": part.url}
    if part.data is None:
        cure = f'give it data, a url, or extra={{"{API}": {{"file_id": …}}}}'
        raise RequestRefusedError(f"there is nothing in the {kind}", host=host, cure=cure)
    if not media_type:
        cure = f'say it: media_type="{"image/png" if kind == "image" else "application/pdf"}"'
        raise RequestRefusedError(f"the {kind} does not say of what type it is", host=host, cure=cure)
    if isinstance(part, File) and (media_type.startswith("text/") or media_type in _TEXTUAL):
        return {"type": "text", "media_type": "text/plain", "data": part.data.decode("utf-8", "replace")}
    if isinstance(part, File) and media_type != "application/pdf":
        raise RequestRefusedError(
            f"this API takes no files of the type {media_type}", host=host, cure="send PDF or text"
        )
    return {"type": "base64", "media_type": media_type, "data": b64encode(part.data).decode()}


def call_block(call: ToolCall, sent_id: str) -> dict[str, Any]:
    """Return the block of a call; arguments that are no object go inside one, for the API takes no other."""
    try:
        value = json.loads(call.arguments) if call.arguments.strip() else {}
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        value = {"INVALID_JSON": sendable(call.arguments)}  # as Anthropic's pages on streamed arguments advise
    return {"type": "tool_use", "id": sent_id, "name": call.name, "input": value, **call.extra.get(API, {})}


def result_of(result: ToolResult, sent_id: str, host: str) -> dict[str, Any]:
    """Return the block of a tool's result.

    Raises:
        RequestRefusedError: The API takes no such thing as is in it.
    """
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": sent_id}
    if result.is_error:
        block["is_error"] = True
    if all(isinstance(part, Text) and not part.extra for part in result.content):
        content: Any = sendable(result.text) if result.text.strip() else None
    else:
        role = "assistant" if result.is_error else "user"  # of an error the API takes text alone
        said = (part for part in result.content if not isinstance(part, Thinking))
        content = [told for part in said if (told := block_of(part, role, host)) is not None]
    return {**block, **({"content": content} if content else {}), **result.extra.get(API, {})}


def decoded(block: Mapping[str, Any], *, arguments: str | None = None) -> Iterator[str | Part]:
    """Give what a whole block says: a text as a token, and all else as a part.

    A text of which more is told than its words (citations) has a `Text` behind it that says so.

    Args:
        block: The block; null is as good as nothing.
        arguments: The input of a tool as the model wrote it, where it is known.
    """
    kind = block.get("type")
    if kind == "text":
        if text := block.get("text"):
            yield text
        yield from text_end(block)
    elif kind == "thinking":
        extra = _extra(block, "thinking", "signature")
        text, signature = block.get("thinking") or "", block.get("signature") or None
        if text or signature:
            yield Thinking(text, signature=signature, extra=extra)
    elif kind == "redacted_thinking":
        yield Thinking(extra={API: block})
    elif kind == "tool_use":
        if arguments is None:
            arguments = json.dumps(block.get("input") or {}, ensure_ascii=False)
        extra = _extra(block, "id", "name", "input")
        yield ToolCall(block["id"], name=block["name"], arguments=arguments, extra=extra)
    else:
        yield Other(API, block=block)


def text_end(block: Mapping[str, Any]) -> Iterator[Part]:
    """Give what ends a block of text, whose tokens were given: something, where more is told of it than its words."""
    if extra := _extra(block, "text"):
        yield Text(block.get("text") or "", extra=extra)


def _extra(block: Mapping[str, Any], *known: str) -> dict[str, Any]:
    """Return what a block says beside its known fields, as `Part.extra`."""
    more = {name: value for name, value in _without(block, "type", *known).items() if value not in (None, [])}
    return {API: more} if more else {}


def _without(block: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in block.items() if name not in names}
