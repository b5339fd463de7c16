"""Titles of chats: the one a person gave, or the first thing that they said.

In: messages. Out: one short line. Never: a model, a file.

A title that nobody gave is not written down: it is made anew wherever it is shown, which takes a microsecond. So no
program rewrites a transcript that others write to, unless a person asks for another title.
"""

import re
from typing import TYPE_CHECKING

from ...safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...messages import Message

__all__ = ["derived_title"]

_TITLE_CHARACTERS = 60
"""What fits on a line of 80 beside an id's last digits, or alone in a narrow column."""
_READ_CHARACTERS = 2000
"""As much of a message as is looked at."""
_MARKS = re.compile(r"^(?:[#>*+\-\s]|\d+[.)]\s)+|[*`_~]{1,3}(?=\W|$)|(?<!\w)[*`_~]{1,3}")


def derived_title(messages: "Iterable[Message]") -> str:
    """Return the beginning of what a person said first, "" if they said nothing yet."""
    text = next((message.text for message in messages if message.role == "user" and message.text.strip()), "")
    lines = (one_line(_MARKS.sub("", line.strip())) for line in text[:_READ_CHARACTERS].splitlines())
    return _cut(next((line for line in lines if any(map(str.isalnum, line))), ""))


def _cut(line: str) -> str:
    if len(line) <= _TITLE_CHARACTERS:
        return line
    cut = line[:_TITLE_CHARACTERS]
    words = cut.rpartition(" ")[0] if line[_TITLE_CHARACTERS] != " " else cut
    # a language without spaces is cut where it must be
    return f"{(words if len(words) > _TITLE_CHARACTERS // 2 else cut).rstrip(' ,;:.-')}…"
