"""What a log of requests looks like: Markdown that a person reads, in an editor or with `cat`.

In: an `Exchange`, what is known of one request and of what came of it; messages. Out: text without secrets. Never: a
file, a terminal.

Whatever somebody else wrote stands in a fence that is longer than any inside it, or, where it is short, in one line: it
can neither end its place nor look like a line of ours. Control characters are visible. Data is described, not shown.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final

from ...content import Audio, File, Image, Other, Part, Text, Thinking, Thought, ToolCall, ToolResult
from ...frozen import EMPTY
from ...messages import Message
from ...safe_text import one_line, safe
from .redaction import redact, redact_value

__all__ = ["Exchange", "exchange_as_markdown", "message_as_markdown"]

_SHORT: Final = 200
"""Characters of a name or a setting that still read as one line."""
_DATA = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_=-]{1024,}+")
"""Nobody writes that many characters without a space: it is base64, or of no more use to a reader."""
_SHOWN_OF_DATA: Final = 32
_BACKTICKS = re.compile("`+")
_MARKDOWN = re.compile(r"[`*<>\[\]|~\\&!#]")
_KILO: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request to a model, and what came of it."""

    agent: str
    provider: str
    host: str
    model: str
    """As it was asked for."""
    messages: Sequence[Message]
    started: datetime
    """With its time zone."""
    options: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    system: str = ""
    tools: Sequence[str] = ()
    """The names of the tools that the model may call."""
    reply: Message | None = None
    """None where there was an error; its metadata has the usage and the finish reason."""
    tokens: Sequence[str] = ()
    """What had come, also before an error; a `Thought` among them is a token of thinking."""
    error: BaseException | None = None
    latency_s: float | None = None
    first_token_s: float | None = None
    attempt: int = 1
    secrets: Sequence[str] = ()
    """What must not be in the log, whatever it looks like: the key."""


def exchange_as_markdown(exchange: Exchange) -> str:
    """Return it as it is to stand in a log: begins with an empty line, ends with the end of a line."""
    writer = _Writer(exchange.secrets)
    started = exchange.started.astimezone(UTC)
    title = f"{exchange.agent} → {exchange.host} · {exchange.model}"
    lines = [f"\n## {started:%H:%M:%S} {writer.inline(title)}\n", *_asked(exchange, started, writer)]
    if exchange.system:
        lines += ["\n### system\n", *writer.fenced(exchange.system)]
    for message in exchange.messages:
        lines += _message(message, message.role or "user", writer)
    if exchange.reply is not None:
        lines += _message(exchange.reply, "reply", writer)
    elif exchange.tokens:
        lines += ["\n### reply, as far as it came\n", *_parts(_so_far(exchange.tokens), writer)]
    lines += ["", *_came(exchange, writer)]
    return "\n".join(lines) + "\n"


def message_as_markdown(message: Message, when: datetime, *, error: BaseException | None = None) -> str:
    """Return one message by itself, and the error that ended it, as they are to stand in a log."""
    writer = _Writer(())
    agent, model = message.metadata.get("agent"), message.metadata.get("model")
    title = " · ".join(str(name) for name in (message.role, agent, model) if name) or "message"
    lines = [f"\n## {when.astimezone(UTC):%H:%M:%S} {writer.inline(title)}\n", *_content(message, writer)]
    lines += ["", *_answer(message, writer), *_error(error, writer)]
    return "\n".join(lines) + "\n"


def _asked(exchange: Exchange, started: datetime, writer: "_Writer") -> Iterator[str]:
    attempt = f", attempt {exchange.attempt}" if exchange.attempt > 1 else ""
    yield f"- started: {started:%Y-%m-%dT%H:%M:%S}.{started.microsecond // 1000:03}Z{attempt}"
    yield f"- provider: {writer.inline(exchange.provider)}"
    for name, value in redact_value(exchange.options, exchange.secrets).items():
        yield f"- {writer.inline(name)}: {writer.inline(_json(value))}"
    if exchange.tools:
        yield f"- tools: {writer.inline(', '.join(exchange.tools))}"


def _came(exchange: Exchange, writer: "_Writer") -> Iterator[str]:
    if exchange.reply is not None:
        yield from _answer(exchange.reply, writer)
    times = [f"{exchange.latency_s:.3f} s"] if exchange.latency_s is not None else []
    if exchange.first_token_s is not None:
        times.append(f"first token after {exchange.first_token_s:.3f} s")
    if exchange.tokens:
        times.append(f"{len(exchange.tokens)} tokens seen")
    if times:
        yield f"- time: {', '.join(times)}"
    yield from _error(exchange.error, writer)


