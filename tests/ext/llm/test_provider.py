"""What every provider can rely on: the shape of a conversation, names of tools, the flaws of answers."""

from typing import Any

import pytest

from miniagents import Message
from miniagents.content import Image, Text, ToolCall
from miniagents.errors import BadAnswerError, ModelError, ReplyCutError, RequestRefusedError
from miniagents.ext.llm.provider import Answer, as_chat, flaw_of, name_of, speaker_of
from miniagents.tools import tool


def test_more_than_text_in_an_api_of_text() -> None:
    """Where an API takes text alone, a message sends its text; one that has none says what it is."""
    picture = Image(b"x" * 1000, media_type="image/png")
    said = [Message(parts=(Text("see"), picture)), Message(parts=(ToolCall("1", name="find", arguments="{}"),))]
    assert [turn["content"] for turn in as_chat(said, "")] == ["see", "→ find {}"]


@tool
def search(query: str) -> str:
    """Find something."""
    return query


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (search, "search"),
        ({"name": "a", "type": "custom"}, "a"),
        ({"type": "function", "function": {"name": "b"}}, "b"),
        ({"type": "web_search"}, "web_search"),
        ({}, ""),
    ],
    ids=str,
)
def test_what_a_tool_is_called(given: Any, name: str) -> None:
    """Ours and those in an API's own words, whatever words these are."""
    assert name_of(given) == name


@pytest.mark.parametrize(
    ("finish_reason", "begun", "kind"),
    [
        ("stop", True, None),
        ("length", True, None),
        ("content_filter", True, None),
        (None, True, ReplyCutError),
        (None, False, BadAnswerError),
        ("stop", False, BadAnswerError),
        ("length", False, BadAnswerError),
        ("content_filter", False, RequestRefusedError),
    ],
)
def test_what_is_wrong_with_an_answer(finish_reason: str | None, *, begun: bool, kind: type[ModelError] | None) -> None:
    """A reply needs content and an end mark; a reason to end early is one too, and stays in the metadata."""
    flaw = flaw_of(Answer(finish_reason=finish_reason), "here", begun=begun)
    assert flaw is None if kind is None else type(flaw) is kind
    assert flaw is None or str(flaw).startswith("here: ")


@pytest.mark.parametrize(
    ("role", "speaker"),
    [("assistant", "assistant"), ("tool", "tool"), (None, "user"), ("", "user"), ("unknown", "user")],
)
def test_who_speaks(role: str | None, speaker: str) -> None:
    """Where nobody knows it is the user: a transcript that was damaged still makes a conversation that APIs take."""
    assert speaker_of(Message(text="a", role=role)) == speaker
