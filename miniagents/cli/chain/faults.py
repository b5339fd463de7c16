"""What went wrong with a chain, in lines: every fault of its file, or the step whose agent has failed.

In: an error. Out: lines on standard error, an exit code. Never: what is no business of a chain's.
"""

import re
from typing import Final

from ...chains.calls import place_of, where_of
from ...errors import ChainFileError, LimitReachedError, SettingsError
from ..output import ReaderGoneError
from ..tell import in_words, tell

__all__ = ["told"]

_FAILED: Final = 1
_USAGE: Final = 2
_LIMIT: Final = 3
_NAME: Final = re.compile(r"[\w-]+")


def told(error: Exception) -> int | None:
    """Tell of an error, and return the exit code; None if there is nothing that others would not tell as well."""
    if isinstance(error, ChainFileError):
        for line in str(error).splitlines():
            tell(line)
        return _USAGE
    if isinstance(error, ReaderGoneError):
        return None
    place, where = place_of(error), where_of(error)
    if not place and not isinstance(error, LimitReachedError):
        return None
    words = in_words(error)
    trail = "".join(f" ({note})" for note in getattr(error, "__notes__", ()) if note not in words)
    who = where.agent if where is not None and where.agent not in _NAME.findall(words + trail) else ""
    tell(": ".join(filter(None, (place, who, words))) + trail)
    return _LIMIT if isinstance(error, LimitReachedError) else _USAGE if isinstance(error, SettingsError) else _FAILED
