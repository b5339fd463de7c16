"""Standard output for one answer where it is a terminal: Markdown as it streams, and a spinner until it begins.

In: message promises. Out: rows on the terminal. Never: a prompt; what is no terminal.
"""

import asyncio
import sys
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..output import Output
from ..tell import tell_at_once, told_to
from .frames import Frames
from .live import NOTHING, Live
from .reply_view import PATIENCE_S, TICK_S, Look, Reply, ReplyView
from .terminal_writer import TerminalWriter

if TYPE_CHECKING:
    from ...messages import MessagePromise

__all__ = ["ViewOutput"]


class ViewOutput(Output):
    """A terminal for replies."""

    def __init__(self, look: Look) -> None:
        """Make it; nothing is written before there is something to say."""
        self._look = look
        self._writer = TerminalWriter(sys.stdout)
        self._painter = Live(self._writer.write, self._writer.size, self._writer.is_ready)
        self._view = ReplyView(self._painter, look, tells=False)
        self._frames: Frames | None = None
        self._is_first = True
        self._is_still = asyncio.Event()
        self._is_still.set()
        self._listening = ExitStack()

    def start(self, model: str, transcript: str | None) -> None:  # noqa: ARG002 - a terminal is not told where it is
        """Say after a while that this model is waited for; from now on what is told comes above what is live."""
        self._listening.enter_context(told_to(self._tell))
        waiting = Reply(self._look, asyncio.get_running_loop().time, model)

        def paint() -> None:
            columns, rows = self._painter.size()
            self._painter.paint(*waiting.advance(columns - 1, rows))
            frames.ask_in(TICK_S)

        self._frames = frames = Frames(paint, self._painter.is_ready)
        frames.ask_in(PATIENCE_S)
        if not self._look.plain:
            from ..markdown.stream import warm  # noqa: PLC0415 - imports markdown-it and Rich, while one waits anyway

            threading.Thread(target=warm, name="warming", daemon=True).start()

    async def show(self, promise: "MessagePromise") -> None:
        """Show a message as it comes; a blank row keeps it from the one before."""
        self._wait_no_more()
        if not self._is_first:
            self._painter.paint([NOTHING], [])
        self._is_first = False
        self._is_still.clear()
        try:
            await self._view.show(promise)
        finally:
            self._is_still.set()

    async def settled(self) -> None:
        """Return when no message is being shown: the last frame of one comes a moment after its last token."""
        await self._is_still.wait()

    def finish(self, transcript: str | None) -> None:  # noqa: ARG002 - as above
        """Wait until all of it is on the terminal."""
        self._listening.close()
        self._wait_no_more()
        self._writer.finish()

    def fail(self, error: BaseException) -> None:  # noqa: ARG002 - the command line tells it
        """Leave what came."""
        self.finish(None)

    def _tell(self, line: str) -> None:
        self._painter.paint([], [])  # the next frame brings back what was live
        tell_at_once(line)

    def _wait_no_more(self) -> None:
        if self._frames is not None:
            frames, self._frames = self._frames, None
            frames.stop()
            self._painter.paint([], [])
