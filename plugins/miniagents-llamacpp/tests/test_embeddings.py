"""Embeddings, with the real model, which was made for chats."""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from miniagents_llamacpp.embeddings import EmbeddingEngine, embed
from miniagents_llamacpp.engine import Engine, keep_loaded
from miniagents_llamacpp.errors import ModelFileError

from miniagents.errors import RequestRefusedError

Run = Callable[[Awaitable[Any]], Any]
pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("model")]  # the first test of a machine fetches it

CAT, KITTEN, BANK = "A cat sleeps on the sofa.", "A kitten naps on the couch.", "The central bank raised its rates."


def likeness(one: list[float], other: list[float]) -> float:
    """Say how alike two vectors are, 1 at the most."""
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


def test_texts_that_mean_the_same_are_near_each_other(run: Run) -> None:
    """Each text has a vector of length 1, in order, nearer to one of its like than to any other."""
    cat, bank, kitten = run(embed([CAT, BANK, KITTEN]))
    assert len(cat) == len(bank) == len(kitten) == 576
    assert likeness(cat, cat) == pytest.approx(1)
    assert likeness(cat, kitten) > likeness(cat, bank) + 0.05


def test_a_text_has_the_same_vector_alone_and_among_others(run: Run) -> None:
    """More texts than go to the engine at once come back in order."""
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    vectors = run(embed(words, context_tokens=64))
    assert len(vectors) == 10
    (alone,) = run(embed(["nine"], context_tokens=64))
    assert likeness(alone, vectors[8]) == pytest.approx(1, abs=1e-3)
    assert likeness(alone, vectors[2]) < 0.999


def test_what_has_no_vector_is_refused(run: Run) -> None:
    """A text that is empty or too long is one clear error, and no text is no vector."""
    assert run(embed([])) == []
    with pytest.raises(RequestRefusedError, match="cannot be empty"):
        run(embed([CAT, ""], context_tokens=64))
    with pytest.raises(RequestRefusedError, match="a text has 101 tokens, the context 64; shorten it"):
        run(embed(["word " * 100], context_tokens=64))
    assert run(embed([CAT], context_tokens=64))


def test_a_file_that_is_no_model(tmp_path: Path, run: Run) -> None:
    """It is refused as for a chat."""
    (tmp_path / "it.gguf").write_bytes(b"text")
    with pytest.raises(ModelFileError, match="this is no GGUF file"):
        run(embed([CAT], model=str(tmp_path / "it.gguf")))


def test_an_engine_for_vectors_is_another_one_than_for_chats(model: Path, run: Run) -> None:
    """One file may do both, each with an engine that all share, and both make room when they are idle."""
    engine = EmbeddingEngine.shared(model, context_tokens=64)
    assert engine is EmbeddingEngine.shared(model, context_tokens=64)
    assert engine is not Engine.shared(model, context_tokens=64)

    async def main() -> None:
        await engine.embed([CAT])
        assert engine.loaded
        while engine.busy:  # noqa: ASYNC110 - the thread ends a moment after its last word
            await asyncio.sleep(0.01)
        keep_loaded(0)
        keep_loaded(2)
        assert not engine.loaded
        assert len(await engine.embed([CAT])) == 1

    run(main())


def test_cancelling_stops_after_a_few_texts(model: Path, run: Run) -> None:
    """Whoever is cancelled ends at once, and the engine does not go through all the texts that are left."""

    class Counting(EmbeddingEngine):
        calls = 0

        def _vectors(self, server: Any, texts: list[str]) -> Any:
            Counting.calls += 1
            loop.call_soon_threadsafe(begun.set)
            return super()._vectors(server, texts)

    async def main() -> int:
        nonlocal loop, begun
        loop, begun = asyncio.get_running_loop(), asyncio.Event()
        engine = Counting(model, context_tokens=64)
        task = asyncio.create_task(engine.embed([CAT] * 8000))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while engine.busy:  # noqa: ASYNC110 - native code tells nobody that it has stopped
            await asyncio.sleep(0.01)
        await engine.close()
        return Counting.calls

    loop: Any = None
    begun: Any = None
    assert run(main()) < 100


def test_a_model_that_reads_less_than_it_was_asked_to(tmp_path: Path) -> None:
    """Where a model was trained with a shorter context than ours, the error tells how long that is."""

    class Server:
        """Says what llama.cpp says of such a model; there is none that is small enough for a test."""

        def handle_embeddings(self, _request: str) -> str:
            said = "input (600 tokens) is larger than the max context size (512 tokens). skipping"
            return json.dumps({"error": {"code": 500, "message": said}})

    engine = EmbeddingEngine(tmp_path / "it.gguf")
    with pytest.raises(RequestRefusedError, match="a text has 600 tokens, the context 512; shorten it"):
        engine._vectors(Server(), ["long"])
