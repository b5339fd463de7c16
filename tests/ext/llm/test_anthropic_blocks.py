"""Parts as blocks of Anthropic's messages, and blocks as parts."""

import json
from base64 import b64encode
from typing import Any

import pytest
from anthropic.types import ContentBlockParam
from pydantic import TypeAdapter

from miniagents.content import Audio, File, Image, Other, Part, Text, Thinking, ToolCall, ToolResult
from miniagents.errors import RequestRefusedError
from miniagents.ext.llm.anthropic_blocks import block_of, call_block, decoded, result_of, text_end

API: Any = TypeAdapter(ContentBlockParam)
MARK = {"cache_control": {"type": "ephemeral"}}
PIXEL = b64encode(b"png").decode()
BLOCKS: list[tuple[Part, dict[str, Any]]] = [
    (Text("hi"), {"type": "text", "text": "hi"}),
    (Text("hi", extra={"anthropic": MARK, "openai": {"x": 1}}), {"type": "text", "text": "hi", **MARK}),
    (
        Image(b"png", media_type="image/png"),
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
    ),
    (Image(url="https://a.org/b"), {"type": "image", "source": {"type": "url", "url": "https://a.org/b"}}),
    (
        File(b"png", media_type="application/pdf", name="a.pdf"),
        {
            "type": "document",
            "title": "a.pdf",
            "source": {"type": "base64", "media_type": "application/pdf", "data": PIXEL},
        },
    ),
    (
        File(b"text", media_type="text/markdown"),
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "text"}},
    ),
]


@pytest.mark.parametrize(("part", "block"), BLOCKS, ids=lambda value: getattr(value, "kind", ""))
def test_what_a_user_says(part: Part, block: dict[str, Any]) -> None:
    """Each part is the block that the API has for it, with what is told of it to this API alone."""
    assert block_of(part, "user", "host") == block
    API.validate_python(block)


def test_what_is_kept_at_the_api() -> None:
    """A file that was uploaded is sent by its id."""
    told = block_of(File(extra={"anthropic": {"file_id": "file_1"}}), "user", "host")
    assert told == {"type": "document", "source": {"type": "file", "file_id": "file_1"}}


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (Audio(b"a", media_type="audio/wav"), "this API takes no audio; send what is said as text"),
        (Image(), "there is nothing in the image; give it data"),
        (Image(b"a"), 'does not say of what type it is; say it: media_type="image/png"'),
        (File(b"a", media_type="application/zip"), "takes no files of the type application/zip; send PDF or text"),
    ],
)
def test_what_cannot_be_sent(part: Part, words: str) -> None:
    """What the API does not take is refused before it is sent, with the cure."""
    with pytest.raises(RequestRefusedError) as caught:
        block_of(part, "user", "host")
    assert words in str(caught.value)


def test_what_a_model_said() -> None:
    """Thoughts go back with their signature, or as they were hidden; pictures, which a model cannot say, as words."""
    assert block_of(Thinking("hm", signature="s"), "assistant", "h") == {
        "type": "thinking",
        "thinking": "hm",
        "signature": "s",
    }
    hidden = {"type": "redacted_thinking", "data": "x"}
    assert block_of(Thinking(extra={"anthropic": hidden}), "assistant", "h") == hidden
    assert block_of(Thinking("hm"), "assistant", "h") is None
    assert block_of(Thinking("hm", signature="s"), "user", "h") is None
    assert block_of(Image(b"a", media_type="image/png"), "assistant", "h") == {
        "type": "text",
        "text": "[image: image/png, 0.0 KB]",
    }
    own = {"type": "server_tool_use", "id": "1", "name": "web_search", "input": {}}
    assert block_of(Other("anthropic", block=own), "assistant", "h") == own
    assert block_of(Other("responses", block=own), "assistant", "h") is None
    assert block_of(Text("  "), "assistant", "h") is None


@pytest.mark.parametrize(
    ("arguments", "value"),
    [('{"a": 1}', {"a": 1}), ("", {}), ("[1]", {"INVALID_JSON": "[1]"}), ('{"a": ', {"INVALID_JSON": '{"a": '})],
)
def test_calls(arguments: str, value: dict[str, Any]) -> None:
    """The input of a call is an object, also where the model wrote none."""
    block = call_block(ToolCall("x", name="f", arguments=arguments), "id_1")
    assert block == {"type": "tool_use", "id": "id_1", "name": "f", "input": value}
    API.validate_python(block)


def test_results() -> None:
    """A result is its text, or its parts; of an error only words; and one that says nothing has no content."""
    assert result_of(ToolResult("c", name="f", content=(Text("ok"),)), "i", "h") == {
        "type": "tool_result",
        "tool_use_id": "i",
        "content": "ok",
    }
    picture = result_of(ToolResult("c", name="f", content=(Text("see"), Image(b"a", media_type="image/png"))), "i", "h")
    assert [each["type"] for each in picture["content"]] == ["text", "image"]
    API.validate_python(picture)
    failed = ToolResult("c", name="f", content=(Image(b"a", media_type="image/png"),), is_error=True)
    assert result_of(failed, "i", "h")["content"] == [{"type": "text", "text": "[image: image/png, 0.0 KB]"}]
    assert result_of(ToolResult("c", name="f"), "i", "h") == {"type": "tool_result", "tool_use_id": "i"}


def test_blocks_become_parts() -> None:
    """Every block is a part again; what nobody knows is kept whole; a text with citations says so behind it."""
    hidden = {"type": "redacted_thinking", "data": "x"}
    cited = {"type": "text", "text": "so", "citations": [{"a": 1}]}
    direct = {"anthropic": {"caller": {"type": "direct"}}}
    found = [
        *decoded({"type": "thinking", "thinking": "hm", "signature": "s"}),
        *decoded({"type": "thinking", "thinking": "", "signature": ""}),
        *decoded(hidden),
        *decoded({"type": "tool_use", "id": "1", "name": "f", "input": {"a": "é"}, "caller": {"type": "direct"}}),
        *decoded({"type": "brand_new", "x": 1}),
        *decoded(cited),
        *decoded({"type": "text", "text": "plain", "citations": None}),
    ]
    assert found == [
        Thinking("hm", signature="s"),
        Thinking(extra={"anthropic": hidden}),
        ToolCall("1", name="f", arguments=json.dumps({"a": "é"}, ensure_ascii=False), extra=direct),
        Other("anthropic", block={"type": "brand_new", "x": 1}),
        "so",
        Text("so", extra={"anthropic": {"citations": [{"a": 1}]}}),
        "plain",
    ]
    assert list(text_end({"type": "text", "text": "x"})) == []
