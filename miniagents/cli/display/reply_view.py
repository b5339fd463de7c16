"""One reply as a person sees it: a spinner until it begins, thoughts while they last, text as it comes, a quiet line.

    MessagePromise.parts() ─→ Reply: blocks ─→ rows ─frames─→ Painter

In: message promises. Out: rows, safe to show. Never: a terminal, which agent it is, what becomes of an error.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from ...by_part import Bursts
from ...content import Part, Text, Thinking, described
from ...safe_text import SafeText, one_line
from ..markdown.rows import Row
from .frames import Frames
from .live import NOTHING, Painter
from .plain_stream import Laid, PlainStream, cut, quiet

if TYPE_CHECKING:
    from ...messages import Message, MessagePromise
    from .renderers import Renderers

__all__ = ["PATIENCE_S", "SPINNER", "TICK_S", "Look", "Reply", "ReplyView", "quiet_line"]

SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
TICK_S: Final = 0.1
"""A spinner that turns faster looks no better."""
PATIENCE_S: Final = 0.2
"""What comes sooner needs no spinner before it."""
_THOUGHT_ROWS: Final = 8
"""Thoughts are for a glance; more of them would push away what one reads."""
_MOST_SHOWN: Final = 4000
"""Characters of a thought, or of what a tool said, that are looked at: more than these rows have on any screen."""
_LEAST_TIME_S: Final = 0.05
"""What came in less time came in one piece, and has no speed."""


class _Stream(Protocol):
    def feed(self, text: str) -> None: ...

    def advance(self, width_cells: int, height_rows: int) -> "_Frame": ...

    def end(self, width_cells: int) -> list[Row]: ...


class _Frame(Protocol):
    @property
    def finished(self) -> Sequence[Row]: ...

    @property
    def tail(self) -> Sequence[Row]: ...


@dataclass(frozen=True, slots=True)
class Look:
    """How replies look."""

    colours: bool = True
    plain: bool = False
    """Whether Markdown is shown as it is written."""
    renderers: "Renderers | None" = None
    """What plugins show of messages of their own classes."""

    def stream(self) -> _Stream:
        """Return what lays out a text."""
        if self.plain:
            return PlainStream()
        from ..markdown.stream import MarkdownStream  # noqa: PLC0415 - imports markdown-it and Rich

        return MarkdownStream(colours=self.colours)

    def quiet(self, text: str, width_cells: int) -> Row:
        """Return a dim row."""
        return quiet(cut(text, width_cells), colours=self.colours)


class _Said:
    """Text. Pieces are only looked at when they are painted, many at a time."""

    is_text = True

    def __init__(self, look: Look) -> None:
        self._stream = look.stream()
        self._safe = SafeText()
        self._pieces: list[str] = []
        self.take = self._pieces.append

    def advance(self, width_cells: int, height_rows: int) -> _Frame:
        self._feed()
        return self._stream.advance(width_cells, height_rows)

    def end(self, width_cells: int) -> list[Row]:
        self._feed()
        self._stream.feed(self._safe.end())
        return self._stream.end(width_cells)

    def _feed(self) -> None:
        self._stream.feed(self._safe.feed("".join(self._pieces)))
        self._pieces.clear()


class _Thoughts:
    """What is thought: shown dim while it comes, and folded away at its end."""

    is_text = False

    def __init__(self, look: Look, now_s: float) -> None:
        self._look = look
        self._begun_s = now_s
        self.ended_s = now_s
        self._last = ""

    def take(self, piece: str) -> None:
        self._last = (self._last + piece)[-_MOST_SHOWN:]

    def advance(self, width_cells: int, height_rows: int) -> _Frame:
        safe = SafeText()
        stream = PlainStream(is_dim=self._look.colours)
        stream.feed(safe.feed(self._last) + safe.end())
        return Laid((), stream.end(width_cells)[-min(_THOUGHT_ROWS, height_rows) :])

    def end(self, width_cells: int) -> list[Row]:
        took_s = self.ended_s - self._begun_s
        return [self._look.quiet(f"thought for {took_s:.1f} s" if took_s else "thought", width_cells)]


class _Note:
    """Another part, in one line."""

    is_text = False

    def __init__(self, look: Look, part: Part) -> None:
        self._look = look
        self._line = one_line(described([part])[:_MOST_SHOWN])

    def end(self, width_cells: int) -> list[Row]:
        return [self._look.quiet(self._line, width_cells)]


class Reply:
    """A message as it comes, as rows."""

    def __init__(self, look: Look, clock: Callable[[], float], waits_for: str = "") -> None:
        """Begin to wait; `waits_for` is the name of who answers."""
        self._look = look
        self._clock = clock
        self._begun_s = clock()
        self._waits_for = one_line(waits_for)
        self.is_waiting = True
        """Whether nothing has come yet."""
        self.pieces = 0
        """How many tokens came, thoughts included."""
        self.whole: Message | None = None
        """The message, when it is whole; then it may be shown by a plugin too."""
        self._over: list[_Said | _Thoughts | _Note] = []
        self._now: _Said | _Thoughts | None = None
        self._was_text: bool | None = None
        """Whether the last row was of a text, None if there is none."""

    def take(self, piece: str | Part) -> None:
        """Take what comes next."""
        self.is_waiting = False
        if isinstance(piece, str):
            self.pieces += 1
            now = self._now
            if piece.__class__ is str:
                if now.__class__ is not _Said:
                    self._end_block()
                    now = self._now = _Said(self._look)
            elif now.__class__ is not _Thoughts:
                self._end_block()
                now = self._now = _Thoughts(self._look, self._clock())
            now.take(piece)
            return
        before = self._end_block()
        if isinstance(piece, Text):
            if not isinstance(before, _Said):  # else that was it, token by token
                self._now = _Said(self._look)
                self._now.take(piece.text)
                self._end_block()
        elif not isinstance(piece, Thinking):
            self._over.append(_Note(self._look, piece))
        elif not isinstance(before, _Thoughts):
            self._over.append(_Thoughts(self._look, self._clock()))

    def advance(self, width_cells: int, height_rows: int) -> Laid:
        """Return the rows that are finished since the last time, and those that are not."""
        finished = self._finished(width_cells)
        if self.is_waiting:
            return Laid(finished, self._spinner(width_cells))
        if self._now is None:
            return Laid(finished, ())
        frame = self._now.advance(width_cells, height_rows - 1)
        is_text = self._now.is_text
        finished += self._parted(frame.finished, is_text=is_text)
        parted = frame.tail and self._was_text not in {None, is_text}
        return Laid(finished, [NOTHING, *frame.tail] if parted else frame.tail)

    def end(self, width_cells: int, last: str = "") -> list[Row]:
        """Return all the rest, whatever came of it, and below it one quiet line."""
        self._end_block()
        self.is_waiting = False
        rows = self._finished(width_cells)
        if self.whole is not None and self._look.renderers is not None:
            rows += self._look.renderers.rows(self.whole, width_cells, colours=self._look.colours)
        return [*rows, self._look.quiet(last, width_cells)] if last else rows

    def _finished(self, width_cells: int) -> list[Row]:
        rows: list[Row] = []
        for block in self._over:
            rows += self._parted(block.end(width_cells), is_text=block.is_text)
        self._over.clear()
        return rows

    def _parted(self, rows: Sequence[Row], *, is_text: bool) -> Sequence[Row]:
        """Return the rows, with an empty one before them that keeps a text from what is none."""
        if not rows:
            return rows
        was_text, self._was_text = self._was_text, is_text
        return rows if was_text in {None, is_text} else [NOTHING, *rows]

    def _end_block(self) -> "_Said | _Thoughts | None":
        now, self._now = self._now, None
        if isinstance(now, _Thoughts):
            now.ended_s = self._clock()
        if now is not None:
            self._over.append(now)
        return now

    def _spinner(self, width_cells: int) -> list[Row]:
        waited_s = self._clock() - self._begun_s
        turn = SPINNER[round(waited_s / TICK_S) % len(SPINNER)]
        whom = f" for {self._waits_for}" if self._waits_for else ""
        return [self._look.quiet(f"{turn} waiting{whom}… {waited_s:.1f} s", width_cells)]


class ReplyView:
    """Shows replies on a painter, one after the other."""

    def __init__(self, painter: Painter, look: Look | None = None, *, tells: bool = True) -> None:
        """Make it; `tells` says whether there is a quiet line below each reply."""
        self._painter = painter
        self._look = look or Look()
        self._tells = tells

    async def show(self, promise: "MessagePromise") -> None:
        """Show a reply as it comes; what came of one that fails, or is cancelled, is shown whole before that is raised.

        Raises:
            Exception: What the reply failed by, or a terminal that cannot be written to.
        """
        model = promise.known_beforehand.get("metadata", {}).get("model", "")
        reply = Reply(self._look, asyncio.get_running_loop().time, str(model))

        def paint() -> None:
            columns, rows = self._painter.size()
            self._painter.paint(*reply.advance(columns - 1, rows))
            if reply.is_waiting:
                frames.ask_in(TICK_S)

        frames = Frames(paint, self._painter.is_ready)
        bursts = Bursts(promise, frames.pause_s)
        frames.ask_in(PATIENCE_S)
        last = ""
        try:
            async for pieces in bursts:
                for piece in pieces:
                    reply.take(piece)
                frames.ask()
            reply.whole = await promise
            last = quiet_line(reply.whole.metadata) if self._tells else ""
        finally:
            try:
                frames.stop()
            finally:
                for piece in bursts.rest():
                    reply.take(piece)
                self._painter.paint(reply.end(self._painter.size()[0] - 1, last), ())
                self._painter.close()


def quiet_line(metadata: Mapping[str, Any]) -> str:
    """Return what there is to know of a reply: who, how much, how fast, for how much; "" if nothing is."""
    tokens = (metadata.get("usage") or {}).get("out")
    told = [one_line(str(metadata["model"]))] if metadata.get("model") else []
    if tokens:
        told.append(f"{tokens:,} token{'s' if tokens != 1 else ''}")
        took_s = (metadata.get("latency_s") or 0.0) - (metadata.get("first_token_s") or 0.0)
        if took_s >= _LEAST_TIME_S:
            told.append(f"{tokens / took_s:,.0f} tokens/s")
    cost = metadata.get("cost_usd")
    if cost:
        told.append(f"${cost:,.2f}" if cost >= 1 else f"${cost:.4f}")
    return " · ".join(told)
