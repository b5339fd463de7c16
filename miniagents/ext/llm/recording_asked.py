"""What a model was asked, as a recording keeps it: plain JSON without secrets, its hash, how two of them differ.

In: a provider and its request. Out: JSON values, a hash, words. Never: a file, a reply.

The host is no part of it, so that what was recorded against one server, a proxy or a loopback port replays anywhere. No
option is that says how a request travels, and none is that is None.
"""

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher, unified_diff
from hashlib import sha256
from itertools import islice
from json import loads
from textwrap import wrap
from typing import Any, Final

from pydantic_core import PydanticSerializationError

from ...frozen import EMPTY, canonical_json
from ...safe_text import safe
from .redaction import redact_value

__all__ = ["asked_of", "difference", "hash_of", "nearest", "normal", "plain"]

_TRANSPORT: Final = frozenset({"base_url", "extra_headers", "max_retries", "timeout"})
"""Options that change how a request travels, and not what is asked."""

_LONGEST_DATA = 256
"""Characters of base64 that are kept: an id or a short signature can be read and compared, a picture cannot."""
_DATA = re.compile(rf"(data:[^,]*,)?([A-Za-z0-9+/_-]{{{_LONGEST_DATA},}}={{0,2}})")
_URL_SAFE = str.maketrans("-_", "+/")

_LINE_WIDTH = 100
"""Characters of a line in a difference; of a longer text only the part that differs is shown."""
_LONGEST_DIFFERENCE = 40
"""Lines of it that are shown."""


def asked_of(provider: Any, request: Any) -> dict[str, Any]:
    """Return what is asked: the API's name, the model, the options and the request as the API gets it.

    It is plain JSON, and `normal`.
    """
    options: Mapping[str, Any] = getattr(provider, "options", EMPTY)
    given = {name: options[name] for name in sorted(options) if options[name] is not None and name not in _TRANSPORT}
    asked = {"model": provider.model, "options": given, "request": request}
    api = getattr(provider, "api", "")
    return dict(normal(plain({"api": api, **asked} if api else asked)))


def hash_of(asked: Mapping[str, Any]) -> str:
    """Return the hash of what was asked; it is the same however the JSON was laid out."""
    return sha256(canonical_json(asked, lambda _value: None)).hexdigest()


def plain(value: Any) -> Any:
    """Return `value` as JSON can hold it; what has no JSON of its own is there by the name of what it is."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    try:
        return loads(canonical_json(value, lambda _value: None))
    except PydanticSerializationError:
        kind = value if isinstance(value, type) or callable(value) else type(value)
        return f"<{getattr(kind, '__module__', '')}.{getattr(kind, '__qualname__', type(kind).__qualname__)}>"


def normal(value: Any) -> Any:
    """Return plain JSON without secrets, and with the SHA-256 of what data in base64 encodes in its place.

    Done again it changes nothing: so what was written down by hand, or by an older release, is found as well.
    """
    return redact_value(_without_data(value))


def _without_data(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_data(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_data(item) for item in value]
    data = _DATA.fullmatch(value) if isinstance(value, str) and len(value) >= _LONGEST_DATA else None
    return value if data is None else _hashed(data)


def _hashed(data: re.Match[str]) -> str:
    encoded = data[2].rstrip("=").translate(_URL_SAFE)
    try:
        decoded = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:  # a long word
        return data[0]
    return f"{data[1] or ''}sha256:{sha256(decoded).hexdigest()}"


def nearest(asked: Mapping[str, Any], recorded: Iterable[Mapping[str, Any]]) -> int | None:
    """Return the index of the one among `recorded` that shares the most words with `asked`, None if there is none."""
    matcher = SequenceMatcher[str](None, autojunk=False)
    matcher.set_seq2(_words(asked))
    best, best_ratio = None, -1.0
    for index, each in enumerate(recorded):
        matcher.set_seq1(_words(each))
        ratio = matcher.quick_ratio()
        if ratio > best_ratio:
            best, best_ratio = index, ratio
    return best


def difference(recorded: Mapping[str, Any], asked: Mapping[str, Any], where: str) -> tuple[str, str]:
    """Return which parts of the two differ, in a few words, and how, as a unified diff of what they say line by line.

    Args:
        recorded: What was asked once.
        asked: What is asked now.
        where: The place of the former, for the diff's head.
    """
    parts = " and ".join(_differing(recorded, asked))
    lines = unified_diff(_lines(recorded), _lines(asked), f"recorded ({where})", "asked now", lineterm="", n=2)
    shown = list(islice(lines, _LONGEST_DIFFERENCE))
    rest = sum(1 for _ in lines)
    return parts, "\n".join([*shown, *([f"… {rest} more lines"] if rest else [])])


def _differing(recorded: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*asked, *recorded]):
        before, now = recorded.get(name), asked.get(name)
        if before == now:
            continue
        if name == "request" and isinstance(before, dict) and isinstance(now, dict):
            yield from (part for part in dict.fromkeys([*now, *before]) if before.get(part) != now.get(part))
        else:
            yield "messages" if name == "request" and isinstance(now, list) else name


def _words(asked: Mapping[str, Any]) -> list[str]:
    return " ".join(f"{path} {text}" for path, text in _leaves(asked)).split()


def _lines(asked: Mapping[str, Any]) -> list[str]:
    """Return it as lines to be compared: one a value, and of a long text one a line of it."""
    lines = []
    for path, text in _leaves(asked):
        head, *rest = [safe(part) for line in text.split("\n") for part in wrap(line, _LINE_WIDTH) or [""]]
        lines += [f"{path}: {head}", *(f"    {line}" for line in rest)]
    return lines


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if value and isinstance(value, dict):
        for name in sorted(value) if path else value:
            yield from _leaves(value[name], f"{path}.{name}" if path else name)
    elif value and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]")
    else:
        yield path, value if isinstance(value, str) else repr(value)
