"""Conversations with more than text as turns of Anthropic's messages."""

from typing import Any

import pytest
from anthropic.types import MessageParam
from pydantic import TypeAdapter

from miniagents import Image, Message, Text, Thinking, ToolCall, ToolResult
from miniagents.ext.llm.anthropic_turns import finish, instructions, joined, turns_of

API: Any = TypeAdapter(list[MessageParam])
CALL = ToolCall("c1", name="f", arguments='{"a": 1}')
THOUGHT = Thinking("hm", signature="s")


def turns(*messages: Message) -> list[dict[str, Any]]:
    """Return the turns, which the SDK's types take."""
    found = turns_of(messages, "host")
    API.validate_python(found)
    return found


def said(role: str | None, *parts: Any) -> Message:
    """Return a message."""
    return Message(role=role, parts=parts)


def kinds(turn: dict[str, Any]) -> list[str]:
    """Return the types of the blocks of a turn."""
    return [block["type"] for block in turn["content"]]


def test_a_round_of_tools() -> None:
    """Thoughts and calls go back as long as tools are called, results before what a user says besides."""
    found = turns(
        said(None, "hi", Image(url="https://a.org/b")),
        said("assistant", THOUGHT, "Let me see.", CALL),
        said("tool", ToolResult("c1", name="f", content=(Text("ok"),))),
    )
    assert [turn["role"] for turn in found] == ["user", "assistant", "user"]
    assert kinds(found[1]) == ["thinking", "text", "tool_use"]
    assert found[2]["content"] == [{"type": "tool_result", "tool_use_id": "c1", "content": "ok"}]


def test_old_thoughts_stay() -> None:
    """What was thought before a user spoke again is not sent."""
    found = turns(said("user", "hi"), said("assistant", THOUGHT, "so"), said("user", "and?"))
    assert "thinking" not in str(found)


def test_a_call_without_a_result() -> None:
    """It gets one that says so, at the front of the next turn of a user, or behind all."""
    found = turns(said("user", "hi"), said("assistant", CALL), said("user", "and?"), said("assistant", "well"))
    assert kinds(found[2]) == ["tool_result", "text"]
    assert found[2]["content"][0]["is_error"] is True
    assert kinds(turns(said("user", "hi"), said("assistant", CALL))[-1]) == ["tool_result"]


def test_members_of_a_toolset() -> None:
    """The result of a call that names one of the API's toolsets names it too, given or not."""
    own = {"anthropic": {"toolset_name": "browser"}}
    calls = [ToolCall(name, name="find", arguments="{}", extra=own) for name in ("a", "b")]
    found = turns(
        Message(text="go"), said("assistant", *calls), said("tool", ToolResult("a", name="find", content=(Text("x"),)))
    )
    assert [block["toolset_name"] for turn in found[1:] for block in turn["content"]] == ["browser"] * 4


def test_a_result_of_nothing() -> None:
    """A result whose call is not there is told as text."""
    [turn] = turns(said("user", "hi"), said("tool", ToolResult("lost", name="f", content=(Text("ok"),))))
    assert "← f: ok" in str(turn["content"])


def test_ids_of_other_apis() -> None:
    """Ids have the characters that the API takes, and each is there once; results follow."""
    first, second = ToolCall("a|b", name="f", arguments="{}"), ToolCall("a_b", name="f", arguments="{}")
    found = turns(
        said("user", "hi"),
        said("assistant", first, second),
        said(
            "tool", ToolResult("a_b", name="f", content=(Text("2"),)), ToolResult("a|b", name="f", content=(Text("1"),))
        ),
    )
    ids = [block["id"] for block in found[1]["content"]]
    assert ids == ["a_b", "a_b_"]
    assert [block["tool_use_id"] for block in found[2]["content"]] == ["a_b_", "a_b"]


def test_a_chain_of_agents() -> None:
    """Where nobody is a user, those who spoke are."""
    [turn] = turns(said("assistant", THOUGHT, "one", CALL), said("assistant", "two"))
    assert turn["role"] == "user"


def test_a_turn_that_only_thinks() -> None:
    """The API refuses it, so it is not sent."""
    assert [turn["role"] for turn in turns(said("user", "hi"), said("assistant", THOUGHT))] == ["user"]


def test_neighbours_are_one() -> None:
    """Texts stay text; with blocks they are blocks."""
    assert joined("a", "b") == "a\n\nb"
    assert joined("a", [{"type": "text", "text": "b"}]) == [
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b"},
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [("so  \n", "so"), ([{"type": "text", "text": "so "}], [{"type": "text", "text": "so"}]), ([], [])],
)
def test_the_end_of_all(content: Any, expected: Any) -> None:
    """White space at the end of a model's last turn is refused, so it goes; a user's may stay."""
    last = [{"role": "assistant", "content": content}]
    finish(last)
    assert last[0]["content"] == expected
    finish([])
    users = [{"role": "user", "content": "so "}]
    finish(users)
    assert users[0]["content"] == "so "


def test_instructions() -> None:
    """They are text, or blocks where the API is told more of one."""
    plain = [Message(text="a", role="system"), Message(text="b", role="developer")]
    assert instructions(plain, "be", "h") == "be\n\na\n\nb"
    mark = {"cache_control": {"type": "ephemeral"}}
    marked = [*plain, said("system", Text("c", extra={"anthropic": mark}))]
    assert instructions(marked, "be", "h") == [
        *({"type": "text", "text": text} for text in ("be", "a", "b")),
        {"type": "text", "text": "c", **mark},
    ]
