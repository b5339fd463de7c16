"""Several turns for one call, with the real SDKs: tools that a model calls, schemas that it has to fit."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from miniagents import Message, MiniAgents, Thinking, ToolCall, ToolResult, miniagent, partial_data, tool
from miniagents.errors import MiniagentsError, SchemaMismatchError, ToolRoundsError
from miniagents.ext.llm.anthropic import anthropic_agent
from miniagents.ext.llm.openai import openai_agent
from tests.ext.llm.asking import both_ways, environment, served
from tests.fakes.llm_server import Reply
from tests.fakes.replies import ToolUse

if TYPE_CHECKING:
    from miniagents import InteractionContext, MessageSequencePromise, MiniAgent
    from tests.fakes.llm_server import LLMServer

MODELS: dict[str, MiniAgent] = {
    "openai": openai_agent,
    "responses": openai_agent.fork(api="responses"),
    "anthropic": anthropic_agent,
}
all_apis = pytest.mark.parametrize("api", MODELS)
pytestmark = pytest.mark.real_time


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int


@tool
async def weather(city: str) -> str:
    """Tell the weather.

    Args:
        city: Where.
    """
    return f"rain in {city}"


@tool
def broken() -> None:
    """Fail."""
    raise ValueError("out of order")


async def ask(api: str, server: LLMServer, said: Any = "hello", **parameters: Any) -> list[Message]:
    """Ask, and return all messages of the reply."""
    parameters = {"model": "m-1", "max_retries": 0, **parameters}
    return list(await MODELS[api].inquire(said, environment=environment(server), **parameters))


async def read(reply: MessageSequencePromise, seen: list[Message]) -> None:
    """Read the messages of a reply; those before an error count too."""
    async for promise in reply:
        seen.append(await promise)  # noqa: PERF401 - see above


@all_apis
@both_ways
async def test_a_tool_is_called_and_its_result_sent_back(api: str, *, stream: bool) -> None:
    """Text before a call, the call, its result, and the text after it are the reply, in order; the API takes it all."""
    first = Reply("Let me see.", tool_calls=[ToolUse("weather", {"city": "Oslo"})])
    async with served(first, "It rains.") as server, MiniAgents():
        calling, told, final = await ask(api, server, tools=[weather], stream=stream)
        assert [request.body.get("tools") is not None for request in server.requests] == [True, True]
    assert (calling.role, calling.text) == ("assistant", "Let me see.")
    [call] = [part for part in calling.parts if isinstance(part, ToolCall)]
    assert (call.name, json.loads(call.arguments)) == ("weather", {"city": "Oslo"})
    assert calling.metadata["finish_reason"] == "tool_calls"
    [result] = told.parts
    assert isinstance(result, ToolResult)
    assert (told.role, told.text, result.call_id, result.text) == ("tool", "", call.id, "rain in Oslo")
    assert (final.role, final.text) == ("assistant", "It rains.")


@all_apis
@both_ways
async def test_several_calls_run_side_by_side(api: str, *, stream: bool) -> None:
    """Calls that a model asks for at once run at once; each result goes to its call, and so does what goes wrong."""
    running: list[str] = []
    both = asyncio.Event()

    @tool
    async def meeting(name: str) -> str:
        """Wait for the others."""
        running.append(name)
        if len(running) == 2:
            both.set()
        await both.wait()
        return f"met {name}"

    uses = [
        ToolUse("meeting", {"name": "Ann"}),
        ToolUse("broken", {}),
        ToolUse("meeting", {"name": "Bob"}),
        ToolUse("meeting", '{"name": '),
        ToolUse("nothing", {}),
    ]
    async with served(Reply("", tool_calls=uses), "Done.") as server, MiniAgents():
        calling, told, final = await ask(api, server, tools=[meeting, broken], stream=stream)
    results = [part for part in told.parts if isinstance(part, ToolResult)]
    assert [result.call_id for result in results] == [part.id for part in calling.parts if isinstance(part, ToolCall)]
    assert [result.is_error for result in results] == [False, True, False, True, True]
    assert [results[0].text, results[2].text] == ["met Ann", "met Bob"]
    assert results[1].text == "ValueError: out of order"
    assert "nothing" in results[4].text
    assert final.text == "Done."


@all_apis
async def test_a_person_may_refuse(api: str) -> None:
    """A tool that needs approval runs only when somebody agrees; the reason against it goes to the model."""
    called: list[str] = []

    @tool(needs_approval=True)
    async def wipe(disk: str) -> str:
        """Wipe a disk."""
        called.append(disk)
        return "wiped"

    async def approve(call: ToolCall) -> bool | str:
        return "not that one" if "system" in call.arguments else True

    uses = [ToolUse("wipe", {"disk": "system"}), ToolUse("wipe", {"disk": "scratch"})]
    async with served(Reply("", tool_calls=uses), "Done.") as server, MiniAgents():
        _, told, _ = await ask(api, server, tools=[wipe], approve=approve)
    assert called == ["scratch"]
    assert [(part.is_error, part.text) for part in told.parts if isinstance(part, ToolResult)] == [
        (True, "refused by the person: not that one"),
        (False, "wiped"),
    ]


@all_apis
async def test_an_agent_is_a_tool(api: str) -> None:
    """Any agent can be called as a tool, with a message."""

    @miniagent
    async def echo(ctx: InteractionContext) -> None:
        """Say it again."""
        ctx.reply(f"echo: {await ctx.message_promises}")

    async with served(Reply("", tool_calls=[ToolUse("echo", {"message": "hi"})]), "Done.") as server, MiniAgents():
        _, told, _ = await ask(api, server, tools=[echo])
    assert [part.text for part in told.parts if isinstance(part, ToolResult)] == ["echo: hi"]


@all_apis
async def test_rounds_have_an_end(api: str) -> None:
    """A model that calls tools for ever is stopped with the cure; what it said and did until then is there."""
    seen: list[Message] = []
    async with served(Reply("", tool_calls=[ToolUse("weather", {"city": "Oslo"})])) as server, MiniAgents():
        reply = MODELS[api].inquire("x", model="m", environment=environment(server), tools=[weather], max_rounds=2)
        with pytest.raises(ToolRoundsError, match="still calls tools after 2 rounds; raise max_rounds"):
            await read(reply, seen)
        assert len(server.requests) == 3
    assert [message.role for message in seen] == ["assistant", "tool"] * 3


@all_apis
async def test_a_history_with_calls_can_be_sent_again(api: str) -> None:
    """A conversation with calls, results and thoughts goes on; a call whose result was lost is answered for it."""
    call = ToolCall("call_1", name="weather", arguments='{"city": "Oslo"}')
    history = [
        Message(text="hello", role="user"),
        Message(parts=[Thinking("hm"), "Let me see.", call], role="assistant"),
        Message(text="and?", role="user"),
    ]
    async with served("fine") as server, MiniAgents():
        [reply] = await ask(api, server, history)
        assert reply.text == "fine"
        assert "interrupted" in json.dumps(server.requests[0].body)
        assert "hm" not in json.dumps(server.requests[0].body["messages" if api != "responses" else "input"])


@all_apis
async def test_tools_in_the_words_of_an_api_are_left_to_the_caller(api: str) -> None:
    """A tool that is given as a dict is sent as it is, and its calls are given to whoever asked."""
    parameters = {"type": "object", "properties": {}}
    told: dict[str, Any] = {
        "openai": {"type": "function", "function": {"name": "own", "parameters": parameters}},
        "responses": {"type": "function", "name": "own", "parameters": parameters, "strict": False},
        "anthropic": {"name": "own", "input_schema": parameters},
    }
    async with served(Reply("", tool_calls=[ToolUse("own", {})])) as server, MiniAgents():
        [calling] = await ask(api, server, tools=[told[api]])
        assert server.requests[0].body["tools"] == [told[api]]
    assert [part.name for part in calling.parts if isinstance(part, ToolCall)] == ["own"]


@all_apis
async def test_tools_of_ours_and_of_an_api_called_together(api: str) -> None:
    """Ours are called, the others are left to the caller, who sends their results with the next question."""
    parameters = {"type": "object", "properties": {}}
    told: dict[str, Any] = {
        "openai": {"type": "function", "function": {"name": "own", "parameters": parameters}},
        "responses": {"type": "function", "name": "own", "parameters": parameters, "strict": False},
        "anthropic": {"name": "own", "input_schema": parameters},
    }
    both = Reply("", tool_calls=[ToolUse("own", {}), ToolUse("weather", {"city": "Oslo"})])
    async with served(both, "Wet.") as server, MiniAgents():
        calling, said = await ask(api, server, tools=[told[api], weather])
        assert [(part.name, part.text) for part in said.parts if isinstance(part, ToolResult)] == [
            ("weather", "rain in Oslo")
        ]
        [own, _] = [part for part in calling.parts if isinstance(part, ToolCall)]
        result = Message(parts=(ToolResult(own.id, name="own", content="7 °C"),), role="tool")
        asked = [Message(text="hello", role="user"), calling, said, result]
        [end] = await ask(api, server, asked, tools=[told[api], weather])
    assert (end.text, "no result" in str(server.requests[1].body)) == ("Wet.", False)


@pytest.mark.parametrize(
    ("api", "told"),
    [
        ("openai", {"type": "custom", "custom": {"name": "own"}}),
        ("responses", {"type": "namespace", "name": "mine", "description": "", "tools": [{"name": "own"}]}),
    ],
)
async def test_tools_of_other_kinds_are_left_to_the_caller(api: str, told: dict[str, Any]) -> None:
    """A call is the caller's too where its tool is told in another shape, or inside another one."""
    async with served(Reply("", tool_calls=[ToolUse("own", {})])) as server, MiniAgents():
        [calling] = await ask(api, server, tools=[told])
    assert [part.name for part in calling.parts if isinstance(part, ToolCall)] == ["own"]


