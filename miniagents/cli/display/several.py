"""Several agents at once: one is read as it comes, each of the others has a row that says how far it is.

In the scrollback there is one section an agent, in order, whatever came when; of a crowd, as they began to speak. When
the one in focus has ended, what the next one has said meanwhile is shown at once, and it goes on live.

In: the promises of messages. Out: sections of rows on a painter. Never: a terminal, why the agents work at once.
"""

import asyncio
from collections.abc import AsyncIterable, Callable
from typing import TYPE_CHECKING, Final

from ...by_part import Bursts
from ...safe_text import one_line
from ..markdown.rows import Row, cells
from ..tell import in_words
from .frames import Frames
from .live import NOTHING, Painter
from .plain_stream import cut, folded
from .reply_view import PATIENCE_S, SPINNER, TICK_S, Look, Reply, quiet_line

if TYPE_CHECKING:
    from ...content import Part
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

    def __init__(self, promise: "MessagePromise", name: str, look: Look, frames: Frames, came: asyncio.Event) -> None:
        self.name = name
        self.reply = Reply(look, asyncio.get_running_loop().time, name)
        self.quiet_line = ""
        self.error: Exception | None = None
        self.is_result = promise.known_beforehand.get("role") == "tool"
        """Whether it is what tools said to an agent, which belongs to what that one says."""
        self.is_beside_others = False
        """Whether another one was still arriving when it began."""
        self.is_heard = False
        """Whether it has said something, or is over."""
        self._came = came
        self.task = asyncio.create_task(self._read(promise, frames))
        self.task.add_done_callback(lambda _: self._hear())
        self._last = ""

    async def _read(self, promise: "MessagePromise", frames: Frames) -> None:
        bursts = Bursts(promise, frames.pause_s)
        try:
            while True:
                try:
                    pieces = await anext(bursts)
                except StopAsyncIteration:
                    break
                except Exception as error:  # noqa: BLE001 - told in the section, and given to whoever shows it
                    self.error = error
                    return
                self._take(pieces)
                frames.ask()
        finally:
            self._take(bursts.rest())
        self.reply.whole = await promise
        self.quiet_line = quiet_line(self.reply.whole.metadata)

    def _take(self, pieces: "list[str | Part]") -> None:
        for piece in pieces:
            self.reply.take(piece)
            if isinstance(piece, str):
                self._last = (self._last + piece)[-_LAST_CHARACTERS:]
        if pieces and not self.is_heard:
            self._hear()

    def _hear(self) -> None:
        self.is_heard = True
        self._came.set()

    def status(self, look: Look, width_cells: int, turn: int) -> Row:
        """Return its row while another one is in focus."""
        sign = SPINNER[turn % len(SPINNER)] if not self.task.done() else "✗" if self.error else "✓"
        count = f"{self.reply.pieces:,} token{'s' if self.reply.pieces != 1 else ''}"
        row = f"{sign} {self.name} · {count if self.is_heard else 'waiting'}"
        words = one_line(self._last)
        room = width_cells - cells(row) - len(" · …")
        while words and cells(words) > room:
            words = words[1:]
        return look.quiet(f"{row} · …{words}" if words else row, width_cells)

    def end(self, look: Look, width_cells: int, untold: tuple[type[Exception], ...]) -> list[Row]:
        """Return all the rest of it."""
        rows = self.reply.end(width_cells, self.quiet_line)
        del self.reply  # and with it all that was said: some talks are long
        if self.error is not None and not isinstance(self.error, untold):
            rows += folded(one_line(in_words(self.error)), width_cells, "\x1b[31m" if look.colours else "")
        return rows


