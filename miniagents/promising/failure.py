"""An error that is kept, to be raised again at each of its readers.

One error may have many readers, in many tasks, long after it happened. So that its traceback shows the user's own code
and does not grow from reader to reader, the frames of the place where it happened are kept once, without ours, and
put back each time it is raised. The names of what it came through are kept beside it: the trail.
"""

from types import FrameType, TracebackType

__all__ = ["Failure", "trail_of"]

_OUR_MODULES = tuple(f"miniagents.{name}" for name in ("promising", "message", "pieces", "miniagents", "utils"))
"""Modules whose frames say nothing to a person: they only carry what others do."""

_MEMORY = "__miniagents_failure__"
"""The attribute that keeps (trail, traceback) on an error that has been kept once already."""


def trail_of(error: BaseException) -> tuple[str, ...]:
    """Return the names of the agents that the error came through, the one it happened in first."""
    return _recall(error)[0]


class Failure:
    """An error as a piece of a stream: what it is, where it happened, whom it came through, who has seen it."""

    __slots__ = ("_traceback", "error", "trail", "unread")

    def __init__(self, error: BaseException, name: str, unread: "dict[Failure, None] | None" = None) -> None:
        """Keep `error`, which ended the work called `name`; it stays in `unread` until somebody reads it."""
        trail, traceback = _recall(error)
        self._traceback = traceback if trail else _without_our_frames(error.__traceback__)
        self.error = error
        self.trail = trail if trail[-1:] == (name,) else (*trail, name)
        self.unread = unread
        if unread is not None:
            unread[self] = None
        self._imprint()

    def again(self) -> BaseException:
        """Return the error as it was when it was kept, to be raised at one more reader."""
        if self.unread is not None:
            self.unread.pop(self, None)
            self.unread = None
        self._imprint()
        return self.error.with_traceback(self._traceback)

    def in_one_line(self) -> str:
        """Return its type, its text and its trail, with nothing in it that could steer a terminal."""
        line = f"{type(self.error).__name__}: {self.error} ({' → '.join(self.trail)})"
        return "".join(character if character.isprintable() else " " for character in line)

    def _imprint(self) -> None:
        notes = [note for note in getattr(self.error, "__notes__", ()) if not note.startswith(_NOTE)]
        self.error.__notes__ = [*notes, _NOTE + " → ".join(self.trail)]
        setattr(self.error, _MEMORY, (self.trail, self._traceback))


_NOTE = "through: "


def _recall(error: BaseException) -> tuple[tuple[str, ...], TracebackType | None]:
    memory: tuple[tuple[str, ...], TracebackType | None] = getattr(error, _MEMORY, ((), None))
    return memory


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
