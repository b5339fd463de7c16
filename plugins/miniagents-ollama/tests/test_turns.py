"""A question as a request: who said what, options and their places, calls and results in any order."""

from typing import Any

import pytest
from miniagents_ollama.turns import API, calls_in, request_of

from miniagents.content import Audio, File, Image, Text, Thinking, ToolCall, ToolResult
from miniagents.errors import RequestRefusedError
from miniagents.ext.llm.base import Question
from miniagents.messages import Message

THOUGHT = Thinking("Hm.", extra={API: {"field": "thinking"}})
CALL = ToolCall("c1", name="look", arguments='{"at": "x"}')


def turns_of(*messages: Message, system: str = "") -> list[dict[str, Any]]:
    """Return the turns of a conversation."""
    turns: list[dict[str, Any]] = request_of(Question(messages=messages, system=system), {}, "here")["messages"]
    return turns


def test_options_are_where_the_server_looks_for_them() -> None:
    """The request's own fields stay outside, all others are the model's, also under the names that others use."""
    options = {
        "temperature": 0.5,
        "max_tokens": 9,
        "context_tokens": 4096,
        "stop": "END",
        "seed": None,
        "keep_alive": "10m",
        "think": False,
        "options": {"num_gpu": 1, "temperature": 0.1},
    }
    question = Question(messages=[Message(text="hi")], effort="high")
    assert request_of(question, options, "here") == {
        "messages": [{"role": "user", "content": "hi"}],
        "keep_alive": "10m",
        "think": False,
        "options": {"num_gpu": 1, "temperature": 0.5, "num_predict": 9, "num_ctx": 4096, "stop": ["END"]},
    }


def test_a_list_of_stops_stays_one() -> None:
    """Several words that end a reply are sent as they are."""
    assert request_of(Question(messages=[Message(text="hi")]), {"stop": ["A", "B"]}, "here")["options"] == {
        "stop": ["A", "B"]
    }


def test_a_tool_in_ollamas_own_words_is_sent_as_it_is() -> None:
    """A dict among the tools is nobody's to change."""
    tool = {"type": "function", "function": {"name": "look"}}
    assert request_of(Question(messages=[Message(text="hi")], tools=[tool]), {}, "here")["tools"] == [tool]


def test_thoughts_go_back_as_long_as_they_are_about_this_question() -> None:
    """What was thought before a call of a tool is sent along with its result, and no longer with the next question."""
    reply = Message(role="assistant", parts=[THOUGHT, CALL])
    result = Message(role="tool", parts=[ToolResult("c1", name="look", content="nothing")])
    turns = turns_of(Message(text="hi"), reply, result, system="Be brief.")
    call = {"id": "c1", "type": "function", "function": {"index": 0, "name": "look", "arguments": {"at": "x"}}}
    assert turns == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "", "thinking": "Hm.", "tool_calls": [call]},
        {"role": "tool", "tool_name": "look", "tool_call_id": "c1", "content": "nothing"},
    ]
    assert calls_in(turns) == 1
    assert "thinking" not in turns_of(Message(text="hi"), reply, result, Message(text="And?"))[1]


def test_thoughts_of_other_apis_stay_theirs() -> None:
    """What another provider's model thought is not told, and a turn that holds nothing else is none."""
    turns = turns_of(Message(text="hi"), Message(role="assistant", parts=[Thinking("Hm.")]), Message(text="Well?"))
    assert [turn["content"] for turn in turns] == ["hi", "Well?"]


@pytest.mark.parametrize("arguments", ["{broken", "[1]", '"x"'])
def test_arguments_that_are_no_object_are_sent_inside_one(arguments: str) -> None:
    """What a model wrote wrongly goes back to it, in the only shape that the server takes."""
    call = ToolCall("c1", name="look", arguments=arguments)
    turns = turns_of(Message(text="hi"), Message(role="assistant", parts=[call]))
    assert turns[1]["tool_calls"][0]["function"]["arguments"] == {"raw": arguments}


def test_a_picture_among_results_comes_behind_them() -> None:
    """A result is text; a picture that a tool gave is said by a user, who names the tool."""
    result = ToolResult("c1", name="look", content=[Text("see"), Image(b"PNG", media_type="image/png")])
    turns = turns_of(Message(text="hi"), Message(role="assistant", parts=[CALL]), Message(role="tool", parts=[result]))
    assert turns[2:] == [
        {"role": "tool", "tool_name": "look", "tool_call_id": "c1", "content": "see"},
        {"role": "user", "content": "From look:", "images": ["UE5H"]},
    ]


def test_in_a_chain_the_agents_before_are_the_users() -> None:
    """Where nobody is a user, what models said is what is asked, with what they wanted to call in words."""
    turns = turns_of(Message(role="assistant", parts=[CALL]), Message(role="assistant", parts=["Hello", THOUGHT]))
    assert turns == [{"role": "user", "content": '→ look {"at": "x"}'}, {"role": "user", "content": "Hello"}]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (Image(url="https://example.org/x.png"), "no image by its address; give the picture's data"),
        (Audio(b"x", media_type="audio/wav"), "no part of the kind 'audio'; leave it out, or ask a model of another"),
        (File(b"x", media_type="application/pdf"), "no part of the kind 'file'"),
    ],
)
def test_what_the_api_does_not_take_is_said(part: Any, words: str) -> None:
    """A part that has no place in a request is refused with what to do about it."""
    with pytest.raises(RequestRefusedError, match=words):
        turns_of(Message(parts=[part]))


def test_half_a_character_is_no_reason_to_fail() -> None:
    """Half a surrogate pair, from a file's name, is replaced where a request cannot hold it."""
    assert turns_of(Message(parts=["a\ud800", Image(b"PNG")]))[0]["content"] == "a?"
