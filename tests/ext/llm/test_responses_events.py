"""Events of a response's stream: our decoder beside the SDK's, and what only ours does."""

import json
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import ResponseCompletedEvent

from miniagents.content import Other, Part, Text, Thinking, Thought, ToolCall
from miniagents.errors import ModelError, ProviderFailedError, RateLimitedError
from miniagents.ext.llm.base import Answer
from miniagents.ext.llm.events import EventDecoder
from miniagents.ext.llm.responses_events import take_whole
from tests.ext.llm.decoding import Decoded, by_us, cut, laid_out, sdk_of
from tests.fakes import responses_wire
from tests.fakes.replies import Answer as Scripted
from tests.fakes.replies import ToolUse, Usage

STREAM: Final = (Path(__file__).parent / "streams/responses_parts.txt").read_bytes()
WHOLE: Final[dict[str, Any]] = json.loads(EventDecoder().feed(STREAM)[-1][1])["response"]

counts = st.integers(0, 99)
texts = st.text(st.characters(codec="utf-8"), max_size=8)


def said(kind: str, **fields: Any) -> bytes:
    """Write an event."""
    return responses_wire.event({"type": kind, "sequence_number": 0, **fields})


def token(text: Any, **more: Any) -> bytes:
    """Write an event with a token of text."""
    return said("response.output_text.delta", item_id="msg_1", output_index=0, content_index=0, delta=text, **more)


def ended(kind: str = "response.completed", **fields: Any) -> bytes:
    """Write the event at the end."""
    return said(kind, response={"id": "resp_1", "model": "m", "output": [], **fields})


def heard(*events: bytes) -> Decoded:
    """Decode the events."""
    return by_us("responses", events)


def taken(response: Any) -> tuple[list[str | Part], Answer]:
    """Return what is made of a response in one piece."""
    answer = Answer()
    return list(take_whole(json.dumps(response).encode(), answer)), answer


def test_a_stream_as_it_is_documented() -> None:
    """What the API sends, cut anywhere, is the same to our decoder and to the SDK's."""
    with sdk_of("responses") as by_sdk:
        expected = by_sdk([STREAM])
    assert expected.error is None
    assert expected.tokens
    for size in (1, 7, 64, len(STREAM)):
        found = by_us("responses", [STREAM[place : place + size] for place in range(0, len(STREAM), size)])
        assert found.told == expected.told
        assert found.answer.more == {}


def test_the_parts_of_a_stream() -> None:
    """Thoughts, blocks, texts and calls come in order, with what the API alone says of them, as the SDK reads it."""
    response = ResponseCompletedEvent.model_validate_json(EventDecoder().feed(STREAM)[-1][1]).response
    reasoning, search, message, *calls = json.loads(response.model_dump_json(exclude_unset=True))["output"]
    thoughts = list(takewhile(lambda piece: isinstance(piece, Thought), by_us("responses", [STREAM]).pieces))
    thought = "\n\n".join(part["text"] for part in reasoning["summary"])
    assert "".join(thoughts) == thought
    cited = message["content"][1]
    assert by_us("responses", [STREAM]).pieces[len(thoughts) :] == [
        Thinking(thought, extra={"responses": reasoning}),
        Other("responses", block=search),
        *("Try", "  one: ", "☕", "Fuglen", " in Oslo", "."),
        Text(cited["text"], extra={"responses": {"annotations": cited["annotations"]}}),
        *(ToolCall(call["call_id"], name=call["name"], arguments=call["arguments"]) for call in calls),
    ]


def test_one_piece_is_what_the_stream_is() -> None:
    """A response in one piece gives the parts and the answer that its stream gives, texts not cut into tokens."""
    streamed = by_us("responses", [STREAM])
    pieces, answer = taken(WHOLE)
    parts = [piece for piece in streamed.pieces if isinstance(piece, Part)]
    assert [piece for piece in pieces if isinstance(piece, Part)] == parts
    assert [piece for piece in pieces if isinstance(piece, str)] == ["Try  one: ☕", "Fuglen in Oslo."]
    assert answer == streamed.answer


