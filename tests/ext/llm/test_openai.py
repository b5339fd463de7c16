"""The agent on OpenAI's API: what it sends, what it makes of what comes."""

import json
from typing import Any, Final

import pytest
from openai.types.chat import ChatCompletionMessageParam
from pydantic import TypeAdapter

from miniagents import Audio, File, Image, Message, MiniAgents, Text, Thinking, tool
from miniagents.errors import BadAnswerError, RequestRefusedError
from miniagents.ext.llm.openai import DEFAULT_MODEL, openai_agent
from tests.ext.llm.asking import answered, ask, asked, both_ways, environment, served
from tests.fakes.llm_server import Reply, ToolUse, Usage

pytestmark = pytest.mark.real_time

TURNS: Final[TypeAdapter[Any]] = TypeAdapter(list[ChatCompletionMessageParam])
PNG: Final = Image(b"\x89PNG", media_type="image/png")
SCHEMA: Final = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


def whole(message: dict[str, Any], **more: Any) -> bytes:
    """Write an answer in one piece."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return json.dumps({"id": "x", "object": "chat.completion", "model": "m", "choices": [choice], **more}).encode()


def events(*choices: dict[str, Any] | None, **more: Any) -> bytes:
    """Write a stream of chunks with one choice, or none, each."""
    chunks = [{"id": "x", "model": "m", "choices": [choice] if choice else [], **more} for choice in choices]
    return b"".join(b"data: %b\n\n" % json.dumps(chunk).encode() for chunk in chunks) + b"data: [DONE]\n\n"


async def test_the_request() -> None:
    """A streamed request asks for the usage too, and holds the instructions first."""
    said = ["hello", Message(text="hi", role="assistant"), Message(text="be brief", role="system"), "well?"]
    _, body = await asked("openai", "hi", said, system="be kind")
    assert body == {
        "model": "model-1",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [
            {"role": "system", "content": "be kind"},
            {"role": "user", "content": "hello"},
            {"role": "assistant", "content": "hi"},
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "well?"},
        ],
    }


async def test_the_request_for_one_piece() -> None:
    """A request for one piece says nothing of streams but that there shall be none."""
    _, body = await asked("openai", "hi", stream=False)
    assert body.keys() == {"model", "stream", "messages"}
    assert body["stream"] is False


@both_ways
async def test_the_reply(*, stream: bool) -> None:
    """Text and metadata are the same, streamed or not."""
    reply = Reply(["a", "b c"], model="m-2", usage=Usage(9, 7, cached_tokens=4), finish_reason="length")
    heard, _ = await asked("openai", reply, stream=stream)
    assert heard.tokens == (["a", "b c"] if stream else ["ab c"])
    assert (heard.message.text, heard.message.role) == ("ab c", "assistant")
    times = {name: heard.metadata[name] for name in ("latency_s", "first_token_s")}
    assert 0 < times["first_token_s"] <= times["latency_s"] < 5
    assert heard.metadata == {
        "model": "m-2",
        "agent": "openai_agent",
        "id": "chatcmpl-1",
        "finish_reason": "length",
        "usage": {"in": 9, "out": 7, "cached": 4},
        **times,
    }


@pytest.mark.parametrize("status", [400, 422])
async def test_a_server_that_knows_no_stream_options(status: int) -> None:
    """Where asking for the usage is refused, it is asked once more without."""
    refusal = Reply("Unrecognized request argument supplied: stream_options", status=status)
    async with served(refusal, "hi") as server:
        heard = await ask("openai", environment(server))
        assert heard.message.text == "hi"
        assert "usage" not in heard.metadata
        assert ["stream_options" in request.body for request in server.requests] == [True, False]


async def test_other_refusals_are_not_asked_again() -> None:
    """A refusal that has nothing to do with the usage is final; so is one of options that the caller gave."""
    async with served(Reply("no such role", status=400)) as server:
        assert isinstance((await ask("openai", environment(server))).error, RequestRefusedError)
        assert len(server.requests) == 1
        server.script(Reply("no stream_options", status=400))
        heard = await ask("openai", environment(server), stream_options={"include_usage": False})
        assert isinstance(heard.error, RequestRefusedError)
        assert len(server.requests) == 2


@both_ways
async def test_a_model_that_refuses(*, stream: bool) -> None:
    """A refusal comes in a field of its own, and is what the model says."""
    choice = {"index": 0, "delta": {"refusal": "I will not."}, "finish_reason": "stop"}
    if stream:
        heard = await answered("openai", events(choice), "text/event-stream")
    else:
        heard = await answered("openai", whole({"refusal": "I will not."}), "application/json", stream=False)
    assert heard.message.text == "I will not."


@both_ways
@pytest.mark.parametrize(
    ("finish_reason", "kind"), [("content_filter", RequestRefusedError), ("length", BadAnswerError)]
)
async def test_no_text_but_a_reason(finish_reason: str, kind: type[Exception], *, stream: bool) -> None:
    """An answer without a text is an error that says why, never an empty reply."""
    heard, _ = await asked("openai", Reply([], finish_reason=finish_reason), stream=stream)
    assert type(heard.error) is kind


async def test_pictures_sounds_and_files() -> None:
    """What is shown reaches the provider, which would refuse it in another shape, and the SDK's types take it."""
    sound, file = Audio(b"RIFF", media_type="audio/wav"), File(b"%PDF", media_type="application/pdf", name="a.pdf")
    shown = Message(parts=("what is it?", PNG, sound, file))
    heard, body = await asked("openai", "a cat", ["hello", shown], system="be kind")
    assert (heard.error, heard.message.text) == (None, "a cat")
    assert [part["type"] for part in body["messages"][2]["content"]] == ["text", "image_url", "input_audio", "file"]
    TURNS.validate_python(body["messages"])


