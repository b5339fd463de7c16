"""The agent on OpenAI's API: what it sends, what it makes of what comes."""

import json
from typing import Any

import pytest

from miniagents import Message
from miniagents.errors import BadAnswerError, RequestRefusedError
from miniagents.ext.llm.openai import DEFAULT_MODEL, openai_agent
from tests.ext.llm.asking import answered, ask, asked, both_ways, environment, served
from tests.fakes.llm_server import Reply, Usage

pytestmark = pytest.mark.real_time


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


async def test_no_usage_in_one_piece() -> None:
    """A server that does not count leaves no usage behind."""
    heard = await answered("openai", whole({"content": "hi"}), "application/json", stream=False)
    assert heard.message.text == "hi"
    assert "usage" not in heard.metadata


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