@settings(deadline=None, database=None)
@given(st.lists(texts.filter(bool), max_size=3), st.lists(texts.filter(bool), max_size=3), st.booleans(), st.data())
def test_streams_of_the_fake_provider(
    tokens: list[str], thinking: list[str], refusal: bool, data: st.DataObject
) -> None:
    """The stream of a scripted reply, cut anywhere, gives all of it, and so does the reply in one piece."""
    answer = Scripted(
        7,
        "m-2",
        tuple(tokens),
        Usage(9, 7, cached_tokens=4, thinking_tokens=len(thinking)),
        data.draw(st.sampled_from(["stop", "length", "content_filter"])),
        1,
        include_usage=True,
        thinking=tuple(thinking),
        redacted_thinking=data.draw(st.booleans()),
        refusal=refusal,
        tool_calls=(ToolUse("look", {"city": "Zürich"}),) if data.draw(st.booleans()) else (),
    )
    events = [*responses_wire.opening(answer), *responses_wire.tokens(answer), *responses_wire.closing(answer)]
    found = by_us("responses", cut(b"".join(events), data))
    calls = [ToolCall("call_7_0", name="look", arguments='{"city":"Zürich"}')] if answer.tool_calls else []
    assert (found.error, found.tokens) == (None, tokens)
    assert [piece for piece in found.pieces if isinstance(piece, Thought)] == thinking
    assert [piece for piece in found.pieces if isinstance(piece, ToolCall)] == calls
    pieces, whole = taken(responses_wire.whole(answer))
    assert whole == found.answer
    assert "".join(piece for piece in pieces if isinstance(piece, str)) == "".join(tokens)
    assert [each for each in pieces if isinstance(each, Part)] == [p for p in found.pieces if isinstance(p, Part)]


def test_generated_streams() -> None:
    """Whatever tokens come, however they are laid out and cut, ours makes of them what the SDK's makes."""
    indices = {"item_id": texts, "output_index": counts, "content_index": counts, "sequence_number": counts}
    more = {"logprobs": st.just([]), "obfuscation": texts, "brand_new": texts}
    kinds = st.sampled_from(["response.output_text.delta"] * 3 + ["response.refusal.delta", "response.brand_new"])
    events = st.fixed_dictionaries({"type": kinds, "delta": texts, **indices}, optional=more)
    usages = st.fixed_dictionaries(
        {
            "input_tokens": counts,
            "output_tokens": counts,
            "total_tokens": counts,
            "input_tokens_details": st.fixed_dictionaries({"cached_tokens": counts}),
            "output_tokens_details": st.fixed_dictionaries({"reasoning_tokens": counts}),
        }
    )
    reasons = st.sampled_from([None, {"reason": "max_output_tokens"}, {"reason": "content_filter"}])
    fixed = {"id": texts, "model": texts, "output": st.just([]), "incomplete_details": reasons}
    responses = st.fixed_dictionaries({**fixed, "usage": st.none() | usages})
    endings = st.sampled_from(["response.completed", "response.incomplete", "response.failed"])

    @settings(deadline=None, database=None)
    @given(st.lists(events, max_size=8), endings, responses, st.booleans(), st.data())
    def compare(said: list[Any], kind: str, response: Any, ascii_only: bool, data: st.DataObject) -> None:
        all_of_it = [*said, {"type": kind, "response": response}]
        written = [(each["type"], json.dumps(each, ensure_ascii=ascii_only)) for each in all_of_it]
        pieces = cut(laid_out(written, data), data)
        assert by_us("responses", pieces).told == by_sdk(pieces).told

    with sdk_of("responses") as by_sdk:
        compare()


def test_what_nobody_knows_is_kept() -> None:
    """Events and fields that no SDK knows are kept, those that say nothing but where they belong are not."""
    events = [
        said("response.brand_new", item_id="x", colour="red"),
        said("response.brand_new", colour="blue"),
        said("response.web_search_call.searching", item_id="x", output_index=0),
        token("a"),
        said("response.long", text="x" * 9999),
        ended(brand_new=1),
    ]
    assert heard(*events).answer.more == {"extra": {"response.brand_new": {"colour": "blue"}, "brand_new": 1}}
    assert heard(events[2], events[4], ended()).answer.more == {}
    assert taken({"id": "x", "model": "m", "output": [], "brand_new": 1})[1].more == {"extra": {"brand_new": 1}}


def test_items_that_nobody_knows_are_kept() -> None:
    """An item of an unknown kind is a part; one of no kind is none."""
    item = {"type": "brand_new", "colour": "red"}
    done = [said("response.output_item.done", item=each) for each in (item, {"colour": "red"})]
    assert heard(*done).pieces == [Other("responses", block=item)]


def test_a_token_that_says_more() -> None:
    """A token with fields that nobody knows is a token; an empty one is none."""
    assert heard(token("a", new=1), token(""), token("", new=1), token(None), token("b")).tokens == ["a", "b"]


@pytest.mark.parametrize("kind", ["response.reasoning_text.delta", "response.reasoning_summary_text.delta"])
def test_thoughts(kind: str) -> None:
    """What a model thinks, or a summary of it, comes token by token and whole at its end."""
    item = {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]}
    events = [said(kind, delta="h"), said(kind, delta=""), said(kind, delta="m")]
    pieces = heard(*events, said("response.output_item.done", item=item)).pieces
    assert pieces == ["h", "m", Thinking("hm", extra={"responses": item})]
    assert isinstance(pieces[0], Thought)


