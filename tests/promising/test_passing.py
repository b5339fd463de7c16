"""Streams that are not kept: the producer waits for its readers, nothing stays, and who comes too late is told."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from miniagents.errors import CallCancelledError, NoScopeError, PiecesGoneError
from miniagents.messages import ErrorMessage, Message, MessagePromise, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgents, miniagent
from miniagents.promising.passing import SPAN

MANY = 10 * SPAN


class Tokens:
    """Numbers as tokens; remembers how many were taken and whether it was stopped."""

    def __init__(self, count: int = MANY, error: Exception | None = None) -> None:
        self.count, self.error = count, error
        self.given = 0
        self.stopped = False

    async def __aiter__(self) -> AsyncIterator[str]:
        """Give them as fast as they are taken."""
        try:
            for number in range(self.count):
                self.given = number + 1
                yield f"{number} "
            if self.error is not None:
                raise self.error
        finally:
            self.stopped = True

    @property
    def text(self) -> str:
        """All of them."""
        return "".join(f"{number} " for number in range(self.count))


@miniagent
async def telling(ctx: InteractionContext, tokens: Tokens) -> None:
    """Reply one message that streams."""
    ctx.reply(Message.promise(aiter(tokens)))


@miniagent
async def generating(ctx: InteractionContext, tokens: Tokens) -> None:
    """Reply many messages from an async iterable."""
    ctx.reply(aiter(tokens))


@miniagent
async def replying(ctx: InteractionContext, tokens: Tokens) -> None:
    """Reply many messages, and wait for the readers after each."""
    async for token in tokens:
        ctx.reply(token)
        await ctx.drain()


@miniagent
async def restreaming(ctx: InteractionContext) -> None:
    """Reply each message once more, token by token."""

    async def tokens(promise: MessagePromise) -> AsyncIterator[str]:
        async for token in promise:
            yield token

    async for promise in ctx.message_promises:
        ctx.reply(Message.promise(tokens(promise)))


async def only(sequence: MessageSequencePromise) -> MessagePromise:
    """Return the one promise of a sequence."""
    [promise] = [promise async for promise in sequence]
    return promise


async def told(tokens: Tokens) -> MessagePromise:
    """Return the one message of a call that is not kept."""
    return await only(telling.inquire(tokens=tokens, keep=False))


async def read(promise: Any) -> list[str]:
    """Read to the end, token by token, or message by message."""
    return [str(piece) if isinstance(piece, str) else str(await piece) async for piece in promise]


each_kind = pytest.mark.parametrize("agent", [telling, generating, replying], ids=lambda agent: agent.alias)


@each_kind
async def test_a_reader_gets_everything(agent: Any) -> None:
    """Whoever reads from the start gets every piece in order, however many there are."""
    async with MiniAgents():
        tokens = Tokens()
        reply = agent.inquire(tokens=tokens, keep=False)
        assert "".join(await read(reply)) == tokens.text


@pytest.mark.parametrize("make", [told, lambda tokens: asyncio.sleep(0, Message.promise(aiter(tokens), keep=False))])
async def test_the_producer_waits_for_the_slowest_reader(make: Callable[..., Any]) -> None:
    """However fast one reader is, the producer is never further ahead of the slowest one than a span or so."""
    async with MiniAgents():
        tokens = Tokens()
        promise = await make(tokens)
        slow, fast = aiter(promise), asyncio.create_task(read(promise))
        for number in range(MANY):
            assert await anext(slow) == f"{number} "
            await asyncio.sleep(1)
            assert tokens.given <= number + 2 * SPAN
        assert tokens.given == MANY
        assert await anext(slow, "the end") == "the end"
        assert len(await fast) == MANY


@each_kind
async def test_the_producer_waits_for_the_first_reader(agent: Any) -> None:
    """While nobody has begun to read what somebody holds, the producer waits: nothing is lost."""
    async with MiniAgents():
        tokens = Tokens()
        reply = agent.inquire(tokens=tokens, keep=False)
        await asyncio.sleep(10)
        assert tokens.given <= SPAN
        assert "".join(await read(reply)) == tokens.text


@each_kind
async def test_a_reader_that_comes_too_late_is_told(agent: Any) -> None:
    """When the beginning is gone, whoever begins to read, or awaits the whole, gets an error with the cure."""
    async with MiniAgents():
        reply = agent.inquire(tokens=Tokens(), keep=False)
        stream = await only(reply) if agent is telling else reply
        await read(stream)
        for late in (read(stream), stream):
            with pytest.raises(PiecesGoneError, match=r"the beginning .* is gone.* read it sooner, or keep"):
                await late
        assert "arriving" not in repr(stream)


async def test_a_reader_that_comes_in_time_gets_everything() -> None:
    """As long as the first pieces are there, another reader may begin, also when the stream has ended."""
    async with MiniAgents():
        promise = await told(Tokens(SPAN + 5))
        first = aiter(promise)
        assert await anext(first) == "0 "
        whole, rest = await asyncio.gather(read(promise), read(first))
        assert (len(whole), len(rest)) == (SPAN + 5, SPAN + 4)
        short = await told(Tokens(5))
        assert await read(short) == await read(short)


async def test_a_late_reader_of_a_nested_stream_goes_on_behind_it() -> None:
    """In a sequence the error stands in the place of what is gone; what is behind it can be read."""

    @miniagent
    async def nesting(ctx: InteractionContext, inner: Any) -> None:
        ctx.reply([inner, "behind"])

    async with MiniAgents():
        inner = generating.inquire(tokens=Tokens(), keep=False)
        await read(inner)
        reader = aiter(nesting.inquire(inner=inner))
        with pytest.raises(PiecesGoneError):
            await anext(reader)
        assert str(await anext(reader)) == "behind"


async def test_awaiting_is_reading() -> None:
    """Whoever awaits a message that is not kept gets it whole; from then on it is there for everyone."""
    async with MiniAgents():
        tokens = Tokens()
        promise = await told(tokens)
        message = await promise
        assert message.text == tokens.text
        assert await promise is message
        assert f"{promise}" == tokens.text


async def test_it_can_be_formatted_while_it_arrives() -> None:
    """An f-string with such a promise streams it as it would any other."""

    @miniagent
    async def quoting(ctx: InteractionContext) -> None:
        async for promise in ctx.message_promises:
            ctx.reply(f"<{promise}>")

    async with MiniAgents():
        tokens = Tokens()
        reply = quoting.inquire(telling.inquire(tokens=tokens, keep=False))
        assert str(await reply) == f"<{tokens.text}>"


async def test_an_error_comes_after_what_came_before_it() -> None:
    """A reader gets every piece, then the error."""
    async with MiniAgents():
        promise = await told(Tokens(MANY, ZeroDivisionError("boom")))
        reader = aiter(promise)
        assert [await anext(reader) for _ in range(MANY)] == [f"{number} " for number in range(MANY)]
        with pytest.raises(ZeroDivisionError):
            await anext(reader)


async def test_an_error_as_a_message_comes_after_what_came_before_it() -> None:
    """Where errors are messages the text ends with the error, which is the message's too."""
    async with MiniAgents(errors_as_messages=True):
        message = await (await told(Tokens(MANY, ZeroDivisionError("boom"))))
        assert isinstance(message, ErrorMessage)
        assert message.text.endswith(f"{MANY - 1} \n\nZeroDivisionError: boom")


