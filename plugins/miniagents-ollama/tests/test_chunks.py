"""What the objects of an answer say, one by one."""

import json
from typing import Any

import pytest
from miniagents_ollama.chunks import Chunks
from miniagents_ollama.host import endpoint_of
from ollama_server import said

from miniagents.content import Thinking, Thought, ToolCall
from miniagents.ext.llm.base import Answer


def pieces_of(*objects: Any, first_call: int = 0) -> tuple[list[Any], Answer, bool]:
    """Return the pieces of a stream, what it tells beside, and whether it has ended."""
    answer = Answer()
    chunks = Chunks(answer, endpoint_of({}), "m", headers={}, first_call=first_call)
    pieces = [piece for each in objects for piece in chunks.take(json.dumps(each).encode())]
    return pieces, answer, chunks.ended


def test_a_thought_is_whole_before_the_word_behind_it() -> None:
    """Thinking that goes on after something was said is a thought of its own."""
    first, second = said("one", thoughts=["a", "b"])[:3], said("two", thoughts=["c"])
    pieces, _, ended = pieces_of(*first, *second)
    assert [type(piece) for piece in pieces] == [Thought, Thought, Thinking, str, Thought, Thinking, str]
    assert [piece.text for piece in pieces if isinstance(piece, Thinking)] == ["ab", "c"]
    assert ended


def test_calls_come_at_the_end_with_ids_that_no_other_has() -> None:
    """Calls without an id are counted on from those of the conversation; one that was cut off is not given."""
    call = {"function": {"name": "look", "arguments": None}}
    stream = said(calls=[call, {"id": "x", **call}], done_reason="length")
    pieces, answer, _ = pieces_of(*stream, first_call=3)
    assert pieces == [ToolCall("call_3", name="look", arguments="{}"), ToolCall("x", name="look", arguments="{}")]
    assert answer.finish_reason == "length"
    pieces, answer, ended = pieces_of(*stream[:-1])
    assert (pieces, answer.finish_reason, ended) == ([], None, False)


def test_a_server_that_counts_nothing_is_not_counted_for() -> None:
    """Without counts there is no usage, instead of one of zero."""
    assert pieces_of({"message": {"content": "x"}}, {"done": True})[1].usage is None


@pytest.mark.parametrize(
    "broken", [{"message": {"tool_calls": [{}]}}, {"message": 7}, {"message": {"thinking": []}}, 7]
)
def test_json_of_another_shape_is_told_from_ours(broken: Any) -> None:
    """What is no answer of this API raises what the walk takes for such."""
    with pytest.raises((AttributeError, TypeError)):
        pieces_of(broken)
