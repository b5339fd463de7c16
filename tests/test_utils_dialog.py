"""The dialog loop: a user and an assistant take turns."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from miniagents.errors import CallCancelledError
from miniagents.messages import Message, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgent, MiniAgents, miniagent
from miniagents.testing import scripted_agent, streaming_agent
from miniagents.utils import adialog_loop


def now_s() -> float:
    """Return the virtual time."""
    return asyncio.get_running_loop().time()


def listening(agent: MiniAgent, heard: list[str]) -> MiniAgent:
    """Return an agent that notes what it is sent, then does what `agent` does."""

    @miniagent(alias=f"listening {agent.alias}")
    async def listener(ctx: InteractionContext) -> None:
        heard.append(str(await ctx.message_promises))
        ctx.reply(agent.inquire())

    return listener


async def test_turns_until_the_user_says_nothing() -> None:
    """The user hears each answer, the assistant the whole conversation; the user's silence ends it."""
    user_heard: list[str] = []
    assistant_heard: list[str] = []
    async with MiniAgents():
        await adialog_loop(
            listening(scripted_agent("hello", "how are you", "bye"), user_heard),
            listening(scripted_agent("hi", "fine", "see you"), assistant_heard),
        )
    assert user_heard == ["", "hi", "fine", "see you"]
    assert assistant_heard == [
        "hello",
        "hello\n\nhi\n\nhow are you",
        "hello\n\nhi\n\nhow are you\n\nfine\n\nbye",
    ]


async def test_a_silent_user_ends_it_at_once() -> None:
    """A user who says nothing at all is never answered."""
    heard: list[str] = []
    async with MiniAgents():
        await adialog_loop(scripted_agent(), listening(scripted_agent("hi"), heard))
    assert heard == []


async def test_several_messages_a_turn() -> None:
    """User and assistant may say several things a turn; all of them are part of the conversation."""
    heard: list[str] = []
    async with MiniAgents():
        await adialog_loop(
            scripted_agent(["a", "b"], "e"), listening(scripted_agent(["c", "d"], "f"), heard), history_agent=None
        )
    assert heard == ["a\n\nb", "a\n\nb\n\nc\n\nd\n\ne"]


async def test_messages_stay_the_messages_they_are() -> None:
    """The conversation holds the very messages that were said, with their roles and metadata."""
    said = Message(text="hello", role="user", metadata={"a": 1})
    got: list[Message] = []

    @miniagent
    async def assistant(ctx: InteractionContext) -> None:
        got.extend(await ctx.message_promises)
        ctx.reply("hi")

    async with MiniAgents():
        await adialog_loop(scripted_agent(said), assistant)
    assert len(got) == 1
    assert got[0] is said


async def test_the_answer_streams_to_the_user() -> None:
    """The user sees the first token of the answer while the assistant still writes."""
    seen: list[tuple[str, float]] = []
    turns = iter(["hello", None])

    @miniagent
    async def user(ctx: InteractionContext) -> None:
        async for promise in ctx.message_promises:
            async for token in promise:
                seen.append((token, now_s()))  # noqa: PERF401 - as a person would write it
        ctx.reply(next(turns))

    async with MiniAgents():
        await adialog_loop(user, streaming_agent("abc", delay_s=1))
    assert seen == [("a", 1), ("b", 2), ("c", 3)]


@pytest.mark.parametrize("forwarded", [True, False], ids=["forwarded", "kept in memory"])
async def test_the_question_reaches_the_assistant(forwarded: bool) -> None:
    """The assistant is called as soon as the user begins to speak, and hears it token by token."""
    seen: list[tuple[str, float]] = []
    turns = 0

    async def speaking() -> AsyncIterator[str]:
        for token in "abc":
            yield token
            await asyncio.sleep(1)

    @miniagent
    async def user(ctx: InteractionContext) -> None:
        nonlocal turns
        turns += 1
        await ctx.message_promises
        if turns == 1:
            ctx.reply(Message.promise(speaking()))

    @miniagent
    async def assistant(ctx: InteractionContext) -> None:
        async for promise in ctx.message_promises:
            async for token in promise:
                seen.append((token, now_s()))  # noqa: PERF401 - as a person would write it

    @miniagent
    async def forwarding_history(ctx: InteractionContext, previous: MessageSequencePromise | None) -> None:
        ctx.reply([previous or [], ctx.message_promises])

    async with MiniAgents():
        await adialog_loop(user, assistant, forwarding_history if forwarded else None)
    assert seen == [("a", 0), ("b", 1), ("c", 2)]


async def test_a_history_agent_keeps_the_conversation() -> None:
    """The history agent gets what was said last and its own previous reply; the assistant gets what it replies."""
    calls: list[tuple[str, str]] = []
    heard: list[str] = []

    @miniagent
    async def history(ctx: InteractionContext, previous: MessageSequencePromise | None) -> None:
        ctx.reply("[so far]" if previous is None else previous)
        ctx.reply(ctx.message_promises)
        calls.append((str(await ctx.message_promises), "" if previous is None else str(await previous)))

    async with MiniAgents():
        await adialog_loop(
            scripted_agent("hello", "bye"), listening(scripted_agent("hi", "see you"), heard), history_agent=history
        )
    assert heard == ["[so far]\n\nhello", "[so far]\n\nhello\n\nhi\n\nbye"]
    assert sorted(calls) == sorted(
        [
            ("hello", ""),
            ("hi", "[so far]\n\nhello"),
            ("bye", "[so far]\n\nhello\n\nhi"),
            ("see you", "[so far]\n\nhello\n\nhi\n\nbye"),
        ]
    )


