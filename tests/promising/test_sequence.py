"""Sequences: streams inside streams, read as one."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from miniagents.errors import CallCancelledError
from miniagents.messages import Message, MessagePromise, MessageSequencePromise, MessageType
from miniagents.miniagents import InteractionContext, MiniAgents, miniagent
from miniagents.promising.promise import Promise

Read = Callable[[MessageSequencePromise], Awaitable[list[str]]]
DEEP = 10_000
WIDE = 100_000


async def awaited(sequence: MessageSequencePromise) -> list[str]:
    """Await the whole."""
    return [message.text for message in await sequence]


async def iterated(sequence: MessageSequencePromise) -> list[str]:
    """Read message by message."""
    return [str(await promise) async for promise in sequence]


@pytest.fixture(params=[awaited, iterated], ids=["awaited", "iterated"])
def read(request: pytest.FixtureRequest) -> Read:
    """Give each way to read a sequence."""
    return request.param


@miniagent
async def slow(ctx: InteractionContext, texts: str, delay_s: float = 1.0) -> None:
    """Reply each letter after a while."""
    for text in texts:
        await asyncio.sleep(delay_s)
        ctx.reply(text)


@miniagent
async def failing(ctx: InteractionContext, texts: str = "") -> None:
    """Reply each letter, then fail."""
    ctx.reply(list(texts))
    await asyncio.sleep(1)
    raise ZeroDivisionError("none left")


async def texts_and_errors(sequence: MessageSequencePromise) -> list[str]:
    """Return the texts and, where one was raised, the names of the errors, to the very end."""
    heard, reader = [], aiter(sequence)
    while True:
        try:
            heard.append(str(await (await anext(reader))))
        except StopAsyncIteration:
            return heard
        except Exception as error:  # noqa: BLE001 - all of them are part of what was heard
            heard.append(type(error).__name__)


async def test_order_is_that_of_the_replies(read: Read) -> None:
    """A slow sequence that was replied first comes first, and nothing waits for it in the meantime."""

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        ctx.reply(slow.inquire(texts="ab", delay_s=3))
        ctx.reply("c")
        ctx.reply([slow.inquire(texts="de", delay_s=2), ["f", slow.inquire(texts="g")]])
        ctx.reply("h")

    async with MiniAgents():
        assert await read(agent.inquire()) == list("abcdefgh")
        assert asyncio.get_running_loop().time() == 6


async def test_early_late_and_many_readers_get_the_same(read: Read) -> None:
    """However many read, and whenever they begin, each gets every message in order."""
    async with MiniAgents():
        sequence = MessageSequencePromise([slow.inquire(texts="abc"), "d", slow.inquire(texts="ef", delay_s=2)])
        readers = []
        for _ in range(6):
            readers += [asyncio.create_task(read(sequence)) for _ in range(5)]
            await asyncio.sleep(0.8)
        for texts in await asyncio.gather(*readers):
            assert texts == list("abcdef")
        assert await read(sequence) == list("abcdef")


async def test_a_cancelled_reader_spoils_nothing(read: Read) -> None:
    """A reader that is cancelled in the middle of a nested sequence leaves it whole for the others."""
    async with MiniAgents():
        sequence = MessageSequencePromise(["a", [slow.inquire(texts="bcd")]])
        leaving, staying = asyncio.create_task(read(sequence)), asyncio.create_task(read(sequence))
        await asyncio.sleep(1.5)
        leaving.cancel()
        assert await staying == list("abcd")
        assert leaving.cancelled()
        assert await read(sequence) == list("abcd")


async def test_a_reader_that_gave_up_waiting_can_go_on() -> None:
    """A reader whose wait for the next message was cut short misses nothing when it asks again, however much later."""
    async with MiniAgents():
        reader = aiter(MessageSequencePromise([slow.inquire(texts="abc"), [slow.inquire(texts="def", delay_s=4)]]))
        texts: list[str] = []
        while len(texts) < 6:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.3):
                    texts.append(str(await (await anext(reader))))
                continue
            await asyncio.sleep(2)
        assert texts == list("abcdef")


async def test_handing_on_gives_the_same_promises() -> None:
    """A sequence that goes through many agents arrives as the very promises that the first one made."""

    @miniagent
    async def forward(ctx: InteractionContext) -> None:
        ctx.reply(ctx.message_promises)

    async with MiniAgents():
        first = sequence = slow.inquire(texts="abc")
        for _ in range(10):
            sequence = forward.inquire(sequence)
        assert [id(promise) async for promise in sequence] == [id(promise) async for promise in first]


async def test_the_whole_is_made_once() -> None:
    """Everyone who awaits gets the very same tuple of the very same messages."""
    async with MiniAgents():
        sequence = slow.inquire(texts="ab")
        one, other = await asyncio.gather(sequence, sequence)
        assert one is other
        assert [await promise async for promise in sequence] == list(one)


async def test_prefilled_sequence_needs_no_scope(read: Read) -> None:
    """What is all there can be read anywhere, and is done from the start."""
    sequence = MessageSequencePromise(prefill_pieces=["a", [Message(text="b"), []], {"text": "c"}])
    assert sequence.is_done
    assert await read(sequence) == ["a", "b", "c"]


async def test_nothing_is_an_empty_sequence(read: Read) -> None:
    """A sequence of nothing ends at once."""
    assert await read(MessageSequencePromise()) == []
    assert await read(MessageSequencePromise([[], ()])) == []


async def test_an_error_stands_at_its_place() -> None:
    """A nested sequence's error comes after its messages; a reader that asks for more gets what is behind it."""
    async with MiniAgents():
        inner = MessageSequencePromise(["b", failing.inquire(texts="cd"), "e"])
        sequence = MessageSequencePromise(["a", inner, failing.inquire(), "f"])
        heard = ["a", "b", "c", "d", "ZeroDivisionError", "e", "ZeroDivisionError", "f"]
        assert await texts_and_errors(sequence) == heard
        assert await texts_and_errors(sequence) == heard


