"""One run: what it calls, what it waits for, what it keeps."""

import asyncio
import gc
import weakref
from pathlib import Path

from miniagents import InteractionContext, MiniAgents, miniagent
from miniagents.chains import load
from tests.chains.played import chain_of, streaming, tagging


async def test_a_run_lasts_until_all_of_its_calls_have_ended(tmp_path: Path) -> None:
    """Also those behind which the next step began with nothing."""
    chain = chain_of(tmp_path, "  [slow, clear, a]", {"slow": streaming(["s"], delay_s=5), "a": tagging("a")})
    clock = asyncio.get_running_loop().time
    async with MiniAgents():
        run = chain.run("go")
        async for promise in run.reply:
            assert (str(await promise), clock()) == ("a", 0)
        assert clock() == 5


async def test_what_nobody_wants_any_longer_stops(tmp_path: Path) -> None:
    """An agent that has heard enough ends what it was listening to, unless somebody may look on."""

    @miniagent
    async def head(ctx: InteractionContext) -> None:
        async for promise in ctx.message_promises:
            async for token in promise:
                ctx.reply(token)
                return

    agents = {"slow": streaming("abcdef", delay_s=1), "head": head}
    chain = chain_of(tmp_path, "  [slow, head]", agents)
    agent = load(chain.path, plugins=chain.plugins, environment={})
    async with MiniAgents():
        assert str(await agent.inquire("go")) == "a"
        assert asyncio.get_running_loop().time() == 1
        assert str(await chain.run("go").reply) == "a"
        assert asyncio.get_running_loop().time() == 7


async def test_a_run_that_was_dropped_stops(tmp_path: Path) -> None:
    """Whoever has read some of it and lets go of it wants no more."""
    chain = chain_of(tmp_path, "  [slow]", {"slow": streaming("abcdef", delay_s=1)})
    async with MiniAgents():
        run = chain.run("go")
        async for promise in run.reply:
            async for _ in promise:
                break
            break
        del run, promise
    assert asyncio.get_running_loop().time() == 1


async def test_nothing_of_a_run_is_left(tmp_path: Path) -> None:
    """When nobody holds it, it is gone, without the garbage collector."""
    chain = chain_of(tmp_path, "  - [a, {agent: a, input: history}]\n  - loop: {do: [a], max: 2}", {"a": tagging("a")})
    gc.disable()
    try:
        async with MiniAgents():
            run = chain.run("go")
            calls = [weakref.ref(call.reply) async for call in run.calls]
            await run.reply
            dropped = weakref.ref(run.reply)
            del run
            await asyncio.sleep(0)
            assert dropped() is None
            assert [call() for call in calls] == [None] * 4
    finally:
        gc.enable()
