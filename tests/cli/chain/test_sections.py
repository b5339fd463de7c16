"""A run on a terminal: sections in the scrollback, rows for those who work."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from miniagents import InteractionContext, Message, MiniAgents, miniagent
from miniagents.cli.chain.sections import Sections, Stage
from miniagents.cli.display.live import Live
from miniagents.cli.display.reply_view import Look
from miniagents.cli.tell import tell
from miniagents.errors import ProviderFailedError
from tests.cli.chain.rehearsed import Rehearsed, Words, saying
from tests.cli.glass import Glass, row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import pytest

    from miniagents.chains.calls import Call


class Watched:
    """A run, and what one sees of it."""

    def __init__(self, is_shown: Callable[[str], bool] = lambda _: True, columns: int = 50) -> None:
        self.glass = Glass(columns, 14)
        self.run = Rehearsed()
        self.sections = Sections(Live(self.glass.write, self.glass.size), Look(colours=False), is_shown)
        self.showing = asyncio.create_task(self.sections.show(self.run.calls))

    def call(self, name: str, *, role: str = "assistant") -> Words:
        """Call an agent that says what it is told to."""
        words = Words()
        self.run.call(name, saying.fork(words=words, role=role))
        return words

    async def seen(self, after_s: float = 1.0) -> list[str]:
        """Return the rows after a while, without the sign that turns."""
        await asyncio.sleep(after_s)
        return [line.lstrip("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ") for line in self.glass.lines if line]


async def test_who_speaks_first_comes_first() -> None:
    """Agents that work are seen at once; the first that speaks is read, and the others have a row."""
    async with MiniAgents():
        watched = Watched()
        writer, critic = watched.call("writer"), watched.call("critic")
        assert await watched.seen() == ["writer · waiting", "critic · waiting"]
        critic.say("I think")
        assert await watched.seen() == ["critic", "I think", "writer · waiting"]
        writer.say("Once", " upon")
        assert await watched.seen() == ["critic", "I think", "writer · 2 tokens · …Once upon"]
        critic.say(" it is good")
        critic.end()
        assert await watched.seen() == ["critic", "I think it is good", "writer", "Once upon"]
        writer.end()
        watched.run.close()
        await watched.showing
        assert watched.glass.lines == ["critic", "I think it is good", "", "writer", "Once upon"]


async def test_who_is_not_shown_is_seen_working() -> None:
    """Of an agent whose words are not wanted there is a row while it works, and nothing afterwards."""
    async with MiniAgents():
        watched = Watched(is_shown=lambda name: name == "editor")
        writer, editor = watched.call("writer"), watched.call("editor")
        writer.say("Once")
        assert await watched.seen() == ["editor · waiting", "writer · 1 token · …Once"]
        writer.end()
        editor.say("It is.")
        assert await watched.seen() == ["editor", "It is."]
        editor.end()
        watched.run.close()
        await watched.showing
        assert watched.glass.lines == ["editor", "It is."]


async def test_who_is_not_shown_and_ends_last_leaves_nothing() -> None:
    """A row of one that works is no part of what stays, also where all sections were over before it ended."""
    async with MiniAgents():
        watched = Watched(is_shown=lambda name: name == "editor")
        writer, editor = watched.call("writer"), watched.call("editor")
        writer.say("Once")
        editor.say("It is.")
        editor.end()
        assert await watched.seen() == ["editor", "It is.", "writer · 1 token · …Once"]
        writer.end()
        watched.run.close()
        await watched.showing
        assert watched.glass.lines == ["editor", "It is."]


async def test_whoever_fails_keeps_what_they_said() -> None:
    """What came is shown; why there is no more is told by the program; of who said nothing there is no section."""
    async with MiniAgents():
        watched = Watched()
        writer, silent = watched.call("writer"), watched.call("silent")
        silent.end(ProviderFailedError("not told here"))
        writer.say("Once")
        writer.end(ProviderFailedError("nor this"))
        watched.run.close()
        await watched.showing
        assert watched.glass.lines == ["writer", "Once"]


async def test_who_fails_silently_leaves_nothing() -> None:
    """There is no title of a section in which nothing would stand, also where one after the other fails."""
    async with MiniAgents():
        watched = Watched()
        for after_s in (1.0, 1.02, 1.04, 1.06):  # at any time between two frames
            silent = [watched.call(name) for name in ("first", "second", "third")]
            await watched.seen(after_s)
            for words in silent:
                words.end(ProviderFailedError("not told here"))
            assert await watched.seen() == []
        watched.run.close()
        await watched.showing


async def test_an_interruption_leaves_what_came() -> None:
    """All that agents said until then stays, each in its section; no row of a status does."""
    async with MiniAgents():
        watched = Watched()
        writer, critic = watched.call("writer"), watched.call("critic")
        silent = watched.call("silent")
        writer.say("Once")
        await watched.seen()
        critic.say("I think")
        await watched.seen()
        watched.showing.cancel()
        await asyncio.wait([watched.showing])
        assert watched.glass.lines == ["writer", "Once", "", "critic", "I think"]
        for words in (writer, critic, silent):
            words.end()


async def test_an_interruption_that_takes_its_time() -> None:
    """While those who work are ended, no title appears of one that had said nothing."""
    async with MiniAgents():
        watched = Watched()

        async def calls() -> AsyncIterator[Call]:
            try:
                async for call in watched.run.calls:
                    yield call
            finally:
                await asyncio.sleep(1.0)

        watched.showing.cancel()
        watched.showing = asyncio.create_task(watched.sections.show(calls()))
        writer, silent = watched.call("writer"), watched.call("silent")
        writer.say("Once")
        writer.end()
        assert await watched.seen() == ["writer", "Once", "silent · waiting"]
        watched.showing.cancel()
        assert await watched.seen(0.5) == ["writer", "Once", "silent · waiting"]
        await asyncio.wait([watched.showing])
        assert watched.glass.lines == ["writer", "Once"]
        silent.end()


async def test_before_a_person_is_asked_all_is_shown() -> None:
    """Then `shown` is released, though somebody waits for the answer who was called already."""
    async with MiniAgents():
        watched = Watched()
        helper, person = watched.call("helper"), Words()
        watched.run.call("user", saying.fork(words=person, role="user"), watched.run.reply)
        helper.say("How can I help?")
        judge = watched.call("judge")
        await asyncio.sleep(1)
        assert watched.sections.shown.locked()
        helper.end()
        await watched.sections.shown.acquire()
        assert await watched.seen() == ["helper", "How can I help?", "judge · waiting"]
        person.say("not at all")
        person.end()
        helper = watched.call("helper")
        helper.say("Well.")
        assert await watched.seen() == ["helper", "How can I help?", "helper", "Well.", "judge · waiting"]
        for words in (helper, judge):
            words.end()
        watched.run.close()
        await watched.showing


async def test_who_goes_on_and_who_is_called_again() -> None:
    """The messages of one call stand below one title; the agent's next call has another one, with its number."""

    @miniagent
    async def saying_two(ctx: InteractionContext) -> None:
        ctx.reply([Message(text="one"), Message(text="two")])

    async with MiniAgents():
        watched = Watched()
        watched.run.call("writer", saying_two)
        await watched.seen()
        watched.run.call("writer", saying_two)
        watched.run.close()
        await watched.showing
        assert watched.glass.lines == ["writer", "one", "", "two", "", "writer 2", "one", "", "two"]