async def test_an_error_inside_fails_the_whole(read: Read) -> None:
    """Whoever wants all of it gets the first error in it, each time."""
    async with MiniAgents():
        sequence = MessageSequencePromise(["a", [failing.inquire()], "b"])
        for _ in range(3):
            with pytest.raises(ZeroDivisionError, match="none left"):
                await read(sequence)


async def test_a_broken_message_fails_the_whole(read: Read) -> None:
    """Whoever wants all of it gets the error of a message that broke."""

    async def cut() -> AsyncIterator[str]:
        yield "a"
        raise ZeroDivisionError("cut")

    async with MiniAgents():
        sequence = MessageSequencePromise([Message.promise(cut()), "b"])
        for _ in range(3):
            with pytest.raises(ZeroDivisionError, match="cut"):
                await read(sequence)
        assert await texts_and_errors(sequence) == ["ZeroDivisionError", "b"]


async def test_cancel_reaches_the_parts(read: Read) -> None:
    """A sequence that was put together by hand passes `cancel()` on to what it was made of."""
    async with MiniAgents():
        part = slow.inquire(texts="ab")
        sequence = MessageSequencePromise(["a", MessageSequencePromise([part]), Message.promise("text")])
        sequence.cancel()
        for whole in (sequence, part):
            with pytest.raises(CallCancelledError, match="slow was cancelled"):
                await read(whole)


@pytest.mark.parametrize("container", [list, tuple, iter, MessageSequencePromise])
async def test_deep_nesting(read: Read, container: Callable[[Any], MessageType]) -> None:
    """Ten thousand containers inside each other are read, and let go of, like one."""
    nested: MessageType = ["bottom"]
    for _ in range(DEEP):
        nested = container([nested, "side"])
    sequence = MessageSequencePromise(nested)
    assert await read(sequence) == ["bottom", *["side"] * DEEP]
    assert str(sequence).startswith("bottom\n\nside")
    del sequence, nested
    gc.collect()


async def test_deep_forwarding(read: Read) -> None:
    """A call that goes through ten thousand agents, each forwarding the next one's reply, is read like one."""

    @miniagent
    async def forward(ctx: InteractionContext, depth: int) -> None:
        ctx.reply(forward.inquire(depth=depth - 1) if depth else "bottom")

    async with MiniAgents():
        sequence = forward.inquire(depth=DEEP)
        assert await read(sequence) == ["bottom"]
        del sequence
    gc.collect()