def _answer(reply: Message, writer: "_Writer") -> Iterator[str]:
    """Say what a reply's metadata tells of how it came about."""
    told = reply.metadata
    for name in ("finish_reason", "id"):
        if told.get(name):
            yield f"- {name.replace('_', ' ')}: {writer.inline(str(told[name]))}"
    if isinstance(usage := told.get("usage"), Mapping):
        yield f"- usage: {writer.inline(', '.join(f'{count} {name}' for name, count in usage.items()))}"
    if isinstance(cost := told.get("cost_usd"), int | float):
        yield f"- cost: ${cost:.6f}"


def _error(error: BaseException | None, writer: "_Writer") -> Iterator[str]:
    if error is not None:
        yield f"- error: {type(error).__name__}: {writer.inline(str(error), limit=5 * _SHORT)}"


def _message(message: Message, role: str, writer: "_Writer") -> list[str]:
    return [f"\n### {writer.inline(role)}\n", *_content(message, writer)]


def _content(message: Message, writer: "_Writer") -> Iterator[str]:
    if message.parts:
        yield from _parts(message.parts, writer)
    else:
        yield from writer.fenced(message.text)


def _so_far(tokens: Iterable[str]) -> Iterator[Part]:
    """Give what had come as parts, one for each run of tokens of one kind."""
    for is_thought, run in groupby(tokens, lambda token: isinstance(token, Thought)):
        text = "".join(run)
        yield Thinking(text) if is_thought else Text(text)


def _parts(parts: Iterable[Part], writer: "_Writer") -> Iterator[str]:
    for place, part in enumerate(parts):
        if place:
            yield ""
        match part:
            case Text():
                yield from writer.fenced(part.text)
            case Thinking():
                # each line of a quotation begins with its mark, so that nothing in it can end it
                yield from ["- thinking:\n", *(f"> {line}" for line in writer.fenced(part.text)[0].split("\n"))]
            case Image() | Audio() | File():
                yield writer.inline(_media(part), mark="- ")
            case ToolCall():
                yield writer.inline(f"calls {part.name} ({part.id})", mark="- ") + "\n"
                yield from writer.fenced(_pretty(part.arguments, writer), "json")
            case ToolResult():
                outcome = "error" if part.is_error else "result"
                yield writer.inline(f"{outcome} of {part.name} ({part.call_id})", mark="- ") + "\n"
                yield from _parts(part.content, writer)
            case Other():
                yield writer.inline(f"a block of {part.api}", mark="- ") + "\n"
                yield from writer.fenced(_pretty(_json(part.block), writer), "json")
            case _:
                yield writer.inline(f"a {type(part).__name__}", mark="- ")


def _media(part: Image | Audio | File) -> str:
    name = f" {part.name}" if isinstance(part, File) and part.name else ""
    url = f"{part.url.partition(',')[0]},…" if part.url and part.url.startswith("data:") else part.url
    where = f" at {url}" if url else ""
    size = "" if part.data is None else f" {_size(len(part.data))}"
    return f"{part.kind}{name}{size} {part.media_type}".rstrip() + where


def _size(size_bytes: int) -> str:
    if size_bytes < _KILO:
        return f"{size_bytes} bytes"
    if size_bytes < _KILO * _KILO:
        return f"{size_bytes / _KILO:.0f} KB"
    return f"{size_bytes / _KILO / _KILO:.1f} MB"


def _pretty(arguments: str, writer: "_Writer") -> str:
    """Return JSON in a shape that is pleasant to read, what is named a secret masked; what is none, as it is."""
    try:
        return json.dumps(redact_value(json.loads(arguments), writer.secrets), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return arguments


def _json(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(redact_value(value), ensure_ascii=False)


class _Writer:
    """Makes text of somebody else's fit to stand in a log."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self.secrets = secrets

    def _clean(self, text: str) -> str:
        return safe(_DATA.sub(_described, redact(text, self.secrets)))

    def inline(self, text: str, *, mark: str = "", limit: int = _SHORT) -> str:
        """Return a text as one line, not a long one, in which nothing is Markdown."""
        line = one_line(self._clean(text))
        line = line if len(line) <= limit else f"{line[: limit - 1]}…"
        if _MARKDOWN.search(line):
            ticks = "`" * (_longest_run(line) + 1)
            line = f"{ticks} {line} {ticks}" if "`" in line else f"`{line}`"
        return mark + line

    def fenced(self, text: str, language: str = "") -> list[str]:
        """Return a text of any length in a fence."""
        body = self._clean(text).removesuffix("\n")
        fence = "`" * max(3, _longest_run(body) + 1)
        return [f"{fence}{language}\n{body}\n{fence}"]


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)


def _described(data: re.Match[str]) -> str:
    return f"{data[0][:_SHOWN_OF_DATA]}… ({_size(len(data[0]))})"
