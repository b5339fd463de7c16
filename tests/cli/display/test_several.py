"""Several agents at once: one in focus, a row for each of the others, and clean sections in the end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from miniagents import InteractionContext, Message, MiniAgents, miniagent
from miniagents.cli.display.live import Live
from miniagents.cli.display.reply_view import Look
from miniagents.cli.display.several import SeveralView, name_of
from miniagents.content import ToolCall, ToolResult
from miniagents.errors import KeyRefusedError
from tests.cli.glass import Glass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniagents.miniagents import MiniAgent

COLUMNS, ROWS = 50, 14


def agent(name: str, count: int, delay_s: float, error: Exception | None = None) -> MiniAgent:
    """Return an agent that says so many lines, one at a time, and then fails if it is to."""

    async def lines() -> Any:
        for number in range(count):
            await asyncio.sleep(delay_s)
            yield f"{name} {number}\n\n"
        if error is not None:
            raise error

    @miniagent(alias=name)
    async def saying(ctx: InteractionContext) -> None:
        ctx.reply(Message.promise(lines(), role="assistant", metadata={"agent": name, "model": "m"}))

    return saying


class Watched:
    """A glass, and a view of several on it."""

    def __init__(self, *, colours: bool = False) -> None:
        self.glass = Glass(COLUMNS, ROWS)
        self.view = SeveralView(Live(self.glass.write, self.glass.size), Look(colours=colours))

    def show(self, *agents: MiniAgent) -> asyncio.Task[list[Exception]]:
        """Let agents work at once, and show what they say."""

        @miniagent
        async def all_of_them(ctx: InteractionContext) -> None:
            ctx.reply([each.inquire() for each in agents])

        return asyncio.create_task(self.view.show(all_of_them.inquire()))


def section(name: str, count: int) -> list[str]:
    """Return how a whole section looks."""
    lines = [line for number in range(count) for line in (f"{name} {number}", "")]
    return [f"{name} · m", *lines[:-1], f"{name} · m"[len(name) + 3 :]]


def joined(*sections: Sequence[str]) -> list[str]:
    """Return sections as they follow each other."""
    return [line for each in sections for line in ["", *each]][1:]


async def test_sections_are_clean_and_in_order() -> None:
    """Whoever is done first, there is one whole section an agent, in order, and nothing of a status row is left."""
    watched = Watched()
    async with MiniAgents():
        errors = await watched.show(agent("one", 9, 0.3), agent("two", 3, 0.1), agent("three", 6, 0.7))
    assert errors == []
    assert watched.glass.lines == joined(section("one", 9), section("two", 3), section("three", 6))
    assert watched.glass.screen.cursor.x == 0


async def test_one_is_live_and_the_others_have_a_row_each() -> None:
    """The first is read as it comes, the others say how far they are; the next one's backlog comes at once."""
    watched = Watched()
    async with MiniAgents():
        showing = watched.show(agent("one", 3, 1.0), agent("two", 5, 0.9), agent("three", 1, 0.5))
        await asyncio.sleep(2.55)
        during = watched.glass.lines
        await asyncio.sleep(1.0)
        after = watched.glass.lines
        await showing
    assert during == [
        *["one · m", "one 0", "", "one 1"],
        "⠴ two · m · 2 tokens · …two 0 two 1",
        "✓ three · m · 1 token · …three 0",
    ]
    assert after == [
        *joined(section("one", 3), ["two · m", "two 0", "", "two 1", "", "two 2"]),
        "✓ three · m · 1 token · …three 0",
    ]


async def test_many_agents_take_five_rows() -> None:
    """More agents than there is room for are counted."""
    watched = Watched()
    async with MiniAgents():
        showing = watched.show(*(agent(f"a{number}", 2, 1.0) for number in range(12)))
        await asyncio.sleep(1.5)
        assert watched.glass.lines[2:] == [
            *(f"⠼ a{number} · m · 1 token · …a{number} 0" for number in range(1, 5)),
            "+7 more",
        ]
        await showing
    assert watched.glass.lines == joined(*(section(f"a{number}", 2) for number in range(12)))


async def test_one_that_fails_does_not_take_the_others_with_it() -> None:
    """What came of it stays, the error below it; the others go on, and the error is given to whoever shows them."""
    watched = Watched(colours=True)
    async with MiniAgents():
        refused = KeyRefusedError("refused\x07", host="h")
        showing = watched.show(agent("one", 1, 1.0), agent("two", 1, 0.2, refused), agent("three", 1, 0.3))
        await asyncio.sleep(0.8)
        assert "✗ two · m · 1 token · …two 0" in watched.glass.lines
        (error,) = await showing
    assert isinstance(error, KeyRefusedError)
    failed = ["two · m", "two 0", "h: refused␇"]
    assert watched.glass.lines == joined(section("one", 1), failed, section("three", 1))
    assert "\x1b[31mh: refused␇\x1b[0m" in "".join(watched.glass.writes)


async def test_cancelling_keeps_what_came() -> None:
    """What every agent said so far stays, each in its section, and no task goes on."""
    watched = Watched()
    async with MiniAgents():
        showing = watched.show(agent("one", 9, 1.0), agent("two", 9, 1.0))
        await asyncio.sleep(1.5)
        showing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await showing
    assert watched.glass.lines == ["one · m", "one 0", "", "two · m", "two 0"]