@all_apis
@both_ways
async def test_a_reply_fits_its_schema(api: str, *, stream: bool) -> None:
    """`data` of the message, and of the whole reply, is the validated object; its fields are there while it comes."""
    async with served('{"name": "Ada", "age": 36}') as server, MiniAgents():
        variables = environment(server)
        reply = MODELS[api].inquire("x", model="m", environment=variables, schema=Person, stream=stream)
        async for promise in reply:
            values = [value async for value in partial_data(promise)]
        whole = await reply
        told = json.dumps(server.requests[0].body)
    assert whole.data == Person(name="Ada", age=36) == whole[-1].data
    assert values[-1] == {"name": "Ada", "age": 36}
    assert "json_schema" in told
    assert '"age"' in told


@all_apis
async def test_a_reply_that_does_not_fit_is_asked_for_again(api: str) -> None:
    """Once, with the fault named; all of it is in the reply, and the last message has the data."""
    async with served('{"name": "Ada", "age": "old"}', '{"name": "Ada", "age": 36}') as server, MiniAgents():
        first, again, second = await ask(api, server, schema=Person)
        assert len(server.requests) == 2
    assert "$.age" in first.metadata["mismatch"]
    assert first.data is None
    assert (again.role, "$.age" in again.text) == ("user", True)
    assert second.data == Person(name="Ada", age=36)


