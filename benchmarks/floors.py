"""What bare asyncio costs for the same: the cheapest right way to do each case; `python benchmarks/floors.py CASE`."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from itertools import pairwise
from typing import Any

from agents_file import agents_file
from answer import prose_tokens, wide_tokens
from harness import counted, cpu_us, distinct_tokens, first_ms, paced, rss_kib, run, tokens

TOKENS, CHAIN_TOKENS, LATE_TOKENS, MESSAGES = 50_000, 10_000, 1_000, 10_000
CHAIN, LONG_CHAIN, LATE_READERS, FIRST_TOKENS = 16, 256, 100, 10
CALLS, ROUNDS, TURNS, TURN_TOKENS = 10_000, 5_000, 400, 8
IDLE, GROWTH_ROUNDS, GROWTH_CALLS, GROWTH_TOKENS = 10_000, 20_000, 100_000, 1_000_000
SAFE_TOKENS = 200_000
AGENTS = 200
Queue = asyncio.Queue[str | None]


async def fill(queue: Queue, source: AsyncIterator[str]) -> None:
    """Put everything into a queue, and its end."""
    async for token in source:
        queue.put_nowait(token)
    queue.put_nowait(None)


async def pass_on(source: Queue, target: Queue) -> None:
    """Move everything from one queue to the next, and its end."""
    while (token := await source.get()) is not None:
        target.put_nowait(token)
    target.put_nowait(None)


async def drain(queue: Queue) -> int:
    """Take everything out of a queue."""
    count = 0
    while await queue.get() is not None:
        count += 1
    return count


async def in_queues(source: Callable[[], AsyncIterator[str]], count: int, queues: int) -> None:
    """Move tokens through tasks that are joined by queues; the last task is the one that counts."""
    row = [Queue() for _ in range(queues)]
    tasks = [asyncio.create_task(fill(row[0], source()))]
    tasks += [asyncio.create_task(pass_on(*pair)) for pair in pairwise(row)]
    assert await drain(row[-1]) == count
    await asyncio.gather(*tasks)


async def again(source: AsyncIterator[str]) -> AsyncIterator[str]:
    """Give what comes."""
    async for token in source:
        yield token


async def hello(_: str = "") -> str:
    """Be a task."""
    return "hello"


async def token_ready() -> float:
    """The bare generator."""
    return await cpu_us(TOKENS, lambda: counted(tokens(TOKENS, live=False)))


async def token_live() -> float:
    """One queue between two tasks."""
    return await cpu_us(TOKENS, lambda: in_queues(lambda: tokens(TOKENS, live=True), TOKENS, 1))


async def restream_ready() -> float:
    """Generators, one inside the other."""

    async def nested() -> None:
        source = tokens(CHAIN_TOKENS, live=False)
        for _ in range(CHAIN):
            source = again(source)
        assert await counted(source) == CHAIN_TOKENS

    return await cpu_us(CHAIN_TOKENS, nested)


async def restream_live() -> float:
    """Seventeen tasks joined by 16 queues."""
    return await cpu_us(CHAIN_TOKENS, lambda: in_queues(lambda: tokens(CHAIN_TOKENS, live=True), CHAIN_TOKENS, CHAIN))


async def forward_live() -> float:
    """One queue between two tasks, whoever handed it on."""
    return await cpu_us(CHAIN_TOKENS, lambda: in_queues(lambda: tokens(CHAIN_TOKENS, live=True), CHAIN_TOKENS, 1))


async def first_token() -> float:
    """Tasks that hand on one queue, 256 of them."""

    async def hand_on(given: Awaitable[Queue]) -> Queue:
        return await given

    async def begin() -> tuple[Queue, asyncio.Task[None]]:
        queue = Queue()
        filling = asyncio.create_task(fill(queue, tokens(10, live=True)))
        given: asyncio.Task[Queue] = asyncio.create_task(hand_on(asyncio.sleep(0, queue)))
        for _ in range(LONG_CHAIN - 1):
            given = asyncio.create_task(hand_on(given))
        await (await given).get()
        return queue, filling

    spent_s = []
    for _ in range(1 + FIRST_TOKENS):
        begun_s = time.process_time()
        queue, filling = await begin()
        spent_s.append(time.process_time() - begun_s)
        assert await drain(queue) == 9
        await filling
    return sum(spent_s[1:]) / FIRST_TOKENS * 1e3  # the first one was to warm up


async def late_readers() -> float:
    """A list, and a generator over it for each reader."""
    kept = [token async for token in tokens(LATE_TOKENS, live=False)]

    async def replay() -> AsyncIterator[str]:
        for token in kept:
            yield token

    return await cpu_us(
        LATE_TOKENS * LATE_READERS, lambda: asyncio.gather(*[counted(replay()) for _ in range(LATE_READERS)])
    )


async def message_echoed() -> float:
    """A task between two queues."""
    messages = [f"message {number}" for number in range(MESSAGES)]

    async def echo() -> None:
        sent, replied = Queue(), Queue()
        for message in messages:
            sent.put_nowait(message)
        sent.put_nowait(None)
        task = asyncio.create_task(pass_on(sent, replied))
        echoed = [await replied.get() for _ in messages]
        assert echoed == messages
        await task

    return await cpu_us(MESSAGES, echo)


async def tasks_one_by_one(count: int) -> None:
    """Start a task and wait for it, so often."""
    for _ in range(count):
        await asyncio.create_task(hello("hi"))


async def call_sequential() -> float:
    """A task a call."""
    return await cpu_us(CALLS, lambda: tasks_one_by_one(CALLS))


async def call_gathered() -> float:
    """A task a call."""
    return await cpu_us(CALLS, lambda: asyncio.gather(*[hello("hi") for _ in range(CALLS)]))


async def loop_round() -> float:
    """Two tasks a round."""
    return await cpu_us(ROUNDS, lambda: tasks_one_by_one(2 * ROUNDS))


async def dialog_s(turns: int) -> float:
    """Two tasks a turn, a queue from one to the other, and a list of all that was said."""
    history: list[str] = []

    async def user(answer: Queue) -> str:
        said = []
        while (token := await answer.get()) is not None:
            said.append(token)
        history.append("".join(said))
        return f"question {len(history)}"

    begun_s = time.process_time()
    for _ in range(turns):
        answer = Queue()
        assistant = asyncio.create_task(fill(answer, tokens(TURN_TOKENS, live=True)))
        history.append(await asyncio.create_task(user(answer)))
        await assistant
    spent_s = time.process_time() - begun_s
    assert len(history) == 2 * turns
    return spent_s


async def dialog() -> float:
    """As `dialog_s` says, in seconds."""
    await dialog_s(TURNS)
    return await dialog_s(TURNS)


async def idle() -> float:
    """A task that waits."""
    before = rss_kib()
    tasks = [asyncio.create_task(asyncio.Event().wait()) for _ in range(IDLE)]
    await asyncio.sleep(0)
    used = (rss_kib() - before) / IDLE
    for task in tasks:
        task.cancel()
    return used


async def growth(warm: Coroutine[Any, Any, None], more: Coroutine[Any, Any, None]) -> float:
    """Give the memory that `more` adds."""
    await warm
    before = rss_kib()
    await more
    return rss_kib() - before


async def loop_growth() -> float:
    """Two tasks a round."""
    return await growth(tasks_one_by_one(4_000), tasks_one_by_one(2 * GROWTH_ROUNDS))


async def calls_growth() -> float:
    """A task a call."""
    return await growth(tasks_one_by_one(5_000), tasks_one_by_one(GROWTH_CALLS))


async def tokens_growth() -> float:
    """Three tasks joined to the reader by three queues."""

    def through(count: int) -> Coroutine[Any, Any, None]:
        return in_queues(lambda: distinct_tokens(count), count, 3)

    return await growth(through(50_000), through(GROWTH_TOKENS))


async def read_agents() -> float:
    """The same file's values, by the same parser, with no place and no check; in ms."""
    text = agents_file(AGENTS)
    begun = time.process_time()
    import yaml  # noqa: PLC0415 - it is part of what is measured
    import yamlcore  # noqa: PLC0415 - as above

    values = yaml.load(text, Loader=yamlcore.CCoreLoader)
    used = time.process_time() - begun
    assert len(values["agents"]) == AGENTS
    return used * 1e3


