"""Replies come in the order of `reply`, whatever the speed; only what is replied out of order may overtake."""

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from miniagents.errors import CallCancelledError, UnsupportedPieceError
from miniagents.messages import Message, MessagePromise, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgents, miniagent
from miniagents.promising.failure import trail_of


@miniagent
async def worker(
    ctx: InteractionContext, says: str, after_s: float, error: Exception | None = None, log: Any = None
) -> None:
    """Reply each word after as many seconds."""
    try:
        for word in says.split():
            await asyncio.sleep(after_s)
            ctx.reply(word)
        if error is not None:
            raise error
    finally:
        if log is not None:
            log.append(now_s())


def now_s() -> float:
    """Return the virtual time."""
    return asyncio.get_running_loop().time()


async def tokens(text: str, *, first_s: float, each_s: float = 0.0) -> AsyncIterator[str]:
    """Give a letter at a time."""
    await asyncio.sleep(first_s)
    for letter in text:
        yield letter
        await asyncio.sleep(each_s)


async def heard(reply: MessageSequencePromise) -> list[tuple[str, float]]:
    """Return the messages in their order, each with the time at which the reader got its promise."""
    came = [(promise, now_s()) async for promise in reply]
    return [(str(await promise), time_s) for promise, time_s in came]


async def test_replies_stay_in_order_whatever_their_speed() -> None:
    """What is replied first comes first, however slow it is."""

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        ctx.reply(worker.inquire(says="slow", after_s=9)).reply(worker.inquire(says="fast", after_s=1)).reply("z")

    async with MiniAgents():
        assert await heard(agent.inquire()) == [("slow", 9), ("fast", 9), ("z", 9)]


async def test_what_may_overtake_does() -> None:
    """What is replied out of order comes as soon as it has begun, past what is still to come."""

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        ctx.reply_out_of_order([worker.inquire(says="slow", after_s=9), worker.inquire(says="fast", after_s=1)])
        ctx.reply("z")

    async with MiniAgents():
        assert await heard(agent.inquire()) == [("z", 0), ("fast", 1), ("slow", 9)]


async def test_it_comes_while_the_agent_still_works() -> None:
    """A reader has what is replied out of order long before the call ends."""

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        ctx.reply_out_of_order(worker.inquire(says="fast", after_s=1))
        await asyncio.sleep(100)

    async with MiniAgents():
        assert await heard(agent.inquire()) == [("fast", 1)]
        assert now_s() == 100


async def test_it_does_not_overtake_a_reply_that_has_its_place() -> None:
    """Where an ordinary reply that is still to come stands before it, a reader waits for that one first."""

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        ctx.reply(worker.inquire(says="slow", after_s=9))
        ctx.reply_out_of_order(worker.inquire(says="fast", after_s=1))

    async with MiniAgents():
        assert await heard(agent.inquire()) == [("slow", 9), ("fast", 9)]


async def test_the_messages_of_one_sequence_stay_in_order() -> None:
    """Another agent's messages keep their order among each other, and other messages may come between them."""

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        ctx.reply_out_of_order(worker.inquire(says="a b c", after_s=2))
        ctx.reply_out_of_order(worker.inquire(says="1 2", after_s=3.5))

    async with MiniAgents():
        assert await heard(agent.inquire()) == [("a", 2), ("1", 3.5), ("b", 4), ("c", 6), ("2", 7)]


async def test_a_message_takes_its_place_with_its_first_token() -> None:
    """A message that streams is there from its first token on, and streams to the reader."""

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        ctx.reply_out_of_order(Message.promise(tokens("late", first_s=5)))
        ctx.reply_out_of_order([Message.promise(tokens("slow", first_s=1, each_s=10))])

    async with MiniAgents():
        seen = [[(token, now_s()) async for token in promise] async for promise in agent.inquire()]
    assert seen == [[("s", 1), ("l", 11), ("o", 21), ("w", 31)], [(letter, 41) for letter in "late"]]


@pytest.mark.parametrize("keep", [True, False])
async def test_what_is_there_comes_at_once(keep: bool) -> None:
    """Texts, messages and empty messages that are there already, or never will say anything, get their places."""

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        ctx.reply_out_of_order(
            ["a", Message(text="b"), {"text": "c"}, None or [], Message.promise(tokens("", first_s=3))]
        )

    async with MiniAgents():
        assert await heard(agent.inquire(keep=keep)) == [("a", 0), ("b", 0), ("c", 0), ("", 3)]


