"""What requests of all APIs are made of: texts in their parts, base64, names and schemas of tools.

Knows no API's errors: what is wrong is said by those that ask here.
"""

from __future__ import annotations

import re
from base64 import b64decode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA_URL = re.compile(r"data:(?P<media_type>[\w.+-]+/[\w.+-]+)(?:;[\w=-]+)*;base64,(?P<data>.*)", re.DOTALL)
IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")


def text_of(content: Any) -> str:
    """The text of a message's content, which is a string or a list of parts, that may hold parts themselves."""
    if isinstance(content, list):
        return "".join(map(text_of, content))
    if isinstance(content, dict):
        nested = content.get("text") or content.get("refusal") or content.get("content") or content.get("output")
        return text_of(nested)
    return content if isinstance(content, str) else ""


def texts_of(messages: Any) -> Iterator[tuple[str, str]]:
    """The role and the text of each message."""
    for message in messages if isinstance(messages, list) else ():
        yield message.get("role") or "", text_of(message.get("content"))


def is_base64(data: Any) -> bool:
    """Whether it is base64 of something, as decoders that forgive nothing want it."""
    if not isinstance(data, str) or not data:
        return False
    try:
        b64decode(data, validate=True)
    except ValueError:
        return False
    return True


def is_image_url(url: Any) -> bool:
    """Whether it is an address of the web, or an image as a data URL."""
    if not isinstance(url, str):
        return False
    if not url.startswith("data:"):
        return re.match(r"https?://\S+$", url) is not None
    return is_data_url(url, IMAGE_TYPES)


def is_data_url(url: Any, media_types: tuple[str, ...] = ()) -> bool:
    """Whether it is a data URL in base64, of one of these media types or, if there are none, of any."""
    match = DATA_URL.fullmatch(url) if isinstance(url, str) else None
    return match is not None and (not media_types or match["media_type"] in media_types) and is_base64(match["data"])


def loose_schema(schema: Any, path: str = "") -> str | None:
    """What keeps a schema from being a strict one (as OpenAI has them), with its place."""
    if isinstance(schema, list):
        return next(filter(None, (loose_schema(each, path) for each in schema)), None)
    if not isinstance(schema, dict):
        return None
    if "properties" in schema or schema.get("type") == "object":
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is not False:
            return f"In context=({path}), 'additionalProperties' is required to be supplied and to be false."
        if missing := next((name for name in properties if name not in schema.get("required", ())), None):
            return (
                f"In context=({path}), 'required' is required to be supplied and to be an array including every key "
                f"in properties. Missing '{missing}'."
            )
    named = [each for key in ("properties", "$defs", "definitions") for each in schema.get(key, {}).items()]
    inner = [*named, *((key, schema[key]) for key in ("items", "anyOf", "allOf") if key in schema)]
    return next(filter(None, (loose_schema(each, f"{path}'{name}'") for name, each in inner)), None)
