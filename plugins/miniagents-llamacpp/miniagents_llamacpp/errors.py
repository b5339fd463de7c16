"""What can go wrong with a model on this machine, as members of the family in `miniagents.errors`.

A refused request is a `RequestRefusedError`, a generation that failed a `ProviderFailedError`, as with any provider.
"""

from miniagents.errors import ModelError, ModelNotFoundError

__all__ = ["ModelFileError", "PullError", "one_line"]

_LONGEST = 300  # characters of a foreign text that still read as one line of a report


class ModelFileError(ModelNotFoundError):
    """There is no usable model in the file; `host` is its path."""


class PullError(ModelError):
    """The default model could not be fetched; nothing half is left behind."""


def one_line(text: object) -> str:
    """Make one line without a full stop out of whatever another program said."""
    line = " ".join(str(text).split()).rstrip(".")
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