async def test_what_gives_the_messages_fails() -> None:
    """The messages that there were are shown, one by itself without a title; then the error is raised."""
    watched = Watched()

    @miniagent
    async def failing(ctx: InteractionContext) -> None:
        ctx.reply(agent("one", 1, 0.1).inquire())
        raise ValueError("no more")

    async with MiniAgents():
        with pytest.raises(ValueError, match="no more"):
            await watched.view.show(failing.inquire())
    assert watched.glass.lines == ["one 0", "m"]


async def test_nothing_at_all() -> None:
    """No messages are no rows, after a spinner that says who is waited for."""
    watched = Watched()

    @miniagent
    async def silent(ctx: InteractionContext) -> None:
        await asyncio.sleep(2)

    async with MiniAgents():
        showing = asyncio.create_task(watched.view.show(silent.inquire(), waits_for="gpt-4o"))
        await asyncio.sleep(1.25)
        assert watched.glass.lines == ["⠹ waiting for gpt-4o… 1.2 s"]
        assert await showing == []
    assert watched.glass.lines == [""]
    assert not watched.view.has_shown


async def test_one_after_the_other_needs_no_titles() -> None:
    """Messages of which each begins when the one before has ended are parted by an empty row, and are whole."""
    watched = Watched()

    @miniagent
    async def in_turn(ctx: InteractionContext) -> None:
        for name in ("one", "two"):
            await asyncio.sleep(1)
            ctx.reply(reply := agent(name, 1, 0.5).inquire())
            await reply

    async with MiniAgents():
        assert await watched.view.show(in_turn.inquire()) == []
    assert watched.glass.lines == ["one 0", "m", "", "two 0", "m"]
    assert watched.view.has_shown


async def test_errors_that_somebody_else_tells() -> None:
    """An error of a kind that is not to be told is given back, and has no row."""
    watched = Watched()
    watched.view._untold = (KeyRefusedError,)
    async with MiniAgents():
        (error,) = await watched.show(agent("one", 1, 0.1, KeyRefusedError("refused", host="h")))
    assert isinstance(error, KeyRefusedError)
    assert watched.glass.lines == ["one 0"]


async def test_a_terminal_that_fails_ends_it() -> None:
    """What cannot be written is no error of an agent's: it is raised, and no task goes on."""

    def write(_text: str) -> None:
        raise OSError("gone")

    view = SeveralView(Live(write, lambda: (COLUMNS, ROWS)))
    async with MiniAgents():
        with pytest.raises(OSError, match="gone"):
            await view.show(agent("one", 9, 1.0).inquire())


async def test_last_words_are_cut_from_the_left() -> None:
    """A row that has no room for all that was said last shows its end; one for a long name shows as much as fits."""
    watched = Watched()

    async def lines() -> Any:
        for number in range(30):
            yield f"word{number} "
        await asyncio.sleep(2)

    async def given() -> Any:
        for name in ("one", "two", "x" * 80):
            yield Message.promise(lines(), metadata={"agent": name})

    async with MiniAgents():
        showing = asyncio.create_task(watched.view.show(given()))
        await asyncio.sleep(1)
        two, long = watched.glass.lines[-2:]
        await showing
    assert two.endswith("word28 word29")
    assert len(two) <= COLUMNS - 1
    assert long[2:] == "x" * (COLUMNS - 4) + "…"


def test_names() -> None:
    """Whoever speaks is called by what is known of them, made safe."""
    told = [{"agent": "a\x1b", "model": "m"}, {"model": "m"}, {}]
    assert [name_of(Message.promise([""], metadata=metadata)) for metadata in told] == ["a␛ · m", "m", "agent"]


async def test_what_tools_say_belongs_to_who_asked_them() -> None:
    """It has neither a title nor an empty row, and the answer behind it has no title, for nobody else speaks."""
    watched = Watched()

    @miniagent
    async def asking(ctx: InteractionContext) -> None:
        calls = (ToolCall("1", name="add", arguments="{}"),)
        ctx.reply(Message(role="assistant", parts=calls, metadata={"agent": "who"}))
        await asyncio.sleep(0.1)
        ctx.reply(Message(role="tool", parts=(ToolResult("1", name="add", content="3"),)))
        ctx.reply(Message.promise(["It is three."], role="assistant", metadata={"agent": "who"}))

    async with MiniAgents():
        await watched.view.show(asking.inquire())
    assert watched.glass.lines == ["→ add {}", "← add: 3", "", "It is three."]


async def test_an_error_is_told_once() -> None:
    """Where a message failed, and whoever replied it fails by the same, it was told in the section."""
    watched = Watched()
    error = KeyRefusedError("refused", host="h")

    @miniagent
    async def failing(ctx: InteractionContext) -> None:
        (reply,) = [promise async for promise in agent("one", 1, 0.1, error).inquire()]
        ctx.reply(reply)
        await reply

    async with MiniAgents():
        assert await watched.view.show(failing.inquire()) == [error]
    assert watched.glass.lines == ["one 0", "h: refused"]
