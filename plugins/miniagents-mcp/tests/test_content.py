"""What tools say, in both directions."""

from __future__ import annotations

import mcp_types as mcp
import pytest
from miniagents_mcp.content import blocks_of, parts_of

from miniagents.content import Audio, File, Image, Part, Text, Thinking, ToolCall


def result(*content: mcp.ContentBlock, structured: object = None) -> mcp.CallToolResult:
    """Return a result of a tool."""
    return mcp.CallToolResult(content=[*content], structured_content=structured)


def resource(**told: str) -> mcp.EmbeddedResource:
    """Return a resource that is in a result."""
    kind = mcp.TextResourceContents if "text" in told else mcp.BlobResourceContents
    return mcp.EmbeddedResource(resource=kind(uri="file:///a/b.pdf", **told))


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (mcp.TextContent(text="x"), Text("x")),
        (mcp.ImageContent(data="eA==", mime_type="image/png"), Image(b"x", media_type="image/png")),
        (mcp.AudioContent(data="eA==", mime_type="audio/wav"), Audio(b"x", media_type="audio/wav")),
        (mcp.ImageContent(data="!", mime_type="image/png"), Text("(image of type image/png that came broken)")),
        (resource(text="x"), Text("x")),
        (resource(blob="eA=="), File(b"x", name="b.pdf")),
        (resource(blob="eA==", mime_type="image/png"), Image(b"x", media_type="image/png")),
        (mcp.ResourceLink(name="n", uri="file:///n"), Text("[n](file:///n)")),
        (mcp.ResourceLink(name="n", title="t", uri="u:x", description="d"), Text("[t](u:x): d")),
    ],
)
def test_a_block_of_a_result(block: mcp.ContentBlock, part: Part) -> None:
    """Each kind of block is a part that a model takes."""
    assert parts_of(result(block)) == (part,)


def test_data() -> None:
    """Data is told as JSON where there are no words for it, and is not told twice."""
    assert parts_of(result(structured={"ä": 1})) == (Text('{"ä": 1}'),)
    assert parts_of(result(mcp.TextContent(text="x"), structured={"n": 1})) == (Text("x"),)
    assert parts_of(result()) == ()


def test_parts_of_a_message() -> None:
    """Each part that MCP has a block for is one, and comes back as it was; the others are left out."""
    parts = (Text("x"), Image(b"x", media_type="image/png"), Audio(b"x", media_type="audio/wav"))
    document = File(b"x", media_type="application/pdf", name="a.pdf")
    hidden = (Thinking("hm"), ToolCall("1", name="n", arguments=""), Image(url=None))
    assert parts_of(result(*blocks_of((*parts, *hidden, document)))) == (*parts, document)
    (link,) = blocks_of([Image(url="https://h/i.png")])
    assert isinstance(link, mcp.ResourceLink)
    assert (link.name, link.uri) == ("image", "https://h/i.png")
