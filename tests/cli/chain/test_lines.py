"""A run where nobody sees it live."""

from __future__ import annotations

import asyncio
import io
import sys

import pytest

from miniagents import MiniAgents
from miniagents.cli.chain.following import each
from miniagents.cli.chain.lines import Lines
from miniagents.content import Thinking
from miniagents.errors import ProviderFailedError
from tests.cli.chain.rehearsed import Rehearsed, Words, saying


async def follow(run: Rehearsed, *shown: str) -> None:
    """Tell of a run until it is over."""
    run.close()
    await each(run.calls, Lines(shown.__contains__).follow)


async def test_a_line_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    """Who starts, and who is done, with how many tokens, in how long; the second call of an agent has a number."""
    async with MiniAgents():
        run = Rehearsed()
        words = Words()
        run.call("writer", saying.fork(words=words))
        run.call("writer", saying.fork(words=["x"]))
        telling = asyncio.create_task(follow(run))
        await asyncio.sleep(1.5)
        words.say("one", " two")
        words.end()
        await telling
    assert capsys.readouterr().err.splitlines() == [
        "writer: started",
        "writer 2: started",
        "writer 2: done, 1 token, 0.0 s",
        "writer: done, 2 tokens, 1.5 s",
    ]


async def test_tokens_as_the_provider_counts_them(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the provider says how many there were, that is told."""
    async with MiniAgents():
        run = Rehearsed()
        run.call("writer", saying.fork(words=["x"], usage={"in": 5, "out": 1234}))
        await follow(run)
    assert "writer: done, 1,234 tokens, 0.0 s" in capsys.readouterr().err


async def test_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """Who fails is told of; why is told at the end, with all that is known of it."""
    async with MiniAgents():
        run, words = Rehearsed(), Words()
        run.call("writer", saying.fork(words=words))
        words.say("x")
        words.end(ProviderFailedError("secret reason"))
        await follow(run)
    assert capsys.readouterr().err == "writer: started\nwriter: failed, 0.0 s\n"


async def test_an_interruption(capsys: pytest.CaptureFixture[str]) -> None:
    """Who is stopped is told of."""
    async with MiniAgents():
        run = Rehearsed()
        run.call("writer", saying.fork(words=(words := Words())))
        telling = asyncio.create_task(follow(run))
        await asyncio.sleep(1)
        telling.cancel()
        await asyncio.wait([telling])
        words.end()
    assert capsys.readouterr().err == "writer: started\nwriter: stopped, 1.0 s\n"


async def test_words_that_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """What an agent says is shown a line at a time, safe; what it thinks, and what a person says, is not."""
    async with MiniAgents():
        run = Rehearsed()
        run.call("writer", saying.fork(words=["on", "e\n\ntw", "o \x1b[2J\nth", Thinking("hm"), "ree"]))
        run.call("critic", saying.fork(words=["not shown"]))
        run.call("user", saying.fork(words=["I"]))
        await follow(run, "writer", "user")
    err = capsys.readouterr().err
    shown = [line for line in err.splitlines() if "|" in line]
    assert shown == ["writer | one", "writer |", "writer | two ␛[2J", "writer | three"]
    assert "user" not in err


@pytest.mark.parametrize("is_there", [True, False])
async def test_nobody_reads_them(monkeypatch: pytest.MonkeyPatch, is_there: bool) -> None:
    """A standard error that is closed, or read no more, stops nothing."""

    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Gone() if is_there else None)
    async with MiniAgents():
        run = Rehearsed()
        reply = run.call("writer", saying.fork(words=["x"]))
        await follow(run)
        assert str(await reply) == "x"
