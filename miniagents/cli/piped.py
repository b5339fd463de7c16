"""What standard input brings where it is no terminal.

In: the words of the command line, standard input. Out: the prompt. Never: an agent, a terminal.
"""

import os
import select
import stat
import sys
import threading
from collections.abc import Callable, Sequence

__all__ = ["prompt_from"]

_PATIENCE_S = 1.0
"""How long a silent standard input is waited for, and then how soon a person is told that it is waited for."""


def prompt_from(
    words: Sequence[str], tell: Callable[[str], None], *, reads: bool = True, needs: bool = True
) -> str | None:
    """Return the words, and behind a blank line what standard input brings; None if there is neither.

    Without words, or with `-` among them, standard input is read to its end, however long that takes. With words, or
    where no prompt is needed, one that stays open and silent for a second is left alone. A terminal is read only where
    `-` asks for it.

    Args:
        words: The arguments of the command line.
        tell: Given what a person should know: that we wait, that we do not, that the input was not UTF-8.
        reads: Whether standard input is for the prompt at all.
        needs: Whether nothing can be done without a prompt.
    """
    said = " ".join(word for word in words if word != "-")
    brought = _brought(forced="-" in words, optional=bool(said) or not needs, tell=tell) if reads else ""
    return "\n\n".join(part for part in (said, brought) if part) or None


def _brought(*, forced: bool, optional: bool, tell: Callable[[str], None]) -> str:
    if sys.stdin is None or sys.stdin.closed:
        return ""
    descriptor = sys.stdin.fileno()
    if os.isatty(descriptor) and not forced:
        return ""
    if optional and not forced and not _speaks(descriptor):
        tell("standard input is open but silent, so it is left alone; `-` reads it to its end")
        return ""
    waiting = threading.Timer(_PATIENCE_S, tell, ["reading standard input to its end…"])
    waiting.daemon = True
    waiting.start()
    try:
        read = sys.stdin.buffer.read()
    finally:
        waiting.cancel()
    try:
        text = read.decode("utf-8")
    except UnicodeDecodeError as error:
        text = read.decode("utf-8", "replace")
        tell(f"standard input is not UTF-8 (byte {error.start}); what could not be read is shown as \ufffd")
    return text.rstrip("\r\n")


def _speaks(descriptor: int) -> bool:
    """Say whether there is something to read, or the end, or will be soon."""
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return True
    return bool(select.select([descriptor], [], [], _PATIENCE_S)[0])
