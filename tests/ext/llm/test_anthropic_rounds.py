"""What Anthropic's API is told over several turns, and by clients of the caller's own."""

import json
from typing import Any

import anthropic
import pytest

from miniagents import Message, MiniAgents, Thinking, Thought, ToolCall
from miniagents.ext.llm.anthropic import anthropic_agent
from tests.ext.llm.asking import KEY, answered, ask, environment, served, settle
from tests.fakes.llm_server import Reply
from tests.fakes.replies import ToolUse

pytestmark = pytest.mark.real_time


def look(place: str) -> str:
    """Look there."""
    return f"saw {place}"


@pytest.mark.parametrize("stream", [True, False])
async def test_thinking_goes_back_while_tools_are_called(stream: bool) -> None:
    """With its signature, which the server checks; it stays where a user has spoken since."""
    first = Reply("", thinking="hm hm", redacted_thinking=True, tool_calls=[ToolUse("look", {"place": "here"})])
    async with served(first, "Done.", "Later.") as server, MiniAgents():
        asked = anthropic_agent.fork(model="claude-haiku-5-5", environment=environment(server), tools=[look])
        reply = await asked.inquire("x", effort="low", stream=stream)
        assert [part.kind for part in reply[0].parts].count("thinking") == 2
        again = server.requests[1].body["messages"][1]["content"]
        assert {"thinking", "redacted_thinking", "tool_use"} <= {block["type"] for block in again}
        assert server.requests[0].body["thinking"] == {"type": "adaptive", "display": "summarized"}
        await asked.inquire([Message(text="x", role="user"), *reply, Message(text="and?", role="user")])
        assert "thinking" not in str(server.requests[2].body["messages"])


async def test_thoughts_stream_by_part() -> None:
    """They come before the text, each as it comes, and then whole."""
    async with served(Reply("so", thinking="hm hm")) as server, MiniAgents():
        async for promise in anthropic_agent.inquire("x", model="m", environment=environment(server)):
            pieces = [piece async for piece in promise.parts()]
            assert [token async for token in promise] == ["so"]
    assert [type(piece) for piece in pieces] == [Thought, Thought, Thinking, str]


async def test_betas_and_caching() -> None:
    """The header names the betas, and the request asks for caching."""
    async with served("hi") as server:
        parameters: dict[str, Any] = {"betas": ["new-1", "new-2"], "cache": True}
        heard = await ask("anthropic", environment(server), **parameters)
        assert heard.message.text == "hi"
        [request] = server.requests
        assert request.headers["anthropic-beta"].split(",")[-2:] == ["new-1", "new-2"]
        assert request.body["cache_control"] == {"type": "ephemeral"}


@pytest.mark.parametrize("stream", [True, False])
async def test_a_server_that_knows_no_output_config(stream: bool) -> None:
    """The schema is told in words instead, also where the caller's own options have a say in that field."""
    refusal = Reply("output_config.format: Extra inputs are not permitted", status=400)
    async with served(refusal, '{"name": "Ada"}') as server, MiniAgents():
        asked = anthropic_agent.fork(model="claude-haiku-5-5", environment=environment(server), stream=stream)
        reply = await asked.inquire("x", schema="name", output_config={"effort": "low"})
        assert reply.data == {"name": "Ada"}
        assert "format" in server.requests[0].body["output_config"]
        assert server.requests[1].body["output_config"] == {"effort": "low"}
        assert "JSON Schema" in server.requests[1].body["system"]


async def test_members_of_a_toolset_are_left_to_the_caller() -> None:
    """They have names that nothing in the request says; the call itself says that it is of the API's toolset."""
    call = {"type": "tool_use", "id": "toolu_1", "name": "find", "input": {}, "toolset_name": "browser"}
    usage = {"input_tokens": 1, "output_tokens": 1}
    body = {"id": "x", "type": "message", "role": "assistant", "model": "m", "content": [call], "usage": usage}
    told = json.dumps({**body, "stop_reason": "tool_use"}).encode()
    tools = [look, {"type": "browser_toolset_20260801"}]
    heard = await answered("anthropic", told, "application/json", stream=False, tools=tools, max_rounds=1)
    assert heard.error is None
    own = {"anthropic": {"toolset_name": "browser"}}
    assert heard.message.parts == (ToolCall("toolu_1", name="find", arguments="{}", extra=own),)


async def test_a_client_of_the_callers_own() -> None:
    """It is used as it is, and still open afterwards."""
    async with served("hi", "again") as server:
        client = anthropic.AsyncAnthropic(base_url=server.anthropic_base_url, api_key=KEY, max_retries=0)
        async with client:
            for text in ("hi", "again"):
                heard = await ask("anthropic", {}, client=client)
                assert heard.message.text == text
            assert not client.is_closed()
    await settle()
