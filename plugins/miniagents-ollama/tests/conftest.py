"""A double of the Ollama server, and a loop on the machine's clock that nothing may be left behind in."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from miniagents_ollama import glance, ollama_agent

from miniagents import MiniAgents
from miniagents.testing import check_for_leaks

sys.path.insert(0, str(Path(__file__).parent))  # so that the tests find the double, whatever folder pytest is run in

if TYPE_CHECKING:
    from ollama_server import OllamaServer

    from miniagents.messages import Message

FOREIGN = ("OLLAMA_", "MINIAGENTS_", "OPENAI_", "ANTHROPIC_", "HTTP", "http", "ALL_PROXY", "all_proxy")


@pytest.fixture(autouse=True)
def _own_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the developer's settings from every test, and what the test before has found out; give a machine time."""
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        monkeypatch.delenv(name)
    for name in ("_PROBE_S", "_ANSWER_S", "_FRESH_S"):
        monkeypatch.setattr(glance, name, 50.0)
    glance.forget()


@pytest.fixture
def server() -> Iterator["OllamaServer"]:
    """Give a server that has the default model, and echoes."""
    from ollama_server import OllamaServer  # noqa: PLC0415 - its folder has been added to the path above

    with OllamaServer() as running:
        yield running


@pytest.fixture
def run() -> Callable[[Awaitable[Any]], Any]:
    """Give a function that runs a coroutine to its end, and fails if it leaves a task or a thread behind."""

    def run_(awaitable: Awaitable[Any]) -> Any:
        async def bounded() -> Any:
            async with asyncio.timeout(50):
                return await awaitable

        return asyncio.run(check_for_leaks(bounded()))

    return run_


@pytest.fixture
def ask(server: "OllamaServer", run: Callable[[Awaitable[Any]], Any]) -> "Callable[..., list[Message]]":
    """Give a function that asks the server, with these parameters of the agent, and returns all that is replied."""

    async def answered(question: Any, asked: dict[str, Any]) -> "list[Message]":
        async with MiniAgents():
            return list(await ollama_agent.inquire(question, environment={"OLLAMA_HOST": server.host}, **asked))

    def ask_(question: Any = "hi", **asked: Any) -> "list[Message]":
        messages: list[Message] = run(answered(question, asked))
        return messages

    return ask_
