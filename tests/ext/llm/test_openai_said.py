"""What a chat completion says beside plain text, put together of its deltas."""

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniagents.content import Audio, Image, Part, Text, Thinking, Thought, ToolCall
from miniagents.ext.llm.events import loose
from miniagents.ext.llm.openai_said import Said


def said(*deltas: dict[str, Any]) -> list[str | Part]:
    """Take the deltas and close; return all that came."""
    taking = Said()
    pieces = [piece for delta in deltas for piece in taking.take(loose(json.dumps(delta).encode()))]
    return [*pieces, *taking.close()]


def thinking(text: str, field: str, **more: Any) -> Thinking:
    """Return what was thought, with what it goes back in."""
    return Thinking(text, extra={"openai": {"field": field, **more}})


def piece(index: int | None, call_id: str | None = None, name: str | None = None, text: str | None = None) -> Any:
    """Return a delta with a piece of a call."""
    return {"tool_calls": [{"index": index, "id": call_id, "function": {"name": name, "arguments": text}}]}


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_thoughts_are_whole_before_the_text(name: str) -> None:
    """Thoughts come token by token under both names that servers have for them, and whole before the text goes on."""
    found = said({name: "h"}, {name: "m"}, {"content": "a"}, {name: "so"})
    assert found == ["h", "m", thinking("hm", name), "a", "so", thinking("so", name)]
    assert [type(each) for each in found if isinstance(each, str)] == [Thought, Thought, str, Thought]


def test_a_delta_may_think_and_speak() -> None:
    """Where one delta has both, the thought comes first."""
    assert said({"content": "a", "reasoning": "hm"}) == ["hm", thinking("hm", "reasoning"), "a"]


def detail(kind: str, **fields: Any) -> dict[str, Any]:
    """Return a detail of what is thought, in OpenRouter's way."""
    return {"type": f"reasoning.{kind}", "index": 0, **fields}


@pytest.mark.parametrize("told", [True, False], ids=["beside the text", "alone"])
def test_details_of_thoughts(*, told: bool) -> None:
    """Details that go on are put together, others stay by themselves, and all are kept with the thought."""
    beside = [{"reasoning": "h"}, {"reasoning": "m"}, {}] if told else [{}, {}, {}]
    signed = detail("text", text="", signature="s")
    details = [detail("text", text="h", signature=None), detail("text", text="m"), signed]
    found = said(
        *({"reasoning_details": [each], **fields} for each, fields in zip(details, beside, strict=True)),
        {"content": "a"},
        {"reasoning_details": [detail("text", text="so", index=1), detail("encrypted", data="x"), 3]},
    )
    whole = thinking("hm", "reasoning_details", reasoning_details=[detail("text", text="hm", signature="s")])
    more = [detail("text", text="so", index=1), detail("encrypted", data="x")]
    assert found == ["h", "m", whole, "a", "so", thinking("so", "reasoning_details", reasoning_details=more)]


def test_details_that_nobody_may_read() -> None:
    """What is encrypted alone makes a thought without a text; summaries are read; what is no list is nothing."""
    sealed, short = detail("encrypted", data="x"), detail("summary", summary="hm")
    assert said({"reasoning_details": [sealed, sealed]}) == [
        thinking("", "reasoning_details", reasoning_details=[sealed, sealed])
    ]
    assert said({"reasoning_details": [short]}) == [
        "hm",
        thinking("hm", "reasoning_details", reasoning_details=[short]),
    ]
    assert said({"reasoning_details": {"text": "hm"}}) == []


def test_nothing_is_made_of_nothing() -> None:
    """A missing delta, empty ones, and a message with null in all its fields say nothing."""
    taking = Said()
    assert list(taking.take(None)) == []
    nulls = dict.fromkeys(("content", "refusal", "reasoning", "tool_calls"))
    assert said({}, nulls, {"content": ""}, {"tool_calls": []}) == []


@given(st.data(), st.lists(st.text(st.characters(codec="utf-8"), max_size=12), min_size=1, max_size=4))
def test_calls_written_at_the_same_time(data: st.DataObject, arguments: list[str]) -> None:
    """However the pieces of parallel calls are cut and mixed, each call gets its own, and they come in their order."""
    waiting = {
        place: [piece(place, f"call_{place}", f"tool_{place}"), *(piece(place, text=each) for each in text)]
        for place, text in enumerate(arguments)
    }
    deltas = []
    while waiting:
        place = data.draw(st.sampled_from(sorted(waiting)))
        deltas.append(waiting[place].pop(0))
        if not waiting[place]:
            del waiting[place]
    assert said(*deltas) == [
        ToolCall(f"call_{place}", name=f"tool_{place}", arguments=text or "{}") for place, text in enumerate(arguments)
    ]


