"""Our cases of chains, one a process: `python benchmarks/chains.py CASE`.

The agents are those that a plugin offers; `model_rewritten` asks a model by the real SDK, or is asked by the bare SDK
(`ASKED_BY=sdk`) or by a socket, with generators for agents.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from agents_file import agents_file
from harness import PACE_S, PACED_TOKENS, first_ms, paced, rss_kib, run
from streaming_models import MORE, PATHS, QUESTION, WAY, lines, provider, scope

if TYPE_CHECKING:
    from miniagents.chains.loading import Chain

AGENTS = 200
Stream = Callable[[], AsyncIterator[str]]
FAST_S, SLOW_S = 0.1, 1.2
ROUNDS, WARM_ROUNDS = 10_000, 1_000
MODEL = """
version: 1
agents: {model: {model: "openai:m"}, one: {plugin: again}, two: {plugin: again}}
"""
REWRITTEN = """
version: 1
agents: {model: {plugin: paced}, one: {plugin: again}, two: {plugin: again}}
"""
BRANCHES = """
version: 1
agents: {fast: {plugin: fast}, slow: {plugin: slow}, next: {plugin: again}}
flow:
  - parallel: [fast, slow]
  - {agent: next, input: fast}
"""
LOOP = """
version: 1
agents: {asking: {plugin: reading}, answering: {plugin: reading}}
flow:
  - loop: {do: [asking, answering], max: ROUNDS}
