"""Rows for a terminal that can do nothing but go on to the next line (`TERM=dumb`, an editor's shell buffer).

In: rows. Out: lines, each written once. Never: a control sequence, a row that may still change.
"""

from collections.abc import Callable, Sequence

from ..markdown.rows import Row

__all__ = ["Lines"]


class Lines:
    """A painter that shows what is finished; rows without colours are what it is for."""

    def __init__(self, write: Callable[[str], None], size: Callable[[], tuple[int, int]]) -> None:
        """Make it; `write` writes at once, `size` gives columns and rows."""
        self._write = write
        self.size = size

    def paint(self, finished: Sequence[Row], tail: Sequence[Row]) -> None:  # noqa: ARG002 - it is finished later
        """Write the finished rows."""
        if finished:
            self._write("".join(f"{row.text}\n" for row in finished))

    def close(self) -> None:
        """Do nothing: there is no tail."""

    def is_ready(self) -> bool:
        """Say that there is nothing to wait for."""
        return True
