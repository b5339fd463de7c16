"""An error that is kept, to be raised again at each of its readers.

One error may have many readers, in many tasks, long after it happened. So that its traceback shows the user's own code
and does not grow from reader to reader, the frames of the place where it happened are kept once, without ours, and
put back each time it is raised. The names of what it came through are kept beside it: the trail.
"""

from contextlib import suppress
from types import FrameType, TracebackType

__all__ = ["Failure", "told", "trail_of"]

_OUR_MODULES = tuple(
    f"miniagents.{name}" for name in ("promising", "message", "recipe", "pieces", "persistence", "miniagents", "utils")
)
"""Modules whose frames say nothing to a person: they only carry what others do."""

_TRAIL = "__miniagents_trail__"
"""The attribute in which an error takes its trail along."""

_NOTE = "through: "


def trail_of(error: BaseException) -> tuple[str, ...]:
    """Return the names of the agents that the error came through, the one it happened in first."""
    trail: tuple[str, ...] = getattr(error, _TRAIL, ())
    return trail


def told(error: BaseException) -> str:
    """Return the name of the error's class and what the error says, if it says anything."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an error that cannot even say what it is
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class Failure:
    """An error as a piece of a stream: what it is, where it happened, whom it came through, who has seen it."""

    __slots__ = ("__weakref__", "_traceback", "error", "trail", "unread")

    def __init__(
        self,
        error: BaseException,
        name: str,
        *,
        before: "Failure | None" = None,
        unread: "dict[Failure, None] | None" = None,
    ) -> None:
        """Keep an error.

        Args:
            error: What ended the work called `name`.
            name: See there.
            before: The failure that this work had read the very same error from, if it had.
            unread: Where this failure stays until somebody reads it.
        """
        if isinstance(error, StopIteration | StopAsyncIteration):  # its readers would take it for the end
            error = _caused(RuntimeError(f"{name} raised {type(error).__name__}"), error)
        trail = before.trail if before is not None else ()
        self.error = error
        self.trail: tuple[str, ...] = trail if trail[-1:] == (name,) else (*trail, name)
        self._traceback: TracebackType | None = (
            before._traceback if before is not None else _without_our_frames(error.__traceback__)
        )
        self.unread = unread
        if unread is not None:
            unread[self] = None
        self.again(read=False)  # frees the frames of whoever failed by it

    def again(self, *, read: bool = True) -> BaseException:
        """Return the error as it was when it was kept, to be raised at one more reader."""
        if read and self.unread is not None:
            self.unread.pop(self, None)
            self.unread = None
        with suppress(Exception):  # some errors let nobody write on them; then they go without
            notes = [note for note in getattr(self.error, "__notes__", ()) if not note.startswith(_NOTE)]
            self.error.__notes__ = [*notes, _NOTE + " → ".join(self.trail)]
            setattr(self.error, _TRAIL, self.trail)
        with suppress(Exception):
            self.error.__traceback__ = self._traceback
        return self.error

    def in_one_line(self) -> str:
        """Return its type, its text and its trail, with nothing in it that could steer a terminal."""
        line = f"{told(self.error)} ({' → '.join(self.trail)})"
        return "".join(character if character.isprintable() else " " for character in line)


def _caused(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error.with_traceback(cause.__traceback__)


def _without_our_frames(traceback: TracebackType | None) -> TracebackType | None:
    entries = []
    while traceback is not None:
        if not _is_ours(traceback.tb_frame):
            entries.append(traceback)
        traceback = traceback.tb_next
    kept: TracebackType | None = None
    for entry in reversed(entries):
        kept = TracebackType(kept, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return kept


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith(_OUR_MODULES)
