"""What a log of requests looks like."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

import pytest
from markdown_it import MarkdownIt

from miniagents import Message
from miniagents.content import Audio, File, Image, Other, Part, Text, Thinking, Thought, ToolCall, ToolResult
from miniagents.errors import RateLimitedError
from miniagents.ext.llm.log_format import Exchange, exchange_as_markdown, message_as_markdown

STARTED: Final = datetime(2026, 11, 22, 12, 3, 4, 5000, tzinfo=UTC)
KEY: Final = "my-own-key-1"
HOSTILE: Final = (
    "## 12:00:00 fake\n",
    "```\n## fake",
    "````` \n```\n### fake\n~~~\n",
    "> quoted\n\n# fake",
    "<!-- \n<script>fake()</script>\n<h2>fake</h2>",
    "text\r## fake\r\n# fake",
    "text\u2028## fake\x0b# fake\x0c# fake\x85# fake",
    "fake\n====\n",
    "fake\n----\n",
    "`a` | [b](c) ![d](e) &amp; \\ ``` *f* # fake",
    "- fake\n- fake\n    - fake\n",
    "\x1b[2J\x1b]0;fake\x07",
)


def exchange(**more: Any) -> Exchange:
    """Return one with a question, and with what is given."""
    known = {"agent": "openai_agent", "provider": "openai", "host": "api.openai.com", "model": "gpt-5.4-mini"}
    return Exchange(**{**known, "messages": (Message(text="hello", role="user"),), "started": STARTED, **more})


def test_an_exchange_reads_well() -> None:
    """All there is to know of a request and its reply, in the order in which it happened."""
    metadata = {"usage": {"in": 12, "out": 5, "cached": 4}, "finish_reason": "stop", "id": "x-1", "cost_usd": 0.00123}
    whole = exchange(
        options={"temperature": 0.2, "stop": ["a"], "user": None},
        system="Be nice.",
        tools=("search", "read"),
        reply=Message(text="Hi\nthere.\n", role="assistant", metadata=metadata),
        tokens=["Hi\n", "there.\n"],
        latency_s=1.2,
        first_token_s=0.31249,
        attempt=2,
    )
    assert exchange_as_markdown(whole) == WHOLE


WHOLE: Final = """
## 12:03:04 openai_agent → api.openai.com · gpt-5.4-mini

- started: 2026-11-22T12:03:04.005Z, attempt 2
- provider: openai
- temperature: 0.2
- stop: `["a"]`
- user: null
- tools: search, read

### system

```
Be nice.
```

### user

```
hello
```

### reply

```
Hi
there.
```

- finish reason: stop
- id: x-1
- usage: 12 in, 5 out, 4 cached
- cost: $0.001230
- time: 1.200 s, first token after 0.312 s, 2 tokens seen
"""


def test_a_failure_reads_well() -> None:
    """What had come stands there, and why there is no more."""
    error = RateLimitedError("too many requests", host="api.openai.com", cure="try again in 5 s")
    text = exchange_as_markdown(exchange(tokens=["Hi ", "th"], error=error, latency_s=0.5))
    after = text.partition("### reply")[2]
    assert after.startswith(", as far as it came\n\n```\nHi th\n```\n\n- time: 0.500 s, 2 tokens seen\n- error: ")
    assert after.endswith("- error: RateLimitedError: api.openai.com: too many requests; try again in 5 s\n")


def test_what_had_come_may_be_thinking() -> None:
    """Tokens of thinking are told from those of the text, in their order."""
    text = exchange_as_markdown(exchange(tokens=[Thought("I th"), Thought("ink"), "Hi"], error=ValueError()))
    assert "as far as it came\n\n- thinking:\n\n> ```\n> I think\n> ```\n\n```\nHi\n```\n" in text


def test_nothing_is_said_of_what_is_not_known() -> None:
    """No reply, no times, no options: no lines."""
    text = exchange_as_markdown(exchange())
    assert text.endswith("Z\n- provider: openai\n\n### user\n\n```\nhello\n```\n\n")
    assert "None" not in text


def test_times_are_those_of_the_world() -> None:
    """A log of two programs in two time zones is in one order."""
    local = STARTED.astimezone(timezone(timedelta(hours=5)))
    assert exchange_as_markdown(exchange(started=local)) == exchange_as_markdown(exchange())


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Text("said"), "```\nsaid\n```\n"),
        (Thinking("a\n> b"), "- thinking:\n\n> ```\n> a\n> > b\n> ```\n"),
        (Image(b"x" * 12_345, media_type="image/png"), "- image 12 KB image/png\n"),
        (Audio(b"x" * 3_500_000, media_type="audio/wav"), "- audio 3.3 MB audio/wav\n"),
        (File(b"x", media_type="text/csv", name="a b.csv"), "- file a b.csv 1 bytes text/csv\n"),
        (Image(url="https://host.test/a.png"), "- image at https://host.test/a.png\n"),
        (Image(url="data:image/png;base64,QUJD"), "- image at data:image/png;base64,…\n"),
        (
            ToolCall("c1", name="search", arguments='{"q":"é","api_key":"x"}'),
            '- calls search (c1)\n\n```json\n{\n  "q": "é",\n  "api_key": "[key]"\n}\n```\n',
        ),
        (ToolCall("c1", name="search", arguments='{"q":'), '- calls search (c1)\n\n```json\n{"q":\n```\n'),
        (
            ToolResult("c1", name="search", content=("found", Image(b"x", media_type="image/png"))),
            "- result of search (c1)\n\n```\nfound\n```\n\n- image 1 bytes image/png\n",
        ),
        (ToolResult("c1", name="search", content=("no",), is_error=True), "- error of search (c1)\n\n```\nno\n```\n"),
        (
            Other("anthropic", block={"type": "new", "token": "x"}),
            '- a block of anthropic\n\n```json\n{\n  "type": "new",\n  "token": "[key]"\n}\n```\n',
        ),
    ],
    ids=lambda value: value.kind if isinstance(value, Part) else "",
)
def test_parts_are_described(part: Part, expected: str) -> None:
    """Each kind in its own way, and no data."""
    message = Message(role="user", parts=(part, Text("and more")))
    text = exchange_as_markdown(exchange(messages=[message]))
    assert text.partition("### user\n\n")[2] == f"{expected}\n```\nand more\n```\n\n"


@dataclass(frozen=True, slots=True)
class Smell(Part):
    """A part that nobody here knows."""


def test_a_part_of_a_kind_of_ones_own_has_a_name() -> None:
    """A subclass of `Part` that is not ours is named."""
    text = exchange_as_markdown(exchange(messages=[Message(role="user", parts=(Smell(),))]))
    assert text.endswith("### user\n\n- a Smell\n\n")


def everywhere(text: str) -> Exchange:
    """Return an exchange with a text in each place where somebody else's may be."""
    parts = (
        *(Text(text), Thinking(text), ToolCall(text, name=text, arguments=text), File(b"", name=text, media_type=text)),
        *(ToolResult(text, name=text, content=(text,)), Image(url=text), Other(text, block={text: text})),
    )
    metadata = {"finish_reason": text, "id": text, "usage": {text: text}}
    return exchange(
        **dict.fromkeys(["agent", "provider", "host", "model", "system"], text),
        messages=[Message(text=text, role=text), Message(role="user", parts=parts)],
        options={text: text, "nested": {text: [text]}},
        tools=[text],
        tokens=[text],
        reply=Message(text=text, metadata=metadata),
        error=ValueError(text),
        secrets=[KEY],
    )