async def test_who_goes_on_comes_before_others() -> None:
    """All that an agent says stands below one title, though somebody else was called before it was there."""
    tried = asyncio.Event()

    @miniagent
    async def trying(ctx: InteractionContext) -> None:
        await tried.wait()
        ctx.reply([Message(text="one"), Message(text="two")])

    @miniagent
    async def judging(ctx: InteractionContext) -> None:
        ctx.reply(Message(text=f"of {len(await ctx.message_promises)}"))

    async with MiniAgents():
        watched = Watched()
        watched.run.call("judge", judging, watched.run.call("trial", trying))
        assert await watched.seen() == ["trial · waiting", "judge · waiting"]
        tried.set()
        watched.run.close()
        await watched.showing
        assert watched.glass.lines == ["trial", "one", "", "two", "", "judge", "of 2"]


async def test_narrow() -> None:
    """A row is cut where the terminal ends, whatever is in it."""
    async with MiniAgents():
        watched = Watched(columns=20)
        writer, critic = watched.call("w" * 30), watched.call("critic")
        critic.say("x")
        writer.say("漢字 and more words")
        await watched.seen()
        assert all(len(line) < 20 for line in watched.glass.lines)
        for words in (writer, critic):
            words.end()
        watched.run.close()
        await watched.showing


async def test_the_stage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What is told meanwhile is told at once, and what is live is not in its way."""
    glass = Glass(50, 14)
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream, os.fdopen(reading, "rb") as written:
        monkeypatch.setattr(sys, "stdout", stream)
        stage = Stage(Look(colours=False, plain=True))
        stage.painter.paint([row("for good")], [row("live")])
        tell("a line")
        stage.close()
        tell("another")
        monkeypatch.undo()
        stream.close()
        glass.write(written.read().decode())
    assert glass.lines == ["for good"]
    assert capsys.readouterr().err == "miniagents: a line\nminiagents: another\n"