@each_kind
async def test_what_all_readers_have_left_stops(agent: Any) -> None:
    """When the only reader leaves, the producer stops soon, though somebody holds the stream, for none can follow."""
    async with MiniAgents():
        tokens = Tokens(1_000_000)
        reply = agent.inquire(tokens=tokens, keep=False)
        stream = await only(reply) if agent is telling else reply
        async for _ in stream:
            break
        await asyncio.sleep(1)
        assert tokens.stopped
        assert tokens.given <= 3 * SPAN
        assert stream is not None


@each_kind
async def test_cancel_stops_a_producer_that_waits(agent: Any) -> None:
    """`cancel()` reaches a producer that waits for a reader; the reader gets what came, then the error."""
    async with MiniAgents():
        tokens = Tokens()
        reply = agent.inquire(tokens=tokens, keep=False)
        await asyncio.sleep(1)
        reply.cancel()
        await asyncio.sleep(1)
        assert tokens.stopped
        with pytest.raises(CallCancelledError):
            await read(reply)


@each_kind
async def test_what_nobody_ever_reads_runs_to_its_end(agent: Any) -> None:
    """A call that was made and forgotten waits for nobody."""
    async with MiniAgents():
        tokens = Tokens()
        agent.inquire(tokens=tokens, keep=False)
        await asyncio.sleep(1)
        assert tokens.given == MANY