async def rewritten() -> float:
    """Wall ms from the first token of a paced reply to the first out of the second of two generators around it."""
    return await first_ms(lambda begun: again(again(paced(begun))))


async def no_barrier() -> float:
    """Wall s until a task has done something behind a sleep of 0.1 s, beside one of 1.2 s."""
    begun = time.perf_counter()
    slow = asyncio.ensure_future(asyncio.sleep(1.2))
    await asyncio.ensure_future(asyncio.sleep(0.1))
    took = time.perf_counter() - begun
    await slow
    return took


async def chain_round() -> float:
    """CPU µs a round of two tasks, one after the other."""
    return await loop_round()


async def sanitised_prose() -> float:
    """A token given back as it is."""
    return await _given_back(prose_tokens(SAFE_TOKENS))


async def sanitised_wide() -> float:
    """As above."""
    return await _given_back(wide_tokens(SAFE_TOKENS))


async def _given_back(tokens: list[str]) -> float:
    def same(token: str) -> str:
        return token

    async def feed() -> None:
        for token in tokens:
            same(token)

    return await cpu_us(SAFE_TOKENS, feed)


if __name__ == "__main__":
    run(
        *(token_ready, token_live, restream_ready, restream_live, forward_live),
        *(first_token, late_readers, message_echoed),
        *(call_sequential, call_gathered, loop_round, dialog),
        *(idle, loop_growth, calls_growth, tokens_growth),
        *(sanitised_prose, sanitised_wide),
        *(read_agents, rewritten, no_barrier, chain_round),
    )