async def test_deep_chain(read: Read) -> None:
    """A message that is handed through ten thousand agents, each sent the reply of the one before, arrives."""

    @miniagent
    async def forward(ctx: InteractionContext) -> None:
        ctx.reply(ctx.message_promises)

    async with MiniAgents():
        sequence = MessageSequencePromise("bottom")
        for _ in range(DEEP):
            sequence = forward.inquire(sequence)
        assert await read(sequence) == ["bottom"]
        del sequence
    gc.collect()


async def test_deep_generators(read: Read) -> None:
    """Ten thousand async generators inside each other are read like one."""

    async def nested(depth: int) -> AsyncIterator[MessageType]:
        yield "down"
        if depth:
            yield nested(depth - 1)
        yield "up"

    async with MiniAgents():
        sequence = MessageSequencePromise(nested(DEEP - 1))
        assert await read(sequence) == ["down"] * DEEP + ["up"] * DEEP
        del sequence
    gc.collect()


async def test_deep_promises(read: Read) -> None:
    """Ten thousand promises, each of a sequence with the next one inside it, are read like one."""

    def promise(depth: int) -> Promise[Any]:
        async def resolve() -> Any:
            return MessageSequencePromise(["down", promise(depth - 1) if depth else [], "up"])

        return Promise(resolve)

    async with MiniAgents():
        sequence = MessageSequencePromise(promise(DEEP - 1))
        assert await read(sequence) == ["down"] * DEEP + ["up"] * DEEP
        del sequence
    gc.collect()


async def test_deep_cancel() -> None:
    """Cancelling the outermost of ten thousand calls, all of which wait for the next, stops every one."""
    stopped = 0

    @miniagent
    async def forward(ctx: InteractionContext, depth: int) -> None:
        nonlocal stopped
        try:
            if depth:
                ctx.reply(forward.inquire(depth=depth - 1))
            await asyncio.sleep(1_000)
        finally:
            stopped += 1

    async with MiniAgents():
        sequence = forward.inquire(depth=DEEP - 1)
        await asyncio.sleep(1)
        sequence.cancel()
        await asyncio.sleep(1)
        assert stopped == DEEP
        del sequence


async def test_deep_abandonment() -> None:
    """Leaving the outermost of ten thousand forwarded calls stops the innermost, which alone still works."""
    stopped_s: list[float] = []

    @miniagent
    async def forward(ctx: InteractionContext, depth: int) -> None:
        if depth:
            ctx.reply(["first", forward.inquire(depth=depth - 1)])
            return
        try:
            await asyncio.sleep(1_000)
        finally:
            stopped_s.append(asyncio.get_running_loop().time())

    async def leave_early() -> None:
        async for _ in forward.inquire(depth=DEEP - 1):
            await asyncio.sleep(1)
            return

    async with MiniAgents():
        await leave_early()
        await asyncio.sleep(1)
        assert stopped_s == [1]


@pytest.mark.parametrize("kind", ["list", "generator", "async generator", "replies", "nested"])
async def test_wide(kind: str) -> None:
    """A hundred thousand messages beside each other are read, and let go of, like one."""
    message = Message(text="x")

    async def one_by_one() -> AsyncIterator[Message]:
        for _ in range(WIDE):
            yield message

    @miniagent
    async def replying(ctx: InteractionContext) -> None:
        for _ in range(WIDE):
            ctx.reply(message)

    async with MiniAgents():
        sequence = {
            "list": lambda: MessageSequencePromise([message] * WIDE),
            "generator": lambda: MessageSequencePromise(message for _ in range(WIDE)),
            "async generator": lambda: MessageSequencePromise(one_by_one()),
            "replies": replying.inquire,
            "nested": lambda: MessageSequencePromise([MessageSequencePromise(message)] * WIDE),
        }[kind]()
        count = 0
        async for _ in sequence:
            count += 1
        assert count == len(await sequence) == WIDE
        del sequence


async def test_iterating_yields_promises_in_order_before_they_are_whole() -> None:
    """Iterating gives each message's promise as soon as it is known, long before its text is."""

    async def tokens() -> AsyncIterator[str]:
        for token in "abc":
            await asyncio.sleep(1)
            yield token

    async with MiniAgents():
        start_s = asyncio.get_running_loop().time()
        sequence = MessageSequencePromise([Message.promise(tokens())])
        promises: list[MessagePromise] = [promise async for promise in sequence]
        assert asyncio.get_running_loop().time() == start_s
        assert [token async for token in promises[0]] == ["a", "b", "c"]