@both_ways
async def test_pictures_that_tools_give(*, stream: bool) -> None:
    """Results of parallel calls go back behind their call, and the pictures in them behind all results."""

    @tool
    async def look(name: str) -> list[Any]:
        """Look."""
        return [name, PNG]

    calls = Reply("", tool_calls=[ToolUse("look", {"name": "a"}), ToolUse("look", {"name": "b"})])
    async with served(calls, "Two cats.") as server, MiniAgents():
        reply = openai_agent.inquire("go", model="m", environment=environment(server), tools=[look], stream=stream)
        *_, final = await reply
        turns = server.requests[1].body["messages"]
    assert final.text == "Two cats."
    assert [turn["role"] for turn in turns] == ["user", "assistant", "tool", "tool", "user", "user"]
    assert [turn["content"] for turn in turns[2:4]] == ["a", "b"]
    TURNS.validate_python(turns)


@both_ways
async def test_thinking(*, stream: bool) -> None:
    """What a model thinks is a part before the text, and none of the text; it is not sent back."""
    async with served(Reply("so be it", thinking=["hm", " hm"])) as server:
        heard = await ask("openai", environment(server), stream=stream)
        await ask("openai", environment(server), ["go", heard.message, "and?"], effort="low")
        body = server.requests[1].body
    assert heard.message.text == "so be it" == "".join(heard.tokens)
    assert heard.message.parts == (
        Thinking("hm hm", extra={"openai": {"field": "reasoning_content"}}),
        Text("so be it"),
    )
    assert heard.metadata["usage"]["thinking"] == 2
    assert [turn["content"] for turn in body["messages"]] == ["go", "so be it", "and?"]
    assert body["reasoning_effort"] == "low"


@both_ways
@pytest.mark.parametrize("status", [400, 422])
async def test_a_server_that_knows_no_schemas(status: int, *, stream: bool) -> None:
    """Where the form of a reply is refused it is put into words, for this request and for all that follow."""
    refusal = Reply("response_format: json_schema is not supported", status=status)
    async with served(refusal, '{"age": "old"}', '{"age": 36}') as server, MiniAgents():
        parameters: Any = {"environment": environment(server), "schema": SCHEMA, "stream": stream, "max_retries": 0}
        *_, final = await openai_agent.inquire("go", model="m", **parameters)
        bodies = [request.body for request in server.requests]
    assert final.data == {"age": 36}
    assert ["response_format" in body for body in bodies] == [True, False, False]
    assert ['"age"' in body["messages"][-1]["content"] for body in bodies] == [False, True, True]
    for body in bodies:
        TURNS.validate_python(body["messages"])


