"""Text from outside, made safe to show: nothing in it can steer a terminal or hide from the reader.

A control character becomes a picture of itself, so without ESC no sequence exists, however it was split into tokens; an
override of the writing direction becomes its code point; what shows nothing at all (zero-width spaces, tag characters)
is shown as its code point too. Tabs, newlines, emoji with their joiners and every script stay as they are; of joiners
and variation selectors only those that can mean something, for a run of them hides as much as one likes.

In: `str`. Out: `str`. Never: a terminal.
"""

import re
from collections.abc import Callable

__all__ = ["SafeText", "exact", "in_place", "one_line", "safe"]

_ALWAYS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and newline, DEL, C1 (whose U+009B is an 8-bit CSI)
    "\u00ad\u061c\u180e\u200b\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible, or overriding direction
    "\ud800-\udfff"  # halves of a surrogate pair
    "\U000e0000-\U000e007f"  # tag characters: ASCII that nobody sees
)
_JOINERS = "\u200c\u200d"
_VARIATIONS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_SUSPECT = re.compile(
    f"[{_ALWAYS}]"
    f"|(?<![^\x00-\x7f{_JOINERS}])[{_JOINERS}]|[{_JOINERS}](?![^\x00-\x7f])"  # that join nothing
    f"|(?<=[{_VARIATIONS}])[{_VARIATIONS}]"  # of a character, one is enough
)
_MAYBE_SUSPECT = re.compile(f"[{_ALWAYS}{_JOINERS}{_VARIATIONS}]")
"""One set of characters, which is looked for several times as fast."""
_CONTROL_PICTURES = 0x2400
_DELETE = 0x7F
_DELETE_PICTURE = "\u2421"
_END_OF_ASCII_CONTROLS = 0x20
_SURROGATE = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_HELD = frozenset(["\r", "\u200c", "\u200d", *map(chr, range(0xD800, 0xDC00))])
"""Last characters of a token that say what they are only with the next one."""


def safe(text: str) -> str:
    """Return `text` as it may be shown; line ends of other systems become newlines."""
    if _MAYBE_SUSPECT.search(text) is None:
        return text
    text = _PAIR.sub(_joined, text.replace("\r\n", "\n"))
    return _SUSPECT.sub(_shown, text)


def in_place(text: str) -> str:
    """Return `text` as it may be shown, with one character for each of its own, for where places in it count."""
    return text if _MAYBE_SUSPECT.search(text) is None else _SUSPECT.sub(_shown_in_place, text)


def one_line(text: str) -> str:
    """Return `text` as it may be shown on one line: white space folded."""
    return safe(" ".join(text.split()))


def exact(text: str) -> str:
    """Return `text` as UTF-8 can carry it: halves of a surrogate pair joined, and lone ones replaced by U+FFFD."""
    if _SURROGATE.search(text) is None:
        return text
    return _SURROGATE.sub("\ufffd", _PAIR.sub(_joined, text))


class SafeText:
    """`safe` (or `exact`) for a text that comes in tokens: the same result however it was cut."""

    __slots__ = ("_before", "_held", "_make")

    def __init__(self, make: Callable[[str], str] = safe) -> None:
        self._make = make
        self._held = ""
        self._before = ""
        """The last character that was taken: what follows may depend on it."""

    def feed(self, token: str) -> str:
        """Return what can be shown of the text so far and was not returned before."""
        if not self._held and _MAYBE_SUSPECT.search(token) is None:  # most of them
            self._before = token[-1:] or self._before
            return token
        token = self._held + token
        self._held = token[-1:] if token[-1:] in _HELD else ""
        return self._made(token[:-1] if self._held else token, self._held)

    def end(self) -> str:
        """Return the rest."""
        held, self._held = self._held, ""
        rest = self._made(held, "")
        self._before = ""
        return rest

    def _made(self, text: str, after: str) -> str:
        """Return what is shown of a text, which what is around it has a part in."""
        if not text:
            return ""
        before, self._before = self._before, text[-1]
        made = self._make(before + text + after)
        return made[len(self._make(before)) : len(made) - len(self._make(after))]


def _joined(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")


def _shown(character: re.Match[str]) -> str:
    code = ord(character[0])
    if code < _END_OF_ASCII_CONTROLS:
        return chr(_CONTROL_PICTURES + code)
    return _DELETE_PICTURE if code == _DELETE else f"⟨U+{code:04X}⟩"


def _shown_in_place(character: re.Match[str]) -> str:
    shown = _shown(character)
    return shown if len(shown) == 1 else "\ufffd"
