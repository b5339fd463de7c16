"""The agent on OpenAI's Responses API, end to end: the real SDK, the loopback provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from openai.types.responses import ResponseInputParam
from pydantic import BaseModel, TypeAdapter

from miniagents import File, Image, Message, MiniAgents, Text, Thinking, ToolCall, tool
from miniagents.errors import (
    BadAnswerError,
    MiniagentsError,
    ProviderFailedError,
    RequestRefusedError,
    UsageError,
)
from miniagents.ext.llm.openai import openai_agent
from tests.ext.llm.asking import Heard, both_ways, environment, served
from tests.fakes.llm_server import Reply, ToolUse, Usage

if TYPE_CHECKING:
    from tests.fakes.llm_server import LLMServer

pytestmark = pytest.mark.real_time

ITEMS: Final[TypeAdapter[Any]] = TypeAdapter(ResponseInputParam)
NO_THOUGHTS: Final = Reply("Encrypted content is not supported with this model.", status=400)


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int


@tool
async def weather(city: str) -> str:
    """Tell the weather."""
    return f"rain in {city}"


async def messages_of(server: LLMServer, said: Any = "hello", **parameters: Any) -> list[Message]:
    """Return all messages of a reply."""
    parameters = {"model": "m-1", "max_retries": 0, "api": "responses", **parameters}
    return list(await openai_agent.inquire(said, environment=environment(server), **parameters))


async def asked(reply: Reply | str, said: Any = "hello", **parameters: Any) -> tuple[Heard, dict[str, Any]]:
    """Ask a provider that replies so; return what came, and the last request as the provider got it."""
    heard = Heard()
    async with served(reply) as server:
        parameters = {"model": "m-1", "max_retries": 0, "api": "responses", **parameters}
        async with MiniAgents():
            try:
                async for promise in openai_agent.inquire(said, environment=environment(server), **parameters):
                    async for token in promise:
                        heard.tokens.append(token)
                    heard.message = await promise
            except MiniagentsError as error:
                heard.error = error
        body = server.requests[-1].body
    ITEMS.validate_python(body["input"])
    return heard, body


async def test_the_request() -> None:
    """A request holds the conversation as items, and nothing of it is kept."""
    said = ["hello", Message(text="hi", role="assistant"), "well?"]
    _, body = await asked("hi", said, system="be kind", temperature=0.5)
    assert body == {
        "model": "m-1",
        "stream": True,
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "instructions": "be kind",
        "temperature": 0.5,
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "hello"}]},
            {"role": "assistant", "content": "hi"},
            {"role": "user", "content": [{"type": "input_text", "text": "well?"}]},
        ],
    }


@both_ways
async def test_the_reply(*, stream: bool) -> None:
    """Text and metadata are the same, streamed or not, and the same as those of chat completions."""
    usage = Usage(9, 7, cached_tokens=4, thinking_tokens=2)
    heard, body = await asked(Reply(["a", "b c"], model="m-2", usage=usage), stream=stream)
    assert heard.tokens == (["a", "b c"] if stream else ["ab c"])
    assert (heard.message.text, heard.message.role, heard.message.parts) == ("ab c", "assistant", ())
    assert body["stream"] is stream
    times = {name: heard.metadata[name] for name in ("latency_s", "first_token_s")}
    assert heard.metadata == {
        "model": "m-2",
        "agent": "openai_agent",
        "id": "resp_1",
        "finish_reason": "stop",
        "usage": {"in": 9, "out": 7, "cached": 4, "thinking": 2},
        **times,
    }


@both_ways
async def test_thinking(*, stream: bool) -> None:
    """What a model thinks is a part before the text, and none of the text; what nobody may read is a part too."""
    reply = Reply("so be it", thinking=["hm", " hm"], redacted_thinking=True)
    heard, _ = await asked(reply, stream=stream)
    assert heard.message.text == "so be it" == "".join(heard.tokens)
    readable, hidden, text = heard.message.parts
    assert isinstance(readable, Thinking)
    assert isinstance(hidden, Thinking)
    assert (readable.text, hidden.text, text) == ("hm hm", "", Text("so be it"))
    assert readable.extra["responses"]["encrypted_content"]


@both_ways
async def test_thoughts_go_back_within_the_loop_of_tools_only(*, stream: bool) -> None:
    """With a result the thoughts before its call go back, sealed as they came; with the next question none do."""
    uses = [ToolUse("weather", {"city": "Oslo"})]
    first = Reply("Let me see.", thinking=["hm"], redacted_thinking=True, tool_calls=uses)
    async with served(first, "It rains.", "Fine.") as server, MiniAgents():
        replies = await messages_of(server, "go", tools=[weather], stream=stream)
        await messages_of(server, [Message(text="go", role="user"), *replies, "and?"], tools=[weather])
        bodies = [request.body for request in server.requests]
    kinds = [[item.get("type", item.get("role")) for item in body["input"]] for body in bodies]
    call = ["function_call", "function_call_output"]
    assert kinds == [
        ["user"],
        ["user", "reasoning", "reasoning", "assistant", *call],
        ["user", "assistant", *call, "assistant", "user"],
    ]
    thoughts = [part.extra["responses"] for part in replies[0].parts if isinstance(part, Thinking)]
    assert bodies[1]["input"][1:3] == thoughts
    for body in bodies:
        ITEMS.validate_python(body["input"])


async def test_effort_and_schema() -> None:
    """The effort and the schema go out in this API's words, and the reply becomes the object."""
    heard, body = await asked('{"name": "Ada", "age": 36}', effort="low", schema=Person)
    assert body["reasoning"] == {"effort": "low", "summary": "auto"}
    form = body["text"]["format"]
    assert (form["type"], form["name"], form["strict"]) == ("json_schema", "Person", True)
    assert heard.message.data == Person(name="Ada", age=36)


