"""Chunks of chat completions: our decoder beside the SDK's, and what only ours does."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk

from miniagents.content import Thinking, Thought, ToolCall
from miniagents.ext.llm.events import EventDecoder
from miniagents.ext.llm.openai_chunks import take_whole
from miniagents.ext.llm.provider import Answer as Answered
from tests.ext.llm.decoding import by_us, cut, laid_out, sdk_of, strange, texts
from tests.fakes import openai_wire
from tests.fakes.replies import Answer, Usage

STREAMS = sorted(Path(__file__).parent.glob("streams/openai_*.txt"))

counts = st.none() | st.integers(0, 99)
deltas = st.one_of(
    st.fixed_dictionaries({"content": texts}),
    st.fixed_dictionaries({"content": texts}, optional={"role": st.just("assistant"), "refusal": st.none()}),
    st.fixed_dictionaries({"content": st.none(), "refusal": texts}),
    st.fixed_dictionaries({"content": texts, "reasoning_content": st.none() | texts, "tool_calls": st.none()}),
    st.fixed_dictionaries({"tool_calls": st.just([{"index": 0, "function": {"arguments": "{"}}])}),
    st.just({}),
    st.none(),
    strange,
)
choices = st.builds(
    lambda some, more: {**some, **more},
    st.fixed_dictionaries(
        {"delta": deltas},
        optional={
            "index": st.sampled_from([0, 0, 0, 1]),
            "finish_reason": st.sampled_from([None, None, None, "stop", "length", "brand_new"]),
            "logprobs": st.sampled_from([None, {"content": []}]),
        },
    ),
    strange,
)
usages = st.fixed_dictionaries(
    {},
    optional={
        "prompt_tokens": counts,
        "completion_tokens": counts,
        "prompt_tokens_details": st.none() | st.fixed_dictionaries({}, optional={"cached_tokens": counts}),
    },
)
chunks = st.builds(
    lambda some, more: {**some, **more},
    st.fixed_dictionaries(
        {"id": texts, "model": st.sampled_from(["m", "m", "n", ""])},
        optional={
            "choices": st.lists(choices, min_size=1, max_size=1) | st.lists(choices, max_size=2),
            "usage": st.none() | usages,
            "created": st.sampled_from([1, 1.5]),
            "object": st.just("chat.completion.chunk"),
            "service_tier": st.none() | texts,
        },
    ),
    strange,
)
broken = st.sampled_from(["{", "<html>", '{"error": {"message": "no"}}', '{"error": "no"}', "[]", "3"])


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_streams_as_they_are_documented(path: Path) -> None:
    """What servers send, cut anywhere, is the same to our decoder and to the SDK's."""
    stream = path.read_bytes()
    with sdk_of("openai") as by_sdk:
        expected = by_sdk([stream])
    assert expected.error is None
    assert expected.tokens
    for size in (1, 7, 64, len(stream)):
        found = by_us("openai", [stream[place : place + size] for place in range(0, len(stream), size)])
        assert found.told == expected.told


def thinking(text: str, field: str = "reasoning_content") -> Thinking:
    """Return what was thought, with the field that it goes back in."""
    return Thinking(text, extra={"openai": {"field": field}})


def test_parallel_calls_and_thoughts() -> None:
    """Calls that are written at the same time are to us what the SDK puts together; thoughts come whole before them."""
    stream = (Path(__file__).parent / "streams/openai_tools.txt").read_bytes()
    state = ChatCompletionStreamState()
    for event in EventDecoder().feed(stream)[:-1]:
        state.handle_chunk(ChatCompletionChunk.model_validate_json(event[1]))
    message = state.get_final_completion().choices[0].message
    expected = [
        ToolCall(call.id, name=call.function.name, arguments=call.function.arguments)
        for call in message.tool_calls or ()
    ]
    assert len(expected) == 3
    for size in (1, 50, len(stream)):
        found = by_us("openai", [stream[place : place + size] for place in range(0, len(stream), size)])
        thoughts = ["Two", " cities…", "é"]
        assert found.pieces == [*thoughts, thinking("".join(thoughts), "reasoning"), "Let me ", "look.", *expected]
        assert found.answer.usage == {"in": 82, "out": 41, "cached": 64, "thinking": 12}


