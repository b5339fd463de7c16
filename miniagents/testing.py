"""Help for tests of agents: agents that say what they are told, time that does not pass, and a check for leaks.

For our own suite, for people who build on the library, and for authors of plugins. Never: a test framework.
"""

import asyncio
import gc
import selectors
import threading
from collections.abc import Coroutine, Iterable
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeVar

from .messages import Message, MessageType
from .miniagents import InteractionContext, MiniAgent, miniagent

if TYPE_CHECKING:
    from .ext.llm.recording import Mode, Recorder

__all__ = ["check_for_leaks", "recorded", "scripted_agent", "streaming_agent", "virtual_time_loop"]

_Result = TypeVar("_Result")


def scripted_agent(*replies: MessageType, alias: str = "scripted_agent") -> MiniAgent:
    """Return an agent that gives one of `replies` a call, in order, and nothing when they are used up.

    It takes any parameters, as a model's agent does, and heeds none.
    """
    left = iter(replies)

    @miniagent(alias=alias)
    async def agent(ctx: InteractionContext, /, **_parameters: Any) -> None:
        await ctx.message_promises
        ctx.reply(next(left, None))

    return agent


def streaming_agent(
    tokens: Iterable[str], *, delay_s: float = 0.0, error: Exception | None = None, alias: str = "streaming_agent"
) -> MiniAgent:
    """Return an agent that replies one message, token by token, with `delay_s` before each; then `error` is raised."""
    tokens = tuple(tokens)

    async def stream() -> Any:
        for token in tokens:
            await asyncio.sleep(delay_s)
            yield token
        if error is not None:
            raise error

    @miniagent(alias=alias)
    async def agent(ctx: InteractionContext, /, **_parameters: Any) -> None:
        ctx.reply(Message.promise(stream(), role="assistant"))

    return agent


def recorded(path: str | PathLike[str], *, mode: "Mode" = "auto", speed: float = 0.0) -> "Recorder":
    """Keep what models reply in the file while the block runs, and replay it from there the second time.

    A replay is offline: it needs no key, no SDK and no network, and gives the same tokens, thoughts, parts, metadata
    and errors. `with` works in tests of both kinds, `async` or not, and in fixtures; for all that is called inside the
    block, also in scopes that were opened before it. One file a test: one that is there is not added to by itself.

    Args:
        path: The file, one line an exchange (`miniagents.ext.llm.recording_file` says what is in it); it holds no key,
            and may be changed by hand and kept with the tests.
        mode: "auto" replays a file that is there (and not empty), and records one that is not; "record" records anew;
            "replay" never asks a model; "append" replays what is there and records what is not. The environment
            variable `MINIAGENTS_RECORD` overrides it: `MINIAGENTS_RECORD=record pytest`.
        speed: How fast replies are replayed: 1.0 as they came (which takes no time on `virtual_time_loop`), 2.0 twice
            as fast, 0 at once.

    Raises:
        NotRecordedError: By the agent whose request is not in the file; what differs from the nearest one is told.
        SettingsError: There is no such mode, or no such speed.
        TranscriptError: The file cannot be read or written, or a line of it is none; it says which.
    """
    from .ext.llm.recording import Recorder  # noqa: PLC0415 - most tests ask no model

    return Recorder(path, mode=mode, speed=speed)


class _VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to the next timer as soon as there is nothing else to do."""

    def __init__(self) -> None:
        self._now_s = 0.0
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self._now_s

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109
        await super().shutdown_default_executor()  # for as long as it takes: its limit would pass at once

    def skip(self, seconds: float) -> None:
        self._now_s += seconds


class _Selector(selectors.SelectSelector):
    """Sees what is there without waiting for it; a wait with nothing to come for is what moves the clock."""

    def __init__(self, loop: _VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:  # no timer at all: only another thread can end this
            return super().select(_STUCK_S) or self._stuck()
        ready = super().select(0)
        if not ready and timeout > 0:
            self._loop.skip(timeout)
        return ready

    def _stuck(self) -> list[tuple[selectors.SelectorKey, int]]:
        raise RuntimeError("every task waits, and no timer will ever end that")


_STUCK_S = 5.0
"""How long a loop on virtual time waits for a thread before it says that nothing will happen any more."""


_ENDING_S = 5.0
"""How long a thread may take for its last steps, on a machine that does much else."""


def virtual_time_loop() -> asyncio.AbstractEventLoop:
    """Return a loop on which sleeping takes no time: `asyncio.Runner(loop_factory=virtual_time_loop)`.

    Its clock starts at 0. Sockets and threads do not know of it: use the ordinary loop for tests that need them.
    """
    return _VirtualTimeLoop()


def _is_the_loops(thread: threading.Thread) -> bool:
    """Say whether it is of the loop's own pool, which the loop itself ends when it is closed."""
    return thread.name.startswith("asyncio_")


def _ends(thread: threading.Thread) -> bool:
    """Say whether it is at its end: one that has told the loop of it may have a few steps left."""
    thread.join(_ENDING_S)
    return not thread.is_alive()


async def check_for_leaks(test: Coroutine[Any, Any, _Result]) -> _Result:
    """Run `test`, and see to it that it leaves no task and no thread behind.

    Raises:
        AssertionError: It did; they are named.
    """
    tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
    result = await test
    gc.collect()
    for _ in range(3):  # what was cancelled last may still have to take that in
        await asyncio.sleep(0)
    left: list[Any] = [task for task in asyncio.all_tasks() - tasks if not task.done()]
    left += [thread for thread in set(threading.enumerate()) - threads if not (_is_the_loops(thread) or _ends(thread))]
    if left:
        raise AssertionError(f"left behind: {left}")
    return result
