"""A person's terminal: a prompt that is there at once, and a painter above it. What they are for comes later.

In: settings. Out: texts that were typed; a painter. Never: an agent, a message; what takes long to import.
"""

import asyncio
import sys
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..ext.interrupts import on_interrupt
from ..safe_text import one_line
from .display.above_prompt import AbovePrompt, BatchedOutput
from .display.lines import Lines
from .display.looks import is_dumb
from .display.plain_stream import folded
from .display.terminal_writer import TerminalWriter
from .prompt.completion import Completions
from .prompt.prompt import Prompt
from .prompt.toolbar import KEYS
from .tell import told_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .config.settings import Settings
    from .display.live import Painter
    from .session import Session

__all__ = ["Terminal"]


class Terminal:
    """Where a person sits."""

    def __init__(self, settings: "Settings", keys: "Sequence[str]" = KEYS) -> None:
        """Make it; a new person is told of these keys."""
        self._writer = TerminalWriter(sys.stdout)
        self._left = AsyncExitStack()
        self.session: Session | None = None
        """Whom the keys, the toolbar and the completion speak of, when there is one."""
        self.words: dict[str, str] = {}
        lines_only = is_dumb(settings.environment)
        self.prompt = Prompt(
            history_file=settings.config_dir / "history" if settings.save else None,
            completions=Completions(self.words, self._completed),
            toolbar=lambda: "" if self.session is None else self.session.toolbar(),
            vi=settings.vi,
            keys=keys,
            sink=None if lines_only else BatchedOutput(self._writer),
        )
        self.prompt.on_interrupt = self._interrupt
        self._is_interrupted = False
        """Whether what was said before there was a session is not to be answered."""
        self.painter: Painter = (
            Lines(self._writer.write, self._writer.size) if lines_only else AbovePrompt(self.prompt.app)
        )
        self.send = None if lines_only else self._writer.write
        """Gives the terminal a control sequence; None if it knows none."""

    def serve(self, session: "Session", words: "Mapping[str, str]") -> None:
        """Let keys, toolbar and completion speak of this session from now on, and know these words with their help."""
        self.session = session
        self.words.update(words)
        self.prompt.on_clear = session.give_up_edit
        if self._is_interrupted:
            session.interrupt()

    async def __aenter__(self) -> Self:
        """Show the prompt."""
        loop = asyncio.get_running_loop()

        def tell_soon(line: str) -> None:  # from whichever thread
            loop.call_soon_threadsafe(self._tell, line)

        self._left.enter_context(on_interrupt(self._interrupt_or_leave))
        self._left.enter_context(told_to(tell_soon))
        await self._left.enter_async_context(self.prompt)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Take the prompt away, and wait until all is on the terminal."""
        await asyncio.sleep(0)  # what was told in this turn of the loop
        await self._left.aclose()
        self._writer.finish()

    def _tell(self, line: str) -> None:
        """Show a line that somebody tells, also before there is a screen."""
        if self.session is not None:
            self.session.screen.tell(line)
        else:
            self.painter.paint(folded(one_line(line), self.painter.size()[0] - 1), [])

    def _completed(self, word: str, prefix: str) -> "Iterable[tuple[str, str]]":
        return () if self.session is None else self.session.completed(word, prefix)

    def _interrupt(self) -> bool:
        """End the answer, also the one to something that was said too early; say whether there is one."""
        if self.session is not None:
            return self.session.interrupt()
        self._is_interrupted = bool(self.prompt.queued)
        return self._is_interrupted

    def _interrupt_or_leave(self) -> None:
        """Do what a signal asks for that is no key: end the answer, or else the chat."""
        if not self._interrupt():
            self.prompt.leave()
