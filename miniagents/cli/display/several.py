"""Several agents at once: one is read as it comes, each of the others has a row that says how far it is.

In the scrollback there is one section an agent, in order, whatever came when. When the one in focus has ended, what the
next one has said meanwhile is shown at once, and it goes on live.

In: the promises of messages. Out: sections of rows on a painter. Never: a terminal, why the agents work at once.
"""

import asyncio
from collections.abc import AsyncIterable, Callable
from typing import TYPE_CHECKING, Final

from ...safe_text import one_line
from ..markdown.rows import Row, cells
from ..tell import in_words
from .frames import Frames
from .live import NOTHING, Painter
from .plain_stream import cut, folded
from .reply_view import PATIENCE_S, SPINNER, TICK_S, Look, Reply, quiet_line

if TYPE_CHECKING:
    from ...messages import MessagePromise

__all__ = ["SeveralView", "name_of"]

_MOST_STATUS_ROWS: Final = 5
_LAST_CHARACTERS: Final = 200
"""More than a status row shows of what an agent said last."""


def name_of(promise: "MessagePromise") -> str:
    """Return the name of who says it: the agent's, and the model's where it has one."""
    metadata = promise.known_beforehand.get("metadata", {})
    names = [one_line(str(metadata[key])) for key in ("agent", "model") if metadata.get(key)]
    return " · ".join(names) or one_line(str(promise.known_beforehand.get("role") or "agent"))


class _Section:
    """One agent's message, taken in by a task of its own whether it is shown or not."""

    def __init__(self, promise: "MessagePromise", name: str, look: Look, changed: Callable[[], None]) -> None:
        self.name = name
        self.reply = Reply(look, asyncio.get_running_loop().time, name)
        self.quiet_line = ""
        self.error: Exception | None = None
        self.is_beside_others = False
        """Whether another one was still in focus when it began."""
        self.task = asyncio.create_task(self._read(promise, changed))
        self._last = ""

    async def _read(self, promise: "MessagePromise", changed: Callable[[], None]) -> None:
        pieces = promise.parts()
        while True:
            try:
                piece = await anext(pieces)
            except StopAsyncIteration:
                break
            except Exception as error:  # noqa: BLE001 - told in the section, and given to whoever shows it
                self.error = error
                return
            self.reply.take(piece)
            if isinstance(piece, str):
                self._last = (self._last + piece)[-_LAST_CHARACTERS:]
            changed()
        self.reply.whole = await promise
        self.quiet_line = quiet_line(self.reply.whole.metadata)

    def status(self, look: Look, width_cells: int, turn: int) -> Row:
        """Return its row while another one is in focus."""
        sign = SPINNER[turn % len(SPINNER)] if not self.task.done() else "✗" if self.error else "✓"
        count = f"{self.reply.pieces:,} token{'s' if self.reply.pieces != 1 else ''}"
        row = f"{sign} {self.name} · {count}"
        words = one_line(self._last)
        room = width_cells - cells(row) - len(" · …")
        while words and cells(words) > room:
            words = words[1:]
        return look.quiet(f"{row} · …{words}" if words else row, width_cells)

    def end(self, look: Look, width_cells: int, untold: tuple[type[Exception], ...]) -> list[Row]:
        """Return all the rest of it."""
        rows = self.reply.end(width_cells, self.quiet_line)
        if self.error is not None and not isinstance(self.error, untold):
            rows += folded(one_line(in_words(self.error)), width_cells, "\x1b[31m" if look.colours else "")
        return rows


