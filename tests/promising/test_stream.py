"""Streams: pieces that arrive over time, read from the start by anyone at any time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest

from miniagents.errors import CallCancelledError, NoScopeError, UnsupportedPieceError
from miniagents.messages import Message, MessagePromise
from miniagents.miniagents import MiniAgents
from miniagents.promising.failure import trail_of

Read = Callable[[MessagePromise], Awaitable[str]]


async def awaited(promise: MessagePromise) -> str:
    """Await the whole."""
    return (await promise).text


async def iterated(promise: MessagePromise) -> str:
    """Read piece by piece."""
    return "".join([token async for token in promise])


@pytest.fixture(params=[awaited, iterated], ids=["awaited", "iterated"])
def read(request: pytest.FixtureRequest) -> Read:
    """Give each way to read a stream."""
    return request.param


class Ticking:
    """A token a second, then perhaps an error; remembers when it was stopped."""

    def __init__(self, *tokens: str, error: Exception | None = None) -> None:
        self.tokens = tokens
        self.error = error
        self.stopped_s: float | None = None

    async def __aiter__(self) -> AsyncIterator[str]:
        """Tick."""
        try:
            for token in self.tokens:
                await asyncio.sleep(1)
                yield token
            if self.error is not None:
                raise self.error
        finally:
            self.stopped_s = now_s()


def now_s() -> float:
    """Return the virtual time."""
    return asyncio.get_running_loop().time()


async def timed(promise: MessagePromise) -> list[tuple[str, float]]:
    """Return each token with the time at which it was read."""
    return [(token, now_s()) async for token in promise]


async def until_error(promise: MessagePromise) -> tuple[list[str], Exception | None]:
    """Return the tokens up to the error, and the error."""
    tokens = []
    try:
        async for token in promise:
            tokens.append(token)  # noqa: PERF401 - a comprehension would lose them
    except ZeroDivisionError as error:
        return tokens, error
    return tokens, None


async def test_a_token_is_read_when_it_comes() -> None:
    """A reader sees each token at the moment the producer gives it, not when the message is whole."""
    async with MiniAgents():
        assert await timed(Message.promise(Ticking("a", "b", "c"))) == [("a", 1), ("b", 2), ("c", 3)]


async def test_early_late_and_many_readers_get_the_same(read: Read) -> None:
    """However many read, and whenever they begin, each gets everything from the start."""
    async with MiniAgents():
        promise = Message.promise(Ticking("a", "b", "c", "d"))
        readers = []
        for _ in range(5):
            readers += [asyncio.create_task(read(promise)) for _ in range(20)]
            await asyncio.sleep(0.9)
        assert set(await asyncio.gather(*readers)) == {"abcd"}
        assert await read(promise) == "abcd"


async def test_a_late_reader_replays_then_goes_on_live() -> None:
    """Who comes late gets what has come at once, and the rest as it comes."""
    async with MiniAgents():
        promise = Message.promise(Ticking("a", "b", "c"))
        await asyncio.sleep(2.5)
        assert await timed(promise) == [("a", 2.5), ("b", 2.5), ("c", 3)]
        assert await timed(promise) == [("a", 3), ("b", 3), ("c", 3)]


async def test_a_slow_reader_slows_nobody() -> None:
    """A reader that takes ten seconds a token holds up neither the producer nor another reader."""
    async with MiniAgents():
        promise = Message.promise(ticking := Ticking("a", "b", "c"))

        async def slowly() -> list[str]:
            tokens = []
            async for token in promise:
                await asyncio.sleep(10)
                tokens.append(token)
            return tokens

        slow = asyncio.create_task(slowly())
        assert await timed(promise) == [("a", 1), ("b", 2), ("c", 3)]
        assert ticking.stopped_s == 3
        assert await slow == ["a", "b", "c"]


async def test_the_whole_is_made_once() -> None:
    """Everyone who awaits gets the very same message."""
    async with MiniAgents():
        promise = Message.promise(Ticking("a", "b"))
        one, other = await asyncio.gather(promise, promise)
        assert one is other
        assert await promise is one


async def test_a_cancelled_reader_spoils_nothing(read: Read) -> None:
    """A reader that is cancelled in the middle leaves the stream as it was for all the others."""
    async with MiniAgents():
        promise = Message.promise(ticking := Ticking("a", "b", "c"))
        leaving = [asyncio.create_task(read(promise)) for _ in range(3)]
        staying = asyncio.create_task(read(promise))
        for reader in leaving:
            await asyncio.sleep(0.7)
            reader.cancel()
        assert await staying == "abc"
        assert all(reader.cancelled() for reader in leaving)
        assert await read(promise) == "abc"
        assert ticking.stopped_s == 3


@pytest.mark.parametrize("before", [(), ("a",), ("a", "b")], ids=["before", "inside", "later"])
async def test_an_error_comes_after_what_came_before_it(before: tuple[str, ...]) -> None:
    """Every reader gets the tokens that came, then the error; after that the reader has ended."""
    async with MiniAgents():
        promise = Message.promise(Ticking(*before, error=ZeroDivisionError("cut")))
        early = asyncio.create_task(until_error(promise))
        for tokens, error in (await early, await until_error(promise), await until_error(promise)):
            assert tokens == list(before)
            assert str(error) == "cut"
        reader = aiter(promise)
        for _ in before:
            await anext(reader)
        with pytest.raises(ZeroDivisionError):
            await anext(reader)
        for _ in range(2):
            with pytest.raises(StopAsyncIteration):
                await anext(reader)


async def test_an_error_is_raised_at_every_reader(read: Read) -> None:
    """Early and late readers all get the error, with a trail, and with the same traceback each time."""
    async with MiniAgents():
        promise = Message.promise(Ticking("a", error=ZeroDivisionError("cut")))
        outcomes = await asyncio.gather(*[read(promise) for _ in range(3)], return_exceptions=True)
        assert [str(outcome) for outcome in outcomes] == ["cut"] * 3
        lengths = set()
        for _ in range(10):
            with pytest.raises(ZeroDivisionError, match="cut") as raised:
                await read(promise)
            lengths.add(len(raised.traceback))
            assert trail_of(raised.value) == ("MiniAgents",)
        assert len(lengths) == 1


async def test_the_end_stays_the_end(read: Read) -> None:
    """A reader that has ended goes on saying so, and the stream can be read again."""
    async with MiniAgents():
        promise = Message.promise(Ticking("a"))
        reader = aiter(promise)
        assert await anext(reader) == "a"
        for _ in range(3):
            with pytest.raises(StopAsyncIteration):
                await anext(reader)
        assert [token async for token in reader] == []
        assert await read(promise) == "a"


async def test_cancel_stops_the_producer_and_tells_the_readers(read: Read) -> None:
    """`cancel()` runs the generator's `finally` and raises `CallCancelledError` at every reader."""
    async with MiniAgents():
        promise = Message.promise(ticking := Ticking("a", "b", "c"))
        reader = asyncio.create_task(read(promise))
        await asyncio.sleep(1.5)
        promise.cancel()
        for reading in (reader, read(promise)):
            with pytest.raises(CallCancelledError, match="was cancelled"):
                await reading
        assert ticking.stopped_s == 1.5
        assert promise.is_done


