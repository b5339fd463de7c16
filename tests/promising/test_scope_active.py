"""A scope for a whole event loop, and what belongs to another one: `activate`, `aclose`, threads."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from typing import Any

import pytest

from miniagents.errors import CallCancelledError, NoScopeError, UsageError
from miniagents.messages import Message, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgents, miniagent
from miniagents.promising.promise import Promise


@miniagent
async def sleeper(ctx: InteractionContext, seconds: float = 0.0, log: list[float] | None = None) -> None:
    """Reply after a while; note when it stopped."""
    try:
        await asyncio.sleep(seconds)
        ctx.reply("awake")
    finally:
        if log is not None:
            log.append(asyncio.get_running_loop().time())


async def handler(seconds: float = 0.0) -> str:
    """Do what a handler of a web server does, which knows of no scope."""
    return str(await sleeper.inquire(seconds=seconds))


async def test_every_task_sees_an_active_scope() -> None:
    """A scope that one task activates is there in all: those that ran already, later ones, and that one itself."""
    begun = asyncio.Event()

    async def earlier() -> str:
        await begun.wait()
        return await handler()

    async def start_up() -> MiniAgents:
        return MiniAgents().activate()

    task = asyncio.create_task(earlier())
    scope = await asyncio.create_task(start_up())
    begun.set()
    assert await asyncio.gather(task, asyncio.create_task(handler()), handler()) == ["awake"] * 3
    await scope.aclose()


async def test_closing_waits_for_what_runs() -> None:
    """`aclose` ends when all agents have; then there is no scope any more, and a new one can be activated."""
    log: list[float] = []
    scope = MiniAgents().activate()
    sleeper.inquire(seconds=5, log=log)
    await scope.aclose()
    assert log == [5]
    with pytest.raises(NoScopeError, match=r"there is no scope here"):
        await handler()
    again = MiniAgents().activate()
    assert await handler() == "awake"
    await again.aclose()


async def test_closing_within_a_time_limit_stops_what_runs() -> None:
    """An `aclose` that is cancelled, by a time limit say, stops the agents, and the scope is closed."""
    log: list[float] = []
    scope = MiniAgents().activate()
    reply = sleeper.inquire(seconds=1_000, log=log)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2):
            await scope.aclose()
    assert log == [2]
    with pytest.raises(CallCancelledError):
        await reply
    with pytest.raises(NoScopeError):
        await handler()


async def test_a_scope_of_ones_own_comes_first() -> None:
    """Inside `async with MiniAgents()` that one owns what is started, and after it the active one does again."""
    log: list[float] = []
    scope = MiniAgents().activate()
    async with MiniAgents():
        sleeper.inquire(seconds=3, log=log)
    assert log == [3]
    sleeper.inquire(seconds=4, log=log)
    await scope.aclose()
    assert log == [3, 7]


async def test_an_active_scope_reports_unread_errors(caplog: pytest.LogCaptureFixture) -> None:
    """What nobody read by the time it is closed is in the log."""
    scope = MiniAgents().activate()
    sleeper.inquire(seconds="no number")
    await scope.aclose()
    assert len(caplog.records) == 1


async def test_two_cannot_be_active_in_one_loop() -> None:
    """A second `activate` is refused with the cure, be it of another scope or of the same one."""
    scope = MiniAgents().activate()
    for other in (MiniAgents(), scope):
        with pytest.raises(UsageError, match=r"has an active scope already; `await` its `aclose` first"):
            other.activate()
    await scope.aclose()


async def test_only_what_is_active_can_be_closed() -> None:
    """`aclose` of what was never activated, was entered otherwise, or was closed before is refused."""
    scope = MiniAgents()
    with pytest.raises(NoScopeError, match="not active"):
        await scope.aclose()
    async with scope:
        with pytest.raises(NoScopeError, match="not active"):
            await scope.aclose()
        with pytest.raises(NoScopeError, match="open already"):
            scope.activate()
    scope.activate()
    await scope.aclose()
    with pytest.raises(NoScopeError, match="not active"):
        await scope.aclose()


async def test_it_is_closed_once() -> None:
    """While one task closes it, another one that wants to is refused; calls that are made meanwhile are waited for."""
    scope = MiniAgents().activate()
    reply = sleeper.inquire(seconds=5)
    closing = asyncio.create_task(scope.aclose())
    await asyncio.sleep(1)
    with pytest.raises(NoScopeError, match="and once"):
        await scope.aclose()
    assert await handler(seconds=6) == "awake"
    await closing
    assert reply.is_done


async def test_what_an_active_scope_persists() -> None:
    """Messages of a scope inside an active one are persisted by that one too."""
    kept: list[Message] = []
    scope = MiniAgents(on_persist_message=kept.append).activate()
    async with MiniAgents():
        await handler()
    await scope.aclose()
    assert [message.text for message in kept] == ["awake"]


def test_activate_needs_a_loop() -> None:
    """Outside an event loop `activate` is refused with the cure."""
    with pytest.raises(UsageError, match="call `activate` inside it"):
        MiniAgents().activate()


def in_a_thread(function: Callable[[], Any]) -> Any:
    """Return what a function returns, or raise what it raises, in a new thread."""
    outcome: Future[Any] = Future()

    def run() -> None:
        try:
            outcome.set_result(function())
        except Exception as error:  # noqa: BLE001 - for the caller
            outcome.set_exception(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return outcome.result()


async def slow() -> AsyncIterator[str]:
    """Give a token, and another one after a while."""
    yield "a"
    await asyncio.sleep(0.3)
    yield "b"


@pytest.mark.real_time
async def test_a_scope_is_for_one_loop() -> None:
    """Whoever takes a scope along into another thread, with a loop or without, is told where to make the call."""
    async with MiniAgents():
        for function in (sleeper.inquire, lambda: asyncio.run(handler()), lambda: Promise(handler)):
            with pytest.raises(NoScopeError, match=r"another event loop.*run_coroutine_threadsafe"):
                await asyncio.to_thread(function)


@pytest.mark.real_time
async def test_an_active_scope_is_for_one_loop() -> None:
    """A loop in another thread does not see this one's active scope, and may have one of its own."""

    async def other() -> str:
        scope = MiniAgents().activate()
        answer = await handler()
        await scope.aclose()
        return answer

    scope = MiniAgents().activate()
    with pytest.raises(NoScopeError):
        in_a_thread(lambda: asyncio.run(handler()))
    assert in_a_thread(lambda: asyncio.run(other())) == "awake"
    await scope.aclose()


