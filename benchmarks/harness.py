"""What each measured process is run by: the standard library alone, so that every Python has it.

`python SCRIPT` prints the names of the script's cases, `python SCRIPT CASE` the case's figure, in its unit.
"""

import asyncio
import resource
import statistics
import sys
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Any

PACE_S, PACED_TOKENS, PACED_TIMES = 0.005, 110, 5


async def tokens(count: int, *, live: bool) -> AsyncIterator[str]:
    """Give tokens: all at once, or one a turn of the loop."""
    for _ in range(count):
        if live:
            await asyncio.sleep(0)
        yield "token"


async def distinct_tokens(count: int) -> AsyncIterator[str]:
    """Give tokens that each take memory, 50 a turn of the loop: about what one read from a socket brings."""
    for number in range(count):
        if number % 50 == 0:
            await asyncio.sleep(0)
        yield f"token {number}"


async def paced(begun: list[float]) -> AsyncIterator[str]:
    """Give the tokens of a reply that takes half a second; take down when the first came."""
    for number in range(PACED_TOKENS):
        await asyncio.sleep(PACE_S)
        if number == 0:
            begun.append(time.perf_counter())
        yield "token "


async def when_first(stream: AsyncIterable[Any]) -> float:
    """Read a stream to its end; give when its first token came."""
    first = 0.0
    async for _ in stream:
        first = first or time.perf_counter()
    return first


async def first_ms(stream: Callable[[list[float]], AsyncIterable[Any]]) -> float:
    """Give the wall time from the first token that `paced` gives to the first that comes out of `stream`; a median."""
    took: list[float] = []
    for _ in range(1 + PACED_TIMES):
        begun: list[float] = []
        first = await when_first(stream(begun))
        took.append(first - begun[0])
    return statistics.median(took[1:]) * 1e3


async def counted(stream: AsyncIterable[Any]) -> int:
    """Read a stream to its end."""
    count = 0
    async for _ in stream:
        count += 1
    return count


async def cpu_us(count: int, what: Callable[[], Awaitable[object]]) -> float:
    """Give the CPU time of a unit, after one run to warm up."""
    await what()
    begun = time.process_time()
    await what()
    return (time.process_time() - begun) / count * 1e6


def rss_kib() -> float:
    """Give the memory that this process has now; only its peak, where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize() / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)


def run(
    *cases: Callable[[], Awaitable[float]],
    scope: Callable[[], AbstractAsyncContextManager[Any]] = nullcontext,
    head: Sequence[str] = (),
) -> None:
    """Be a script: print the names of the cases, after `head`, or run the one that is asked for."""
    by_name = {case.__name__: case for case in cases}
    if len(sys.argv) == 1:
        print(*head, *by_name, sep="\n")
        return
    asyncio.run(_run(by_name[sys.argv[1]], scope))


async def _run(case: Callable[[], Awaitable[float]], scope: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
    async with scope():
        print(await case())
