"""Where a person sits who talks with agents: a prompt that stays, and what the agents say above it.

In: keys, calls. Out: what the person says; rows above the prompt. Never: which agents there are, a transcript.
"""

from typing import TYPE_CHECKING, Any, Final

from ..approval import ANSWERS, is_answer
from ..display.looks import look_of
from ..display.screen import Screen
from ..terminal import Terminal
from .person import seated_user_agent
from .sections import Sections

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterable, Callable

    from ...chains.calls import Call
    from ...miniagents import MiniAgent
    from ...plugins import Plugins
    from ..config.settings import Settings

__all__ = ["Seat"]

_KEYS: Final = ("Enter sends", "Alt-Enter breaks the line", "Ctrl-C stops the run", "Ctrl-D says no more")
"""A chain has no words of its own: `/help` goes to the agent."""


class Seat:
    """A person at a terminal."""

    def __init__(self, settings: "Settings", plugins: "Plugins", is_shown: "Callable[[str], bool]") -> None:
        self.terminal = Terminal(settings, _KEYS)
        look = look_of(settings, plugins)
        self._screen = Screen(self.terminal.painter, look, self.terminal.send)
        self._sections = Sections(self.terminal.painter, look, is_shown)
        self._is_asked = False
        self.run: asyncio.Task[Any] | None = None
        """What ends with the run when it is cancelled."""
        self.terminal.prompt.on_interrupt = self._interrupt

    @property
    def user(self) -> "MiniAgent":
        """The person as an agent."""
        return seated_user_agent.fork(ask=self._ask, tell=self._screen.tell_error)

    async def show(self, calls: "AsyncIterable[Call]") -> None:
        """Show what agents say, until the run ends."""
        await self._sections.show(calls)

    async def ask_about(self, question: str) -> str | None:
        """Return what the person answers to a question about a tool; None if they leave."""
        self._screen.tell(f"{question} ({ANSWERS})")
        while (answer := await self.terminal.prompt.ask()) is not None and not is_answer(answer):
            self._screen.tell(ANSWERS)
        return answer

    async def _ask(self) -> str | None:
        await self._sections.shown.acquire()
        self._is_asked = True
        try:
            said = await self.terminal.prompt.ask()
        finally:
            self._is_asked = False
        if said is not None:
            self._screen.echo(said)
            self._screen.part()
        return said

    def _interrupt(self) -> bool:
        """Stop the run, if agents work; say whether they do."""
        if self._is_asked or self.run is None:
            return False
        self.run.cancel()
        return True
