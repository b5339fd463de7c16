"""The text of a paragraph, a heading or a cell: emphasis, code, links, images.

In: its source. Out: runs, in which a newline is a break that the source demands. Never: where they wrap.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from rich.style import Style

from ...safe_text import safe
from .runs import Run, merged
from .styles import CODE, DIM, EMPHASIS, LINK, PLAIN, STRIKE, STRONG

if TYPE_CHECKING:
    from markdown_it.token import Token

__all__ = ["GOES_ON", "inline", "plain"]

GOES_ON = "\u2060"
"""Stands before the rest of a paragraph whose beginning is finished; text that was made safe has none of its own."""

_STYLES = {"em": EMPHASIS, "strong": STRONG, "s": STRIKE}
_SPACE = re.compile(r"[ \n\t]+")
_NOT_IN_URL = re.compile(r"[^!-~]")
_OPENED = re.compile("https?://|mailto:", re.IGNORECASE)
"""What a click may open; a `file:` or an application's own scheme might do more than show a page."""
_CACHED = 1024
"""Texts whose runs are kept: the cells of the table that grows, and the items of a list."""


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("strikethrough")


@lru_cache(maxsize=_CACHED)
def inline(source: str, *, marks: bool = False) -> tuple[Run, ...]:
    """Return the runs of `source`; with `marks` code keeps its backticks, for a reader without colours."""
    children = _parser().parseInline(source.replace(GOES_ON, ""))[0].children or []
    return tuple(_Reading(marks=marks).read(children))


def plain(source: str) -> str:
    """Return what of `source` is plain text, with a full stop for whatever else begins or ends."""
    children = _parser().parseInline(source.replace(GOES_ON, ""))[0].children or []
    return "".join([token.content if token.type == "text" else " " if token.tag == "br" else "." for token in children])


class _Reading:
    """One walk over the tokens of a text."""

    def __init__(self, *, marks: bool) -> None:
        self._marks = marks
        self._styles = [PLAIN]
        self._link = ""
        self._link_start = 0
        self._runs: list[Run] = []

    def read(self, tokens: list["Token"]) -> list[Run]:
        for token in tokens:
            self._token(token)
        return merged(self._runs)

    def _token(self, token: "Token") -> None:
        kind = token.type
        if kind == "softbreak":
            self._add(" ")
        elif kind == "hardbreak":
            self._add("\n", shown=False)
        elif kind == "code_inline":
            self._add(f"`{token.content}`" if self._marks else token.content, CODE)
        elif kind == "image":
            self._image(token)
        elif kind == "link_open":
            self._link, self._link_start = str(token.attrs["href"]), len(self._runs)
            self._styles.append(self._styles[-1] + LINK)
        elif kind == "link_close":
            self._close_link()
        elif kind.endswith("_open"):
            self._styles.append(self._styles[-1] + _STYLES[token.tag])
        elif kind.endswith("_close"):
            self._styles.pop()
        else:
            self._add(token.content)

    def _add(self, text: str, style: Style = PLAIN, *, shown: bool = True) -> None:
        if not text:
            return
        text = safe(_SPACE.sub(" ", text)) if shown else text
        self._runs.append(Run(text, self._styles[-1] + style, _clickable(self._link)))

    def _image(self, token: "Token") -> None:
        outside, self._link = self._link, str(token.attrs["src"])
        self._add(f"[{token.content or 'image'}]", EMPHASIS)
        self._link = outside
        self._runs.append(Run(f" ({_printable(str(token.attrs['src']))})", self._styles[-1] + DIM))

    def _close_link(self) -> None:
        self._styles.pop()
        text = "".join([run.text for run in self._runs[self._link_start :]])
        url, self._link = _printable(self._link), ""
        if url and text not in {url, url.removeprefix("mailto:"), url.removesuffix("/")}:
            self._runs.append(Run(f" ({url})", self._styles[-1] + DIM))


def _printable(url: str) -> str:
    return _NOT_IN_URL.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace")), url)


def _clickable(url: str) -> str:
    return _printable(url) if _OPENED.match(url) else ""
