"""Several models at once, and several requests in the batches of one engine; with the real model."""

import asyncio
import os
import re
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from miniagents_llamacpp import engine as engines
from miniagents_llamacpp import llamacpp_agent
from miniagents_llamacpp.engine import Engine, keep_loaded

from miniagents import MiniAgents

Run = Callable[[Awaitable[Any]], Any]
pytestmark = pytest.mark.timeout(600)  # the first test of a machine fetches the model

TOKENS = 20


@pytest.fixture
def copies(model: Path, tmp_path: Path) -> list[Path]:
    """Give three files that are models."""
    paths = [tmp_path / f"{name}.gguf" for name in "abc"]
    for path in paths:
        try:
            os.link(model, path)
        except OSError:  # another disk
            shutil.copy(model, path)
    return paths


@pytest.fixture(autouse=True)
def _nothing_loaded(run: Run) -> Iterator[None]:
    """Begin and end with no model in memory."""
    keep_loaded(0)
    keep_loaded(2)
    yield
    keep_loaded(0)
    keep_loaded(2)


def user(text: str) -> list[dict[str, str]]:
    """Make a conversation of one message."""
    return [{"role": "user", "content": text}]


def steps_of(engine: Engine) -> int:
    """Say how often llama.cpp has run the model: once for each batch, however many have a token in it."""
    found = re.search(r"^llamacpp:n_decode_total (\d+)", engine._server.handle_metrics(), re.MULTILINE)
    assert found
    return int(found[1])


def test_the_models_used_last_stay_in_memory(copies: list[Path], run: Run) -> None:
    """A third model takes the place of the one that was used longest ago, and each is there when it is wanted."""
    a, b, c = shared = [Engine.shared(path, context_tokens=256) for path in copies]

    def use(engine: Engine) -> list[bool]:
        assert run(engine.complete(user("Hi"), max_tokens=2))[1].output_tokens == 2
        return [each.loaded for each in shared]

    assert use(a) == [True, False, False]
    assert use(b) == [True, True, False]
    assert use(c) == [False, True, True]
    assert use(b) == [False, True, True]
    assert use(a) == [True, True, False]
    keep_loaded(1)
    assert [each.loaded for each in shared] == [True, False, False]


def test_a_model_at_work_is_never_taken_away(copies: list[Path], run: Run) -> None:
    """While all answer, all are in memory; when they are done, two are."""
    shared = [Engine.shared(path, context_tokens=2048) for path in copies]

    async def main() -> Any:
        streams = [engine.stream(user("Tell a story."), ignore_eos=True) for engine in shared]
        first = [await anext(stream) for stream in streams]
        loaded = [engine.loaded for engine in shared]
        for stream in streams:
            await stream.aclose()
        while any(engine.busy for engine in shared):  # noqa: ASYNC110 - native code tells nobody that it has stopped
            await asyncio.sleep(0.01)
        while sum(engine.loaded for engine in shared) > 2:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
        return first, loaded

    first, loaded = run(main())
    assert all(isinstance(piece, str) for piece in first)
    assert loaded == [True, True, True]


def test_an_engine_of_ones_own_counts_for_nothing(copies: list[Path], run: Run) -> None:
    """What was not shared is closed by whoever made it, and by nobody else."""
    own = Engine(copies[0], context_tokens=256)
    run(own.complete(user("Hi"), max_tokens=1))
    keep_loaded(0)
    assert own.loaded
    run(own.close())
    assert engines._shared.get((copies[0], 256, 1, None)) is not own


def test_two_agents_with_two_models_in_one_scope(copies: list[Path], run: Run) -> None:
    """Each is answered by its own model, at the same time."""

    async def main() -> Any:
        agents = [llamacpp_agent.fork(model=str(path), context_tokens=256, max_tokens=5) for path in copies[:2]]
        async with MiniAgents():
            replies = [agent.inquire("Hi") for agent in agents]
            return [(await reply)[0].metadata["model"] for reply in replies]

    assert run(main()) == ["a", "b"]


def test_requests_share_batches(model: Path, run: Run) -> None:
    """Four requests take hardly more steps than one where four run at a time, and four times as many where one does."""
    questions = [f"Tell a story of a {who}." for who in ("cat", "king", "ship", "tree")]
    options = {"max_tokens": TOKENS, "ignore_eos": True, "cache_prompt": False}

    async def main(parallel: int) -> Any:
        engine = Engine(model, context_tokens=256, parallel=parallel)
        await engine.complete(user("Hi"), max_tokens=1)
        before = steps_of(engine)
        replies = await asyncio.gather(*(engine.complete(user(each), **options) for each in questions))
        steps = steps_of(engine) - before
        await engine.close()
        assert [completion.output_tokens for _, completion in replies] == [TOKENS] * 4
        return steps

    alone, together = run(main(1)), run(main(4))
    assert alone >= 4 * TOKENS
    assert together < alone / 2


def test_agents_share_batches(model: Path, run: Run) -> None:
    """`parallel` of the agent does it too, and its requests share one engine."""

    async def main() -> Any:
        engine = Engine.shared(model, context_tokens=256, parallel=4)
        await engine.complete(user("Hi"), max_tokens=1)
        before = steps_of(engine)
        agent = llamacpp_agent.fork(context_tokens=256, parallel=4, max_tokens=TOKENS, ignore_eos=True)
        async with MiniAgents():
            replies = [agent.inquire(f"Tell a story of {who}.") for who in ("cats", "kings", "ships", "trees")]
            out = [(await reply)[0].metadata["usage"]["out"] for reply in replies]
        return out, steps_of(engine) - before

    out, steps = run(main())
    assert out == [TOKENS] * 4
    assert steps < 4 * TOKENS / 2


def test_one_that_is_cancelled_disturbs_no_other(model: Path, run: Run) -> None:
    """Its place is taken by who waits, and whoever shared its batches gets the whole reply."""

    async def main() -> Any:
        engine = Engine(model, context_tokens=256, parallel=2)
        options = {"ignore_eos": True, "cache_prompt": False}
        stays = asyncio.create_task(engine.complete(user("Tell a story."), max_tokens=3 * TOKENS, **options))
        goes = engine.stream(user("Tell a tale."), max_tokens=200, **options)
        for _ in range(3):
            await anext(goes)
        waits = asyncio.create_task(engine.complete(user("Sing a song."), max_tokens=TOKENS, **options))
        await asyncio.sleep(0)
        assert engine.busy == 2
        await goes.aclose()
        replies = await asyncio.gather(stays, waits)
        await engine.close()
        return [completion.output_tokens for _, completion in replies]

    assert run(main()) == [3 * TOKENS, TOKENS]