"""


async def read_agents() -> float:
    """A file of 200 agents read and checked, with all that is imported for it; in ms."""
    with tempfile.TemporaryDirectory() as folder:
        return _read_ms(Path(folder, "agents.yaml"))


def _read_ms(path: Path) -> float:
    path.write_text(agents_file(AGENTS), encoding="utf-8")
    begun = time.process_time()
    from miniagents.chains.chain_file import read  # noqa: PLC0415 - it is part of what is measured

    described = read(path, environment={})
    used = time.process_time() - begun
    assert len(described.instructions) == AGENTS
    return used * 1e3


def chain_of(text: str, environment: Mapping[str, str] | None = None) -> "Chain":
    """Return the chain of a file, with agents that a plugin offers."""
    from miniagents import builtins  # noqa: PLC0415 - the SDK alone does without it
    from miniagents.chains.chain_file import read  # noqa: PLC0415 - as above
    from miniagents.chains.loading import Chain  # noqa: PLC0415 - as above
    from miniagents.hookspecs import hookimpl  # noqa: PLC0415 - as above
    from miniagents.plugins import load  # noqa: PLC0415 - as above

    @hookimpl
    def register_agents(register: Any) -> None:
        for name, agent in _agents().items():
            register(name, agent)

    environment = environment or {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "agents.yaml")
        path.write_text(text, encoding="utf-8")
        described = read(path, environment=environment)
    plugins = load([builtins, SimpleNamespace(register_agents=register_agents)], [])
    return Chain(described, environment=environment, plugins=plugins)


FIRST: list[float] = []
"""When the model gave its first token."""


def _agents() -> dict[str, Any]:
    from miniagents.messages import Message, MessagePromise  # noqa: PLC0415 - as above
    from miniagents.miniagents import InteractionContext, miniagent  # noqa: PLC0415 - as above

    async def anew(promise: MessagePromise) -> AsyncIterator[str]:
        async for token in promise:
            yield token

    @miniagent
    async def again(ctx: InteractionContext) -> None:
        async for promise in ctx.message_promises:
            ctx.reply(Message.promise(anew(promise)))

    @miniagent
    async def reading(ctx: InteractionContext) -> None:
        await ctx.message_promises
        ctx.reply("hello")

    @miniagent
    async def after(ctx: InteractionContext, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        ctx.reply("done")

    @miniagent
    async def model(ctx: InteractionContext) -> None:
        ctx.reply(Message.promise(paced(FIRST)))  # as it is by then

    forks = {"fast": after.fork(delay_s=FAST_S), "slow": after.fork(delay_s=SLOW_S)}
    return {"again": again, "reading": reading, "paced": model, **forks}


async def _out_of(chain: "Chain") -> AsyncIterator[str]:
    """Run a chain; give the tokens that come out of it."""
    async for promise in chain.run("hello").reply:
        async for token in promise:
            yield token


async def rewritten() -> float:
    """Wall ms from the first token of a reply of 0.55 s to the first out of the second agent that rewrites it."""
    chain = chain_of(REWRITTEN)

    def stream(begun: list[float]) -> AsyncIterator[str]:
        global FIRST  # noqa: PLW0603 - a plugin's agents are made before the run
        FIRST = begun
        return _out_of(chain)

    return await first_ms(stream)


async def model_rewritten() -> float:
    """Wall ms from the start of a run to the first token out of the second agent, where the model gives it at once."""
    reply = {"text": ["token "] * PACED_TOKENS, "delay_s": PACE_S}
    with provider(reply) as url:
        ways = {"miniagents": _by_chain, "sdk": _by_sdk, "socket": _by_socket}
        stream = ways[WAY](url)

        def begun_now(begun: list[float]) -> AsyncIterator[str]:
            begun.append(time.perf_counter())
            return stream()

        return await first_ms(begun_now)


def _by_chain(url: str) -> Stream:
    chain = chain_of(MODEL, {"OPENAI_BASE_URL": f"{url}/v1"})
    return lambda: _out_of(chain)


def _by_sdk(url: str) -> Stream:
    from openai import AsyncOpenAI  # noqa: PLC0415 - the others do without it

    client = AsyncOpenAI(base_url=f"{url}/v1", api_key="no-key")

    async def tokens() -> AsyncIterator[str]:
        request: Any = {**QUESTION, **MORE["openai"]}
        async for chunk in await client.chat.completions.create(**request, stream=True):
            if chunk.choices and chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content

    return lambda: _again(_again(tokens()))


def _by_socket(url: str) -> Stream:
    body = b'{"model":"m","messages":[{"role":"user","content":"hello"}],"stream":true}'

    async def tokens() -> AsyncIterator[str]:
        async for line in lines(url, PATHS["openai"], body):
            if b'"content":"token' in line:
                yield "token "

    return lambda: _again(_again(tokens()))


async def _again(tokens: AsyncIterator[str]) -> AsyncIterator[str]:
    async for token in tokens:
        yield token


async def no_barrier() -> float:
    """Wall s until what follows a branch of 0.1 s has replied, beside one of 1.2 s."""
    chain = chain_of(BRANCHES)
    begun = time.perf_counter()
    run_ = chain.run("hello")
    async for call in run_.calls:
        if call.agent == "next":
            await call.reply
            took = time.perf_counter() - begun
    return took


async def _rounds(count: int) -> None:
    run_ = chain_of(LOOP.replace("ROUNDS", str(count))).run("hello")
    async for _ in run_.calls:
        pass
    assert str(await run_.reply) == "hello"


async def chain_round() -> float:
    """CPU µs a round of a loop of two agents, 10,000 of them, watched."""
    await _rounds(WARM_ROUNDS)
    begun = time.process_time()
    await _rounds(ROUNDS)
    return (time.process_time() - begun) / ROUNDS * 1e6


async def chain_round_growth() -> float:
    """How many times as long 10,000 rounds take as 5,000."""
    took: dict[int, float] = {}
    for count in (WARM_ROUNDS, ROUNDS // 2, ROUNDS):
        begun = time.process_time()
        await _rounds(count)
        took[count] = time.process_time() - begun
    return took[ROUNDS] / took[ROUNDS // 2]


async def chain_growth() -> float:
    """What the memory grows by in 10,000 rounds, after 1,000; in KiB."""
    await _rounds(WARM_ROUNDS)
    before = rss_kib()
    await _rounds(ROUNDS)
    return rss_kib() - before


if __name__ == "__main__":
    run(
        *(read_agents, rewritten, model_rewritten, no_barrier, chain_round, chain_round_growth, chain_growth),
        scope=scope,
    )
