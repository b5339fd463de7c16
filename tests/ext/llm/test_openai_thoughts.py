"""What compatible servers want back of a model's thoughts: the real SDK, and a provider that refuses as they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from miniagents import Message, MiniAgents, Text, Thinking, ToolCall, tool
from miniagents.errors import RequestRefusedError
from miniagents.ext.llm.openai import openai_agent
from tests.ext.llm.asking import both_ways, environment, served
from tests.fakes.llm_server import Reply, ToolUse

if TYPE_CHECKING:
    from tests.fakes.llm_server import LLMServer

pytestmark = pytest.mark.real_time

GO = Message(text="go", role="user")
CALLING = Reply("Let me see.", thinking=["hm", " hm"], tool_calls=[ToolUse("look", id="a")])
DETAILS = [{"type": "reasoning.text", "text": "hm", "signature": "s"}, {"type": "reasoning.encrypted", "data": "x"}]


@tool
async def look() -> str:
    """Look."""
    return "rain"


async def replies_of(server: LLMServer, said: Any, **parameters: Any) -> list[Message]:
    """Return all messages of a reply."""
    parameters = {"model": "deepseek-1", "max_retries": 0, "tools": [look], **parameters}
    return list(await openai_agent.inquire(said, environment=environment(server), **parameters))


def thoughts(body: Any, name: str = "reasoning_content") -> list[Any]:
    """Return what the assistant's turns of a request tell of its thoughts."""
    return [turn.get(name) for turn in body["messages"] if turn["role"] == "assistant"]


@both_ways
async def test_thoughts_go_back_with_their_calls(*, stream: bool) -> None:
    """Within the rounds of a question and in later questions, calls come back with the thoughts before them."""
    second = Reply("", thinking="so", tool_calls=[ToolUse("look", id="b")])
    async with served(CALLING, second, Reply("It rains.", thinking="ah"), "Fine.") as server, MiniAgents():
        replies = await replies_of(server, "go", stream=stream)
        [answer] = await replies_of(server, [GO, *replies, "and?"], stream=stream)
        bodies = [request.body for request in server.requests]
    assert answer.text == "Fine."
    assert [thoughts(body) for body in bodies] == [[], ["hm hm"], ["hm hm", "so"], ["hm hm", "so", "ah"]]


@both_ways
async def test_thoughts_without_calls_stay_here(*, stream: bool) -> None:
    """Where no tool was called, no thought goes back."""
    async with served(Reply("hi", thinking="hm"), "Fine.") as server, MiniAgents():
        replies = await replies_of(server, "go", stream=stream)
        await replies_of(server, [GO, *replies, "and?"])
        assert thoughts(server.requests[-1].body) == [None]


async def test_a_call_without_a_thought() -> None:
    """Where others have thoughts, a call that nothing was thought for goes back with an empty one."""
    second = Reply("", tool_calls=[ToolUse("look", id="b")])
    async with served(CALLING, second, "It rains.") as server, MiniAgents():
        *_, final = await replies_of(server, "go")
        assert thoughts(server.requests[-1].body) == ["hm hm", ""]
    assert final.text == "It rains."


def calling(*thinking: Thinking, call_id: str = "a") -> list[Message]:
    """Return a message with thoughts and a call, and its result."""
    call = ToolCall(call_id, name="look", arguments="{}")
    return [Message(parts=[*thinking, call], role="assistant"), Message(text="rain", role="user")]


def thinking(text: str, field: str, **more: Any) -> Thinking:
    """Return what was thought, as a server told it."""
    return Thinking(text, extra={"openai": {"field": field, **more}})


@pytest.mark.parametrize(
    ("thought", "told"),
    [
        ([thinking("h", "reasoning"), thinking("m", "reasoning")], {"reasoning": "hm"}),
        (
            [
                thinking("hm", "reasoning_details", reasoning_details=DETAILS[:1]),
                thinking("", "reasoning_details", reasoning_details=DETAILS[1:]),
            ],
            {"reasoning_details": DETAILS},
        ),
        ([Thinking("hm", signature="s"), Thinking("hm", extra={"responses": {"id": "rs_1"}})], {}),
        ([thinking("hm", "no such field")], {}),
    ],
)
async def test_each_server_gets_its_own(thought: list[Thinking], told: dict[str, Any]) -> None:
    """Thoughts go back under the name that they came by, details as they are; those of other APIs do not."""
    async with served("Fine.") as server, MiniAgents():
        await replies_of(server, [GO, *calling(*thought)], model="model-1")
        [turn] = [turn for turn in server.requests[-1].body["messages"] if turn["role"] == "assistant"]
    assert {name: value for name, value in turn.items() if name.startswith("reasoning")} == told


@both_ways
async def test_a_server_that_takes_none(*, stream: bool) -> None:
    """A server that refuses thoughts, as OpenAI's own does, is asked again without them, and by that for all rounds."""
    said = calling(thinking("hm", "reasoning_content"))
    more = Reply("", tool_calls=[ToolUse("look", id="b")])
    async with served(more, "Fine.") as server, MiniAgents():
        *_, final = await replies_of(server, [GO, *said], model="gpt-1", stream=stream)
        told = [thoughts(request.body) for request in server.requests]
    assert (final.text, told) == ("Fine.", [["hm"], [None], [None, None]])


async def test_a_server_that_wants_what_nobody_has() -> None:
    """Where the thoughts are gone, the server's refusal is told, and nothing is asked again."""
    async with served("Fine.") as server, MiniAgents():
        with pytest.raises(RequestRefusedError, match="must be passed back"):
            await replies_of(server, [GO, *calling()])
        assert len(server.requests) == 1


async def test_the_thoughts_are_in_the_reply() -> None:
    """What goes back is kept in the message, so that a conversation can go on in another process."""
    async with served(CALLING, "Fine.") as server, MiniAgents():
        reply, *_ = await replies_of(server, "go")
    assert reply.parts == (thinking("hm hm", "reasoning_content"), Text("Let me see."), *reply.parts[2:])
    again = Message.model_validate_json(reply.model_dump_json())
    assert again.parts[0] == reply.parts[0]
