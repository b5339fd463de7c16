"""The help for tests, tested: scripted agents, virtual time, the check for leaks."""

import asyncio
import threading
import time

import pytest

from miniagents.errors import CallCancelledError
from miniagents.messages import Message
from miniagents.miniagents import MiniAgents
from miniagents.testing import check_for_leaks, scripted_agent, streaming_agent, virtual_time_loop


def now_s() -> float:
    """Return the loop's time."""
    return asyncio.get_running_loop().time()


async def test_scripted_agent_gives_its_replies_in_order() -> None:
    """One reply a call, whatever can be a reply, and nothing when they are used up."""
    agent = scripted_agent("a", ["b", "c"], Message(text="d", role="user"), None, {"text": "e"})
    async with MiniAgents():
        replies = [await agent.inquire() for _ in range(7)]
    assert [str(reply) for reply in replies] == ["a", "b\n\nc", "d", "", "e", "", ""]
    assert replies[2][0].role == "user"
    assert agent.alias == "scripted_agent"
    assert scripted_agent(alias="teacher").alias == "teacher"


async def test_scripted_agent_listens_first() -> None:
    """A scripted agent answers when it has heard everything, and fails by what fails in that."""
    async with MiniAgents():
        said = streaming_agent("abc", delay_s=1).inquire()
        assert str(await scripted_agent("heard").inquire(said)) == "heard"
        assert now_s() == 3
        with pytest.raises(ZeroDivisionError):
            await scripted_agent("heard").inquire(streaming_agent("a", error=ZeroDivisionError()).inquire())


async def test_forks_of_a_scripted_agent_share_its_script() -> None:
    """A script goes on where it is, whoever asks and under whatever name."""
    agent = scripted_agent("a", "b")
    async with MiniAgents():
        assert str(await agent.fork(alias="one").inquire()) == "a"
        assert str(await agent.inquire()) == "b"


async def test_streaming_agent_streams() -> None:
    """One message, token by token, each after its delay, in the assistant's role; each call anew."""
    agent = streaming_agent(iter(["Hel", "lo"]), delay_s=0.5, alias="model")
    assert agent.alias == "model"
    async with MiniAgents():
        for start_s in (0, 1):
            [timed] = [[(token, now_s()) async for token in promise] async for promise in agent.inquire()]
            assert timed == [("Hel", start_s + 0.5), ("lo", start_s + 1)]
        [message] = await agent.inquire()
        assert (message.text, message.role) == ("Hello", "assistant")


async def test_streaming_agent_breaks_where_it_is_told() -> None:
    """The error comes after the tokens, in the message, each call anew."""
    agent = streaming_agent("ab", error=ZeroDivisionError("cut"))
    async with MiniAgents():
        for _ in range(2):
            [promise] = [promise async for promise in agent.inquire()]
            reader = aiter(promise)
            assert [await anext(reader), await anext(reader)] == ["a", "b"]
            with pytest.raises(ZeroDivisionError, match="cut"):
                await anext(reader)


async def test_streaming_agent_can_be_cancelled() -> None:
    """A streaming agent stops like a real model."""
    async with MiniAgents():
        reply = streaming_agent("abcdef", delay_s=1).inquire()
        await asyncio.sleep(2.5)
        reply.cancel()
        with pytest.raises(CallCancelledError):
            await reply
    assert now_s() == 2.5


def run(coroutine: object) -> object:
    """Run on virtual time, with the check for leaks."""
    with asyncio.Runner(loop_factory=virtual_time_loop) as runner:
        return runner.run(check_for_leaks(coroutine))  # type: ignore[arg-type]


def test_virtual_time_passes_at_once() -> None:
    """A day's sleep takes no time, and the clock says exactly what it should."""

    async def day() -> list[float]:
        times = [now_s()]
        for seconds in (0, 0.1, 86_400):
            await asyncio.sleep(seconds)
            times.append(now_s())
        return times

    assert run(day()) == [0, 0, 0.1, 86_400.1]  # within pytest's timeout, that is


