"""History agents: the conversation goes on from turn to turn, and from run to run, whatever happens to a reply."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from miniagents.errors import TranscriptError
from miniagents.ext.history_agents import in_memory_history_agent, markdown_history_agent
from miniagents.ext.transcript import append, read
from miniagents.messages import Message, MessagePromise, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgent, MiniAgents, miniagent
from miniagents.utils import adialog_loop

HI, HO = Message(text="Hi", role="user"), Message(text="Ho", role="assistant")


def user_says(*texts: str) -> MiniAgent:
    """Return a user who says these things, and looks away when the answer is an error."""
    left = iter(texts)

    @miniagent
    async def user(ctx: InteractionContext) -> None:
        try:
            await ctx.message_promises
        except Exception as error:  # noqa: BLE001 - any of them
            failures.append(error)
        ctx.reply([Message(text=text, role="user") for text in [next(left, None)] if text])

    failures: list[Exception] = []
    return user


def arriving(*tokens: str, error: Exception | None = None, pause_s: float = 0.1) -> MessagePromise:
    """Return a message that arrives token by token, after a pause each, and may break at its end."""

    async def stream() -> AsyncIterator[str]:
        for token in tokens:
            await asyncio.sleep(pause_s)
            yield token
        if error is not None:
            raise error

    return Message.promise(stream(), role="assistant", metadata={"model": "sim"})


def listening(heard: list[str], *replies: Callable[[], MessagePromise]) -> MiniAgent:
    """Return an assistant that notes what it is sent, as texts, and gives these replies in turn."""
    left = iter(replies)

    @miniagent
    async def assistant(ctx: InteractionContext) -> None:
        heard.append([message.text for message in await ctx.message_promises])
        ctx.reply(next(left)())

    return assistant


def parts_of(chat: Path) -> list[list[Any]]:
    """Return what is in the parts beside a transcript, without their first lines."""
    parts = sorted((chat.parent / ".inflight").glob("*"))
    return [[json.loads(line) for line in part.read_text().splitlines()[1:]] for part in parts]


def content_of(path: Path) -> str:
    """Return what is in a file."""
    return path.read_text()


def write(path: Path, text: str) -> None:
    """Write a file, with its folder."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


async def test_dialog(history_agent: MiniAgent) -> None:
    """The assistant is sent the whole conversation, turn by turn."""
    heard: list[Any] = []
    assistant = listening(heard, lambda: arriving("H", "o"), lambda: arriving("Hum"))
    async with MiniAgents():
        await adialog_loop(user_says("Hi", "Hey"), assistant, history_agent)
    assert heard == [["Hi"], ["Hi", "Ho", "Hey"]]


async def test_second_run(chat: Path) -> None:
    """A second run goes on where the first stopped."""
    history_agent = markdown_history_agent.fork(history_md_file=str(chat))
    heard: list[Any] = []
    for text in "Hi", "Hey":
        async with MiniAgents():
            await adialog_loop(user_says(text), listening(heard, lambda: arriving("H", "o")), history_agent)
    assert heard == [["Hi"], ["Hi", "Ho", "Hey"]]
    assert [(message.text, message.role) for message in read(chat)] == [
        ("Hi", "user"),
        ("Ho", "assistant"),
        ("Hey", "user"),
        ("Ho", "assistant"),
    ]
    assert read(chat)[1].metadata == {"model": "sim"}