class SeveralView:
    """Shows messages that come at once, in sections."""

    def __init__(self, painter: Painter, look: Look | None = None, *, untold: tuple[type[Exception], ...] = ()) -> None:
        """Make it; errors that are `untold` are only returned, for whoever shows the messages to tell."""
        self._painter = painter
        self._look = look or Look()
        self._untold = untold
        self._sections: list[_Section] = []
        self._at = 0
        self._nobody: Reply | None = None
        """What is shown before anybody has begun: that they are waited for."""
        self._titled = -1
        """The last section whose title is there."""
        self._frames = Frames(self._paint, painter.is_ready)

    @property
    def has_shown(self) -> bool:
        """Whether there was a message to show."""
        return bool(self._sections)

    async def show(
        self,
        promises: "AsyncIterable[MessagePromise]",
        name: Callable[["MessagePromise"], str] = name_of,
        waits_for: str = "",
    ) -> list[Exception]:
        """Show all of them; return the errors of those that failed, each of which was told in its section.

        Where it is cancelled, all that came is shown before. Until the first begins, a spinner says that `waits_for` is
        waited for.

        Raises:
            Exception: What gives the promises has failed; those that there are were shown before.
        """
        self._sections, self._at, self._titled = [], 0, -1
        self._nobody = Reply(self._look, asyncio.get_running_loop().time, waits_for)
        came = asyncio.Event()
        gathering = asyncio.create_task(self._gather(promises, name, came))
        self._frames.ask_in(PATIENCE_S)
        try:
            while await self._has_next(gathering, came):
                await asyncio.wait([self._sections[self._at].task])
                self._sections[self._at].task.result()
                self._end_section()
                self._frames.ask()
            gathering.result()
        finally:
            await _end([gathering, *(section.task for section in self._sections)])
            try:
                self._frames.stop()
            finally:
                self._end_all()
        return [section.error for section in self._sections if section.error is not None]

    async def _gather(
        self,
        promises: "AsyncIterable[MessagePromise]",
        name: Callable[["MessagePromise"], str],
        came: asyncio.Event,
    ) -> None:
        """Begin a section for each message that there is."""
        try:
            async for promise in promises:
                section = _Section(promise, name(promise), self._look, self._frames.ask)
                section.is_beside_others = self._at < len(self._sections)
                self._sections.append(section)
                came.set()
        finally:
            came.set()

    async def _has_next(self, gathering: "asyncio.Task[None]", came: asyncio.Event) -> bool:
        while self._at == len(self._sections):
            if gathering.done():
                return False
            came.clear()
            await came.wait()
        return True

    def _paint(self) -> None:
        columns, rows = self._painter.size()
        others = self._others(columns - 1, rows)
        if self._at < len(self._sections):
            section = self._sections[self._at]
            laid = section.reply.advance(columns - 1, max(1, rows - len(others)))
            self._painter.paint([*self._title(columns - 1), *laid.finished], [*laid.tail, *others])
        elif self._nobody is not None and not self._sections:
            self._painter.paint([], self._nobody.advance(columns - 1, rows).tail)
        if not self._sections or any(not section.task.done() for section in self._sections[self._at :]):
            self._frames.ask_in(TICK_S)

    def _end_all(self) -> None:
        """Write the rest of all of them."""
        while self._at < len(self._sections):
            self._end_section()
        if not self._sections:
            self._painter.paint([], [])
        self._painter.close()

    def _end_section(self) -> None:
        """Write the rest of the one in focus, and turn to the next."""
        columns, rows = self._painter.size()
        finished = [*self._title(columns - 1), *self._sections[self._at].end(self._look, columns - 1, self._untold)]
        others = self._others(columns - 1, rows)
        self._at += 1
        self._painter.paint(finished, others)

    def _title(self, width_cells: int) -> list[Row]:
        """Return what is above the section in focus, if it is not there yet; one that comes by itself needs none."""
        if self._titled == self._at:
            return []
        self._titled = self._at
        if not self._sections[self._at].is_beside_others and self._at == len(self._sections) - 1:
            return [NOTHING] if self._at else []
        text = cut(self._sections[self._at].name, width_cells)
        row = Row(f"\x1b[1m{text}\x1b[0m" if self._look.colours else text, cells(text))
        return [NOTHING, row] if self._at else [row]

    def _others(self, width_cells: int, height_rows: int) -> list[Row]:
        """Return a row for each of those that wait for the focus, as far as they fit into half the screen."""
        waiting = self._sections[self._at + 1 :]
        most = min(_MOST_STATUS_ROWS, height_rows // 2)
        shown = waiting if len(waiting) <= most else waiting[: max(0, most - 1)]
        turn = round(asyncio.get_running_loop().time() / TICK_S)
        rows = [section.status(self._look, width_cells, turn) for section in shown]
        more = len(waiting) - len(shown)
        if more and most:
            rows.append(self._look.quiet(f"+{more} more", width_cells))
        return rows


async def _end(tasks: "list[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
