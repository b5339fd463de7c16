"""Standard error: what a person should know that is not the reply. One line each, and a bar while something is fetched.

In: lines, errors, numbers of bytes. Out: safe text on standard error. Never: a reply.
"""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..errors import CallTimeoutError, MiniagentsError
from ..safe_text import one_line

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from ..messages import Message

__all__ = [
    "FetchBar",
    "hush",
    "in_words",
    "note",
    "tell",
    "tell_at_once",
    "tell_what_is_logged",
    "told_to",
    "what_is_missing",
]

_listeners: list[Callable[[str], None]] = []
"""Who is told instead of standard error; the last one is."""


def hush() -> None:
    """Let nothing be told from now on but what went wrong: neither notes nor the library's warnings."""
    logging.getLogger("miniagents").setLevel(logging.ERROR)


def note(line: str) -> None:
    """Tell what a person may like to know, unless they want to hear of errors only."""
    if _may_note():
        tell(line)


def _may_note() -> bool:
    return logging.getLogger("miniagents").isEnabledFor(logging.WARNING)


def tell(line: str) -> None:
    """Write one line, in our name: what went wrong."""
    if _listeners:
        _listeners[-1](line)
    else:
        tell_at_once(line)


def tell_at_once(line: str) -> None:
    """Write it on standard error, whoever listens."""
    if sys.stderr is not None:
        with suppress(OSError):  # nobody reads it
            sys.stderr.write(f"miniagents: {one_line(line)}\n")
            sys.stderr.flush()


@contextmanager
def told_to(listener: Callable[[str], None]) -> Iterator[None]:
    """Let `listener` have every line meanwhile, from whichever thread: standard error would write over its screen."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def tell_what_is_logged() -> None:
    """Let warnings of the library (a wait before another try, an error that nobody read) be told like all else."""
    logger = logging.getLogger("miniagents")
    logger.addHandler(_Teller(logging.WARNING))
    logger.propagate = False


class _Teller(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        tell(record.getMessage())


def in_words(error: Exception) -> str:
    """Return what went wrong, as a person wants it; of what should not have happened, also where it did."""
    if isinstance(error, CallTimeoutError):
        return f"{error}; give it longer (--timeout)"
    if isinstance(error, MiniagentsError):
        return str(error)
    if isinstance(error, OSError):
        named = f"{error.filename}: " if error.filename else ""
        return named + (error.strerror or str(error))
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = [] if trace is None else [f"{Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}"]
    where += getattr(error, "__notes__", [])
    return f"unexpected {type(error).__name__}: {error} ({'; '.join(where)})"


def what_is_missing(message: "Message") -> str | None:
    """Return what a person should know of a reply that ended before it was done, None if it is whole."""
    return _ENDS.get(message.metadata.get("finish_reason", ""))


_ENDS = {
    "length": "the reply ends here because it may have no more tokens; raise max_tokens (-o max_tokens=…, or /set)",
    "content_filter": "the reply ends here because the provider's content filter stopped it; rephrase the request",
}


class FetchBar:
    """How far a fetch has come: a bar on a terminal, one line elsewhere, nothing if nothing is fetched."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._told = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` bytes are there."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)
        elif not self._told:
            self._told = True
            if sys.stderr is not None and sys.stderr.isatty() and _may_note() and not _listeners:
                self._start(total)
            else:
                note(f"fetching {self._what} ({total / 1e6:.0f} MB), once…")

    def _start(self, total: int) -> None:
        from rich.console import Console  # noqa: PLC0415 - only where there is a bar to show
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

        columns = (TextColumn("fetching {task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(self._what, total=total)
        self._bar.start()
