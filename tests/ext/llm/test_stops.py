"""What nobody wants any longer stops at the provider: each way to stop, measured there."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any, Final

import pytest

from miniagents import InteractionContext, MessageSequencePromise, MiniAgents, miniagent
from miniagents.errors import CallCancelledError, CallTimeoutError
from tests.ext.llm.asking import AGENTS, Api, both_apis, environment, settle
from tests.fakes.llm_server import LLMServer, Reply, Request

AT_ONCE_S: Final = 0.5
"""It takes 2 ms; where nobody tells the provider, it goes on for a minute."""
TRIES: Final = 5
"""A machine that does other things too is slow now and then: the quickest of these counts."""
TIMEOUT_S: Final = 0.3
"""Time enough for the request to have arrived; on a machine that does other things too, it may take a second call."""

Call = Callable[..., MessageSequencePromise]
"""Asks the model, whose reply begins and does not end."""
Way = Callable[[Call, LLMServer], Awaitable[float]]
"""Asks, lets the reply begin, stops it in its own way, and returns when that was by `time.monotonic()`."""

real_time = pytest.mark.real_time


async def begun(server: LLMServer) -> None:
    """Wait until the first token is there, or nearly so."""
    await server.arrived()
    await asyncio.sleep(0.02)


async def the_awaiting_task_is_cancelled(call: Call, server: LLMServer) -> float:
    """Cancel the task that awaits the reply, and alone holds it."""

    async def wait() -> None:
        await call()

    async with MiniAgents():
        task = asyncio.create_task(wait())
        await begun(server)
        stopped_s = time.monotonic()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task  # the traceback of its end holds all that it held, and asyncio keeps that until somebody asks
        await server.requests[0].client_closed()
    return stopped_s


async def the_calling_agent_is_cancelled(call: Call, server: LLMServer) -> float:
    """Cancel the agent that called the model."""

    @miniagent
    async def caller(ctx: InteractionContext) -> None:
        ctx.reply(await call())

    async with MiniAgents():
        reply = caller.inquire()
        await begun(server)
        stopped_s = time.monotonic()
        reply.cancel()
        with pytest.raises(CallCancelledError):
            await reply
        await server.requests[0].client_closed()
    return stopped_s


async def the_reply_is_cancelled(call: Call, server: LLMServer) -> float:
    """Cancel the reply by hand."""
    async with MiniAgents():
        reply = call()
        await begun(server)
        stopped_s = time.monotonic()
        reply.cancel()
        with pytest.raises(CallCancelledError):
            await reply
        await server.requests[0].client_closed()
    return stopped_s


async def the_time_is_over(call: Call, server: LLMServer) -> float:
    """Let the call take no longer than it may."""
    timeout_s = TIMEOUT_S
    async with MiniAgents():
        while not server.requests:
            stopped_s = time.monotonic() + timeout_s
            reply = call(timeout_s=timeout_s)
            with pytest.raises(CallTimeoutError):
                await reply
            timeout_s *= 4
        await server.requests[-1].client_closed()
    return stopped_s


async def the_reader_leaves(call: Call, server: LLMServer) -> float:
    """Leave the loop over the tokens after the first one, with nothing held any longer."""

    async def read() -> float:
        async for promise in call():
            async for _ in promise:
                return time.monotonic()
        raise AssertionError("there was no token")

    async with MiniAgents():
        stopped_s = await read()
        await server.requests[0].client_closed()
    return stopped_s


async def the_scope_is_left_by_an_error(call: Call, server: LLMServer) -> float:
    """Fail in the scope while the reply is held."""
    reply: list[MessageSequencePromise] = []

    async def fail() -> None:
        async with MiniAgents():
            reply.append(call())
            await begun(server)
            raise InterruptedError(time.monotonic())

    with pytest.raises(InterruptedError) as error:
        await fail()
    return float(error.value.args[0])


WAYS: Final = (
    the_awaiting_task_is_cancelled,
    the_calling_agent_is_cancelled,
    the_reply_is_cancelled,
    the_time_is_over,
    the_reader_leaves,
    the_scope_is_left_by_an_error,
)


@pytest.fixture
def server() -> Iterator[LLMServer]:
    """Give a provider in a thread of its own: it sees a connection go when that goes, whatever else our loop does."""
    with LLMServer.in_thread() as server:
        yield server


def call_of(api: Api, server: LLMServer) -> Call:
    """Return what asks the model."""

    def call(**parameters: Any) -> MessageSequencePromise:
        return AGENTS[api].inquire("x", model="m", environment=environment(server), **parameters)

    return call


@real_time
@both_apis
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_the_provider_is_told_at_once(api: Api, way: Way) -> None:
    """Whichever way a reply is stopped, its connection is gone at once, by the provider's own clock."""
    took_s: list[float] = []
    while not took_s or (min(took_s) > AT_ONCE_S and len(took_s) < TRIES):
        with LLMServer.in_thread([Reply("a b", delay_s=60)]) as server:
            stopped_s = await asyncio.wait_for(way(call_of(api, server), server), 60)
            took_s.append(await asyncio.wait_for(server.requests[-1].client_closed(), 20) - stopped_s)
        assert took_s[-1] > 0
    assert min(took_s) <= AT_ONCE_S, took_s
    await settle()


@real_time
@both_apis
@pytest.mark.parametrize("way", ["a task is cancelled", "a reader leaves"])
async def test_what_somebody_holds_goes_on(api: Api, way: str, server: LLMServer) -> None:
    """A reader that is cancelled, or leaves, stops nothing while somebody else holds the reply: it comes to its end."""
    server.script(Reply("a b c d", delay_s=0.05))

    async def read(*, whole: bool) -> None:
        async for promise in reply:
            async for _ in promise:
                if not whole:
                    return

    async with MiniAgents():
        reply = call_of(api, server)()
        reader = asyncio.create_task(read(whole=way == "a task is cancelled"))
        await begun(server)
        reader.cancel()
        await asyncio.wait([reader])
        assert str(await reply) == "a b c d"
        (request,) = server.requests
        assert is_open(request)
    await settle()


def is_open(request: Request) -> bool:
    """Say whether the client has kept the connection."""
    return not request.closed.done()
