"""The script of the fake provider: what it answers, how fast, and how it goes wrong.

Knows neither HTTP nor the JSON of any API: `answering.py` brings the three together.
"""

from __future__ import annotations

import json
import re
from dataclasses import KW_ONLY, dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Fault = Literal[
    "cut",  # the connection closes in mid-body, with no end mark of any layer
    "cut_before",  # the connection closes before any byte of the response
    "cut_mid_character",  # as cut, inside a character of four bytes (that the reply itself need not have)
    "cut_mid_event",  # as cut, inside an event
    "empty",  # status 200 and not one token
    "error_200",  # status 200 and an error object in one piece, though a stream was asked for
    "error_event",  # an error object where the stream (or the whole answer) should go on
    "failed_event",  # the answer says of itself that it failed, as responses can; as `error_event` in other APIs
    "html_200",  # a web page, as a login portal or a wrong base URL answers
    "html_502",  # a gateway's web page
    "http_401",
    "http_403",
    "http_404",  # the model does not exist
    "http_413",  # the request is too large
    "http_422",  # what servers that check by a schema say instead of 400
    "http_429",
    "http_500",
    "http_503",
    "http_529",  # Anthropic's "overloaded"; in OpenAI's shape as a gateway before Anthropic sends it
    "no_end",  # the response ends with its connection, which HTTP allows, but without the API's own end mark
    "not_json",  # status 200, said to be JSON (or events of it), and is not
    "stall",  # no further byte until the client closes
]

PIECE_CHARACTERS = 5  # of a tool call's arguments to one event: few enough to cut inside names, numbers and escapes

_TOKEN = re.compile(r"\s*\S+|\s+")
_HALFWAY = ("cut", "cut_mid_character", "cut_mid_event", "error_event", "failed_event")


def split(text: str) -> tuple[str, ...]:
    """Cut a text into tokens, each a word with the white space before it; joined they are the text again."""
    return tuple(_TOKEN.findall(text))


def _tokens(text: str | Sequence[str] | None) -> tuple[str, ...]:
    return split(text or "") if isinstance(text, str | None) else tuple(text)


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts; those read from a cache and written to one are among the input's, those of thinking the output's.

    Each API says it in its own way.
    """

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    cache_written_tokens: int = 0
    thinking_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool that the model calls.

    Attributes:
        name: The tool's.
        arguments: An object, or the text that the model wrote for one, broken or not.
        id: None makes one up, in the API's form.
    """

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)
    id: str | None = None

    @property
    def json(self) -> str:
        """The arguments as the model wrote them."""
        if isinstance(self.arguments, str):
            return self.arguments
        return json.dumps(self.arguments, ensure_ascii=False, separators=(",", ":"))

    @property
    def pieces(self) -> tuple[str, ...]:
        """The arguments as they are streamed."""
        whole = self.json
        return tuple(whole[start : start + PIECE_CHARACTERS] for start in range(0, len(whole), PIECE_CHARACTERS))