async def test_pictures_and_files() -> None:
    """What is shown reaches the provider, which would refuse it in another shape."""
    shown = (Image(b"\x89PNG", media_type="image/png"), File(b"%PDF", media_type="application/pdf", name="a.pdf"))
    heard, body = await asked("a cat", ["what is it?", Message(parts=shown)])
    assert (heard.error, heard.message.text) == (None, "a cat")
    assert [part["type"] for part in body["input"][1]["content"]] == ["input_image", "input_file"]


async def test_a_result_with_a_picture() -> None:
    """A tool's picture goes back inside its result."""

    @tool
    async def look() -> list[Any]:
        """Look."""
        return ["a cat", Image(b"\x89PNG", media_type="image/png")]

    async with served(Reply("", tool_calls=[ToolUse("look")]), "A cat.") as server, MiniAgents():
        *_, final = await messages_of(server, tools=[look])
        output = server.requests[1].body["input"][-1]["output"]
    assert final.text == "A cat."
    assert [part["type"] for part in output] == ["input_text", "input_image"]


@both_ways
@pytest.mark.parametrize("finish_reason", ["length", "content_filter"])
async def test_why_it_ended(finish_reason: str, *, stream: bool) -> None:
    """A reply that was stopped says why, in the words that all models share."""
    heard, _ = await asked(Reply("a b", finish_reason=finish_reason), stream=stream)
    assert (heard.error, heard.message.text) == (None, "a b")
    assert heard.metadata["finish_reason"] == finish_reason


@both_ways
@pytest.mark.parametrize(
    ("finish_reason", "kind"), [("content_filter", RequestRefusedError), ("length", BadAnswerError)]
)
async def test_no_text_but_a_reason(finish_reason: str, kind: type[Exception], *, stream: bool) -> None:
    """An answer without a text is an error that says why, never an empty reply."""
    heard, _ = await asked(Reply([], finish_reason=finish_reason), stream=stream)
    assert type(heard.error) is kind


@both_ways
async def test_a_model_that_refuses(*, stream: bool) -> None:
    """A refusal is what the model says."""
    heard, _ = await asked(Reply("I will not.", refusal=True), stream=stream)
    assert (heard.error, heard.message.text) == (None, "I will not.")


@both_ways
@pytest.mark.parametrize("fault", ["failed_event", "error_event"])
async def test_a_response_that_failed(fault: Any, *, stream: bool) -> None:
    """A response that says of itself that it failed is the provider's failure, with the provider's words."""
    heard, _ = await asked(Reply("a b", fault=fault, after=0), stream=stream)
    assert type(heard.error) is ProviderFailedError
    assert "server had an error" in str(heard.error)


@both_ways
async def test_another_answer(*, stream: bool) -> None:
    """An answer that is none of this API's is told as such."""
    heard, _ = await asked(Reply("a b", fault="html_200"), stream=stream)
    assert type(heard.error) is BadAnswerError


@both_ways
async def test_a_model_that_does_not_think(*, stream: bool) -> None:
    """A model that has no thoughts to give is asked once more without wanting them."""
    async with served(NO_THOUGHTS, "hi") as server, MiniAgents():
        [reply] = await messages_of(server, stream=stream)
        assert ["include" in request.body for request in server.requests] == [True, False]
    assert reply.text == "hi"


@pytest.mark.parametrize(
    ("reply", "options"),
    [
        (Reply("no such role", status=400), {}),
        (Reply("Encrypted content is not supported", status=422), {}),
        (NO_THOUGHTS, {"include": ["reasoning.encrypted_content"]}),
    ],
)
async def test_other_refusals_are_not_asked_again(reply: Reply, options: dict[str, Any]) -> None:
    """A refusal for another reason is final; so is one of options that the caller gave."""
    async with served(reply) as server, MiniAgents():
        with pytest.raises(RequestRefusedError):
            await messages_of(server, **options)
        assert len(server.requests) == 1


async def test_there_is_no_such_api() -> None:
    """A name that is none of an API is an error before anything is asked."""
    async with served("hi") as server, MiniAgents():
        with pytest.raises(UsageError, match="give 'chat' or 'responses'"):
            await messages_of(server, api="completions")
        assert server.requests == []


async def test_a_call_for_the_caller() -> None:
    """A tool in the API's own words is not run: its call is in the reply."""
    own = {"type": "function", "name": "own", "parameters": {"type": "object", "properties": {}}, "strict": False}
    heard, body = await asked(Reply("", tool_calls=[ToolUse("own", {"a": 1})]), tools=[own])
    assert body["tools"] == [own]
    assert heard.metadata["finish_reason"] == "tool_calls"
    assert [part.arguments for part in heard.message.parts if isinstance(part, ToolCall)] == ['{"a":1}']
