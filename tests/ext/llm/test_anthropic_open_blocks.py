"""Blocks of a streamed message as they grow."""

from typing import Any

import pytest

from miniagents.content import Other, Text, Thinking, Thought, ToolCall
from miniagents.ext.llm.anthropic_open_blocks import OpenBlocks
from miniagents.ext.llm.events import Loose


def grown(block: dict[str, Any], *deltas: dict[str, Any]) -> list[Any]:
    """Return all that one block gives from its beginning to its end."""
    blocks = OpenBlocks()
    pieces = list(blocks.open(0, Loose(block)))
    for delta in deltas:
        pieces += blocks.take(0, Loose(delta))
    return [*pieces, *blocks.close(0)]


def test_thinking_streams_and_is_whole_at_its_end() -> None:
    """Its tokens come as thoughts, then the whole with its signature."""
    found = grown(
        {"type": "thinking", "thinking": "a", "signature": ""},
        {"type": "thinking_delta", "thinking": "b"},
        {"type": "signature_delta", "signature": "s"},
    )
    assert found == [Thought("a"), Thought("b"), Thinking("ab", signature="s")]
    assert [type(piece) for piece in found[:2]] == [Thought, Thought]


@pytest.mark.parametrize(("pieces", "arguments"), [(['{"a"', ": 1}"], '{"a": 1}'), ([], "{}"), (['{"a'], '{"a')])
def test_a_call_is_whole_at_its_end(pieces: list[str], arguments: str) -> None:
    """Its arguments are the text as the model wrote it."""
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    assert grown({"type": "tool_use", "id": "1", "name": "f", "input": {}}, *deltas) == [
        ToolCall("1", name="f", arguments=arguments)
    ]


def test_text_with_citations() -> None:
    """A text gives its tokens, and then what is cited for it."""
    found = grown(
        {"type": "text", "text": ""},
        {"type": "text_delta", "text": "so"},
        {"type": "citations_delta", "citation": {"a": 1}},
    )
    assert found == ["so", Text("so", extra={"anthropic": {"citations": [{"a": 1}]}})]


def test_blocks_of_the_future() -> None:
    """A block that nobody knows is kept with what its deltas add; a server's tool has the input that was written."""
    found = grown({"type": "new", "text": "a", "n": [1]}, {"type": "new_delta", "text": "b", "n": [2], "x": 3})
    assert found == [Other("anthropic", block={"type": "new", "text": "ab", "n": [1, 2], "x": 3})]
    written = {"type": "input_json_delta", "partial_json": '{"q": 1}'}
    assert grown({"type": "server_tool_use", "id": "1", "input": {}}, written) == [
        Other("anthropic", block={"type": "server_tool_use", "id": "1", "input": {"q": 1}})
    ]


def test_what_is_out_of_order() -> None:
    """Deltas without a beginning, and ends without one, do no harm; text that is none is an error."""
    blocks = OpenBlocks()
    assert list(blocks.open(0, None)) == []
    assert list(blocks.close(7)) == []
    assert list(blocks.take(1, Loose(type="signature_delta", signature="s"))) == []
    assert list(blocks.take(2, Loose(type="thinking_delta", thinking="hm"))) == [Thought("hm")]
    assert list(blocks.close_all()) == [Thinking("hm")]
    with pytest.raises(TypeError):
        list(blocks.take(3, Loose(type="text_delta", text=3)))