@dataclass(frozen=True, slots=True)
class Reply:
    """One scripted answer.

    Attributes:
        text: The answer's text (it is cut into words), or its tokens; None echoes the last message of the user, or says
            nothing beside tool calls. With a status other than 200, the error's message.
        thinking: What the model thinks before it speaks, as the text is given.
        redacted_thinking: There is thinking too that no one may read: a block of its own, or the item without summary.
        own_items: What the API's own tools did, before the text: items of responses; other APIs say nothing of them.
        tool_calls: The tools that the model calls, after the text.
        refusal: The text is one of refusal, where an API says so.
        delay_s: Seconds between two tokens.
        first_delay_s: Seconds before the first byte of the response.
        finish_reason: In OpenAI's words; those of others are derived from them. None fits: "stop" or "tool_calls".
        usage: None counts the tokens of the request's texts and of the answer.
        usage_times: How often the usage is told: 0 leaves it out, 2 tells it twice.
        model: The model that the answer names; None repeats the request's.
        extra_events: Events in the middle of a stream that its API does not know, or knows with more fields.
        status: Other than 200: an error in the API's own shape.
        headers: Headers beside the usual, or instead of them, with any status.
        fault: How it goes wrong, if it does; an `http_NNN` is short for its status.
        after: How many pieces (tokens of thinking or text, pieces of arguments) go out before a fault inside a stream.
            None leaves it to the fault: those that cut and `error_event` come halfway, `not_json` at once, `no_end`
            withholds the end mark alone (with a number, all that follows the pieces), `stall` comes before any byte
            (with 0: once the stream has opened).
        close_delimited: A stream's end is that of its connection, as HTTP allows: no layer tells a cut from an end.
        retry_after_s: Sent as a `retry-after` header with a status other than 200.
        retry_after: As `retry_after_s`, word for word: a date of HTTP, or nonsense.
    """

    text: str | Sequence[str] | None = None
    _: KW_ONLY
    thinking: str | Sequence[str] | None = None
    redacted_thinking: bool = False
    own_items: Sequence[Mapping[str, Any]] = ()
    tool_calls: Sequence[ToolUse] = ()
    refusal: bool = False
    delay_s: float = 0
    first_delay_s: float = 0
    finish_reason: str | None = None
    usage: Usage | None = None
    usage_times: int = 1
    model: str | None = None
    extra_events: Sequence[Mapping[str, Any]] = ()
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: Fault | None = None
    after: int | None = None
    close_delimited: bool = False
    retry_after_s: float | None = None
    retry_after: str | None = None

    def __post_init__(self) -> None:
        if self.fault is not None and self.fault not in get_args(Fault):
            raise ValueError(f"no such fault: {self.fault!r}; there are {', '.join(get_args(Fault))}")
        if self.fault is not None and self.fault.startswith("http_"):
            object.__setattr__(self, "status", int(self.fault.removeprefix("http_")))

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """Make one of JSON's values; raises TypeError for what is no field."""
        made: dict[str, Any] = dict(fields)
        if made.get("usage"):
            made["usage"] = Usage(**made["usage"])
        if made.get("tool_calls"):
            made["tool_calls"] = tuple(ToolUse(**call) for call in made["tool_calls"])
        return cls(**made)

    def tokens(self, heard: str) -> tuple[str, ...]:
        """The tokens of the answer to what was heard from the user."""
        if self.fault == "empty":
            return ()
        if self.text is None and not self.tool_calls:
            return split(f"You said: {heard}")
        return _tokens(self.text)

    def answer(self, heard: str, input_tokens: int, **request: Any) -> Answer:
        """Make it definite for a request in which this was heard, of so many tokens; the rest is `Answer`'s."""
        tokens, thinking = self.tokens(heard), _tokens(self.thinking)
        output_tokens = len(tokens) + len(thinking) + sum(len(call.pieces) for call in self.tool_calls)
        model = request.pop("model")
        return Answer(
            tokens=tokens,
            thinking=thinking,
            redacted_thinking=self.redacted_thinking,
            own_items=tuple(self.own_items),
            tool_calls=tuple(self.tool_calls),
            refusal=self.refusal,
            usage=self.usage or Usage(input_tokens, output_tokens, thinking_tokens=len(thinking)),
            usage_times=self.usage_times,
            finish_reason=self.finish_reason or ("tool_calls" if self.tool_calls else "stop"),
            model=self.model or model,
            **request,
        )

    def pieces_before_fault(self, count: int) -> int:
        """How many of the answer's pieces, of which there are so many, go out before the fault."""
        if self.after is not None:
            return min(self.after, count)
        if self.fault in _HALFWAY:
            return count // 2
        return 0 if self.fault == "not_json" else count


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply made definite for one request, ready for an API's encoder."""

    number: int
    model: str
    tokens: tuple[str, ...]
    usage: Usage
    finish_reason: str
    created_s: int
    include_usage: bool
    thinking: tuple[str, ...] = ()
    redacted_thinking: bool = False
    thinking_shown: bool = True
    own_items: tuple[Mapping[str, Any], ...] = ()
    tool_calls: tuple[ToolUse, ...] = ()
    refusal: bool = False
    usage_times: int = 1

    @property
    def thought(self) -> str:
        """All of the thinking."""
        return "".join(self.thinking)

    @property
    def thinks(self) -> bool:
        """Whether there is any thinking, readable or not."""
        return bool(self.thinking) or self.redacted_thinking

    @property
    def speaks(self) -> bool:
        """Whether there is a text, which may be empty where there is nothing else."""
        return bool(self.tokens) or not (self.thinks or self.tool_calls)