async def test_a_server_that_knows_nothing_of_ours() -> None:
    """What is refused one by one is left out one by one."""
    refused = ("stream_options", "reasoning_effort", "response_format")
    refusals = [Reply(f"unknown field: {name}", status=400) for name in refused]
    async with served(*refusals, '{"age": 36}') as server:
        heard = await ask("openai", environment(server), schema=SCHEMA, effort="low")
        assert heard.message.data == {"age": 36}
        assert [[name for name in refused if name in request.body] for request in server.requests] == [
            [*refused],
            [*refused[1:]],
            [*refused[2:]],
            [],
        ]


async def test_a_server_that_refuses_for_ever() -> None:
    """What is refused again though it was left out is the error."""
    async with served(Reply("unknown field: stream_options", status=400)) as server:
        assert isinstance((await ask("openai", environment(server))).error, RequestRefusedError)
        assert len(server.requests) == 2


async def test_chunks_of_other_servers() -> None:
    """Chunks without a choice, a delta, an index or a text are passed over, and other choices than the first too."""
    body = events(
        None,
        {"delta": {"content": "a"}},
        {"index": 0, "delta": None},
        {"index": 1, "delta": {"content": "of another choice"}},
        {"index": 0, "delta": {"content": None}},
        {"index": 0, "delta": {"content": "b"}, "finish_reason": "stop"},
        usage={"prompt_tokens": 3, "completion_tokens": None, "prompt_tokens_details": {"cached_tokens": None}},
    )
    heard = await answered("openai", body, "text/plain")
    assert (heard.error, heard.tokens) == (None, ["a", "b"])
    assert heard.metadata["usage"] == {"in": 3, "out": 0, "cached": 0}


@both_ways
async def test_a_reply_that_is_heard(*, stream: bool) -> None:
    """The sound is a part of the reply, of the type that was asked for; what is said in it is the reply's text."""
    audio = {"id": "audio_1", "data": "AQID", "transcript": "Hi.", "expires_at": 7}
    body = events({"delta": {"audio": audio}, "finish_reason": "stop"}) if stream else whole({"audio": audio})
    sound = {"voice": "alloy", "format": "wav"}
    options: dict[str, Any] = {"modalities": ["text", "audio"], "audio": sound, "stream": stream}
    heard = await answered("openai", body, "text/event-stream" if stream else "application/json", **options)
    own = {"openai": {"id": "audio_1", "expires_at": 7}}
    assert (heard.error, heard.message.text) == (None, "Hi.")
    assert heard.message.parts == (Text("Hi."), Audio(b"\1\2\3", media_type="audio/wav", extra=own))


async def test_no_usage_in_one_piece() -> None:
    """A server that does not count leaves no usage behind."""
    heard = await answered("openai", whole({"content": "hi"}), "application/json", stream=False)
    assert heard.message.text == "hi"
    assert "usage" not in heard.metadata


@pytest.mark.parametrize("body", [b"{}", b'{"choices": []}', b'{"choices": [{}]}', b"[]"])
async def test_one_piece_that_is_no_answer(body: bytes) -> None:
    """JSON of another shape is told as such."""
    heard = await answered("openai", body, "application/json", stream=False)
    assert type(heard.error) is BadAnswerError


async def test_nothing_to_send() -> None:
    """Without a message nothing is sent."""
    async with served("hi") as server:
        heard = await ask("openai", environment(server), None)
        assert "nothing to send" in str(heard.error)
        assert server.requests == []


async def test_the_model_without_a_name() -> None:
    """Without a model it is that of the environment, or the default."""
    async with served("hi") as server:
        await ask("openai", environment(server), model=None)
        await ask("openai", environment(server, MINIAGENTS_MODEL="o3-mini"), model=None)
        await ask("openai", environment(server, MINIAGENTS_MODEL="claude-x"), model=None)
        assert [request.body["model"] for request in server.requests] == [DEFAULT_MODEL, "o3-mini", DEFAULT_MODEL]


def test_the_agent_says_what_it_is_for() -> None:
    """The agent's name and its description are those of the function."""
    assert openai_agent.alias == "openai_agent"
    assert openai_agent.description.startswith("Reply with what a model of OpenAI")