async def test_an_error_comes_in_the_place_of_its_time() -> None:
    """A sequence that fails does so when it does; the reader goes on behind it; the trail is whole."""

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        ctx.reply_out_of_order(worker.inquire(says="a", after_s=2, error=ZeroDivisionError("boom")))
        ctx.reply_out_of_order(worker.inquire(says="1 2", after_s=3))

    async with MiniAgents():
        reader = aiter(agent.inquire())
        assert str(await (await anext(reader))) == "a"
        with pytest.raises(ZeroDivisionError) as caught:
            await anext(reader)
        assert trail_of(caught.value) == ("worker", "agent")
        assert [str(await promise) async for promise in reader] == ["1", "2"]


async def test_an_error_that_nobody_reads_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    """What fails out of order and is never read is one line at the end of the scope, like any other error."""

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        ctx.reply_out_of_order(worker.inquire(says="a", after_s=2, error=ZeroDivisionError("boom")))

    async with MiniAgents():
        agent.inquire()
    assert [record.getMessage() for record in caplog.records] == [
        "an error that nobody read: ZeroDivisionError: boom (worker → agent)"
    ]


async def test_what_can_be_no_message_is_refused() -> None:
    """`reply_out_of_order` refuses what `reply` refuses, at once, and returns the context as `reply` does."""

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        assert ctx.reply_out_of_order("a") is ctx
        with pytest.raises(UnsupportedPieceError, match="agent: int is no message"):
            ctx.reply_out_of_order(3)  # type: ignore[arg-type]  # that is the point

    async with MiniAgents():
        assert str(await agent.inquire()) == "a"


async def test_cancel_reaches_what_was_replied_out_of_order() -> None:
    """`cancel()` stops the calls that were replied out of order, and the call that waits for them."""
    log: list[float] = []

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        ctx.reply_out_of_order(worker.inquire(says="slow", after_s=9, log=log))

    async with MiniAgents():
        reply = agent.inquire()
        await asyncio.sleep(1)
        reply.cancel()
        with pytest.raises(CallCancelledError):
            await reply
        await asyncio.sleep(0.1)
        assert log == [1]


async def test_leaving_the_loop_stops_what_was_replied_out_of_order() -> None:
    """When the only reader leaves, so do the calls whose replies were to come out of order."""
    log: list[float] = []

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        ctx.reply_out_of_order([worker.inquire(says=str(number), after_s=number, log=log) for number in (1, 5, 9)])

    async with MiniAgents():
        async for _ in agent.inquire():
            break
        gc.collect()
        await asyncio.sleep(1)
        assert log == [1, 1, 1]


async def test_what_nobody_ever_reads_runs_to_its_end() -> None:
    """A call that was made and forgotten lets what it replied out of order come to its end too, streams as well."""
    log: list[float] = []
    given: list[str] = []

    async def noting() -> AsyncIterator[str]:
        async for letter in tokens("letters", first_s=1, each_s=2):
            given.append(letter)
            yield letter

    @miniagent
    async def streaming(ctx: InteractionContext) -> None:
        ctx.reply(Message.promise(noting()))

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        ctx.reply_out_of_order([worker.inquire(says="a b", after_s=4, log=log), streaming.inquire()])

    async with MiniAgents():
        agent.inquire()
    assert log == [8]
    assert "".join(given) == "letters"


async def test_it_is_replied_once_to_every_reader() -> None:
    """The order that came about is the same for every reader, early or late."""

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        for number in (5, 3, 4, 1, 2):
            ctx.reply_out_of_order(worker.inquire(says=str(number), after_s=number))

    async with MiniAgents():
        reply = agent.inquire()
        early, other = await asyncio.gather(heard(reply), heard(reply))
        assert [text for text, _ in early] == ["1", "2", "3", "4", "5"]
        assert early == other
        assert [text for text, _ in await heard(reply)] == ["1", "2", "3", "4", "5"]


async def test_ten_thousand_out_of_order() -> None:
    """Ten thousand replies that may overtake all come, each once, in the order of their times."""

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        for number in range(10_000):
            ctx.reply_out_of_order(worker.inquire(says=str(number), after_s=10_000 - number))

    async with MiniAgents():
        reply = await agent.inquire()
    assert [message.text for message in reply] == [str(number) for number in reversed(range(10_000))]


async def test_begun_waits_for_the_first_token() -> None:
    """`begun()` waits for the first token or the end, and reads nothing."""

    async def begun_s(promise: MessagePromise | MessageSequencePromise) -> float:
        await promise.begun()
        return now_s()

    async with MiniAgents():
        promises = [
            Message.promise(tokens("ab", first_s=3)),
            Message.promise(tokens("", first_s=4)),
            Message.promise(""),
        ]
        reply = worker.inquire(says="a b", after_s=5)
        assert await asyncio.gather(*map(begun_s, [*promises, reply])) == [3, 4, 0, 5]