def test_virtual_time_keeps_the_order_of_timers() -> None:
    """Timers fire in the order of their times, those of the same time in the order they were set."""
    fired: list[tuple[str, float]] = []

    async def note(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        fired.append((name, now_s()))

    async def main() -> None:
        await asyncio.gather(note("c", 3), note("a", 1), note("b1", 2), note("b2", 2))

    run(main())
    assert fired == [("a", 1), ("b1", 2), ("b2", 2), ("c", 3)]


def test_virtual_time_does_not_pass_while_there_is_work() -> None:
    """Whatever is ready runs before the clock moves."""

    async def main() -> float:
        waiting = asyncio.create_task(asyncio.sleep(1))
        for _ in range(10_000):
            await asyncio.sleep(0)
        assert not waiting.done()
        at = now_s()
        await waiting
        return at

    assert run(main()) == 0


def test_virtual_time_knows_timeouts() -> None:
    """A timeout fires at its time, not before and not after."""

    async def main() -> float:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 3_600)
        return now_s()

    assert run(main()) == 3_600


def test_virtual_time_waits_for_threads_when_nothing_else_is_left() -> None:
    """A loop that only waits for a thread waits for it."""

    async def main() -> str:
        return await asyncio.to_thread(lambda: "from the thread")

    assert run(main()) == "from the thread"


def test_virtual_time_says_when_nothing_will_ever_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that waits for what nobody will do fails with words instead of hanging."""
    monkeypatch.setattr("miniagents.testing._STUCK_S", 0.01)

    async def main() -> None:
        await asyncio.wait([asyncio.get_running_loop().create_future()])

    loop = virtual_time_loop()
    waiting = loop.create_task(main())
    with pytest.raises(RuntimeError, match="every task waits, and no timer will ever end that"):
        loop.run_until_complete(waiting)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(waiting)
    loop.close()


def test_leaks_check_passes_on_the_result() -> None:
    """A test that leaves nothing behind gives what it gives."""

    async def clean() -> str:
        task = asyncio.create_task(asyncio.sleep(1, "result"))
        asyncio.create_task(asyncio.sleep(1_000)).cancel()
        return await task

    assert run(clean()) == "result"


def test_leaks_check_passes_on_the_error() -> None:
    """A test that fails fails by its own error, not by what it left behind for that."""

    async def failing() -> None:
        leftover = asyncio.create_task(asyncio.sleep(1_000))
        await asyncio.sleep(0)
        raise ZeroDivisionError(repr(leftover))

    with pytest.raises(ZeroDivisionError, match="sleep"):
        run(failing())


def test_leaks_check_names_a_task() -> None:
    """A task that is still running is named."""
    kept = []

    async def leaking() -> None:
        kept.append(asyncio.create_task(asyncio.sleep(1_000), name="the leak"))

    with pytest.raises(AssertionError, match=r"left behind: .*the leak"):
        run(leaking())


def test_leaks_check_names_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that is still running is named."""
    monkeypatch.setattr("miniagents.testing._ENDING_S", 0.01)
    release = threading.Event()

    async def leaking() -> None:
        threading.Thread(target=release.wait, name="the leak").start()

    try:
        with pytest.raises(AssertionError, match=r"left behind: .*the leak"):
            run(leaking())
    finally:
        release.set()


def test_leaks_check_lets_a_thread_end() -> None:
    """A thread that has only its last steps before it is none that is left."""
    release = threading.Event()

    async def clean() -> str:
        threading.Thread(target=lambda: (release.wait(), time.sleep(0.05))).start()
        release.set()
        return "result"

    assert run(clean()) == "result"


def test_leaks_check_knows_what_was_there_before() -> None:
    """Tasks and threads that were there before the test are none of its business."""
    release = threading.Event()
    thread = threading.Thread(target=release.wait)
    thread.start()

    async def clean() -> str:
        return "result"

    async def outer() -> str:
        before = asyncio.create_task(asyncio.sleep(1_000))
        result = await check_for_leaks(clean())
        before.cancel()
        return result

    try:
        assert run(outer()) == "result"
    finally:
        release.set()
        thread.join()


def test_leaks_check_leaves_the_loops_own_threads_alone() -> None:
    """The pool that `asyncio.to_thread` uses belongs to the loop, not to the test."""

    async def clean() -> int:
        return await asyncio.to_thread(int, "5")

    assert run(clean()) == 5
