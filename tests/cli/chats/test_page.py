"""The page of a conversation: everything that was said is text in it, and nothing else."""

from html.parser import HTMLParser

import pytest

from miniagents.cli.chats.page import page
from miniagents.content import Image, Text, Thinking, ToolCall
from miniagents.messages import Message

EVIL = """</p></code></pre><script>alert(1)</script><img src=x onerror=alert(1)> &lt; "' <!-- --> ]]> \x1b[31m\u202e"""
OURS = {"html", "head", "meta", "title", "style", "body", "h1", "article", "h2", "time", "p", "pre", "code", "img"}


class Reader(HTMLParser):
    """Reads a page as a browser would, roughly: its elements with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in the beginning of an element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Take in text."""
        self.text += data


def said(text: str, **more: object) -> Message:
    """Return what a model said."""
    return Message(text=text, role="assistant", **more)


@pytest.mark.parametrize("text", [EVIL, f"```\n{EVIL}\n```", f"```{EVIL}\nx\n```\n{EVIL}", f"~~~\n{EVIL}"])
def test_nothing_said_is_markup(text: str) -> None:
    """Whatever is said, in a title, in names or in thoughts, the page has our own elements and no script."""
    message = said(text, metadata={"model": EVIL, "agent": EVIL, "status": EVIL})
    thought = Message(parts=(Thinking(EVIL), ToolCall(id=EVIL, name=EVIL, arguments=EVIL)), role=EVIL)
    html = page(EVIL, [(message, EVIL), (thought, "")])
    read = Reader(html)
    assert {tag for tag, _ in read.elements} <= OURS
    assert not any(name.startswith("on") or name == "src" for _, given in read.elements for name in given)
    assert read.text.count("<script>alert(1)</script>") >= 8
    assert not {"\x1b", "\u202e"} & set(html)


def test_page() -> None:
    """Who said what and when can be read; code stands by itself, as it was written."""
    messages = [
        (Message(text="How?", role="user"), "2026-11-26T00:00:00Z"),
        (said("So:\n\n```py\nif a < b:\n    pass\n```\n\nDone.", metadata={"model": "sim", "status": "cut"}), ""),
    ]
    html = page("A <title>", messages)
    assert "<title>A &lt;title&gt;</title>" in html
    assert '<article class="user">\n<h2>user <time>2026-11-26T00:00:00Z</time></h2>\n<p>How?</p>\n</article>' in html
    assert "<h2>assistant · sim · (cut)</h2>\n<p>So:</p>\n<pre><code>if a &lt; b:\n    pass\n</code></pre>\n" in html
    assert "<p>Done.</p>" in html
    assert "default-src 'none'" in html


def test_pictures() -> None:
    """A picture is in the page where its bytes are; one that is elsewhere, or may hold a script, is told of."""
    parts = (
        Text("Look"),
        Image(data=b"\x89PNG", media_type="image/png"),
        Image(data=b"<svg/>", media_type="image/svg+xml"),
        Image(url="https://example.org/a.png", media_type='image/png" onload="x'),
    )
    read = Reader(page("", [(Message(parts=parts, role="user"), "")]))
    assert [given["src"] for tag, given in read.elements if tag == "img"] == ["data:image/png;base64,iVBORw=="]
    assert read.text.count("[image: ") == 2
