"""The agent of the local model, through the library and through the chat program, with the real model."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from miniagents_llamacpp import llamacpp_agent, register_models
from miniagents_llamacpp.engine import Engine
from miniagents_llamacpp.errors import ModelFileError

from miniagents import InteractionContext, MiniAgents, miniagent
from miniagents.errors import CallCancelledError, RequestRefusedError

if TYPE_CHECKING:
    from miniagents.hookspecs import ModelProvider

Run = Callable[[Awaitable[Any]], Any]
pytestmark = pytest.mark.timeout(600)  # the first test of a machine fetches the model


@pytest.mark.parametrize("stream", [True, False])
def test_a_reply_streams_and_says_how_it_came_about(model: Path, run: Run, stream: bool) -> None:
    """A reply comes token by token, or whole, with the metadata of every model agent."""

    async def main() -> Any:
        async with MiniAgents():
            reply = llamacpp_agent.inquire("Count to ten.", max_tokens=20, temperature=0, stream=stream)
            promises = [promise async for promise in reply]
            return [token async for token in promises[0]], await promises[0]

    tokens, message = run(main())
    assert (len(tokens) > 5) is stream
    assert "".join(tokens) == message.text
    assert message.role == "assistant"
    assert message.metadata["model"] == model.stem
    assert message.metadata["agent"] == "llamacpp_agent"
    assert message.metadata["usage"]["out"] == 20
    assert message.metadata["finish_reason"] == "length"
    assert 0 < message.metadata["first_token_s"] <= message.metadata["latency_s"]


@pytest.mark.usefixtures("model")
def test_tools_are_refused(run: Run) -> None:
    """A model that cannot call tools says so, instead of not calling them."""

    def look(place: str) -> str:
        return place

    async def main() -> Any:
        async with MiniAgents():
            with pytest.raises(RequestRefusedError, match="it calls no tools; choose a model of an API"):
                await llamacpp_agent.inquire("Look!", tools=[look])

    run(main())


def test_a_file_is_a_model_too(model: Path, run: Run) -> None:
    """The path of a GGUF file does as a model's name, and `system` reaches the model."""

    async def main() -> Any:
        async with MiniAgents():
            asked = {"model": str(model), "max_tokens": 5, "temperature": 0}
            short = (await llamacpp_agent.inquire("Hello", system="Hi", **asked))[0]
            long = (await llamacpp_agent.inquire("Hello", system="You are a poet of few words.", **asked))[0]
            return short.metadata["usage"]["in"], long.metadata["usage"]["in"]

    short, long = run(main())
    assert short < long


def test_cancelling_the_reply_stops_the_generation(model: Path, run: Run, events: list[int]) -> None:
    """A cancelled reply raises at its reader, keeps what came, and the native code stops working on it."""

    async def main() -> None:
        engine = Engine.shared(model)
        async with MiniAgents():
            reply = llamacpp_agent.inquire("Tell me a very long story.", max_tokens=2000)
            promise = await anext(aiter(reply))
            reader = aiter(promise)
            assert await anext(reader)
            reply.cancel()
            with pytest.raises(CallCancelledError):
                await promise
            while engine.busy:  # noqa: ASYNC110 - native code tells nobody that it has stopped
                await asyncio.sleep(0.01)

    run(main())
    assert len(events) < 1000


def test_tokens_flow_through_a_chain_of_agents(model: Path, run: Run) -> None:
    """An agent behind the model sees its first token while the model is still at work."""

    @miniagent
    async def shouting_agent(ctx: InteractionContext) -> None:
        async for message in ctx.message_promises:
            ctx.reply(f"It said: {message}")

    async def main() -> Any:
        engine = Engine.shared(model)
        async with MiniAgents():
            said = llamacpp_agent.inquire("Tell me a story.", max_tokens=60, temperature=0)
            promise = await anext(aiter(shouting_agent.inquire(said)))
            busy = [engine.busy async for _token in promise]
            return busy, str(await shouting_agent.inquire(said))

    busy, text = run(main())
    assert 1 in busy[1:3]
    assert text.startswith("It said: ")


@pytest.mark.parametrize(
    ("asked", "error"), [({"model": "nothing.gguf"}, ModelFileError), ({"max_tokens": "many"}, RequestRefusedError)]
)
def test_what_cannot_be_answered_is_one_clear_error(
    model: Path, run: Run, asked: dict[str, Any], error: type[Exception]
) -> None:
    """A model that is not there, and an option that makes no sense, are errors of our family in one line."""

    async def main() -> None:
        async with MiniAgents():
            await llamacpp_agent.inquire("Hello", **asked)

    with pytest.raises(error) as raised:
        run(main())
    assert "\n" not in str(raised.value)


def test_the_plugin_offers_the_local_model(model: Path) -> None:
    """`local` is registered with what a chat needs to choose and to fetch it."""
    offered: list[ModelProvider] = []
    register_models(offered.append)
    (provider,) = offered
    assert (provider.name, provider.default_model) == ("local", model.stem)
    assert provider.ready({}) == "on this machine"
    assert model.stem in provider.models()


@pytest.mark.usefixtures("model")
def test_every_option_that_is_offered_is_taken(run: Run) -> None:
    """The engine, or the walk around it, knows what `models options local` lists."""
    offered: list[ModelProvider] = []
    register_models(offered.append)
    values = {
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 20,
        "min_p": 0.05,
        "repeat_penalty": 1.1,
        "seed": 1,
        "max_tokens": 3,
        "context_tokens": 256,
        "parallel": 2,
        "first_token_timeout_s": 300.0,
        "between_tokens_timeout_s": 300.0,
    }
    assert values.keys() == offered[0].options.keys()

    async def main() -> Any:
        async with MiniAgents():
            return await llamacpp_agent.inquire("Hello", **values)

    assert run(main())[0].metadata["usage"]["out"] == 3


def test_the_chat_program_answers_with_it(model: Path, tmp_path: Path) -> None:
    """Installed beside miniagents it is found, and is what answers where there is no key."""
    command = [sys.executable, "-m", "miniagents.cli", "chat", "--json", "-o", "max_tokens=3", "Say hello."]
    settings = {"MINIAGENTS_CONFIG": str(tmp_path / "none.toml"), "MINIAGENTS_MODEL": "local"}
    ran = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, env=os.environ | settings)
    assert ran.returncode == 0
    assert ran.stderr.startswith("miniagents: the reply ends here because it may have no more tokens")
    reply = json.loads(ran.stdout)
    assert reply["text"]
    assert reply["usage"]["out"] == 3
    assert Path(reply["transcript"]).read_text(encoding="utf-8").count("<!-- msg ") == 2
