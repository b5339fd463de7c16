"""A reply with all kinds of blocks: streamed, whole, and sent back."""

import json
from pathlib import Path
from typing import Any

import pytest
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import MessageParam, RawMessageStreamEvent
from pydantic import TypeAdapter

from miniagents import Message
from miniagents.content import Part, Text, ToolCall, ToolResult
from miniagents.ext.llm.anthropic_events import take_whole
from miniagents.ext.llm.anthropic_request import request_of
from miniagents.ext.llm.provider import Answer, Question
from tests.ext.llm.asking import answered, ask, both_ways, environment, served
from tests.ext.llm.decoding import by_us
from tests.fakes.llm_server import Reply

STREAM = (Path(__file__).parent / "streams" / "anthropic_parts.txt").read_bytes()
EVENTS: list[dict[str, Any]] = [json.loads(line[6:]) for line in STREAM.decode().splitlines() if line[:6] == "data: "]
UNKNOWN = next(event["index"] for event in EVENTS if "brand_new_block" in str(event))


def whole() -> dict[str, Any]:
    """Return the message of the stream in one piece, as the SDK puts it together: but for the block it cannot know."""
    snapshot: Any = None
    adapter: Any = TypeAdapter(RawMessageStreamEvent)
    buffers: dict[int, bytes] = {}
    for event in EVENTS:
        place = event.get("index", 0)
        if event["type"] != "ping" and place != UNKNOWN:
            known = adapter.validate_python({**event, "index": place - (place > UNKNOWN)})
            snapshot = accumulate_event(event=known, current_snapshot=snapshot, json_bufs=buffers)
    told: dict[str, Any] = snapshot.to_dict(mode="json")
    return told


def parts(pieces: list[Any]) -> list[Any]:
    """Return pieces with neighbouring tokens of text as one, and without those of thinking."""
    found: list[Any] = []
    for piece in pieces:
        if isinstance(piece, Part):
            found.append(piece)
        elif type(piece) is str:
            found[-1:] = [found[-1] + piece] if found and type(found[-1]) is str else [*found[-1:], piece]
    return found


@pytest.mark.parametrize("size", [1, 64, len(STREAM)])
def test_a_stream_says_what_the_whole_says(size: int) -> None:
    """What the SDK puts together of the stream, read as an answer in one piece, has the same parts and counts."""
    streamed = by_us("anthropic", [STREAM[place : place + size] for place in range(0, len(STREAM), size)])
    message, answer = whole(), Answer()
    expected = parts(list(take_whole(json.dumps(message).encode(), answer)))
    found = [each for each in parts(streamed.pieces) if getattr(each, "block", {}).get("type") != "brand_new_block"]
    assert [type(each) for each in found] == [type(each) for each in expected]
    for mine, theirs in zip(found, expected, strict=True):
        if isinstance(mine, ToolCall):  # the whole has no text as the model wrote it
            assert json.loads(mine.arguments) == json.loads(theirs.arguments)
        else:
            assert mine == theirs
    assert (streamed.answer.usage, streamed.answer.finish_reason) == (answer.usage, answer.finish_reason)
    assert streamed.answer.more == answer.more == {"extra": {"server_tool_use": message["usage"]["server_tool_use"]}}


@pytest.mark.real_time
async def test_what_came_is_sent_back() -> None:
    """In a round of tools all of it goes back: every block as the API gave it, in its place, thinking first."""
    heard = await answered("anthropic", STREAM, "text/event-stream")
    calls = [each for each in heard.message.parts if isinstance(each, ToolCall)]
    results = tuple(ToolResult(each.id, name=each.name, content=(Text("1"),)) for each in calls)
    messages = (Message(text="x", role="user"), heard.message, Message(parts=results, role="tool"))
    turns = request_of(Question(messages=messages), "m", {}, host="h")["messages"]
    sent = turns[1]["content"]
    assert [block["type"] for block in sent] == [
        event["content_block"]["type"] for event in EVENTS if event["type"] == "content_block_start"
    ]
    known = [*sent[:UNKNOWN], *sent[UNKNOWN + 1 :]]
    TypeAdapter(list[MessageParam]).validate_python([turns[0], {**turns[1], "content": known}, turns[2]])
    for mine, theirs in zip(known, whole()["content"], strict=True):
        assert {name: value for name, value in theirs.items() if value is not None} == mine


@pytest.mark.real_time
@both_ways
@pytest.mark.parametrize(("status", "words"), [(400, "max_tokens: too big"), (413, "output_config.format: so long")])
async def test_a_schema_is_not_put_into_words_for_nothing(*, status: int, words: str, stream: bool) -> None:
    """A refusal for another reason than the form of the schema is raised, and nothing is asked again."""
    async with served(Reply(words, status=status), "{}") as server:
        heard = await ask("anthropic", environment(server), schema="name", stream=stream)
        assert len(server.requests) == 1
    assert words in str(heard.error)