@each_kind
async def test_leaving_the_scope_waits_for_no_reader(agent: Any) -> None:
    """A scope ends though somebody still holds what nobody has begun to read, also where it passes through others."""
    tokens = Tokens()
    async with MiniAgents():
        reply = restreaming.inquire(agent.inquire(tokens=tokens, keep=False), keep=False)
    assert tokens.given == MANY
    assert reply.is_done


async def test_leaving_the_scope_waits_for_readers_inside_it() -> None:
    """What an agent begins to read late, when the scope is being left already, is there for it."""

    @miniagent
    async def late(ctx: InteractionContext, heard: list[str]) -> None:
        await asyncio.sleep(10)
        heard += await read(await only(ctx.message_promises))

    heard: list[str] = []
    async with MiniAgents():
        late.inquire(telling.inquire(tokens=Tokens(), keep=False), heard=heard)
    assert len(heard) == MANY


async def test_nothing_stays() -> None:
    """A hundred thousand tokens through three such agents: never more than a few spans are there at a time."""
    async with MiniAgents():
        tokens = Tokens(100_000)
        agent = restreaming.fork(keep=False)
        reply = agent.inquire(agent.inquire(telling.inquire(tokens=tokens, keep=False)))
        count = 0
        async for promise in reply:
            async for _ in promise:
                count += 1
                assert tokens.given - count <= 4 * SPAN
                if count % 20_000 == 0:
                    texts = [each for each in gc.get_objects() if type(each) is list and len(each) > SPAN]
                    assert [each for each in texts if each[:1] == ["0 "]] == []
        assert count == 100_000


async def test_input_that_is_not_kept() -> None:
    """What a call that is not kept is sent from an async iterable is taken no faster than it is read."""

    @miniagent
    async def counting(ctx: InteractionContext, tokens: Tokens) -> None:
        number = 0
        async for _ in ctx.message_promises:
            number += 1
            assert tokens.given <= number + 2 * SPAN
            await asyncio.sleep(1)
        ctx.reply(str(number))

    async with MiniAgents():
        tokens = Tokens()
        assert str(await counting.inquire(aiter(tokens), tokens=tokens, keep=False)) == str(MANY)


async def test_what_a_call_calls_is_kept() -> None:
    """`keep=False` holds for what the call itself makes, and for no other agent's reply."""

    @miniagent
    async def asking(ctx: InteractionContext) -> None:
        inner = telling.inquire(tokens=Tokens())
        first = await read(await only(inner))
        ctx.reply(str(first == await read(await only(inner))))

    async with MiniAgents():
        assert str(await asking.inquire(keep=False)) == "True"


async def test_a_message_may_say_otherwise() -> None:
    """`Message.promise(keep=True)` keeps its tokens in a call that keeps nothing, and the other way round."""

    @miniagent
    async def both(ctx: InteractionContext) -> None:
        ctx.reply([Message.promise(aiter(Tokens()), keep=True), Message.promise(aiter(Tokens(5)), keep=False)])

    async with MiniAgents():
        kept, _ = [promise async for promise in both.inquire(keep=False)]
        assert await read(kept) == await read(kept)


async def test_needs_an_open_scope() -> None:
    """Outside a scope such a stream is refused, as any other that is still to come."""
    with pytest.raises(NoScopeError):
        Message.promise(aiter(Tokens()), keep=False)


async def test_two_may_wait_for_room() -> None:
    """Tasks of one agent that reply and drain side by side all go on when the reader does."""

    @miniagent
    async def both(ctx: InteractionContext) -> None:
        async def tell(name: str) -> None:
            for number in range(MANY):
                ctx.reply(f"{name}{number}")
                await ctx.drain()

        await asyncio.gather(tell("a"), tell("b"))

    async with MiniAgents():
        texts = await read(both.inquire(keep=False))
        assert len(texts) == 2 * MANY
        assert [text for text in texts if text[0] == "a"] == [f"a{number}" for number in range(MANY)]


async def test_drain_lets_others_run() -> None:
    """An agent that replies without end and drains, kept or not, keeps nobody else from running."""

    @miniagent
    async def endless(ctx: InteractionContext) -> None:
        while True:
            ctx.reply("more")
            await ctx.drain()

    async with MiniAgents():
        for keep in (True, False):
            reply = endless.inquire(keep=keep)
            await asyncio.sleep(0)
            assert str(await anext(aiter(reply))) == "more"
            reply.cancel()