def shape(text: str) -> Iterator[tuple[str, int]]:
    """Give the blocks that a reader of Markdown sees, and how deep they are."""
    for token in MarkdownIt().parse(text):
        yield token.type, token.level
        yield from ((child.type, token.level + 1) for child in token.children or () if child.type != "text")


@pytest.mark.parametrize("text", HOSTILE)
def test_nobody_breaks_out_of_his_place(text: str) -> None:
    """However hostile a text is, it makes no heading, no picture, no link and no HTML, and steers no terminal."""
    written = exchange_as_markdown(everywhere(text))
    blocks = list(shape(written))
    headings = sum(kind == "heading_open" for kind, _ in blocks)
    assert headings == len(["the title", "system", "the first message", "the second", "reply"])
    assert not {"html_block", "html_inline", "image", "link_open", "hr"} & {kind for kind, _ in blocks}
    assert written.isprintable() or all(character == "\n" or character.isprintable() for character in written)


def test_no_key_gets_into_a_log() -> None:
    """A known key, one that looks like one, and one beside a telling name are masked in every place."""
    for key in (KEY, "sk-proj-0123456789abcdefghij", "api_key=abcd1234"):
        written = exchange_as_markdown(everywhere(key))
        assert key not in written
        assert "abcd1234" not in written
        assert written.count("[key]") >= 20


def test_settings_that_are_secrets_are_masked_by_their_names() -> None:
    """Headers that are options may hold a key that looks like nothing."""
    headers = {"authorization": "x", "max_tokens": 5, "deep": {"x-api-key": "y"}}
    text = exchange_as_markdown(exchange(options={"extra_headers": headers, "client": object()}))
    assert '- extra_headers: `{"authorization": "[key]", "max_tokens": 5, "deep": {"x-api-key": "[key]"}}`' in text
    assert "- client: `<object>`" in text


def test_data_in_a_text_is_described() -> None:
    """What is as long as base64 is cut, and its size said; what is a little shorter is not."""
    text = exchange_as_markdown(exchange(system=f"a {'QUJD' * 300} b", messages=[Message(text="Q" * 1023)]))
    assert f"a {'QUJD' * 8}… (1 KB) b" in text
    assert "Q" * 1023 in text


def test_a_long_name_is_cut() -> None:
    """A heading, and each setting, is one line that can be read."""
    text = exchange_as_markdown(exchange(model="m " * 500, options={"user": "u " * 500}))
    assert max(map(len, text.splitlines())) < 230


def test_a_message_by_itself() -> None:
    """What is no request is logged as well: who said it, what, and how it came about."""
    metadata = {"agent": "echo", "finish_reason": "stop"}
    said = Message(text="hello", role="assistant", metadata=metadata)
    start = "\n## 12:03:04 assistant · echo\n\n```\nhello\n```\n\n"
    assert message_as_markdown(said, STARTED) == f"{start}- finish reason: stop\n"
    failed = message_as_markdown(Message(), STARTED, error=ValueError("no"))
    assert failed == "\n## 12:03:04 message\n\n```\n\n```\n\n- error: ValueError: no\n"
