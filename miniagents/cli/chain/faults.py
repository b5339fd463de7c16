"""What went wrong with a chain, in lines: every fault of its file, or the step whose agent has failed.

In: an error. Out: lines on standard error, an exit code. Never: what is no business of a chain's.
"""

from typing import Final

from ...chains.calls import place_of
from ...errors import ChainFileError, LimitReachedError, SettingsError
from ..tell import in_words, tell

__all__ = ["told"]

_FAILED: Final = 1
_USAGE: Final = 2
_LIMIT: Final = 3


def told(error: Exception) -> int | None:
    """Tell of an error, and return the exit code; None if there is nothing that others would not tell as well."""
    if isinstance(error, ChainFileError):
        for line in str(error).splitlines():
            tell(line)
        return _USAGE
    where = place_of(error)
    if isinstance(error, LimitReachedError) or where:
        trail = "".join(f" ({note})" for note in getattr(error, "__notes__", ()) if note not in in_words(error))
        tell((f"{where}: " if where else "") + in_words(error) + trail)
        return (
            _LIMIT if isinstance(error, LimitReachedError) else _USAGE if isinstance(error, SettingsError) else _FAILED
        )
    return None