async def test_what_arrives_streams_through_memory() -> None:
    """In memory, the reader of the history sees the first token while the last is still to come."""

    class Vote(Message):
        choice: str

    async def tokens() -> AsyncIterator[str]:
        for token in "yes":
            await asyncio.sleep(1)
            yield token

    seen = []
    async with MiniAgents():
        votes = [Vote.promise(tokens(), choice="yes", metadata={"n": number}) for number in range(2)]
        history = in_memory_history_agent.inquire(votes)
        async for promise in history:
            assert promise.known_beforehand == {"choice": "yes", "metadata": {"n": len(seen) // 3}}
            async for token in promise:
                seen.append((token, asyncio.get_running_loop().time()))  # noqa: PERF401 - as a person would write it
        assert await history == (Vote(text="yes", choice="yes"),) * 2
        assert [message is await vote for message, vote in zip(await history, votes, strict=True)] == [True, True]
    assert seen == [("y", 1), ("e", 2), ("s", 3), ("y", 3), ("e", 3), ("s", 3)]


async def test_what_was_said_is_on_the_disk_before_it_is_read(chat: Path) -> None:
    """Whoever reads the history finds each of its messages in the file."""
    async with MiniAgents():
        history = markdown_history_agent.inquire([HI, arriving("H", "o"), HI], history_md_file=chat)
        texts = []
        async for promise in history:
            texts.append((await promise).text)
            assert [message.text for message in read(chat)][: len(texts)] == texts
    assert texts == ["Hi", "Ho", "Hi"]


async def test_what_arrives_is_on_the_disk_as_far_as_it_came(chat: Path) -> None:
    """While a message arrives, a killed program would lose what came last at most; its part goes when it is kept."""
    async with MiniAgents():
        history = markdown_history_agent.inquire([HI, arriving("Once", " upon", " a time")], history_md_file=chat)
        seen = []
        for _ in range(3):
            await asyncio.sleep(0.101)
            seen += parts_of(chat)
        assert [message.text for message in await history] == ["Hi", "Once upon a time"]
    assert seen[:2] == [["Once"], ["Once", " upon"]]
    assert [*chat.parent.iterdir()] == [chat]


async def test_message_that_is_complete_before_one_that_was_said_first(chat: Path) -> None:
    """It waits for its turn in the transcript; meanwhile it is on the disk beside it."""
    async with MiniAgents():
        first = markdown_history_agent.inquire([arriving("Once", " upon"), HO], history_md_file=chat)
        second = markdown_history_agent.inquire(HI, previous=first, history_md_file=chat)
        await asyncio.sleep(0.15)
        assert read(chat, missing_ok=True) == ()
        one, two, three = parts_of(chat)
        assert one == ["Once"]
        assert "\nHo\n" in two[0]["record"]
        assert "\nHi\n" in three[0]["record"]
        assert [message.text for message in await second] == ["Once upon", "Ho", "Hi"]
    assert [message.text for message in read(chat)] == ["Once upon", "Ho", "Hi"]
    assert [*chat.parent.iterdir()] == [chat]


async def test_file_that_is_no_transcript(chat: Path) -> None:
    """It is refused before anything is said, and stays as it is."""
    write(chat, "# Shopping\n")
    async with MiniAgents():
        with pytest.raises(TranscriptError, match="is no transcript"):
            await markdown_history_agent.inquire(HI, history_md_file=chat)
    assert content_of(chat) == "# Shopping\n"


async def test_file_that_is_chosen_late(chat: Path) -> None:
    """What gives the file is asked when there is something to keep."""
    asked: list[Path] = []

    def choose() -> Path:
        asked.append(chat)
        return chat

    agent = markdown_history_agent.fork(history_md_file=choose)
    assert asked == []
    async with MiniAgents():
        await agent.inquire(HI)
    assert read(asked[0]) == (HI,)


async def test_killed_program_is_recovered(chat: Path) -> None:
    """What a killed program had received is in the conversation when it goes on."""
    append(chat, HI)
    part = chat.parent / ".inflight" / "chat.md.0123456789abcdef.part"
    write(part, '{"key":"0123456789abcdef","time":"?","known":{"role":"assistant"}}\n"On"\n"ce"\n')
    async with MiniAgents():
        history = await markdown_history_agent.inquire(HI, history_md_file=chat)
    assert [message.text for message in history] == ["Hi", "Once", "Hi"]


async def test_message_classes(chat: Path) -> None:
    """Messages of other classes survive a run if their classes are told."""

    class Vote(Message):
        choice: str

    async with MiniAgents():
        await markdown_history_agent.inquire(Vote(text="I vote", choice="yes"), history_md_file=chat)
        [message] = await markdown_history_agent.inquire(history_md_file=chat, message_classes={"Vote": Vote})
    assert message == Vote(text="I vote", choice="yes")


async def test_cost_of_a_turn(history_agent: MiniAgent) -> None:
    """A turn takes the same number of steps however long the conversation is."""

    async def turn(history: MessageSequencePromise | None) -> MessageSequencePromise:
        for said in HI, arriving("H", "o"):
            history = history_agent.inquire(said, previous=history)
            await history.finished()
        return history

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal steps
        steps += event in {"call", "c_call"}

    history, counts, steps = None, [], 0
    async with MiniAgents():
        for _ in range(200):
            steps = 0
            sys.setprofile(count)
            try:
                history = await turn(history)
            finally:
                sys.setprofile(None)
            counts.append(steps)
        assert len(await history) == 400
    assert median(counts[100:]) <= 1.01 * median(counts[:100])
