"""What a model thought, sealed: a signature that only this fake gives, and knows again whoever brings it back.

All sides of the fake can open a seal without having seen it made: a conversation may go on at another server.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import blake2b

_MARK_BYTES = 16


def seal(thought: str) -> str:
    """Seal a text."""
    content = thought.encode("utf-8", "surrogatepass")
    return b64encode(_mark(content) + content).decode()


def unsealed(sealed: object) -> str | None:
    """The text that a seal was made for, or None for what is no seal, or a broken one."""
    if not isinstance(sealed, str):
        return None
    try:
        data = b64decode(sealed, validate=True)
    except ValueError:
        return None
    mark, content = data[:_MARK_BYTES], data[_MARK_BYTES:]
    return content.decode("utf-8", "surrogatepass") if mark == _mark(content) else None


def _mark(content: bytes) -> bytes:
    return blake2b(content, digest_size=_MARK_BYTES, key=b"of the fake provider").digest()
