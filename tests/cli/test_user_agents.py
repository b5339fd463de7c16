"""The person as an agent, with a screen and an output that only remember."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from miniagents.cli.output import ReaderGoneError
from miniagents.cli.tell import what_is_missing
from miniagents.cli.user_agents import one_shot_user_agent
from miniagents.errors import KeyRefusedError
from miniagents.messages import Message
from miniagents.miniagents import InteractionContext, MiniAgents, miniagent
from miniagents.testing import streaming_agent
from miniagents.utils import adialog_loop
from tests.cli.seat import Seat

if TYPE_CHECKING:
    from pathlib import Path

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


async def test_a_person_talks_until_they_leave(tmp_path: Path) -> None:
    """Every answer is shown before the next line is asked for, and is heard by the session."""
    seat = Seat(tmp_path, agents={"ab": streaming_agent(["a", "b"])}, agent="ab")
    lines = await seat.say("one", "two")
    assert lines == ["> one", "", "ab", "", "> two", "", "ab"]
    assert [message.text for message in seat.session.heard] == ["one", "ab", "two", "ab"]


@pytest.mark.parametrize("error", [KeyRefusedError("no"), ZeroDivisionError("of a plugin")])
async def test_a_failure_ends_nothing(tmp_path: Path, error: Exception) -> None:
    """An error is shown behind what came, and the person is asked again."""
    seat = Seat(tmp_path, agents={"failing": streaming_agent(["a"], error=error)}, agent="failing")
    lines = await seat.say("one", "two")
    assert [line for line in lines if line and str(error) not in line] == ["> one", "a", "> two", "a"]
    assert sum(str(error) in line for line in lines) == 2


async def test_a_failure_before_anything_came(tmp_path: Path) -> None:
    """An agent that fails without a word leaves its error, too."""

    @miniagent
    async def failing(ctx: InteractionContext) -> None:
        await ctx.message_promises
        raise KeyRefusedError("no word")

    lines = await Seat(tmp_path, agents={"failing": failing}, agent="failing").say("one", "two")
    assert lines == ["> one", "", "no word", "", "> two", "", "no word"]


async def test_an_answer_that_is_not_whole(tmp_path: Path) -> None:
    """What is missing of it, and what to do about it, is told behind it."""

    @miniagent
    async def short(ctx: InteractionContext) -> None:
        await ctx.message_promises
        ctx.reply(Message(text="cut", role="assistant", metadata={"finish_reason": "length"}))

    lines = await Seat(tmp_path, agents={"short": short}, agent="short").say("one")
    assert lines[2:] == ["cut", what_is_missing(Message(metadata={"finish_reason": "length"}))]
