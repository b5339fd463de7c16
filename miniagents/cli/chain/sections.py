"""A run on a terminal: a section for each agent that speaks, a row for each of the others that work.

In: calls. Out: rows on the terminal. Never: a pipe; who decides whose words are shown.
"""

import asyncio
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, aclosing, suppress
from typing import TYPE_CHECKING, Final

from ...chains.calls import USER
from ...safe_text import one_line
from ..approval import ANSWERS, is_answer
from ..asking import ask_at_terminal
from ..display.live import Live
from ..display.several import SeveralView
from ..display.terminal_writer import TerminalWriter
from ..tell import tell_at_once, told_to
from .following import messages_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Sequence

    from ...chains.calls import Call
    from ...messages import MessagePromise
    from ..display.live import Painter
    from ..display.reply_view import Look
    from ..markdown.rows import Row

__all__ = ["Sections", "Stage"]

_MOST_OPEN: Final = 100
"""Of messages that may be over by now, so many are kept before that is looked at."""
_SHOWN_WITHIN_S: Final = 5.0
"""How long a question waits for those who are still speaking: longer than what was said already takes to be shown."""


class Sections:
    """Shows the messages of calls on a painter."""

    def __init__(self, painter: "Painter", look: "Look", is_shown: Callable[[str], bool]) -> None:
        """Make it; `is_shown` says of which agents the words are shown, and not only that they work."""
        self._view = SeveralView(painter, look, untold=(Exception,), is_crowd=True)
        self._is_shown = is_shown
        self._calls: dict[MessagePromise, Call] = {}
        self._open: dict[MessagePromise, Call] = {}
        """What is being shown, perhaps; as it was when a person was asked last, and what came since then."""
        self._numbers: dict[str, dict[int, int]] = {}
        """By agent, of each call, which of the agent's it is."""
        self.shown = asyncio.Semaphore(0)
        """Released when all is shown that was before a person is asked, once for each time they are."""

    async def show(self, calls: "AsyncIterable[Call]") -> None:
        """Show them until there are no more; where it is cancelled, what came stays."""
        async with aclosing(messages_of(calls)) as messages:
            await self._view.show(self._without_questions(messages), self._name, is_seen=self._is_seen)

    async def _without_questions(
        self, messages: "AsyncIterator[tuple[Call, MessagePromise | None]]"
    ) -> "AsyncIterator[MessagePromise]":
        async for call, promise in messages:
            if promise is None:
                with suppress(TimeoutError):  # somebody may speak on who is of no concern to the person
                    async with asyncio.timeout(_SHOWN_WITHIN_S):
                        await self._all_shown()
                self._numbers.clear()
                self.shown.release()
            elif call.agent != USER:
                if len(self._open) >= _MOST_OPEN:
                    self._open = {each: of for each, of in self._open.items() if not each.is_done}
                self._calls[promise] = self._open[promise] = call
                yield promise

    async def _all_shown(self) -> None:
        """Wait until all is shown that was said; who has said nothing yet may be waiting for the person."""
        for promise, call in [*self._open.items()]:
            if await _is_over(call):
                with suppress(Exception):
                    await promise
                del self._open[promise]
        await asyncio.sleep(0)  # in which the view hears of the last of it
        await self._view.settled()

    def _name(self, promise: "MessagePromise") -> str:
        call = self._calls[promise]
        numbers = self._numbers.setdefault(call.agent, {})
        number = numbers.setdefault(call.number, len(numbers) + 1)
        return one_line(call.agent) + (f" {number}" if number > 1 else "")

    def _is_seen(self, promise: "MessagePromise") -> bool:
        return self._is_shown(self._calls.pop(promise).agent)


async def _is_over(call: "Call") -> bool:
    """Say whether all is there that is said in a call."""
    if not call.reply.is_done:
        return False
    with suppress(Exception):  # it failed, behind these messages
        async for promise in call.reply:
            if not promise.is_done:
                return False
    return True


class Stage:
    """The terminal for a run in which no person speaks."""

    def __init__(self, look: "Look") -> None:
        """Make it; from now on what is told comes above what is live."""
        self._writer = TerminalWriter(sys.stdout)
        self.painter = _Waiting(Live(self._writer.write, self._writer.size, self._writer.is_ready))
        self._listening = ExitStack()
        self._listening.enter_context(told_to(self._tell))
        if not look.plain:
            from ..markdown.stream import warm  # noqa: PLC0415 - imports markdown-it and Rich, while one waits anyway

            threading.Thread(target=warm, name="warming", daemon=True).start()

    def close(self) -> None:
        """Wait until all of it is on the terminal."""
        self._listening.close()
        self._writer.finish()

    async def ask(self, question: str) -> str | None:
        """Return what the person answers to a question about a tool; nothing is painted before they have.

        None where the input ends.
        """
        self.painter.wait()
        self._writer.finish()
        try:
            while True:
                answer = await ask_at_terminal(f"{question} ({ANSWERS})")
                if answer is None or is_answer(answer):
                    return answer
        finally:
            self.painter.go_on()

    def _tell(self, line: str) -> None:
        self.painter.paint([], [])  # the next frame brings back what was live
        tell_at_once(line)


class _Waiting:
    """A painter that can wait: what is finished meanwhile is painted when it goes on."""

    def __init__(self, painter: "Painter") -> None:
        self._painter = painter
        self._finished: list[Row] | None = None
        """What is to be painted; None while it need not wait."""
        self.size = painter.size
        self.close = painter.close

    def is_ready(self) -> bool:
        return self._finished is None and self._painter.is_ready()

    def paint(self, finished: "Sequence[Row]", tail: "Sequence[Row]") -> None:
        if self._finished is None:
            self._painter.paint(finished, tail)
        else:
            self._finished += finished

    def wait(self) -> None:
        """Take away what is live, and wait."""
        self._painter.paint([], [])
        self._finished = []

    def go_on(self) -> None:
        """Paint what has become finished."""
        finished, self._finished = self._finished or [], None
        self._painter.paint(finished, [])