def test_thoughts_that_nobody_may_read() -> None:
    """Thinking without a word of it is a part all the same, to be sent back."""
    item = {"type": "reasoning", "encrypted_content": "x", "content": None, "summary": None}
    [part] = heard(said("response.output_item.done", item=item)).pieces
    assert part == Thinking("", extra={"responses": item})


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "stop"),
        ({"output": [{"type": "function_call"}]}, "tool_calls"),
        ({"incomplete_details": {"reason": "max_output_tokens"}, "output": [{"type": "function_call"}]}, "length"),
        ({"incomplete_details": {"reason": "content_filter"}}, "content_filter"),
        ({"incomplete_details": {"reason": "brand_new"}}, "brand_new"),
        ({"incomplete_details": {}, "output": None}, "stop"),
    ],
)
def test_why_it_ended(fields: dict[str, Any], reason: str) -> None:
    """The reason is told in the words that all models share, or in the API's own where there are none."""
    assert heard(ended("response.incomplete", **fields)).answer.finish_reason == reason


def test_counts_that_are_missing() -> None:
    """What is not counted is 0, thinking is left out; without any usage there is none."""
    usage = {"input_tokens": None, "output_tokens": 3, "input_tokens_details": None}
    assert heard(ended(usage=usage)).answer.usage == {"in": 0, "out": 3, "cached": 0}
    assert heard(ended(usage=None)).answer.usage is None


@pytest.mark.parametrize(
    "event",
    [
        said("error", code="server_error", message="too hot", param=None),
        said("error", error={"code": "server_error", "message": "too hot"}),
        ended("response.failed", error={"code": "server_error", "message": "too hot"}),
        responses_wire.event({"error": {"code": "server_error", "message": "too hot"}}),
        b'data: {"error": "too hot"}\n\n',
    ],
)
def test_a_failure(event: bytes) -> None:
    """A stream that fails says why, in whichever shape, and nothing after it counts."""
    found = heard(token("a"), event, token("b"))
    assert found.tokens == ["a"]
    assert "too hot" in str(found.error)


@pytest.mark.parametrize(
    ("code", "kind"), [("rate_limit_exceeded", RateLimitedError), ("server_error", ProviderFailedError)]
)
def test_the_kind_of_a_failure(code: str, kind: type[Exception]) -> None:
    """The code of a failure says what kind it is; one that says nothing is a failure all the same."""
    assert type(heard(ended("response.failed", error={"code": code, "message": "no"})).error) is kind
    assert isinstance(heard(said("response.failed", response=None)).error, ModelError)


@pytest.mark.parametrize(
    "event",
    [
        token(3),
        token(["a"]),
        said("response.refusal.delta", delta={"text": "a"}),
        said("response.reasoning_text.delta", delta=3),
        said("response.output_item.done", item=None),
        said("response.output_item.done", item={"type": "function_call", "call_id": 3}),
        said("response.output_item.done", item={"type": "function_call", "call_id": "a", "name": {"a": 1}}),
        said("response.output_item.done", item={"type": "function_call", "call_id": "a", "arguments": {"a": 1}}),
        said("response.content_part.done", part={"annotations": [1], "text": 3}),
        said("response.completed"),
        b"data: []\n\n",
        b"data: 3\n\n",
    ],
)
def test_another_shape(event: bytes) -> None:
    """What is no answer of this API is better told than left out of the reply."""
    assert isinstance(heard(event).error, AttributeError | KeyError | TypeError)


def test_a_call_that_lacks_something() -> None:
    """A call without the id for its result has its own; one without arguments has none."""
    item = {"type": "function_call", "id": "fc_1", "name": "look", "arguments": ""}
    assert heard(said("response.output_item.done", item=item)).pieces == [ToolCall("fc_1", name="look", arguments="{}")]


def test_a_message_in_one_piece() -> None:
    """A refusal is what the model says; a part without text says nothing, nor does a message without parts."""
    content = [{"type": "refusal", "refusal": "I will not."}, {"type": "output_text", "text": "", "annotations": [{}]}]
    output = [{"type": "message", "content": content}, {"type": "message", "content": None}]
    assert taken({"id": "x", "model": "m", "output": output})[0] == ["I will not."]


def test_bytes_that_are_no_characters_cost_no_reply() -> None:
    """Half a character inside a token becomes U+FFFD, and the stream goes on."""
    event = b'data: {"type": "response.output_text.delta", "delta": "%b"}\n\n'
    assert heard(event % b"a", event % b"\xc3", event % b"b").tokens == ["a", "\ufffd", "b"]


def test_nothing_comes_after_the_end() -> None:
    """What follows the end is none of the reply."""
    assert heard(token("a") + ended() + token("b"), token("c")).tokens == ["a"]