def test_calls_that_share_an_index() -> None:
    """Servers that give every call the index 0 are understood: a new id and a name begin a new call."""
    deltas = [piece(0, "a", "one"), piece(0, text="1"), piece(0, "b", "two"), piece(0, text="2"), piece(0, text="3")]
    assert said(*deltas) == [ToolCall("a", name="one", arguments="1"), ToolCall("b", name="two", arguments="23")]


def test_an_id_that_is_told_again() -> None:
    """Servers that repeat the id and the name with each piece write one call."""
    deltas = [piece(0, "a", "one", "1"), piece(0, "a", "one", "2"), piece(0, "other", None, "3")]
    assert said(*deltas) == [ToolCall("a", name="one", arguments="123")]


def test_calls_without_an_index_or_an_id() -> None:
    """A whole message's calls have their places for indices, and calls without an id get one."""
    calls = [{"function": {"name": "one", "arguments": "1"}}, {"id": "b", "function": {"name": "two"}}, {"id": "c"}]
    assert said({"tool_calls": calls}) == [
        ToolCall("call_0", name="one", arguments="1"),
        ToolCall("b", name="two", arguments="{}"),
        ToolCall("c", name="", arguments="{}"),
    ]


def test_a_call_of_a_custom_tool() -> None:
    """What a model writes for one is no JSON; an empty object of that name beside a function is nothing."""
    begun = {"index": 0, "id": "a", "type": "custom", "custom": {"name": "sql", "input": ""}}
    more = [{"index": 0, "custom": {"input": piece}} for piece in ("select", " 1")]
    other = {"index": 1, "id": "b", "function": {"name": "look", "arguments": "{}"}, "custom": {}}
    assert said(*({"tool_calls": [each]} for each in (begun, *more, other))) == [
        ToolCall("a", name="sql", arguments="select 1", extra={"openai": {"type": "custom"}}),
        ToolCall("b", name="look", arguments="{}"),
    ]
    assert said({"tool_calls": [begun]})[0] == ToolCall(
        "a", name="sql", arguments="", extra={"openai": {"type": "custom"}}
    )


def test_what_else_is_said_of_a_call() -> None:
    """It is kept: Gemini refuses a call that comes back without its signature."""
    signed = {"extra_content": {"google": {"thought_signature": "s"}}}
    function = {"name": "look", "arguments": "{}"}
    call = {"id": "a", "type": "function", "function": function, "nothing": None, **signed}
    [found] = said({"tool_calls": [call]})
    assert found == ToolCall("a", name="look", arguments="{}", extra={"openai": signed})
    assert found.extra == {"openai": signed}


def test_a_reply_that_is_heard() -> None:
    """What is spoken is text, the sound comes whole at the end, with the id by which the API knows it."""
    pieces = [{"id": "audio_1", "transcript": "Good "}, {"data": b64encode(b"\1\2").decode(), "transcript": "day."}]
    last = {"data": b64encode(b"\3").decode(), "expires_at": 7, "transcript": None}
    found = said(*({"audio": each} for each in (*pieces, last)))
    assert found == ["Good ", "day.", Audio(b"\1\2\3", extra={"openai": {"id": "audio_1", "expires_at": 7}})]


def test_pictures_and_what_is_cited() -> None:
    """Pictures come where they are, by their data or their address; what a text cites comes with it."""
    drawn = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{b64encode(b'png').decode()}"}}
    linked = {"type": "image_url", "image_url": {"url": "https://there/a.png"}}
    found = said({"content": "a", "annotations": [1]}, {"images": [drawn, linked]}, {"annotations": [2]})
    told = Text("", extra={"openai": {"annotations": [1, 2]}})
    assert found == ["a", Image(b"png", media_type="image/png"), Image(url="https://there/a.png"), told]


def test_what_is_not_closed_is_not_given() -> None:
    """A call of a message that is cut is nothing that could be run; what is closed is given once."""
    taking = Said()
    assert list(taking.take(loose(json.dumps(piece(0, "a", "one", "{")).encode()))) == []
    assert len(list(taking.close())) == 1
    assert list(taking.close()) == []


@pytest.mark.parametrize(
    "delta",
    [
        {"content": 3},
        {"reasoning": ["hm"]},
        {"refusal": {"text": "no"}},
        {"audio": {"data": "a"}},
        {"audio": {"transcript": 3}},
        {"images": [{"image_url": None}]},
        {"images": [{"image_url": {"url": "data:image/png;base64,a"}}]},
        {"tool_calls": 3},
        {"tool_calls": ["call"]},
        piece(0, "a", "one", {"city": "Oslo"}),  # type: ignore[arg-type]  # what the test is about
        piece(0, "a", 3),  # type: ignore[arg-type]  # the same
        piece(0, 3, "one"),  # type: ignore[arg-type]  # the same
    ],
)
def test_another_shape(delta: dict[str, Any]) -> None:
    """What is no text where one should be is an error, not left out."""
    with pytest.raises((AttributeError, TypeError)):
        said(delta)