class SeveralView:
    """Shows messages that come at once, in sections."""

    def __init__(
        self,
        painter: Painter,
        look: Look | None = None,
        *,
        untold: tuple[type[Exception], ...] = (),
        is_crowd: bool = False,
    ) -> None:
        """Make it; errors that are `untold` are only returned, for whoever shows the messages to tell.

        Of a crowd, which is several agents in any case, each section has its title, and who speaks first comes first.
        """
        self._painter = painter
        self._look = look or Look()
        self._untold = untold
        self._is_crowd = is_crowd
        self._sections: list[_Section] = []
        self._unseen: list[_Section] = []
        """Those of which nothing is seen but that they work."""
        self._at = 0
        self._came = asyncio.Event()
        """That there is another section, or that one is heard."""
        self._nobody: Reply | None = None
        """What is shown before anybody has begun: that they are waited for."""
        self._titled = -1
        """The last section whose title is there."""
        self._last_name = ""
        """What the last title says."""
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
        is_seen: Callable[["MessagePromise"], bool] = lambda _: True,
    ) -> list[Exception]:
        """Show all of them; return the errors of those that failed, each of which was told in its section.

        Where it is cancelled, all that came is shown before. Until the first begins, a spinner says that `waits_for` is
        waited for. Of a message that is not to be seen there is a row while it comes.

        Raises:
            Exception: What gives the promises has failed; those that there are were shown before.
        """
        self._sections, self._unseen, self._at, self._titled, self._last_name = [], [], 0, -1, ""
        self._nobody = Reply(self._look, asyncio.get_running_loop().time, waits_for)
        gathering = asyncio.create_task(self._gather(promises, name, is_seen))
        gathering.add_done_callback(lambda _: self._came.set())
        self._frames.ask_in(PATIENCE_S)
        try:
            while await self._has_next(gathering):
                await asyncio.wait([self._sections[self._at].task])
                self._sections[self._at].task.result()
                self._end_section()
                self._frames.ask()
            if gathering.exception() not in [section.error for section in self._sections]:  # it was told there
                gathering.result()
        finally:
            await _end([gathering, *(section.task for section in (*self._sections, *self._unseen))])
            try:
                self._frames.stop()
            finally:
                self._end_all()
        return [section.error for section in self._sections if section.error is not None]

    async def settled(self) -> None:
        """Return when all that came until now is shown, and has ended; of a crowd, those who have said something."""
        while (section := self._focus()) is not None:
            await asyncio.wait([section.task])
            await asyncio.sleep(0)  # in which the view turns to the next
        self._last_name = ""

    async def _gather(
        self,
        promises: "AsyncIterable[MessagePromise]",
        name: Callable[["MessagePromise"], str],
        is_seen: Callable[["MessagePromise"], bool],
    ) -> None:
        """Begin a section for each message that there is."""
        async for promise in promises:
            section = _Section(promise, name(promise), self._look, self._frames, self._came)
            if is_seen(promise):
                others = (each for each in self._sections[self._at :] if not each.is_result)
                section.is_beside_others = self._is_crowd or any(not each.task.done() for each in others)
                self._sections.append(section)
            else:
                self._unseen.append(section)
            self._frames.ask_in(PATIENCE_S)
            self._came.set()

    async def _has_next(self, gathering: "asyncio.Task[None]") -> bool:
        """Wait until one is in focus, or all are over."""
        while self._focus() is None:
            if gathering.done() and self._at == len(self._sections):
                await asyncio.gather(*(section.task for section in self._unseen))
                return False
            self._came.clear()
            await self._came.wait()
        return True

    def _focus(self) -> _Section | None:
        """Return the one in focus, None if there is none: of a crowd, who goes on, or else whoever speaks first."""
        waiting = self._sections[self._at :]
        if not self._is_crowd or self._titled == self._at:
            return waiting[0] if waiting else None
        heard = (section for section in waiting if section.is_heard)
        first = min(heard, key=lambda section: section.name != self._last_name, default=None)
        if first is not None and first is not waiting[0]:
            self._sections.remove(first)
            self._sections.insert(self._at, first)
        return first

    def _paint(self) -> None:
        columns, rows = self._painter.size()
        section = self._focus()
        if section is not None and section.task.done():  # its end is painted next, if anything came
            return
        others = self._others(columns - 1, rows)
        if section is not None:
            laid = section.reply.advance(columns - 1, max(1, rows - len(others)))
            self._painter.paint([*self._title(columns - 1), *laid.finished], [*laid.tail, *others])
        elif others:
            self._painter.paint([], others)
        elif self._nobody is not None and not (self._sections or self._is_crowd):
            self._painter.paint([], self._nobody.advance(columns - 1, rows).tail)
        waiting = [*self._sections[self._at :], *self._unseen]
        if not (self._sections or self._is_crowd) or any(not section.task.done() for section in waiting):
            self._frames.ask_in(TICK_S)

    def _end_all(self) -> None:
        """Write the rest of all of them."""
        while self._at < len(self._sections):
            self._end_section()
        self._painter.paint([], [])  # nobody works any more
        self._painter.close()

    def _end_section(self) -> None:
        """Write the rest of the one in focus, and turn to the next."""
        columns, rows = self._painter.size()
        finished = self._sections[self._at].end(self._look, columns - 1, self._untold)
        if finished or not self._is_crowd:  # of whom nothing came, there is no section
            finished = [*self._title(columns - 1), *finished]
        others = self._others(columns - 1, rows)
        self._at += 1
        self._painter.paint(finished, others)

    def _title(self, width_cells: int) -> list[Row]:
        """Return what is above the section in focus, if it is not there yet; one that comes by itself needs none."""
        if self._titled == self._at:
            return []
        self._titled = self._at
        if self._sections[self._at].is_result and not self._is_crowd:
            return []
        if not any(section.is_beside_others for section in self._sections[self._at :]):
            return [NOTHING] if self._at else []
        name = self._sections[self._at].name
        if self._is_crowd and name == self._last_name:  # who goes on
            return [NOTHING]
        self._last_name = name
        text = cut(name, width_cells)
        row = Row(f"\x1b[1m{text}\x1b[0m" if self._look.colours else text, cells(text))
        return [NOTHING, row] if self._at else [row]

    def _others(self, width_cells: int, height_rows: int) -> list[Row]:
        """Return a row for each that waits for the focus or will not have it, as far as half the screen goes."""
        in_focus = self._focus()
        waiting = [section for section in self._sections[self._at :] if section is not in_focus]
        waiting += [section for section in self._unseen if not section.task.done()]
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
