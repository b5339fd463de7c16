"""What Anthropic's messages have against the blocks of a message; the texts as clients have reported them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.fakes.contents import IMAGE_TYPES, is_base64
from tests.fakes.sealing import unsealed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.fakes.encoding import Json

ID = re.compile(r"[a-zA-Z0-9_-]+")

_MARKED = {"type", "cache_control"}
_FIELDS = {
    "text": {"text", "citations"},
    "image": {"source", "transformations"},
    "document": {"source", "title", "context", "citations"},
    "thinking": {"thinking", "signature"},
    "redacted_thinking": {"data"},
    "tool_use": {"id", "name", "input", "caller", "toolset_name"},
    "tool_result": {"tool_use_id", "content", "is_error", "toolset_name"},
}
_NEEDED = {
    "text": ("text",),
    "image": ("source",),
    "document": ("source",),
    "thinking": ("signature", "thinking"),
    "redacted_thinking": ("data",),
    "tool_use": ("id", "name", "input"),
    "tool_result": ("tool_use_id",),
}
_OF_RESULTS = ("text", "image", "document", "search_result", "tool_reference")
_OF_ROLE = {
    "user": ("text", "image", "document", "search_result", "tool_result", "container_upload"),
    "assistant": ("text", "thinking", "redacted_thinking", "tool_use", "server_tool_use", "container_upload"),
    "system": ("text",),
    "result": _OF_RESULTS,
}


def objections_to_blocks(blocks: Iterable[Any], role: str, where: str) -> Iterator[str]:
    """What is wrong with the blocks of a message of this role (or of a tool's result, or of the system's text)."""
    for place, block in enumerate(blocks):
        yield from _objections_to(block, role, f"{where}.{place}")


def _objections_to(block: Any, role: str, where: str) -> Iterator[str]:
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(kind, str):
        yield f"{where}: Input should be an object with a `type`"
        return
    allowed = _OF_ROLE[role]
    if kind not in allowed and not (role == "assistant" and kind.endswith("_tool_result")):
        tags = ", ".join(f"'{known}'" for known in allowed)
        yield f"{where}: Input tag '{kind}' found using 'type' does not match any of the expected tags: {tags}"
        return
    if kind not in _FIELDS:
        return
    yield from (f"{where}.{kind}.{name}: Field required" for name in _NEEDED[kind] if name not in block)
    known = _FIELDS[kind] | ({"type"} if kind.endswith("thinking") else _MARKED)
    yield from (f"{where}.{kind}.{name}: Extra inputs are not permitted" for name in block if name not in known)
    yield from _LOOKED_INTO[kind](block, where)


def _text(block: Json, where: str) -> Iterator[str]:
    if not isinstance(block["text"], str):
        yield f"{where}.text.text: Input should be a valid string"
    elif not block["text"]:
        yield "messages: text content blocks must be non-empty"
    elif not block["text"].strip():
        yield "messages: text content blocks must contain non-whitespace text"


def _image(block: Json, where: str) -> Iterator[str]:
    yield from _source(block["source"], ("base64", "url", "file"), IMAGE_TYPES, f"{where}.image.source")


def _document(block: Json, where: str) -> Iterator[str]:
    source = block["source"]
    at = f"{where}.document.source"
    yield from _source(source, ("base64", "url", "file", "text", "content"), ("application/pdf",), at)
    if source.get("type") == "text" and (source.get("media_type") != "text/plain" or not source.get("data")):
        yield f"{at}.text.media_type: Input should be 'text/plain'"


def _source(source: Any, kinds: tuple[str, ...], media_types: tuple[str, ...], where: str) -> Iterator[str]:
    kind = source.get("type") if isinstance(source, dict) else None
    if kind not in kinds:
        tags = ", ".join(f"'{known}'" for known in kinds)
        yield f"{where}: Input tag '{kind}' found using 'type' does not match any of the expected tags: {tags}"
        return
    if kind == "base64":
        if source.get("media_type") not in media_types:
            listed = " or ".join(f"'{known}'" for known in media_types)
            yield f"{where}.base64.media_type: Input should be {listed}"
        if not is_base64(source.get("data")):
            yield f"{where}.base64.data: invalid base64 data"
    elif kind == "url" and not re.match(r"https?://\S+$", str(source.get("url"))):
        yield f"{where}.url.url: Only HTTP(S) URLs are supported."
    elif kind == "file" and not source.get("file_id"):
        yield f"{where}.file.file_id: Field required"


def _thinking(block: Json, where: str) -> Iterator[str]:
    signed = unsealed(block["signature"])
    if signed is None or block["thinking"] not in (signed, ""):
        yield f"{where}: Invalid `signature` in `thinking` block"


def _redacted_thinking(block: Json, where: str) -> Iterator[str]:
    if unsealed(block["data"]) is None:
        yield f"{where}: Invalid `data` in `redacted_thinking` block"


def _tool_use(block: Json, where: str) -> Iterator[str]:
    if not isinstance(block["id"], str) or not ID.fullmatch(block["id"]):
        yield f"{where}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
    if not isinstance(block["input"], dict):
        yield f"{where}.tool_use.input: Input should be a valid dictionary"


def _tool_result(block: Json, where: str) -> Iterator[str]:
    content = block.get("content", "")
    if isinstance(content, list):
        yield from objections_to_blocks(content, "result", f"{where}.tool_result.content")
        if block.get("is_error") and any(part.get("type") != "text" for part in content):
            yield f"{where}.tool_result: all content must be type `text` if `is_error` is true"
    elif not isinstance(content, str):
        yield f"{where}.tool_result.content: Input should be a valid string or list"


_LOOKED_INTO: dict[str, Callable[[Json, str], Iterator[str]]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "thinking": _thinking,
    "redacted_thinking": _redacted_thinking,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
}