@all_apis
async def test_a_reply_that_never_fits_is_an_error(api: str) -> None:
    """After the second try the error says what does not fit."""
    async with served("no JSON at all") as server, MiniAgents():
        with pytest.raises(SchemaMismatchError, match=r"does not fit the schema: \$: it is no JSON"):
            await ask(api, server, schema="name, age int")
        assert len(server.requests) == 2


@all_apis
async def test_tools_and_a_schema(api: str) -> None:
    """A model that calls a tool first is not blamed for having no data yet."""
    first = Reply("", tool_calls=[ToolUse("weather", {"city": "Oslo"})])
    async with served(first, '{"name": "Ada", "age": 36}') as server, MiniAgents():
        messages = await ask(api, server, tools=[weather], schema=Person)
    assert [message.role for message in messages] == ["assistant", "tool", "assistant"]
    assert "mismatch" not in messages[0].metadata
    assert messages[-1].data == Person(name="Ada", age=36)


@all_apis
async def test_what_goes_wrong_between_rounds_is_raised_there(api: str) -> None:
    """A provider that fails in the second round raises its error behind what came before it."""
    first = Reply("", tool_calls=[ToolUse("weather", {"city": "Oslo"})])
    seen: list[Message] = []
    async with served(first, Reply(fault="http_500")) as server, MiniAgents():
        variables = environment(server)
        reply = MODELS[api].inquire("x", model="m", environment=variables, tools=[weather], max_retries=0)
        with pytest.raises(MiniagentsError, match="it failed"):
            await read(reply, seen)
    assert [message.role for message in seen] == ["assistant", "tool"]