def test_an_end_without_a_reason() -> None:
    """Where the end mark comes without a finish reason, the calls before it are whole all the same."""
    call = {"index": 0, "id": "a", "function": {"name": "look", "arguments": "{}"}}
    said = openai_wire.event({"model": "m", "choices": [{"delta": {"reasoning": "hm", "tool_calls": [call]}}]})
    assert by_us("openai", [said]).pieces == ["hm"]
    whole = ["hm", thinking("hm", "reasoning"), ToolCall("a", name="look", arguments="{}")]
    assert by_us("openai", [said + openai_wire.DONE]).pieces == whole


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_a_chunk_that_thinks_and_speaks(name: str) -> None:
    """A thought and a token in one chunk are both given, the thought first."""
    said = openai_wire.event({"model": "m", "choices": [{"delta": {"content": "a", name: "hm"}}]})
    found = by_us("openai", [said])
    assert found.pieces == ["hm", thinking("hm", name), "a"]
    assert isinstance(found.pieces[0], Thought)


def test_generated_streams() -> None:
    """Whatever chunks come, however they are laid out and cut, ours makes of them what the SDK's makes."""

    @settings(deadline=None, database=None)
    @given(st.lists(chunks, max_size=8), st.none() | broken, st.booleans(), st.data())
    def compare(said: list[Any], fault: str | None, ascii_only: bool, data: st.DataObject) -> None:
        indent = data.draw(st.sampled_from([None, None, 1]))
        written = [("", json.dumps(chunk, ensure_ascii=ascii_only, indent=indent)) for chunk in said]
        if fault is not None:
            written.insert(data.draw(st.integers(0, len(written))), ("", fault))
        stream = laid_out([*written, ("", "[DONE]")], data)
        pieces = cut(stream, data)
        assert by_us("openai", pieces).told == by_sdk(pieces).told

    with sdk_of("openai") as by_sdk:
        compare()


