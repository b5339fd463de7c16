"""Streams that are not kept, with random readers: each gets everything from the start, or is told it is too late."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from miniagents.errors import PiecesGoneError
from miniagents.messages import Message, MessagePromise
from miniagents.miniagents import MiniAgents
from miniagents.promising.passing import SPAN
from miniagents.testing import virtual_time_loop


@dataclass(frozen=True)
class Reader:
    """When a reader comes, how long it takes for a token, and after how many it leaves."""

    comes_s: int
    each_s: int
    leaves: int


FIRST = Reader(0, 0, -1)
"""Stands for whoever came first, behind everyone."""

readers = st.builds(
    Reader, st.integers(0, 5), st.integers(0, 3), st.one_of(st.integers(0, 4 * SPAN), st.just(1_000_000))
)


async def read(promise: MessagePromise, reader: Reader, standing: dict[Reader, int]) -> int | None:
    """Return how many tokens were read, or None if it was too late; note where the reader stands meanwhile."""
    await asyncio.sleep(reader.comes_s)
    try:
        place = aiter(promise)
    except PiecesGoneError:
        assert FIRST in standing  # who comes first is never too late
        return None
    standing[FIRST] = 1_000_000
    standing[reader] = count = 0
    async for token in place:
        assert token == f"{count} "
        standing[reader] = count = count + 1
        if count > reader.leaves:
            break
        await asyncio.sleep(reader.each_s)
    del standing[reader]
    return count


async def play(count: int, cast: list[Reader]) -> None:
    """Let the readers read a stream of so many tokens, and see that each gets what is its due."""
    standing: dict[Reader, int] = {}
    given_out = 0

    async def tokens() -> AsyncIterator[str]:
        nonlocal given_out
        for number in range(count):
            assert number - min(standing.values(), default=0) <= 2 * SPAN
            given_out = number + 1
            yield f"{number} "

    async with MiniAgents():
        promise = Message.promise(tokens(), keep=False)
        ends = await asyncio.gather(*[read(promise, reader, standing) for reader in cast])
        for reader, end in zip(cast, ends, strict=True):
            if end is None:
                assert given_out >= SPAN
            else:
                assert end == min(count, reader.leaves + 1)
        if all(reader.leaves == 1_000_000 for reader in cast):
            assert given_out == count
        del promise


@settings(deadline=None, max_examples=150, database=None)
@given(count=st.integers(0, 5 * SPAN), cast=st.lists(readers, min_size=1, max_size=4, unique=True))
def test_each_reader_gets_everything_or_is_told(count: int, cast: list[Reader]) -> None:
    """Whoever gets a place reads every token in order, never more than two spans behind; the first one always does."""
    with asyncio.Runner(loop_factory=virtual_time_loop) as runner:
        runner.run(play(count, cast))
