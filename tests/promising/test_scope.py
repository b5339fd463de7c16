"""Scopes: nothing outlives them."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial

import pytest

from miniagents.errors import CallCancelledError, NoScopeError
from miniagents.messages import Message, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgents, miniagent

GRACE_S = 0.1


def now_s() -> float:
    """Return the virtual time."""
    return asyncio.get_running_loop().time()


@miniagent
async def sleeper(ctx: InteractionContext, seconds: float = 1.0, log: list[float] | None = None) -> None:
    """Reply after a while; note when it stopped."""
    try:
        await asyncio.sleep(seconds)
        ctx.reply("awake")
    finally:
        if log is not None:
            log.append(now_s())


async def test_leaving_waits_for_the_agents() -> None:
    """A scope that is left normally ends when all its agents have, also those that were started meanwhile."""
    log: list[float] = []

    @miniagent
    async def spawning(_ctx: InteractionContext) -> None:
        await asyncio.sleep(2)
        sleeper.inquire(seconds=3, log=log)

    async with MiniAgents():
        spawning.inquire()
        sleeper.inquire(seconds=1, log=log)
    assert log == [1, 5]
    assert now_s() == 5


async def test_leaving_waits_for_the_streams() -> None:
    """A scope that is left normally lets tokens that nobody reads come to their end."""
    came = []

    async def tokens() -> AsyncIterator[str]:
        for token in "abc":
            await asyncio.sleep(1)
            came.append(token)
            yield token

    async with MiniAgents():
        promise = Message.promise(tokens())
    assert came == ["a", "b", "c"]
    assert str(promise) == "abc"


async def test_an_agent_starts_at_once() -> None:
    """A call returns immediately, and the agent runs before anybody reads its reply."""
    log: list[float] = []
    async with MiniAgents():
        replies = [sleeper.inquire(seconds=1, log=log) for _ in range(5)]
        assert now_s() == 0
        await asyncio.sleep(1)
        await asyncio.sleep(0)
        assert all(reply.is_done for reply in replies)
    assert log == [1] * 5


async def test_leaving_by_an_error_cancels() -> None:
    """An error in the block cancels the agents at once, and then is what it was."""
    log: list[float] = []
    held = []

    async def run() -> None:
        async with MiniAgents():
            held.append(sleeper.inquire(seconds=1_000, log=log))
            sleeper.inquire(seconds=1_000, log=log)
            await asyncio.sleep(1)
            raise ZeroDivisionError("in the block")

    with pytest.raises(ZeroDivisionError, match="in the block"):
        await run()
    assert log == [1, 1]
    assert now_s() - 1 <= GRACE_S
    with pytest.raises(CallCancelledError, match="sleeper was cancelled"):
        await held[0]


async def test_leaving_by_cancellation_cancels() -> None:
    """A task that is cancelled inside the block, or while it waits to leave it, cancels the agents first."""
    log: list[float] = []

    async def run(body_s: float) -> None:
        async with MiniAgents():
            sleeper.inquire(seconds=1_000, log=log)
            await asyncio.sleep(body_s)

    runs = [asyncio.create_task(run(0)), asyncio.create_task(run(500))]
    await asyncio.sleep(1)
    for running in runs:
        running.cancel()
    await asyncio.wait(runs)
    assert all(running.cancelled() for running in runs)
    assert log == [1, 1]
    assert now_s() - 1 <= GRACE_S


async def test_a_short_clean_up_is_waited_for() -> None:
    """What a cancelled agent does in its `finally` for a few hundredths of a second is done before the scope ends."""
    cleaned = False

    @miniagent
    async def tidy(_ctx: InteractionContext) -> None:
        nonlocal cleaned
        try:
            await asyncio.sleep(1_000)
        finally:
            await asyncio.sleep(0.03)
            cleaned = True

    with suppress(ZeroDivisionError):
        async with MiniAgents():
            tidy.inquire()
            await asyncio.sleep(1)
            raise ZeroDivisionError
    assert cleaned
    assert now_s() - 1 <= GRACE_S


async def test_a_long_clean_up_is_cut_short() -> None:
    """What a cancelled agent does in its `finally` for seconds is cancelled in turn."""
    log: list[float] = []

    @miniagent
    async def untidy(_ctx: InteractionContext) -> None:
        try:
            await asyncio.sleep(1_000)
        finally:
            try:
                await asyncio.sleep(10)
            finally:
                log.append(now_s())

    with suppress(ZeroDivisionError):
        async with MiniAgents():
            untidy.inquire()
            await asyncio.sleep(1)
            raise ZeroDivisionError
    assert 0 < log[0] - 1 <= GRACE_S
    assert now_s() - 1 <= GRACE_S


async def test_a_stubborn_agent_is_named_and_left(caplog: pytest.LogCaptureFixture) -> None:
    """An agent that will not be cancelled is named in the log after a tenth of a second, and left behind."""
    released = asyncio.Event()

    @miniagent
    async def stubborn(_ctx: InteractionContext) -> None:
        while not released.is_set():
            with suppress(asyncio.CancelledError):
                await released.wait()

    with suppress(ZeroDivisionError):
        async with MiniAgents():
            stubborn.inquire()
            stubborn.fork(alias="mule").inquire()
            sleeper.inquire(seconds=1_000)
            await asyncio.sleep(1)
            raise ZeroDivisionError
    released.set()
    assert now_s() - 1 <= GRACE_S
    assert caplog.messages == ["left behind, for they would not stop when cancelled: mule, stubborn"]


async def test_a_second_cancellation_ends_the_wait(caplog: pytest.LogCaptureFixture) -> None:
    """Somebody who insists (Ctrl-C twice) is not kept waiting any longer than the first time."""
    released = asyncio.Event()

    @miniagent
    async def stubborn(_ctx: InteractionContext) -> None:
        while not released.is_set():
            with suppress(asyncio.CancelledError):
                await released.wait()

    async def run() -> None:
        async with MiniAgents():
            stubborn.inquire()

    running = asyncio.create_task(run())
    await asyncio.sleep(1)
    running.cancel()
    await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait([running])
    released.set()
    assert running.cancelled()
    assert now_s() - 1.01 <= GRACE_S
    assert caplog.messages == ["left behind, for they would not stop when cancelled: stubborn"]


async def test_a_nested_scope_owns_its_own() -> None:
    """An inner scope waits for, and cancels, what was started inside it, and leaves the outer one's agents alone."""
    log: list[float] = []
    async with MiniAgents():
        outer = sleeper.inquire(seconds=10, log=log)
        async with MiniAgents():
            sleeper.inquire(seconds=2, log=log)
        assert log == [2]
        with suppress(ZeroDivisionError):
            async with MiniAgents():
                sleeper.inquire(seconds=1_000, log=log)
                await asyncio.sleep(1)
                raise ZeroDivisionError
        assert log == [2, 3]
        assert str(await outer) == "awake"
        assert str(await sleeper.inquire()) == "awake"