@pytest.mark.parametrize(
    ("delta", "choice", "chunk"),
    [
        ({"refusal": "no"}, {}, {}),
        ({"content": None, "refusal": "no"}, {}, {}),
        ({"content": "", "refusal": "no"}, {}, {}),
        ({"new": 1}, {}, {}),
        ({"tool_calls": []}, {}, {}),
        ({}, {"index": 1}, {}),
        ({}, {"index": None}, {}),
        ({}, {"finish_reason": "stop"}, {}),
        ({}, {"logprobs": {"content": []}}, {}),
        ({}, {"new": 1}, {}),
        ({}, {}, {"usage": {"prompt_tokens": 1, "completion_tokens": 2}}),
        ({}, {}, {"error": {"message": "no"}}),
        ({}, {}, {"error": None}),
        ({}, {}, {"created": "today", "id": 3, "model": 4}),
        ({}, {}, {"choices": []}),
        ({}, {}, {"choices": [{"delta": {"content": "a"}}, {"index": 0, "delta": {"content": "b"}}]}),
        ({}, {}, {"choices": [{"index": 1, "delta": {"content": "b"}}, {"delta": {"content": "a"}}]}),
    ],
)
def test_a_token_and_something_else(delta: Any, choice: Any, chunk: Any) -> None:
    """A chunk that differs from a bare token in one thing is no token to us where it is none to the SDK."""
    first = {"id": "x", "model": "m", "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}]}
    other = {**first, "choices": [{"index": 0, "delta": {"content": "b", **delta}, **choice}], **chunk}
    stream = b"".join(openai_wire.event(each) for each in (first, other, first))
    with sdk_of("openai") as by_sdk:
        assert by_us("openai", [stream]).told == by_sdk([stream]).told


@settings(deadline=None, database=None)
@given(st.lists(texts.filter(bool), min_size=1), st.booleans(), st.data())
def test_streams_of_the_fake_provider(tokens: list[str], include_usage: bool, data: st.DataObject) -> None:
    """The stream of a scripted reply, cut anywhere, gives its tokens and all that was told of it."""
    answer = Answer(7, "m-2", tuple(tokens), Usage(9, 7, cached_tokens=4), "length", 1, include_usage)
    stream = b"".join([*openai_wire.opening(answer), *openai_wire.tokens(answer), *openai_wire.closing(answer)])
    usage = {"in": 9, "out": 7, "cached": 4} if include_usage else None
    found = by_us("openai", cut(stream, data))
    assert found.told == (tokens, "m-2", "chatcmpl-7", "length", usage, True)
    assert found.answer.more == {}


def test_what_nobody_knows_is_kept() -> None:
    """Fields that no SDK knows are kept: of a chunk and a delta the latest, of a choice its end's, and of the usage."""
    first = {"id": "x", "model": "m", "provider": "p", "choices": [{"delta": {"content": "a", "new": 0}, "seen": 1}]}
    last = {"choices": [{"delta": {}, "finish_reason": "stop", "stop_reason": "###"}], "timings": {"ms": 1.5}}
    end = {"choices": [], "usage": {"prompt_tokens": 1, "cost": 0.25}, "provider": "q"}
    stream = b"".join(openai_wire.event(chunk) for chunk in (first, last, end))
    kept = {"new": 0, "provider": "q", "stop_reason": "###", "timings": {"ms": 1.5}, "cost": 0.25}
    assert by_us("openai", [stream]).answer.more == {"extra": kept}


def test_one_piece_is_what_the_stream_is() -> None:
    """What a completion in one piece says beside its text is known and kept as of its stream."""
    details = {"cached_tokens": 2, "cache_write_tokens": 3}
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "prompt_tokens_details": details, "cost": 0.25}
    head = {"id": "x", "model": "m", "usage": usage, "citations": ["there"]}
    choice = {"index": 0, "finish_reason": "stop", "stop_reason": "###"}
    delta = {"content": "a", "new": 0}
    streamed = by_us("openai", [openai_wire.event({**head, "choices": [{**choice, "delta": delta}]})])
    answer = Answered()
    whole = {**head, "choices": [{**choice, "message": {"role": "assistant", **delta}}]}
    assert list(take_whole(json.dumps(whole).encode(), answer)) == streamed.pieces
    assert answer == streamed.answer
    assert answer.usage == {"in": 9, "out": 1, "cached": 2, "cache_written": 3}
    assert answer.more["extra"].keys() == {"new", "stop_reason", "citations", "cost"}


def test_bytes_that_are_no_characters_cost_no_reply() -> None:
    """Half a character inside a token becomes U+FFFD, and the stream goes on."""
    stream = b'data: {"model": "m", "choices": [{"delta": {"content": "%b"}}]}\n\n'
    assert by_us("openai", [stream % b"a", stream % b"\xc3", stream % b"b"]).tokens == ["a", "\ufffd", "b"]


@pytest.mark.parametrize("content", [3, ["a"], {"text": "a"}])
def test_a_token_that_is_no_text(content: Any) -> None:
    """It is no answer of this API: better told than left out of the reply."""
    chunk = openai_wire.event({"model": "m", "choices": [{"delta": {"content": content}}]})
    assert isinstance(by_us("openai", [chunk]).error, TypeError)


def test_nothing_comes_after_the_end() -> None:
    """What follows the end mark is none of the reply."""
    chunk = openai_wire.event({"model": "m", "choices": [{"delta": {"content": "a"}}]})
    assert by_us("openai", [chunk + openai_wire.DONE + chunk, chunk]).tokens == ["a"]
