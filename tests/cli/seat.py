"""A chat without a terminal of its own: what a person says is scripted, what they see is on a glass."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from miniagents import builtins, plugins
from miniagents.cli.cast import Cast
from miniagents.cli.chats.opened import opened
from miniagents.cli.config.settings import Flags, settings_from
from miniagents.cli.display.live import Live
from miniagents.cli.display.reply_view import Look
from miniagents.cli.display.screen import Screen
from miniagents.cli.session import Session
from miniagents.cli.user_agents import answering_agent, terminal_user_agent
from miniagents.cli.wish import Wish
from miniagents.miniagents import MiniAgents
from miniagents.utils import adialog_loop
from tests.cli.glass import Glass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from miniagents.miniagents import MiniAgent

__all__ = ["Seat", "Typist"]


class Typist:
    """Says lines one after another, in a prompt's place; a function among them is called instead."""

    def __init__(self, *lines: str | Callable[[], object]) -> None:
        self._lines = list(lines)
        self.inserted = ""
        self.queued: tuple[str, ...] = ()
        self.has_left = False
        self.stays = True

    async def ask(self) -> str | None:
        """Say the next line; leave after the last one."""
        while self._lines and not self.has_left:
            line = self._lines.pop(0)
            if isinstance(line, str):
                return line
            line()
        return None

    def insert(self, text: str) -> None:
        """Take a text into the line."""
        self.inserted += text

    def leave(self) -> None:
        """Say no more."""
        self.has_left = True


class Seat:
    """A session with all that belongs to it; unless told otherwise an echo answers, and the transcript is there."""

    def __init__(  # noqa: PLR0913 - by name
        self,
        folder: Path,
        *,
        wish: Wish | None = None,
        environment: Mapping[str, str] | None = None,
        agents: Mapping[str, MiniAgent] | None = None,
        histories: Mapping[str, MiniAgent] | None = None,
        sends: bool = True,
        **flags: Any,
    ) -> None:
        config = folder / "config.toml"
        settings = settings_from(
            Flags(**{"agent": "echo", "chats_dir": folder / "chats", **flags}),
            {"MINIAGENTS_CONFIG": str(config), **(environment or {})},
            folder,
        )
        loaded = plugins.load([builtins], [])
        all_histories = {**loaded.histories, **(histories or {})}
        loaded = plugins.Plugins(loaded.providers, {**loaded.agents, **(agents or {})}, all_histories, loaded.broken)
        self.session = Session(settings, loaded, Cast(settings, loaded), opened(settings, wish or Wish(), loaded))
        self.glass = Glass(200, 200)
        self.sent: list[str] = []
        painter = Live(self.glass.write, self.glass.size)
        self.session.screen = Screen(painter, Look(colours=False), self.sent.append if sends else None)

    async def say(self, *lines: str | Callable[[], object]) -> list[str]:
        """Say these lines, wait for the answers, and leave; return all that is on the glass."""
        session = self.session
        session.prompt = self.typist = Typist(*lines)  # type: ignore[assignment]  # it asks and inserts as one does
        session.has_left = False
        async with MiniAgents():
            while not session.has_left:
                with contextlib.suppress(StopAsyncIteration):
                    await adialog_loop(
                        terminal_user_agent.fork(session=session),
                        answering_agent.fork(session=session),
                        session.conversation.history_agent(),
                    )
                await session.between_dialogs()
        return self.glass.lines

    @property
    def said(self) -> list[str]:
        """The texts of the conversation."""
        return [message.text for message in self.session.conversation.messages()]
