"""What tools say, as MCP has it and as a message has it, in both directions.

In: blocks of MCP; parts of a message. Out: the other. Never: a server, a model; what a link points to.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from miniagents.content import Audio, File, Image, Part, Text

if TYPE_CHECKING:
    from mcp_types import CallToolResult, ContentBlock

__all__ = ["blocks_of", "parts_of"]


def parts_of(result: "CallToolResult") -> tuple[Part, ...]:
    """Return the parts of a message that a result is; data without words for it is told as JSON."""
    parts = tuple(map(_part, result.content))
    if not parts and result.structured_content is not None:
        return (Text(json.dumps(result.structured_content, ensure_ascii=False)),)
    return parts


def _part(block: Any) -> Part:  # noqa: PLR0911 - one return a kind of block
    match block.type:
        case "text":
            return Text(block.text)
        case "image":
            return _media(Image, block.data, block.mime_type)
        case "audio":
            return _media(Audio, block.data, block.mime_type)
        case "resource_link":
            described = f": {block.description}" if block.description else ""
            return Text(f"[{block.title or block.name}]({block.uri}){described}")
    resource = block.resource
    if hasattr(resource, "text"):
        return Text(resource.text)
    media_type = resource.mime_type or ""
    if media_type.startswith("image/"):
        return _media(Image, resource.blob, media_type)
    return _media(File, resource.blob, media_type, name=str(resource.uri).rstrip("/").rpartition("/")[2])


def _media(kind: Any, data: str, media_type: str, **more: str) -> Part:
    try:
        made: Part = kind(b64decode(data, validate=True), media_type=media_type, **more)
    except ValueError:
        return Text(f"({kind.kind} of type {media_type or 'unknown'} that came broken)")
    return made


def blocks_of(parts: Iterable[Part]) -> "Iterator[ContentBlock]":
    """Give the blocks that parts of a message are; thoughts and calls of tools are nobody else's business."""
    import mcp_types as mcp  # noqa: PLC0415 - only where somebody speaks MCP

    for part in parts:
        match part:
            case Text(text=text):
                yield mcp.TextContent(text=text)
            case Image(data=bytes() as data):
                yield mcp.ImageContent(data=b64encode(data).decode(), mime_type=part.media_type)
            case Audio(data=bytes() as data):
                yield mcp.AudioContent(data=b64encode(data).decode(), mime_type=part.media_type)
            case File(data=bytes() as data):
                blob = mcp.BlobResourceContents(
                    uri=f"file:///{part.name or 'file'}", blob=b64encode(data).decode(), mime_type=part.media_type
                )
                yield mcp.EmbeddedResource(resource=blob)
            case Image(url=str() as url) | Audio(url=str() as url) | File(url=str() as url):
                yield mcp.ResourceLink(name=getattr(part, "name", "") or part.kind, uri=url)