async def test_cancel_keeps_what_had_come() -> None:
    """The tokens that came before the cancellation are still there, the error after them."""
    async with MiniAgents():
        promise = Message.promise(Ticking("a", "b", "c"))
        await asyncio.sleep(2.5)
        promise.cancel()
        reader = aiter(promise)
        assert [await anext(reader), await anext(reader)] == ["a", "b"]
        with pytest.raises(CallCancelledError):
            await anext(reader)


async def test_leaving_the_loop_stops_the_producer() -> None:
    """When the last reader leaves its `async for`, the generator's `finally` runs."""

    async def first(promise: MessagePromise) -> str:
        async for token in promise:
            return token
        return ""

    async with MiniAgents():
        ticking = Ticking(*"abcdefgh")
        assert await first(Message.promise(ticking)) == "a"
        await asyncio.sleep(0.01)
        assert ticking.stopped_s == 1


async def test_a_held_stream_goes_on_without_readers(read: Read) -> None:
    """A reader that leaves stops nothing while anybody else still holds the promise."""
    async with MiniAgents():
        promise = Message.promise(Ticking("a", "b", "c"))
        async for _ in promise:
            break
        await asyncio.sleep(5)
        assert promise.is_done
        assert await read(promise) == "abc"


async def test_a_stream_that_nobody_reads_runs_to_its_end() -> None:
    """What was started and never read was started for its own sake."""
    async with MiniAgents():
        Message.promise(ticking := Ticking("a", "b"))
    assert ticking.stopped_s == 2


