"""The title of a transcript, in its first lines.

In: a transcript. Out: its title; the same transcript with another one. Never: what a good title is.
"""

import json
import os
import re
from contextlib import suppress

from ..safe_text import safe
from .transcript import locked, text_of, timestamp
from .transcript_copy import replace
from .transcript_format import front_matter

__all__ = ["retitle", "title_in"]

_FRONT_MATTER = re.compile(r"\A\ufeff?---\r?\n(?:(?!---\r?$).*\n)*?(?=---\r?$)", re.MULTILINE)
_TITLE_LINE = re.compile(r"^title:[ \t]*(.*?)[ \t]*\r?\n", re.MULTILINE)


def title_in(text: str) -> str:
    """Return the title that the first lines of a transcript say, "" if they say none."""
    front = _FRONT_MATTER.match(text)
    line = front and _TITLE_LINE.search(front[0])
    if not line:
        return ""
    said = line[1]
    if said.startswith('"'):
        with suppress(ValueError, RecursionError):
            said = json.loads(said)
    return " ".join(str(said).split())


def retitle(path: str | os.PathLike[str], title: str) -> None:
    """Give a transcript a title, none if it is "".

    The file is replaced by another one while it is locked: whoever waits for the lock writes to the new one, and who
    is killed here leaves the old one.

    Raises:
        TranscriptError: It cannot be read or written; then it is as it was.
    """
    with locked(path):
        replace(path, _titled(text_of(path), title).encode())


def _titled(text: str, title: str) -> str:
    title = " ".join(title.split())
    line = f"title: {json.dumps(title, ensure_ascii=safe(title) != title)}\n" if title else ""
    front = _FRONT_MATTER.match(text)
    if front is None:
        return front_matter(timestamp()).removesuffix("---\n") + f"{line}---\n{text}"
    head = _TITLE_LINE.sub("", front[0])
    return f"{head}{line}{text[front.end() :]}"