@pytest.mark.real_time
@pytest.mark.parametrize(
    "read", [lambda reply: reply, lambda reply: anext(aiter(reply)), lambda reply: reply.finished()]
)
async def test_what_arrives_in_one_loop_cannot_be_waited_for_in_another(read: Callable[[Any], Any]) -> None:
    """A reader in another loop would never be woken: it is told so instead of hanging."""

    async def wait(reply: MessageSequencePromise) -> None:
        await read(reply)

    async with MiniAgents():
        reply = sleeper.inquire(seconds=0.3)
        with pytest.raises(NoScopeError, match=r"still being kept in another event loop.*await it there"):
            in_a_thread(lambda: asyncio.run(wait(reply)))
        assert str(await reply) == "awake"


@pytest.mark.real_time
async def test_what_is_there_can_be_read_in_any_loop() -> None:
    """A reply that is whole is a value like any other, in every thread and long after its scope."""

    async def read(reply: MessageSequencePromise) -> list[str]:
        return [token async for promise in reply async for token in promise]

    async with MiniAgents():
        reply = MessageSequencePromise(Message.promise(slow()))
        await reply
        assert in_a_thread(lambda: asyncio.run(read(reply))) == ["a", "b"]
    assert in_a_thread(lambda: asyncio.run(read(reply))) == ["a", "b"]


def test_a_hundred_scopes_in_ten_threads() -> None:
    """Threads with a loop each run scopes at the same time, and none sees another's agents."""

    async def run() -> list[str]:
        answers = []
        for _ in range(10):
            async with MiniAgents() as scope:
                answers += await asyncio.gather(*[handler(0.001) for _ in range(5)])
                assert not scope.works
        return answers

    outcomes: list[list[str]] = []
    threads = [threading.Thread(target=lambda: outcomes.append(asyncio.run(run()))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [["awake"] * 50] * 10
