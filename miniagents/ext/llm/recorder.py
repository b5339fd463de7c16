"""Where a recorder is found, if the replies of models are recorded or replayed here: see `recording`.

In: a recorder that is entered. Out: that recorder, for all that is called inside. Never: a recording itself, for which
nobody pays who has none.
"""

from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, Optional

if TYPE_CHECKING:
    from .recording import Recorder

__all__ = ["RECORDER"]

RECORDER: Final[ContextVar[Optional["Recorder"]]] = ContextVar("miniagents recorder", default=None)
"""Who keeps, or gives again, what models reply here; None where they are just asked."""
