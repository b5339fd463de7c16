"""The person as an agent, with a screen and an output that only remember."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from miniagents.cli.output import ReaderGoneError
from miniagents.cli.user_agents import Interruptions, one_shot_user_agent, terminal_user_agent
from miniagents.errors import KeyRefusedError
from miniagents.miniagents import MiniAgents
from miniagents.testing import streaming_agent
from miniagents.utils import adialog_loop

if TYPE_CHECKING:
    from miniagents.messages import MessagePromise
    from miniagents.miniagents import MiniAgent


class Remembering:
    """A screen, or an output, that remembers; the person at it says the lines one after another."""

    def __init__(self, *lines: str) -> None:
        self.lines = iter(lines)
        self.events: list[str] = []
        self.error: Exception | None = None

    async def show(self, promise: MessagePromise) -> None:
        """Remember a message, as it arrives."""
        if self.error is not None:
            raise self.error
        async for token in promise:
            self.events.append(token)

    async def ask(self) -> str | None:
        """Say the next line."""
        return next(self.lines, None)

    def leave(self) -> None:
        """Do nothing: the lines are said at once."""

    def tell_interruption(self) -> None:
        """Remember it."""
        self.events.append("interrupted")

    def tell_error(self, error: Exception) -> None:
        """Remember it."""
        self.events.append(f"error: {error}")


async def asked_once(output: Remembering, model: MiniAgent) -> None:
    """Let one prompt be answered."""
    async with MiniAgents():
        await adialog_loop(one_shot_user_agent.fork(prompts=iter(["hi"]), output=output), model)


async def test_one_shot_asks_once_and_shows_the_reply() -> None:
    """The prompt is said, the reply is shown, and that is all."""
    output = Remembering()
    await asked_once(output, streaming_agent(["a", "b"]))
    assert output.events == ["a", "b"]


async def test_one_shot_raises_what_went_wrong() -> None:
    """An error of the model is for the command line to show; what came before it is shown."""
    output = Remembering()
    with pytest.raises(KeyRefusedError):
        await asked_once(output, streaming_agent(["a"], error=KeyRefusedError("no")))
    assert output.events == ["a"]


async def test_a_reader_that_is_gone_ends_the_reply() -> None:
    """When nobody reads any more, the model is not waited for."""
    output = Remembering()
    output.error = ReaderGoneError()
    loop = asyncio.get_running_loop()
    with pytest.raises(ReaderGoneError):
        await asked_once(output, streaming_agent(["a"] * 100, delay_s=1))
    assert loop.time() < 5


async def test_a_person_talks_until_they_leave() -> None:
    """Every reply is shown before the next line is asked for."""
    screen = Remembering("one", "two")
    async with MiniAgents():
        user = terminal_user_agent.fork(screen=screen, interruptions=Interruptions())
        await adialog_loop(user, streaming_agent(["a", "b"]))
    assert screen.events == ["a", "b"] * 2


@pytest.mark.parametrize("error", [KeyRefusedError("no"), ZeroDivisionError("of a plugin")])
async def test_a_failure_ends_nothing(error: Exception) -> None:
    """An error is shown behind what came, and the person is asked again."""
    screen = Remembering("one", "two")
    async with MiniAgents():
        user = terminal_user_agent.fork(screen=screen, interruptions=Interruptions())
        await adialog_loop(user, streaming_agent(["a"], error=error))
    assert screen.events == ["a", f"error: {error}"] * 2


@pytest.mark.parametrize(("after_s", "shown"), [(2.5, ["a", "a", "interrupted"]), (0, ["interrupted"])])
async def test_an_interruption_ends_one_answer(after_s: float, shown: list[str]) -> None:
    """Ctrl-C ends the answer that is arriving, or the one to come where there is none yet; the next one is whole."""
    screen = Remembering("one", "two")
    interruptions = Interruptions()
    async with MiniAgents():
        user = terminal_user_agent.fork(screen=screen, interruptions=interruptions)
        if after_s:
            asyncio.get_running_loop().call_later(after_s, interruptions.interrupt)
        else:
            ask = screen.ask

            async def ask_and_interrupt() -> str | None:
                screen.ask = ask  # type: ignore[method-assign]
                asyncio.get_running_loop().call_soon(interruptions.interrupt)
                return await ask()

            screen.ask = ask_and_interrupt  # type: ignore[method-assign]
        await adialog_loop(user, streaming_agent(["a"] * 4, delay_s=1))
    assert screen.events == [*shown, *["a"] * 4]
