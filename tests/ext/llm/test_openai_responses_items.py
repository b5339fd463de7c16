"""What the API's own tools did, in later turns: the real SDK, and a provider that refuses what the API refuses."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final, get_args

import pytest
from openai.types.responses import ResponseInputContentParam, ResponseInputParam
from pydantic import TypeAdapter

from miniagents import Message, MiniAgents, Thinking, tool
from miniagents.content import Other
from miniagents.errors import RequestRefusedError
from miniagents.ext.llm.openai import openai_agent
from tests.ext.llm.asking import both_ways, environment, served
from tests.fakes.llm_server import Reply, ToolUse

if TYPE_CHECKING:
    from tests.fakes.llm_server import LLMServer

pytestmark = pytest.mark.real_time

ITEMS: Final[TypeAdapter[Any]] = TypeAdapter(ResponseInputParam)
SEARCH: Final = {
    "type": "web_search_call",
    "id": "ws_1",
    "status": "completed",
    "action": {"type": "search", "query": "q"},
}
PICTURE: Final = {
    "type": "image_generation_call",
    "id": "ig_1",
    "status": "completed",
    "result": b64encode(b"\x89PNG").decode(),
}
GO: Final = Message(text="go", role="user")


async def replies_of(server: LLMServer, said: Any, **parameters: Any) -> list[Message]:
    """Return all messages of a reply."""
    parameters = {"model": "m-1", "max_retries": 0, "api": "responses", **parameters}
    return list(await openai_agent.inquire(said, environment=environment(server), **parameters))


def kinds(body: Any) -> list[str]:
    """Return what the items of a request are, which are such as the SDK's types have."""
    ITEMS.validate_python(body["input"])
    return [item.get("type", item.get("role")) for item in body["input"]]


@both_ways
@pytest.mark.parametrize("thinking", ["hm", None])
async def test_the_next_question(thinking: str | None, *, stream: bool) -> None:
    """What a search found and a picture that was made go back as they came, with the thought that they came of."""
    own = [SEARCH, PICTURE]
    async with served(Reply("found", thinking=thinking, own_items=own), "well") as server, MiniAgents():
        replies = await replies_of(server, "go", stream=stream)
        [answer] = await replies_of(server, [GO, *replies, "and?"], stream=stream)
        body = server.requests[-1].body
    blocks = [part.block for part in replies[0].parts if isinstance(part, Other)]
    assert answer.text == "well"
    thought = ["reasoning"] if thinking else []
    assert kinds(body) == ["user", *thought, "web_search_call", "image_generation_call", "assistant", "user"]
    assert [item for item in body["input"] if item.get("id", "").startswith(("ws_", "ig_"))] == blocks
    assert blocks[1]["result"] == PICTURE["result"]


@both_ways
async def test_within_the_loop_of_tools(*, stream: bool) -> None:
    """Between the rounds of one question each thought goes back once, before what came of it."""

    @tool
    async def look() -> str:
        """Look."""
        return "rain"

    first = Reply("Let me see.", thinking="hm", own_items=[SEARCH, PICTURE], tool_calls=[ToolUse("look")])
    async with served(first, "It rains.") as server, MiniAgents():
        *_, final = await replies_of(server, "go", tools=[look], stream=stream)
        body = server.requests[-1].body
    assert final.text == "It rains."
    own = ["web_search_call", "image_generation_call"]
    assert kinds(body) == ["user", "reasoning", *own, "assistant", "function_call", "function_call_output"]


@both_ways
async def test_where_the_thought_is_gone(*, stream: bool) -> None:
    """An item whose thought nobody kept is left out when the API refuses it, and all else is sent."""
    first = Reply("found", thinking="hm", own_items=[SEARCH, PICTURE])
    async with served(first, "well") as server, MiniAgents():
        [reply] = await replies_of(server, "go")
        kept = Message(parts=[part for part in reply.parts if not isinstance(part, Thinking)], role="assistant")
        [answer] = await replies_of(server, [GO, kept, "and?"], stream=stream)
        bodies = [request.body for request in server.requests]
    assert answer.text == "well"
    own = ["web_search_call", "image_generation_call"]
    assert [kinds(body) for body in bodies[1:]] == [["user", *own[at:], "assistant", "user"] for at in range(3)]


async def test_where_the_api_kept_nothing() -> None:
    """An item that the API looks for, and does not find, is left out."""
    less = {name: value for name, value in PICTURE.items() if name != "result"}
    said = Message(parts=[Other("responses", block=less), "see"], role="assistant")
    async with served("well") as server, MiniAgents():
        [answer] = await replies_of(server, [GO, said, "and?"])
        assert kinds(server.requests[-1].body) == ["user", "assistant", "user"]
    assert answer.text == "well"


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("Item 'ws_9' of type 'web_search_call' was provided without its required 'reasoning' item: 'rs_9'", {}),
        ("Item 'ws_1' of type 'x' was provided", {"input": [{"role": "user", "content": "own"}]}),
    ],
)
async def test_what_is_not_ours_to_leave_out(words: str, options: dict[str, Any]) -> None:
    """An item that is not in what we send, or in what the caller sends, ends in the API's refusal."""
    said = Message(parts=[Other("responses", block=SEARCH), "see"], role="assistant")
    async with served(Reply(words, status=400)) as server, MiniAgents():
        with pytest.raises(RequestRefusedError, match="was provided"):
            await replies_of(server, [GO, said, "and?"], **options)
        assert len(server.requests) == 1


async def test_nothing_is_left() -> None:
    """A request of which nothing would be left is not sent without it."""
    said = Message(parts=[Other("responses", block=SEARCH)], role="user")
    async with served(Reply("Item 'ws_1' of type 'web_search_call' was provided", status=400)) as server, MiniAgents():
        with pytest.raises(RequestRefusedError):
            await replies_of(server, [said])
        assert len(server.requests) == 1


@both_ways
async def test_calls_for_the_caller(*, stream: bool) -> None:
    """A call of another kind than a function's goes back with its answer, and is left out while it has none."""
    call = {
        "type": "custom_tool_call",
        "id": "ctc_1",
        "call_id": "c_1",
        "name": "t",
        "input": "x",
        "status": "completed",
    }
    answered = Message(
        parts=[Other("responses", block={"type": "custom_tool_call_output", "call_id": "c_1", "output": "y"})],
        role="tool",
    )
    first = Reply("Let me see.", thinking="hm", own_items=[{**call, "created_by": "me"}])
    async with served(first, "well") as server, MiniAgents():
        replies = await replies_of(server, "go", stream=stream)
        await replies_of(server, [GO, *replies, "and?"])
        await replies_of(server, [GO, *replies, answered])
        bodies = [request.body for request in server.requests]
    assert kinds(bodies[1]) == ["user", "assistant", "user"]
    assert kinds(bodies[2]) == ["user", "reasoning", "custom_tool_call", "assistant", "custom_tool_call_output"]


def test_no_message_has_audio_in_it() -> None:
    """The SDK's types have no audio among the contents of a message: it is refused here, with a cure."""
    names = {kind.__name__ for kind in get_args(ResponseInputContentParam)}
    assert names == {"ResponseInputTextParam", "ResponseInputImageParam", "ResponseInputFileParam"}