async def test_a_history_agent_may_forget() -> None:
    """The assistant is sent what the history agent gives back, be it less than was said."""
    heard: list[str] = []

    @miniagent
    async def forgetful(ctx: InteractionContext, previous: MessageSequencePromise | None) -> None:
        ctx.reply(ctx.message_promises)

    async with MiniAgents():
        await adialog_loop(scripted_agent("a", "b"), listening(scripted_agent("1", "2"), heard), forgetful)
    assert heard == ["a", "b"]


async def test_everything_is_kept_before_it_ends() -> None:
    """When the loop is over the last answer is whole and the history agent has seen all of it."""
    kept: list[str] = []

    @miniagent
    async def slow_history(ctx: InteractionContext, previous: MessageSequencePromise | None) -> None:
        messages = await ctx.message_promises
        await asyncio.sleep(10)
        kept.extend(message.text for message in messages)

    turns = iter(["hello", None])

    @miniagent
    async def impatient(ctx: InteractionContext) -> None:
        ctx.reply(next(turns))  # does not even listen to the answer

    async with MiniAgents():
        await adialog_loop(impatient, streaming_agent("abc", delay_s=1), slow_history)
        assert kept == ["hello", "abc"]


async def test_an_error_of_the_user_agent_ends_it() -> None:
    """What fails at the user's end is raised, when what was said before is kept."""
    kept: list[str] = []

    @miniagent
    async def history(ctx: InteractionContext, previous: MessageSequencePromise | None) -> None:
        ctx.reply(previous)
        ctx.reply(ctx.message_promises)
        await asyncio.sleep(10)
        kept.extend(message.text for message in await ctx.message_promises)

    turns = iter(["hello"])

    @miniagent
    async def user(ctx: InteractionContext) -> None:
        await ctx.message_promises
        try:
            ctx.reply(next(turns))
        except StopIteration:
            raise ZeroDivisionError("no more") from None

    async with MiniAgents():
        with pytest.raises(ZeroDivisionError, match="no more"):
            await adialog_loop(user, scripted_agent("hi"), history)
        assert kept == ["hello", "hi"]


async def test_an_error_of_the_assistant_reaches_the_user() -> None:
    """The user agent gets the assistant's error where it reads the answer, and what it does not catch is raised."""
    caught: list[str] = []
    turns = iter(["hello", None])

    @miniagent
    async def user(ctx: InteractionContext) -> None:
        try:
            await ctx.message_promises
        except ZeroDivisionError as error:
            caught.append(str(error))
            raise
        ctx.reply(next(turns))

    async with MiniAgents():
        with pytest.raises(ZeroDivisionError, match="cut"):
            await adialog_loop(user, streaming_agent("ab", error=ZeroDivisionError("cut")))
    assert caught == ["cut"]


async def test_with_errors_as_messages_the_dialog_goes_on() -> None:
    """Where the assistant's errors are messages, the dialog outlives them."""
    heard: list[str] = []
    turn = 0

    @miniagent
    async def unsteady(ctx: InteractionContext) -> None:
        nonlocal turn
        turn += 1
        if turn == 1:
            raise ZeroDivisionError("busy")
        ctx.reply("better now")

    async with MiniAgents():
        user = listening(scripted_agent("hello", "again"), heard)
        await adialog_loop(user, unsteady.fork(errors_as_messages=True))
    assert heard == ["", "ZeroDivisionError: busy", "better now"]


async def test_cancelling_the_loop_stops_all_three() -> None:
    """When the loop's task is cancelled, whichever agent is at work stops with it."""
    stopped: list[str] = []

    def waiting(name: str) -> MiniAgent:
        @miniagent(alias=name)
        async def agent(ctx: InteractionContext, **_parameters: Any) -> None:
            try:
                await asyncio.sleep(1_000)
            finally:
                stopped.append(name)

        return agent

    async with MiniAgents():
        for users, assistant in (
            (waiting("user"), scripted_agent("hi")),
            (scripted_agent("hello"), waiting("assistant")),
        ):
            loop = asyncio.create_task(adialog_loop(users, assistant))
            await asyncio.sleep(1)
            loop.cancel()
            with pytest.raises(asyncio.CancelledError):
                await loop
            del loop
            await asyncio.sleep(0.01)
    assert stopped == ["user", "assistant"]
    assert now_s() < 3


async def test_a_cancelled_assistant_is_an_error_for_the_user() -> None:
    """An answer that somebody cancels is a `CallCancelledError` where the user agent reads it."""
    answers: list[MessageSequencePromise] = []
    caught: list[str] = []
    turns = iter(["hello", None])

    @miniagent
    async def assistant(ctx: InteractionContext) -> None:
        answers.append(streaming_agent("abcdef", delay_s=1).inquire())
        ctx.reply(answers[0])

    @miniagent
    async def user(ctx: InteractionContext) -> None:
        try:
            async for promise in ctx.message_promises:
                async for _ in promise:
                    answers[0].cancel()
        except CallCancelledError as error:
            caught.append(str(error))
        ctx.reply(next(turns))

    async with MiniAgents():
        await adialog_loop(user, assistant)
    assert caught == ["streaming_agent was cancelled"]
    assert now_s() == 1


async def test_a_long_dialog_costs_the_same_each_turn() -> None:
    """The history of a thousand turns is handed on as it is, not copied: no turn makes more objects than another."""
    lengths: list[int] = []
    turns = 0

    @miniagent
    async def user(ctx: InteractionContext) -> None:
        nonlocal turns
        turns += 1
        await ctx.message_promises
        if turns <= 1_000:
            ctx.reply("x")

    @miniagent
    async def assistant(ctx: InteractionContext) -> None:
        lengths.append(len(ctx.message_promises._source.pieces))
        ctx.reply("y")

    async with MiniAgents():
        await adialog_loop(user, assistant)
    assert len(lengths) == 1_000
    assert max(lengths) <= 2
