"""The agent on Anthropic's API: what it sends, what it makes of what comes."""

import json
from typing import Any

import pytest

from miniagents import Message
from miniagents.content import Text, Thinking, ToolCall
from miniagents.errors import BadAnswerError, RequestRefusedError
from miniagents.ext.llm.anthropic import DEFAULT_MAX_TOKENS, DEFAULT_MODEL, anthropic_agent
from tests.ext.llm.asking import answered, ask, asked, both_ways, environment, served
from tests.fakes.llm_server import Reply, Usage

pytestmark = pytest.mark.real_time


def assistant(text: str) -> Message:
    """Make a message of the assistant."""
    return Message(text=text, role="assistant")


def events(*data: dict[str, Any]) -> bytes:
    """Write a stream of events."""
    return b"".join(b"event: %b\ndata: %b\n\n" % (one["type"].encode(), json.dumps(one).encode()) for one in data)


async def test_the_request() -> None:
    """All instructions go before the conversation; neighbours of one role are one turn, what has no text none."""
    said = [
        "hello",
        "are you there?",
        Message(text="be brief", role="system"),
        assistant("yes"),
        assistant("  \n"),
        Message(text="", role="user"),
        Message(text="be polite", role="developer"),
        "well?",
    ]
    _, body = await asked("anthropic", "hi", said, system="be kind")
    assert body == {
        "model": "model-1",
        "max_tokens": DEFAULT_MAX_TOKENS,
        "stream": True,
        "system": "be kind\n\nbe brief\n\nbe polite",
        "messages": [
            {"role": "user", "content": "hello\n\nare you there?"},
            {"role": "assistant", "content": "yes"},
            {"role": "user", "content": "well?"},
        ],
    }


async def test_the_request_for_one_piece() -> None:
    """A request for one piece is the same but for that; without instructions it has none."""
    _, body = await asked("anthropic", "hi", stream=False, max_tokens=7)
    assert body == {
        "model": "model-1",
        "max_tokens": 7,
        "stream": False,
        "messages": [{"role": "user", "content": "hello"}],
    }


async def test_a_conversation_may_begin_with_the_assistant() -> None:
    """The API takes such a conversation as it is, so it is sent as it is."""
    _, body = await asked("anthropic", "hi", [assistant("How can I help?"), "Sing."])
    assert [turn["role"] for turn in body["messages"]] == ["assistant", "user"]


@both_ways
async def test_the_reply(*, stream: bool) -> None:
    """Text and metadata are the same, streamed or not, and the cached tokens are among those that went in."""
    reply = Reply(["a", "b c"], model="m-2", usage=Usage(9, 7, cached_tokens=4), finish_reason="length")
    heard, _ = await asked("anthropic", reply, stream=stream)
    assert heard.tokens == (["a", "b c"] if stream else ["ab c"])
    assert (heard.message.text, heard.message.role) == ("ab c", "assistant")
    times = {name: heard.metadata[name] for name in ("latency_s", "first_token_s")}
    assert 0 < times["first_token_s"] <= times["latency_s"] < 5
    assert heard.metadata == {
        "model": "m-2",
        "agent": "anthropic_agent",
        "id": "msg_1",
        "finish_reason": "length",
        "usage": {"in": 9, "out": 7, "cached": 4},
        **times,
    }


@both_ways
@pytest.mark.parametrize(
    ("finish_reason", "kind"), [("content_filter", RequestRefusedError), ("length", BadAnswerError)]
)
async def test_no_text_but_a_reason(finish_reason: str, kind: type[Exception], *, stream: bool) -> None:
    """An answer without a text is an error that says why, never an empty reply."""
    heard, _ = await asked("anthropic", Reply([], finish_reason=finish_reason), stream=stream)
    assert type(heard.error) is kind


@pytest.mark.parametrize("reason", ["stop", "tool_calls", "pause_turn"])
async def test_finish_reasons(reason: str) -> None:
    """Why a reply ended is told in OpenAI's words, and in Anthropic's own where there is no other."""
    heard, _ = await asked("anthropic", Reply("a", finish_reason=reason))
    assert heard.metadata["finish_reason"] == reason


async def test_events_without_a_text() -> None:
    """Thoughts, pings and events of the future are no part of the text; counts that come late are added up."""
    body = events(
        {"type": "message_start", "message": {"id": "x", "model": "m", "usage": {"input_tokens": 5}}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
        {"type": "ping"},
        {"type": "brand_new_event", "more": 1},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "hi"}},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": 3, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 1},
        },
        {"type": "message_stop"},
    )
    heard = await answered("anthropic", body, "text/event-stream")
    assert (heard.error, heard.tokens) == (None, ["hi"])
    assert heard.metadata["usage"] == {"in": 8, "out": 3, "cached": 2, "cache_written": 1}


async def test_blocks_without_a_text() -> None:
    """In one piece, too, the text is what the blocks of text say; a server that does not count leaves no usage."""
    content = [
        {"type": "thinking", "thinking": "hm", "signature": ""},
        {"type": "text", "text": "a"},
        {"type": "tool_use", "id": "t", "name": "n", "input": {}},
        {"type": "text", "text": "b"},
    ]
    message = {"id": "x", "type": "message", "model": "m", "content": content, "stop_reason": "end_turn"}
    heard = await answered("anthropic", json.dumps(message).encode(), "application/json", stream=False)
    assert (heard.error, heard.tokens, heard.message.text) == (None, ["a", "b"], "ab")
    assert heard.message.parts == (Thinking("hm"), Text("a"), ToolCall("t", name="n", arguments="{}"), Text("b"))
    assert "usage" not in heard.metadata


@pytest.mark.parametrize("said", [None, "  ", Message(text="be kind", role="system")])
async def test_nothing_to_send(said: Any) -> None:
    """Without a message of a user there is nothing to answer, and nothing is sent."""
    async with served("hi") as server:
        heard = await ask("anthropic", environment(server), said)
        assert "nothing to send: there is no message of a user" in str(heard.error)
        assert server.requests == []


async def test_too_long_for_one_piece() -> None:
    """What the SDK would not ask for in one piece is refused with its reason."""
    async with served("hi") as server:
        refused = await ask("anthropic", environment(server), stream=False, max_tokens=100_000)
        assert isinstance(refused.error, RequestRefusedError)
        assert "Streaming is required" in str(refused.error)
        assert server.requests == []


async def test_the_model_without_a_name() -> None:
    """Without a model it is that of the environment, or the default."""
    async with served("hi") as server:
        await ask("anthropic", environment(server), model=None)
        await ask("anthropic", environment(server, MINIAGENTS_MODEL="anthropic:mine"), model=None)
        await ask("anthropic", environment(server, MINIAGENTS_MODEL="gpt-x"), model=None)
        assert [request.body["model"] for request in server.requests] == [DEFAULT_MODEL, "mine", DEFAULT_MODEL]


def test_the_agent_says_what_it_is_for() -> None:
    """The agent's name and its description are those of the function."""
    assert anthropic_agent.alias == "anthropic_agent"
    assert anthropic_agent.description.startswith("Reply with what a model of Anthropic")
