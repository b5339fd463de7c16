"""Events of messages: our decoder beside the SDK's, and what only ours does."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniagents.ext.llm.anthropic_events import take_whole
from miniagents.ext.llm.provider import Answer as Answered
from tests.ext.llm.decoding import by_us, cut, laid_out, sdk_of, strange, texts
from tests.fakes import anthropic_wire
from tests.fakes.replies import Answer, Usage

STREAMS = sorted(Path(__file__).parent.glob("streams/anthropic_*.txt"))

usages = st.dictionaries(
    st.sampled_from(["input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"]),
    st.none() | st.integers(0, 99),
)
deltas = st.one_of(
    st.fixed_dictionaries({"type": st.just("text_delta"), "text": texts}),
    st.fixed_dictionaries({"type": st.just("text_delta"), "text": texts}, optional={"brand_new": texts}),
    st.fixed_dictionaries({"type": st.just("thinking_delta"), "thinking": texts}),
    st.fixed_dictionaries({"type": st.just("input_json_delta"), "partial_json": texts}),
)
events = st.one_of(
    st.fixed_dictionaries({"type": st.just("content_block_delta"), "index": st.integers(0, 2), "delta": deltas}),
    st.fixed_dictionaries(
        {
            "type": st.just("message_start"),
            "message": st.fixed_dictionaries(
                {"id": texts, "model": texts, "usage": usages}, optional={"brand_new": texts, "role": texts}
            ),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("message_delta"),
            "delta": st.fixed_dictionaries(
                {"stop_reason": st.sampled_from([None, "end_turn", "tool_use", "pause_turn"])},
                optional={"stop_sequence": texts},
            ),
            "usage": usages,
        }
    ),
    st.just({"type": "ping"}),
    st.just({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
    st.just({"type": "content_block_stop", "index": 0}),
)
said = st.builds(lambda event, more: {**event, **more}, events, strange)
broken = st.sampled_from(
    [
        ("error", '{"type": "error", "error": {"type": "overloaded_error"}}'),
        ("error", "<html>"),
        ("content_block_delta", "{"),
        ("content_block_delta", "[]"),
    ]
)


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_streams_as_they_are_documented(path: Path) -> None:
    """What the API sends, cut anywhere, is the same to our decoder and to the SDK's."""
    stream = path.read_bytes()
    with sdk_of("anthropic") as by_sdk:
        expected = by_sdk([stream])
    assert expected.error is None
    assert expected.tokens
    for size in (1, 7, 64, len(stream)):
        found = by_us("anthropic", [stream[place : place + size] for place in range(0, len(stream), size)])
        assert found.told == expected.told


def test_generated_streams() -> None:
    """Whatever events come, however they are laid out and cut, ours makes of them what the SDK's makes."""

    @settings(deadline=None, database=None)
    @given(st.lists(said, max_size=8), st.none() | broken, st.booleans(), st.data())
    def compare(heard: list[Any], fault: tuple[str, str] | None, ascii_only: bool, data: st.DataObject) -> None:
        indent = data.draw(st.sampled_from([None, None, 1]))
        written = [(event["type"], json.dumps(event, ensure_ascii=ascii_only, indent=indent)) for event in heard]
        if fault is not None:
            written.insert(data.draw(st.integers(0, len(written))), fault)
        if data.draw(st.booleans()):
            written.append(("", json.dumps({"type": "nameless"})))
        pieces = cut(laid_out([*written, ("message_stop", '{"type": "message_stop"}')], data), data)
        assert by_us("anthropic", pieces).told == by_sdk(pieces).told

    with sdk_of("anthropic") as by_sdk:
        compare()


@settings(deadline=None, database=None)
@given(st.lists(texts.filter(bool), min_size=1), st.data())
def test_streams_of_the_fake_provider(tokens: list[str], data: st.DataObject) -> None:
    """The stream of a scripted reply, cut anywhere, gives its tokens and all that was told of it."""
    answer = Answer(7, "m-2", tuple(tokens), Usage(9, 7, cached_tokens=4), "length", 1, include_usage=False)
    wire = anthropic_wire
    stream = b"".join([*wire.opening(answer), *wire.tokens(answer), *wire.closing(answer)])
    found = by_us("anthropic", cut(stream, data))
    assert found.told == (tokens, "m-2", "msg_7", "length", {"in": 9, "out": 7, "cached": 4}, True)
    assert found.answer.more == {}


def test_counts_that_nobody_knows_are_kept() -> None:
    """What is told of the usage beside tokens is kept, streamed or not, but for what only repeats the request."""
    usage = {"input_tokens": 3, "output_tokens": 1, "server_tool_use": {"web_search_requests": 2}, "new": 1}
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}
    kept = {"server_tool_use": {"web_search_requests": 2}, "new": 1}
    assert by_us("anthropic", [anthropic_wire.event(end)]).answer.more == {"extra": kept}
    answer = Answered()
    whole = {"id": "x", "model": "m", "content": [], "usage": {**usage, "service_tier": "standard"}}
    assert list(take_whole(json.dumps(whole).encode(), answer)) == []
    assert answer.more == {"extra": kept}


def test_what_nobody_knows_is_kept() -> None:
    """Fields of the message that nobody knows are kept, and the latest event of a type that nobody knows."""
    stream = b"".join(
        map(
            anthropic_wire.event,
            [
                {"type": "message_start", "message": {"id": "x", "model": "m", "usage": {}, "container": {"id": "c"}}},
                {"type": "brand_new_event", "number": 1},
                {"type": "brand_new_event", "number": 2},
                {"type": "content_block_delta", "index": 0, "delta": {"type": "new_delta", "more": "x"}},
                {"type": "message_delta", "delta": {"stop_reason": "stop_sequence", "stop_sequence": "#"}, "new": 1},
            ],
        )
    )
    found = by_us("anthropic", [stream])
    kept = {"container": {"id": "c"}, "brand_new_event": {"number": 2}, "stop_sequence": "#", "new": 1}
    assert (found.answer.more, found.error) == ({"extra": kept}, None)


@pytest.mark.parametrize("data", ["{", "<html>", "[]", "3", '"text"', "null", "{}", '{"type": 3}'])
def test_an_event_of_the_future_ends_no_stream(data: str) -> None:
    """An event whose name nobody knows may hold anything."""
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}}
    token = anthropic_wire.event(delta)
    found = by_us("anthropic", [token + f"event: brand_new\ndata: {data}\n\n".encode() + token])
    assert (found.tokens, found.error) == (["a", "a"], None)


def test_a_token_that_is_no_text() -> None:
    """It is no answer of this API: better told than left out of the reply."""
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": 3}}
    assert isinstance(by_us("anthropic", [anthropic_wire.event(delta)]).error, TypeError)


def test_nothing_comes_after_the_end() -> None:
    """What follows the end mark is none of the reply."""
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}}
    token, stop = anthropic_wire.event(delta), anthropic_wire.event({"type": "message_stop"})
    assert by_us("anthropic", [token + stop + token, token]).tokens == ["a"]
