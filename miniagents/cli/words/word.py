"""What a word of the chat is (`hookspecs.Word`), and how what stands behind one is read.

In: what a person typed behind a word. Out: a number. Never: which words there are.
"""

from ...hookspecs import Said, Word

__all__ = ["Said", "Word", "number_in"]


def number_in(text: str, *, default: int) -> int | None:
    """Return the number that `text` is, `default` where it is empty, None where it is none above 0."""
    if not text:
        return default
    return int(text) if text.isascii() and text.isdecimal() and int(text) else None
