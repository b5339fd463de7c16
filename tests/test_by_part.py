"""Reading a message by part: everything in order, live and late, for any number of readers."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniagents.by_part import Bursts
from miniagents.content import Image, Part, Text, Thinking, Thought, ToolCall, text_in
from miniagents.errors import PiecesGoneError
from miniagents.messages import Message, MessagePromise
from miniagents.miniagents import MiniAgents
from miniagents.promising.passing import SPAN
from miniagents.recipe import assembled
from miniagents.testing import virtual_time_loop
from tests.test_content import PARTS

CALL = ToolCall("1", name="add", arguments="{}")
WHOLE = Thinking("hmm", signature="s")
PIECES = [Thought("h"), Thought("mm"), WHOLE, "On", "ce", CALL, "upon", Image(b"x")]
WORDS = st.text(max_size=3)


async def arriving(*pieces: Any, error: Exception | None = None, pause_s: float = 1.0) -> AsyncIterator[Any]:
    """Give these, after a pause each, and fail."""
    for piece in pieces:
        await asyncio.sleep(pause_s)
        yield piece
    if error is not None:
        raise error


async def timed(promise: MessagePromise) -> list[tuple[Any, float]]:
    """Read a message by part; return each with the second in which it was there."""
    loop = asyncio.get_running_loop()
    return [(piece, round(loop.time())) async for piece in promise.parts()]


async def test_each_at_its_time() -> None:
    """Every piece is there as soon as it has come, for each of many readers, in order; late ones get all at once."""
    async with MiniAgents():
        promise = Message.promise(arriving(*PIECES))
        readers = [asyncio.ensure_future(timed(promise)) for _ in range(3)]
        tokens = [token async for token in promise]
        live = [*zip(PIECES, range(1, 9), strict=True)]
        assert [await reader for reader in readers] == [live] * 3
        assert tokens == ["On", "ce", "upon"]
        assert await timed(promise) == [(piece, 8) for piece in PIECES]
        message = await promise
        assert await timed(promise) == [(piece, 8) for piece in PIECES]
        assert all(
            type(piece) is type(expected) for (piece, _), expected in zip(await timed(promise), PIECES, strict=True)
        )
    assert message.text == "Onceupon"
    assert message.parts == (WHOLE, Text("Once"), CALL, Text("upon"), Image(b"x"))


async def test_reader_of_tokens_is_not_disturbed() -> None:
    """Who reads the text waits through thoughts and parts, and gets nothing but tokens."""
    async with MiniAgents():
        promise = Message.promise(arriving(Thought("h"), CALL, "a", CALL, "b", CALL))
        loop = asyncio.get_running_loop()
        assert [(token, round(loop.time())) async for token in promise] == [("a", 3), ("b", 5)]


async def test_reader_that_is_cancelled() -> None:
    """A reader that gives up in the middle spoils nothing for others, nor for itself."""
    async with MiniAgents():
        promise = Message.promise(arriving(*PIECES))
        reader = promise.parts()
        came: list[Any] = []

        async def read() -> None:
            async for piece in reader:
                came.append(piece)  # noqa: PERF401 - what came before it is cancelled counts

        for _ in range(4):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(read(), 1.6)
        assert came == PIECES[:6]
        await read()
        assert came == PIECES
        assert [piece async for piece in promise.parts()] == PIECES


async def test_pieces_that_are_not_kept() -> None:
    """Where pieces are let go of, those who read from the start get everything, and who comes too late an error."""
    tokens = [str(number) for number in range(3 * SPAN)]
    pieces = [piece for token in tokens for piece in (token, Thought(token), CALL)]
    async with MiniAgents():
        promise = Message.promise(arriving(*pieces, pause_s=0), keep=False)
        readers = [promise.parts(), promise.parts()]
        first, second = await asyncio.gather(*map(collected, readers))
        assert first == second == pieces
        del readers
        with pytest.raises(PiecesGoneError):
            promise.parts()


@pytest.mark.parametrize("by_part", [True, False])
async def test_thoughts_without_end(*, by_part: bool) -> None:
    """Where pieces are let go of, so are thoughts and parts: an endless stream of them takes no more memory."""
    thoughts = 4000

    async def thinking() -> AsyncIterator[Any]:
        for number in range(thoughts):
            yield Thought(f"{number:04}" * 250)  # 1 KB each
            yield CALL
            yield "a"

    async with MiniAgents():
        reader: AsyncIterator[Any]
        promise = Message.promise(thinking(), keep=False)
        reader = promise.parts() if by_part else aiter(promise)
        count, tracing = 0, tracemalloc.is_tracing()
        tracemalloc.start()
        try:
            async for _ in reader:
                count += 1
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            if not tracing:
                tracemalloc.stop()
    assert count == thoughts * (3 if by_part else 1)
    assert peak_bytes < thoughts * 1000 / 4


async def test_the_producer_of_thoughts_waits_too() -> None:
    """A producer that thinks, and says nothing, is not further ahead of its reader than one that speaks."""
    made = 0

    async def thinking() -> AsyncIterator[Any]:
        nonlocal made
        for made in range(1, 20 * SPAN):  # noqa: B007 - how many were made is what is looked at
            yield Thought("h")

    async with MiniAgents():
        promise = Message.promise(thinking(), keep=False)
        reader = promise.parts()
        assert await anext(reader) == "h"
        await asyncio.sleep(60)
        assert made <= 3 * SPAN
        promise.cancel()


async def test_each_at_its_time_where_nothing_is_kept() -> None:
    """Thoughts and parts are not held back until the next token where pieces are let go of."""
    async with MiniAgents():
        promise = Message.promise(arriving(*PIECES), keep=False)
        assert await timed(promise) == [*zip(PIECES, range(1, 9), strict=True)]


async def collected(reader: AsyncIterator[Any]) -> list[Any]:
    """Read to the end."""
    return [piece async for piece in reader]


async def test_message_that_is_not_kept_has_its_parts() -> None:
    """Who awaits such a message gets all of its parts."""
    async with MiniAgents():
        message = await Message.promise(arriving(*PIECES), keep=False)
    assert message.parts == (WHOLE, Text("Once"), CALL, Text("upon"), Image(b"x"))


async def test_whole_messages() -> None:
    """A message that is there is read by part too: a plain one is a token, another one its parts."""
    async with MiniAgents():
        for given_, pieces in [
            (Message(text="a"), ["a"]),
            (Message(), []),
            (Message(parts=[CALL]), [CALL]),
            (Message(parts=["a", CALL, "b"]), [Text("a"), CALL, Text("b")]),
        ]:
            assert await collected(MessagePromise.of(given_).parts()) == pieces
        assert await collected(MessagePromise.of("a").parts()) == ["a"]
        assert await collected(MessagePromise.of("").parts()) == []


async def test_parts_that_are_there() -> None:
    """A message can be streamed of what is there already: whole texts are tokens too, empty pieces are dropped."""
    async with MiniAgents():
        promise = Message.promise([Text("a"), Text("b"), Thought(""), "", CALL, Text("c", extra={"openai": {}})])
        assert [token async for token in promise] == ["a", "b", "c"]
        message = await promise
        assert message.text == "abc"
        assert message.parts == (Text("a"), Text("b"), CALL, Text("c", extra={"openai": {}}))
        assert await collected(promise.parts()) == [
            "a",
            Text("a"),
            "b",
            Text("b"),
            CALL,
            "c",
            Text("c", extra={"openai": {}}),
        ]
        assert (await Message.promise(["a", "", Thought("")])).parts == ()


@given(st.lists(WORDS | st.builds(Thought, WORDS) | PARTS, max_size=8), st.booleans())
def test_whatever_comes(pieces: list[Any], keep: bool) -> None:
    """Live or late, by token or by part: all readers and the message itself agree."""

    async def check() -> None:
        async with MiniAgents():
            promise = Message.promise(arriving(*pieces), keep=keep)
            by_part, by_token = promise.parts(), aiter(promise)
            live, tokens = await asyncio.gather(collected(by_part), collected(by_token))
            late = await collected(promise.parts())
            message = await promise
        assert live == late == await collected(promise.parts())
        assert list(map(type, live)) == list(map(type, late))
        plain = [piece for piece in live if type(piece) is str]
        assert plain == tokens
        assert [piece for piece in live if isinstance(piece, Part | Thought)] == [
            piece for piece in pieces if isinstance(piece, Part | Thought) and piece != ""
        ]
        between = [
            (sum(type(before) is str for before in live[:place]), piece)
            for place, piece in enumerate(live)
            if type(piece) is not str
        ]
        assert message.text == "".join(tokens)
        assert message.parts == assembled(tokens, between)
        assert text_in(message.parts or [Text(message.text)]) == message.text

    with asyncio.Runner(loop_factory=virtual_time_loop) as runner:
        runner.run(check())


async def bursts_of(bursts: Bursts) -> list[tuple[list[Any], float]]:
    """Return each list with the time at which it was there, in tenths of a second."""
    loop = asyncio.get_running_loop()
    return [(pieces, round(loop.time() * 10)) async for pieces in bursts]


async def test_bursts_have_a_pause_between_them() -> None:
    """The first piece comes at once, then what came in each pause; the end, and what comes after a silence, at once."""

    async def stream() -> AsyncIterator[Any]:
        async for piece in arriving("a", "b", CALL, "c", "d", pause_s=0.1):
            yield piece
        async for piece in arriving("e", pause_s=1.0):
            yield piece

    async with MiniAgents():
        promise = Message.promise(stream())
        assert await bursts_of(Bursts(promise, lambda: 0.25)) == [
            (["a"], 1),
            (["b", CALL], 4),  # 0.35
            (["c", "d"], 6),
            (["e"], 15),
        ]
        assert await bursts_of(Bursts(promise, lambda: 0.25)) == [(["a", "b", CALL, "c", "d", "e"], 15)]


async def test_bursts_end_as_the_message_does() -> None:
    """A failure comes after all that came before it, and no later than it is known."""
    async with MiniAgents():
        promise = Message.promise(arriving("a", "b", error=ValueError("no"), pause_s=0.1))
        bursts = Bursts(promise, lambda: 9.0)
        assert [await anext(bursts), await anext(bursts)] == [["a"], ["b"]]
        with pytest.raises(ValueError, match="no"):
            await anext(bursts)
        assert asyncio.get_running_loop().time() == pytest.approx(0.2)


async def test_who_stops_reads_the_rest() -> None:
    """What came in a pause that was cut short is there to be taken, once."""
    async with MiniAgents():
        promise = Message.promise(arriving("a", "b", "c", "d", pause_s=0.1))
        bursts = Bursts(promise, lambda: 9.0)
        reading = asyncio.ensure_future(bursts_of(bursts))
        await asyncio.sleep(0.35)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert bursts.rest() == ["b", "c"]
        assert bursts.rest() == []
        assert [pieces async for pieces in bursts] == [["d"]]


async def test_a_token_wakes_nobody_who_pauses() -> None:
    """Of a thousand tokens in a second, a reader that looks ten times a second is woken some twenty times."""
    async with MiniAgents():
        bursts = Bursts(Message.promise(arriving(*["a"] * 1000, pause_s=0.001)), lambda: 0.1)
        assert len(await bursts_of(bursts)) <= 12


@given(st.lists(st.tuples(st.sampled_from([*PIECES, "more"]), st.sampled_from([0.0, 0.01, 0.2])), max_size=12))
def test_bursts_are_the_message(pieces: list[tuple[Any, float]]) -> None:
    """However it comes, all lists together are what a reader by part gets, in order."""

    async def stream() -> AsyncIterator[Any]:
        for piece, pause_s in pieces:
            await asyncio.sleep(pause_s)
            yield piece

    async def read(*, keep: bool) -> tuple[list[Any], list[Any]]:
        async with MiniAgents():
            promise = Message.promise(stream(), keep=keep)
            bursts = asyncio.ensure_future(bursts_of(Bursts(promise, lambda: 0.1)))
            one_by_one = [piece async for piece in promise.parts()]
            return one_by_one, [piece for burst, _ in await bursts for piece in burst]

    for keep in (True, False):
        with asyncio.Runner(loop_factory=virtual_time_loop) as runner:
            one_by_one, in_bursts = runner.run(read(keep=keep))
        assert in_bursts == one_by_one == [piece for piece, _ in pieces]
