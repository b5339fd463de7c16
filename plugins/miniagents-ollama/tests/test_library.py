"""Models that a server fetches: with progress, and each way in which that fails."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from miniagents_ollama import glance, library
from ollama_server import LAYER_BYTES, OllamaServer

from miniagents.errors import (
    BadAnswerError,
    ModelNotFoundError,
    ProviderFailedError,
    ProviderUnreachableError,
    ReplyCutError,
)

Run = Callable[[Awaitable[Any]], Any]


def test_a_model_is_fetched_with_progress(server: OllamaServer, run: Run) -> None:
    """Bytes never become fewer, and in the end all are there; a model that is there already is not fetched."""
    assert glance.installed(server.environment)
    steps: list[tuple[int, int]] = []
    assert run(library.pull("gemma3", lambda *step: steps.append(step), environment=server.environment)) == "gemma3"
    assert steps[0] == (0, LAYER_BYTES)
    assert steps == sorted(steps)
    assert len(set(steps)) > 4
    assert steps[-1] == (LAYER_BYTES + 1000, LAYER_BYTES + 1000)
    assert "gemma3" in glance.installed(server.environment)
    asked = len(server.requests)
    run(library.pull("gemma3:latest", environment=server.environment))
    assert [each.path for each in server.requests[asked:]] == ["/api/tags"]


def test_a_pull_that_breaks_goes_on_where_it_stopped(server: OllamaServer, run: Run) -> None:
    """A connection that breaks says that trying again is no loss, and the next try begins with what has come."""
    server.breaks_after = 3
    with pytest.raises(ReplyCutError, match="try again: what has come so far is kept"):
        run(library.pull("gemma3", environment=server.environment))
    steps: list[tuple[int, int]] = []
    run(library.pull("gemma3", lambda *step: steps.append(step), environment=server.environment))
    assert steps[0] == (LAYER_BYTES // 2, LAYER_BYTES)


def test_a_pull_that_is_cancelled_leaves_the_server_alone(server: OllamaServer, run: Run) -> None:
    """Cancelling closes the connection, by which the server knows that nobody waits."""

    async def main() -> None:
        begun = asyncio.Event()
        pulling = asyncio.ensure_future(library.pull("gemma3", lambda *_: begun.set(), environment=server.environment))
        await begun.wait()
        pulling.cancel()
        with suppress(asyncio.CancelledError):
            await pulling
        assert pulling.cancelled()
        async with asyncio.timeout(50):
            while server.connections:  # noqa: ASYNC110 - they end in a thread
                await asyncio.sleep(0.005)

    layer = {"status": "pulling x", "digest": "sha256:x", "total": 10, "completed": 1}
    server.pulls_say = [layer] * 100_000
    run(main())


def test_a_model_is_taken_away(server: OllamaServer, run: Run) -> None:
    """The server has it no more, and its size is told; one that it has not is an error with a cure."""
    assert glance.sizes(server.environment) == {"llama3.2": 3825819519, "qwen3:0.6b": 3825819519}
    assert run(library.remove("llama3.2", environment=server.environment)) == 3825819519
    assert glance.installed(server.environment) == ("qwen3:0.6b",)
    with pytest.raises(
        ModelNotFoundError, match=r"no model 'llama3.2:latest' .*; `miniagents models list --local ollama` "
    ):
        run(library.remove("llama3.2:latest", environment=server.environment))
    server.close()
    with pytest.raises(ProviderUnreachableError, match="start Ollama"):
        run(library.remove("qwen3:0.6b", environment=server.environment))


@pytest.mark.parametrize(
    ("lines", "error", "words"),
    [
        (None, ModelNotFoundError, "no model 'nothing' to fetch: pull model manifest: .*; check its name"),
        ([{"error": "disk is full"}], ProviderFailedError, "the download failed: disk is full; try again: what has"),
        ([{"status": "pulling manifest"}], ReplyCutError, "ended before it was whole; try again"),
        ([b"<html>"], BadAnswerError, "its answer is not JSON; check OLLAMA_HOST"),
        ([b"[]\n"], BadAnswerError, "not one of this API"),
        ([{"total": "many", "completed": None}, b'{"status": "success"}'], None, ""),
    ],
)
def test_a_pull_that_fails_says_why(
    server: OllamaServer, run: Run, lines: list[Any] | None, error: type[Exception] | None, words: str
) -> None:
    """Whatever a server says in place of a model is an error of our family, in one line."""
    server.pulls_say = lines
    pulling = library.pull("nothing", environment=server.environment)
    if error is None:
        assert run(pulling) == "nothing"
        return
    with pytest.raises(error, match=words):
        run(pulling)


def test_nobody_is_there_to_fetch_it(server: OllamaServer, run: Run) -> None:
    """Without a server a pull says what to start."""
    server.close()
    with pytest.raises(ProviderUnreachableError, match="start Ollama"):
        run(library.pull("gemma3", environment=server.environment))


def test_a_mistake_of_the_callers_own_is_not_the_servers(server: OllamaServer, run: Run) -> None:
    """What a progress callback raises goes through as it is."""
    with pytest.raises(ZeroDivisionError):
        run(library.pull("gemma3", lambda *_: 1 / 0, environment=server.environment))