async def test_a_waiting_reader_is_woken_once_a_token() -> None:
    """Readers that wait for the next token leave next to nothing behind in the stream, cancelled or not."""
    async with MiniAgents():
        promise = Message.promise(Ticking("a"))
        for _ in range(100):
            with suppress(TimeoutError):
                async with asyncio.timeout(0.001):
                    await anext(aiter(promise))
        assert len(promise._source._at_next or ()) <= 1
        for _ in range(100):
            with suppress(TimeoutError):
                await asyncio.wait_for(promise, 0.001)
        assert len(promise._source._at_end or ()) <= 1
        assert await awaited(promise) == "a"
        assert promise._source._at_next == promise._source._at_end == []


async def test_a_reader_that_gave_up_waiting_can_go_on() -> None:
    """A reader whose wait for the next token was cut short misses nothing when it asks again, however much later."""
    async with MiniAgents():
        promise = Message.promise(Ticking(*"abcdef"))
        reader = aiter(promise)
        tokens = []
        while len(tokens) < 6:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.3):
                    tokens.append(await anext(reader))
                continue
            await asyncio.sleep(2)
        assert tokens == list("abcdef")


async def test_empty_tokens_are_dropped(read: Read) -> None:
    """No reader ever gets an empty token."""
    async with MiniAgents():
        promise = Message.promise(Ticking("", "a", "", "b", ""))
        assert await read(promise) == "ab"
        assert [token async for token in promise] == ["a", "b"]


async def test_known_tokens_need_no_scope(read: Read) -> None:
    """Tokens that are all there already make a stream anywhere; empty ones are dropped there too."""
    assert await read(Message.promise(["a", "", "b"])) == "ab"
    assert [token async for token in Message.promise(["a", "", "b"])] == ["a", "b"]
    assert [token async for token in Message.promise("whole")] == ["whole"]


async def test_no_tokens_make_an_empty_message(read: Read) -> None:
    """A stream that ends before it has begun is an empty message."""
    async with MiniAgents():
        assert await read(Message.promise(Ticking())) == ""
        assert await read(Message.promise([])) == ""
        assert await read(Message.promise("")) == ""


async def test_a_token_that_is_no_text_is_refused(read: Read) -> None:
    """A token of another type is an error that names the type, at the reader or, if it is known at once, here."""
    async with MiniAgents():
        with pytest.raises(UnsupportedPieceError, match="a token must be a str, not bytes"):
            await read(Message.promise(Ticking("a", b"b")))  # type: ignore[arg-type]
        with pytest.raises(UnsupportedPieceError, match="a token must be a str, not int"):
            Message.promise(["a", 5])  # type: ignore[list-item]


async def test_tokens_to_come_need_a_scope() -> None:
    """Outside a scope a stream is refused, and its generator never starts."""
    with pytest.raises(NoScopeError, match=r"async with MiniAgents\(\)"):
        Message.promise(ticking := Ticking("a"))
    assert ticking.stopped_s is None


@pytest.mark.parametrize("count", [1, 2, 1_000, 50_000])
async def test_any_number_of_tokens(read: Read, count: int) -> None:
    """A long stream that comes in bursts is read whole by a reader that starts in its middle."""

    async def bursts() -> AsyncIterator[str]:
        for number in range(count):
            if number % 1_000 == 1:
                await asyncio.sleep(1)
            yield chr(97 + number % 26)

    expected = "".join(chr(97 + number % 26) for number in range(count))
    async with MiniAgents():
        promise = Message.promise(bursts())
        early = asyncio.create_task(read(promise))
        await asyncio.sleep(count // 2_000)
        assert await read(promise) == expected
        assert await early == expected


async def test_the_end_can_be_waited_for_by_itself() -> None:
    """`ending` is done when the last piece is there, well or not, and at once where it was there before."""
    async with MiniAgents():
        for error in (None, ZeroDivisionError()):
            begun_s = now_s()
            promise = Message.promise(Ticking("a", "b", error=error))
            await promise.ending()
            assert now_s() - begun_s == 2
            assert promise.ending().done()
            assert (await until_error(promise)) == (["a", "b"], error)
    assert Message.promise(["a"]).ending().done()
