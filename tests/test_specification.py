"""The interface that was promised, block by block: its import paths, its names, and what its reader expects of it."""

import asyncio
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from miniagents.errors import UsageError
from miniagents.ext.history_agents import markdown_history_agent
from miniagents.ext.llm.openai import openai_agent
from miniagents.ext.misc_agents import console_user_agent
from miniagents.messages import Message, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgents, miniagent
from miniagents.promising.sentinels import AWAIT, CLEAR
from miniagents.testing import streaming_agent
from miniagents.utils import achain_loop, adialog_loop
from tests.fakes.llm_server import LLMServer


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[LLMServer]:
    """Put a loopback provider where `openai_agent` looks for one."""
    with LLMServer.in_thread() as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback")
        monkeypatch.setenv("OPENAI_BASE_URL", server.openai_base_url)
        yield server


@miniagent
async def my_agent(ctx: InteractionContext) -> None:
    """Say what was said."""
    async for message in ctx.message_promises:
        ctx.reply(f"You said: {message}")


@miniagent
async def agent1(ctx: InteractionContext) -> None:
    """Greet."""
    ctx.reply("Hello from Agent 1!")


@pytest.mark.real_time
async def test_a_dialog_of_a_person_and_a_model(
    provider: LLMServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A console dialog answers each line, remembers the earlier ones, and ends with the input."""
    monkeypatch.setattr(sys, "stdin", StringIO("Hello\nAnd now?\n"))
    assistant_agent = openai_agent.fork(model="gpt-3.5-turbo")
    async with MiniAgents():
        await adialog_loop(console_user_agent, assistant_agent)
    assert "You said: Hello\n" in (shown := capsys.readouterr().out)
    assert "You said: And now?\n" in shown
    assert [turn["content"] for turn in provider.requests[1].body["messages"]] == [
        "Hello",
        "You said: Hello",
        "And now?",
    ]


async def test_a_custom_agent_says_what_was_said() -> None:
    """Its reply reads `You said: Hello`."""
    async with MiniAgents():
        assert str(await my_agent.inquire("Hello")) == "You said: Hello"


async def test_a_custom_agent_streams_what_is_still_arriving() -> None:
    """Its reply reads the same while the message is still streaming, and then it streams."""
    async with MiniAgents():
        reply = my_agent.inquire(streaming_agent(["Hel", "lo"], delay_s=1).inquire())
        clock = asyncio.get_running_loop().time
        arrived = [(token, clock()) async for promise in reply async for token in promise]
        assert arrived == [("You said: ", 0), ("Hel", 1), ("lo", 2)]


async def test_a_chain_hands_messages_on() -> None:
    """The second agent of a chain is sent what the first one replied."""

    @miniagent
    async def agent2(ctx: InteractionContext) -> None:
        async for msg in ctx.message_promises:
            ctx.reply(f"Agent 2 received: {msg}")

    async with MiniAgents():
        assert str(await achain_loop([agent1, AWAIT, agent2], rounds=2)) == "Agent 2 received: Hello from Agent 1!"


async def test_a_chain_without_an_end_goes_on_until_it_is_cancelled() -> None:
    """As the specification has it, a chain goes round for ever, lets others work, and ends when it is told to."""
    async with MiniAgents():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await achain_loop([agent1, AWAIT, agent1])


async def test_an_error_that_an_agent_catches_is_a_message() -> None:
    """An agent tells its caller of an error in its own words."""

    @miniagent
    async def error_prone_agent(ctx: InteractionContext) -> None:
        try:
            ctx.reply(f"Operation successful: {await streaming_agent([], error=OSError('no luck')).inquire()}")
        except OSError as error:
            ctx.reply(f"An error occurred: {error!s}")

    async with MiniAgents():
        assert str(await error_prone_agent.inquire()) == "An error occurred: no luck"


async def test_an_error_that_nobody_catches_is_a_message_where_that_is_wanted() -> None:
    """With `errors_as_messages` an exception arrives as a message, and the caller does not crash."""
    async with MiniAgents(errors_as_messages=True):
        failing = streaming_agent(["So far"], error=OSError("no luck"))
        assert str(await failing.inquire()) == "So far\n\nOSError: no luck"


def test_a_message_of_ones_own() -> None:
    """A subclass has fields of its own, is validated, immutable, and prints as its text, outside of any scope."""

    class CustomMessage(Message):
        custom_field: str

    message = CustomMessage(text="Hello", custom_field="Custom Value")
    assert (message.text, message.custom_field, f"{message}") == ("Hello", "Custom Value", "Hello")
    with pytest.raises(ValueError, match="frozen"):
        message.custom_field = "Another"  # type: ignore[misc]
    with pytest.raises(ValueError, match="custom_field"):
        CustomMessage(text="Hello")  # type: ignore[call-arg]


@pytest.mark.real_time
async def test_tokens_of_a_model(provider: LLMServer) -> None:
    """A reply can be read token by token, without awaiting anything first."""
    async with MiniAgents():
        llm_agent = openai_agent.fork(model="gpt-3.5-turbo")
        response = llm_agent.inquire("Tell me a short story", stream=True)
        tokens = [[token async for token in msg_promise] async for msg_promise in response]
    assert len(tokens[0]) > 3
    assert "".join(tokens[0]) == "You said: Tell me a short story"


@pytest.mark.real_time
async def test_a_history_that_lasts(
    provider: LLMServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dialog with a Markdown file goes on, in a second run, where the first one stopped."""
    monkeypatch.chdir(tmp_path)
    for line in ("First\n", "Second\n"):
        monkeypatch.setattr(sys, "stdin", StringIO(line))
        async with MiniAgents():
            await adialog_loop(
                user_agent=console_user_agent,
                assistant_agent=openai_agent.fork(model="gpt-3.5-turbo"),
                history_agent=markdown_history_agent.fork(history_md_file="chat_history.md"),
            )
    assert [turn["content"] for turn in provider.requests[1].body["messages"]] == [
        "First",
        "You said: First",
        "Second",
    ]
    assert (tmp_path / "chat_history.md").read_text(encoding="utf-8").count("<!-- msg ") == 4


async def test_agents_work_at_the_same_time() -> None:
    """Five agents that take a second each take a second together."""

    @miniagent
    async def parallel_agent(ctx: InteractionContext) -> None:
        await asyncio.sleep(1)
        ctx.reply("Done!")

    async with MiniAgents():
        tasks = [parallel_agent.inquire() for _ in range(5)]
        assert [str(reply) for reply in await asyncio.gather(*tasks)] == ["Done!"] * 5
    assert asyncio.get_running_loop().time() == 1


async def test_sentinels_in_a_chain() -> None:
    """`AWAIT` waits for what is before it; `CLEAR` starts what is after it with nothing."""
    heard: list[tuple[str, str]] = []

    @miniagent
    async def listening_agent(ctx: InteractionContext, name: str) -> None:
        heard.append((name, str(await ctx.message_promises)))
        ctx.reply(f"Message from {name}")

    first, second = listening_agent.fork(name="1"), listening_agent.fork(name="2")
    async with MiniAgents():
        await achain_loop([first, AWAIT, second, CLEAR, first], rounds=2)
        with pytest.raises(UsageError, match="AWAIT"):
            await achain_loop([first, second])
    assert sorted(heard) == [
        ("1", ""),
        ("1", ""),
        ("1", ""),
        ("1", "Message from 1"),
        ("2", "Message from 1"),
        ("2", "Message from 1"),
    ]


@pytest.mark.parametrize("by_fork", [True, False])
async def test_any_object_is_a_parameter(by_fork: bool) -> None:
    """An agent is given a client of somebody else's by `inquire` or by `fork`; it hears the text of what was said."""

    class Client:
        async def generate(self, prompt: str) -> str:
            return prompt.upper()

    @miniagent
    async def custom_llm_agent(ctx: InteractionContext, custom_llm_client: Client) -> None:
        async for message in ctx.message_promises:
            response = await custom_llm_client.generate(str(message))
            ctx.reply(Message(text=response))

    async with MiniAgents():
        if by_fork:
            reply = await custom_llm_agent.fork(custom_llm_client=Client()).inquire("hello")
        else:
            reply = await custom_llm_agent.inquire("hello", custom_llm_client=Client())
    assert str(reply) == "HELLO"


async def test_a_sequence_of_what_is_known() -> None:
    """Messages put into a sequence are read as promises, in order, and as a whole."""
    async with MiniAgents():
        messages = MessageSequencePromise(prefill_pieces=[Message(text="Hello"), Message(text="World")])
        assert [(await msg_promise).text async for msg_promise in messages] == ["Hello", "World"]
        assert str(await messages) == "Hello\n\nWorld"


@pytest.mark.real_time
async def test_an_agent_that_asks_a_model_without_naming_one(provider: LLMServer) -> None:
    """`openai_agent` has a model by default, and its awaited reply is its text in an f-string."""

    @miniagent
    async def self_improving_agent(ctx: InteractionContext) -> None:
        improved_code = await openai_agent.inquire("Improve this:\n\ndef greet(): ...")
        ctx.reply(f"Improved code:\n\n{improved_code}")

    async with MiniAgents():
        reply = await self_improving_agent.inquire()
    assert str(reply) == "Improved code:\n\nYou said: Improve this:\n\ndef greet(): ..."
    assert provider.requests[0].body["model"]
