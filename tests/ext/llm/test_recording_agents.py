"""Model agents recorded: with the real SDKs and the fake provider, and then without either."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from miniagents import Message, MiniAgents
from miniagents.errors import KeyRefusedError, NotRecordedError, ReplyCutError
from miniagents.testing import recorded
from tests.ext.llm.asking import AGENTS, KEY, Api, Heard, ask, both_apis, both_ways, environment, served
from tests.fakes.llm_server import Reply

NOWHERE: dict[str, str] = {}
"""An environment with neither a key nor a base URL."""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the path of a recording that is not there yet."""
    monkeypatch.delenv("MINIAGENTS_RECORD", raising=False)
    return tmp_path / "hello.jsonl"


def timeless(heard: Heard) -> dict[str, Any]:
    """Return the metadata without its times."""
    return {name: value for name, value in heard.metadata.items() if not name.endswith("_s")}


async def record(path: Path, api: Api, reply: Reply | str, said: Any = "hello", **parameters: Any) -> Heard:
    """Ask a real SDK whose provider replies so, and keep it."""
    async with served(reply) as server:
        with recorded(path):
            return await ask(api, environment(server), said, **parameters)


@pytest.mark.real_time
@both_apis
@both_ways
async def test_a_reply_is_replayed_offline(path: Path, api: Api, stream: bool) -> None:
    """The second time the tokens and the metadata are the same, with no key and nobody to ask, streamed or whole."""
    first = await record(path, api, Reply("Hello, you there", delay_s=0.001), temperature=0.5, stream=stream)
    with recorded(path):
        second = await ask(api, NOWHERE, temperature=0.5, stream=stream)
    assert (first.error, second.error) == (None, None)
    assert len(first.tokens) == (3 if stream else 1)
    assert second.tokens == first.tokens
    assert timeless(second) == timeless(first)
    assert second.metadata["usage"]["out"] > 0
    assert KEY not in path.read_text()  # noqa: ASYNC240 - a file of three lines


@pytest.mark.real_time
@both_apis
@pytest.mark.parametrize(
    ("reply", "kind"),
    [(Reply(f"no such key: {KEY}", status=401), KeyRefusedError), (Reply("a b c d", fault="cut"), ReplyCutError)],
)
async def test_an_error_is_replayed_offline(path: Path, api: Api, reply: Reply, kind: type[Exception]) -> None:
    """A refusal and a cut are the same errors the second time, after the same tokens."""
    first = await record(path, api, reply)
    with recorded(path):
        second = await ask(api, NOWHERE)
    assert type(first.error) is type(second.error) is kind
    assert str(second.error) == str(first.error)
    assert second.tokens == first.tokens
    assert KEY not in path.read_text()  # noqa: ASYNC240 - a file of two lines


@pytest.mark.real_time
@both_apis
async def test_another_question_is_not_recorded(path: Path, api: Api) -> None:
    """A question that is not in the recording fails its agent, and says how it differs and what to do."""
    await record(path, api, "Hello", "How are you today?")
    with recorded(path):
        error = (await ask(api, NOWHERE, "How are you tonight?", max_retries=2)).error
    assert type(error) is NotRecordedError
    assert "differs in its messages; record it with MINIAGENTS_RECORD=append" in str(error)
    diff, trail = error.__notes__
    assert "-request" in diff
    assert "How are you tonight?" in diff
    assert trail.startswith("through: ")


@pytest.mark.real_time
async def test_a_replay_takes_its_time_on_the_loops_clock(path: Path) -> None:
    """Replayed as it came, a reply takes as long as it took."""
    await record(path, "openai", Reply("a b c", delay_s=0.02))
    with recorded(path, speed=1.0):
        second = await ask("openai", NOWHERE)
    assert 0.04 - 0.001 <= second.metadata["latency_s"] < 4  # its end is rounded to a millisecond; a machine may pause


@pytest.mark.real_time
async def test_a_recording_reaches_agents_of_a_scope_around_it(path: Path) -> None:
    """What is called in the block is recorded, also in a scope that was open before, but not what is called later."""
    async with served("one", "two") as server, MiniAgents():
        agent = AGENTS["openai"].fork(model="model-1", environment=environment(server))
        with recorded(path):
            assert str(await agent.inquire("hello")) == "one"
        assert str(await agent.inquire("hello")) == "two"
    async with MiniAgents():
        agent = AGENTS["openai"].fork(model="model-1", environment=NOWHERE)
        with recorded(path):
            assert str(await agent.inquire([Message(text="hello", role="user")])) == "one"


@pytest.mark.real_time
@both_apis
async def test_a_replay_imports_no_sdk(path: Path, api: Api) -> None:
    """A replay needs no SDK: it imports none."""
    await record(path, api, "Hello")
    program = (
        "import asyncio, sys\n"
        "from miniagents import MiniAgents\n"
        f"from miniagents.ext.llm.{api} import {api}_agent\n"
        "from miniagents.testing import recorded\n"
        "async def main():\n"
        "    async with MiniAgents():\n"
        f"        with recorded({str(path)!r}):\n"
        f"            print(await {api}_agent.inquire('hello', model='model-1', environment={{}}))\n"
        "asyncio.run(main())\n"
        "heavy = {'openai', 'anthropic', 'httpx', 'httpx2', 'anyio'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)  # noqa: ASYNC221 - nothing else runs
    assert (ran.stdout, ran.stderr) == ("Hello\n", "")