async def test_a_scope_inside_an_agent_is_cancelled_with_it() -> None:
    """An agent that opens a scope of its own takes that one's agents along when it is cancelled."""
    log: list[float] = []

    @miniagent
    async def host(_ctx: InteractionContext) -> None:
        async with MiniAgents():
            sleeper.inquire(seconds=1_000, log=log)

    async with MiniAgents():
        reply = host.inquire()
        await asyncio.sleep(1)
        reply.cancel()
        await asyncio.sleep(0.1)
        assert log == [1]


async def test_two_scopes_in_two_tasks_know_nothing_of_each_other() -> None:
    """Of two scopes side by side one may fail and be left; the other one's agents go on."""
    log: list[float] = []

    async def run(fails: bool) -> str:
        async with MiniAgents():
            reply = sleeper.inquire(seconds=5, log=log)
            await asyncio.sleep(1)
            if fails:
                raise ZeroDivisionError
            return str(await reply)

    outcomes = await asyncio.gather(run(fails=True), run(fails=False), return_exceptions=True)
    assert isinstance(outcomes[0], ZeroDivisionError)
    assert outcomes[1] == "awake"
    assert log == [1, 5]


def test_two_scopes_in_two_threads() -> None:
    """Two threads with a loop each run their own scopes at the same time."""
    heard: list[str] = []
    met = threading.Barrier(2, timeout=50)

    @miniagent
    async def meeting(ctx: InteractionContext) -> None:
        met.wait()  # blocks its own loop until the other one has come as far
        ctx.reply(["met", f"{sleeper.inquire(seconds=0)}"])

    async def run() -> None:
        async with MiniAgents():
            heard.append(str(await meeting.inquire()))

    threads = [threading.Thread(target=asyncio.run, args=(run(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == ["met\n\nawake"] * 2


async def test_a_call_outside_any_scope_is_refused() -> None:
    """Without a scope a call is refused with the cure, whatever it is sent, and nothing is left of it."""
    with pytest.raises(NoScopeError, match=r"there is no scope here; do this inside `async with MiniAgents\(\):`"):
        sleeper.inquire("hello")

    async def messages() -> AsyncIterator[str]:
        yield "never asked for"

    with pytest.raises(NoScopeError, match=r"async with MiniAgents\(\)"):
        MessageSequencePromise(messages())


async def test_a_call_after_the_scope_is_refused() -> None:
    """A task that outlives the scope it began in is told so when it calls an agent, and given the cure."""

    async def later() -> None:
        await asyncio.sleep(1)
        sleeper.inquire()

    async with MiniAgents():
        task = asyncio.create_task(later())
    with pytest.raises(NoScopeError, match=r"the scope was left already; .*`async with MiniAgents\(\):`"):
        await task
    with pytest.raises(NoScopeError, match="there is no scope here"):
        sleeper.inquire()


async def test_a_reply_can_be_read_after_the_scope() -> None:
    """What is there when a scope ends can still be read, in any way, again and again."""
    async with MiniAgents():
        reply = sleeper.inquire()
    for _ in range(2):
        assert str(await reply) == "awake"
        assert [[token async for token in promise] async for promise in reply] == [["awake"]]
        assert f"{reply}" == "awake"


async def test_a_scope_can_be_opened_again_but_not_twice() -> None:
    """One scope object serves one block after another; opening it inside itself is refused with the cure."""
    scope = MiniAgents()
    for _ in range(2):
        async with scope:
            assert str(await sleeper.inquire()) == "awake"
            with pytest.raises(NoScopeError, match="make another one to nest them"):
                await scope.__aenter__()
        assert not scope.works


async def test_what_is_to_be_closed_is_closed_when_the_agents_have_ended() -> None:
    """What `at_end` was given is awaited when all work is done, the last one first, however the scope is left."""
    for fails in (False, True):
        log: list[float] = []
        closed: list[tuple[str, list[float]]] = []

        async def close(name: str, log: list[float] = log, closed: list[tuple[str, list[float]]] = closed) -> None:
            await asyncio.sleep(0)
            closed.append((name, list(log)))

        with suppress(ZeroDivisionError):
            async with MiniAgents() as scope:
                start_s = now_s()
                scope.at_end(partial(close, "first"))
                scope.at_end(partial(close, "last"))
                sleeper.inquire(seconds=2, log=log)
                await asyncio.sleep(1)
                if fails:
                    raise ZeroDivisionError
        end_s = start_s + (1 if fails else 2)
        assert closed == [("last", [end_s]), ("first", [end_s])]


async def test_what_cannot_be_closed_keeps_nothing_else_open(caplog: pytest.LogCaptureFixture) -> None:
    """An error in what `at_end` was given keeps neither the rest nor the scope open, and is not lost."""
    closed: list[str] = []

    async def close(name: str) -> None:
        closed.append(name)
        if name == "bad":
            raise ZeroDivisionError("will not close")

    scope = MiniAgents()
    try:
        async with scope:
            for name in ("first", "bad", "last"):
                scope.at_end(partial(close, name))
    except ZeroDivisionError as error:
        told = str(error)
    else:
        told = caplog.text
    assert closed == ["last", "bad", "first"]
    assert "will not close" in told
    assert not scope.open
