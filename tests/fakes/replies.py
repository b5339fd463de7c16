"""The script of the fake provider: what it answers, how fast, and how it goes wrong.

Knows neither HTTP nor the JSON of any API: `answering.py` brings the three together.
"""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Sequence

Fault = Literal[
    "cut",  # the connection closes in mid-body, with no end mark of any layer
    "cut_before",  # the connection closes before any byte of the response
    "empty",  # status 200 and not one token
    "error_event",  # an error object where the stream (or the whole answer) should go on
    "html_200",  # a web page, as a login portal or a wrong base URL answers
    "html_502",  # a gateway's web page
    "http_401",
    "http_403",
    "http_404",  # the model does not exist
    "http_429",
    "http_500",
    "http_529",  # Anthropic's "overloaded"; in OpenAI's shape as a gateway before Anthropic sends it
    "no_end",  # the response ends with its connection, which HTTP allows, but without the API's own end mark
    "not_json",  # status 200, said to be JSON (or events of it), and is not
    "stall",  # no further byte until the client closes
]

_TOKEN = re.compile(r"\s*\S+|\s+")


def split(text: str) -> tuple[str, ...]:
    """Cut a text into tokens, each a word with the white space before it; joined they are the text again."""
    return tuple(_TOKEN.findall(text))


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts; the cached ones are among the input's (each API says it in its own way)."""

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """One scripted answer.

    Attributes:
        text: The answer's text (it is cut into words), or its tokens; None echoes the last message of the user.
            With a status other than 200, the error's message.
        delay_s: Seconds between two tokens.
        first_delay_s: Seconds before the first byte of the response.
        finish_reason: In OpenAI's words; Anthropic's are derived from them.
        usage: None counts the tokens of the request's texts and of the answer.
        model: The model that the answer names; None repeats the request's.
        status: Other than 200: an error in the API's own shape.
        fault: How it goes wrong, if it does; an `http_NNN` is short for its status.
        after: How many tokens go out before a fault inside a stream. None leaves it to the fault: `cut` and
            `error_event` come halfway, `not_json` at once, `no_end` withholds the end mark alone (with a number, all
            that follows the tokens), `stall` comes before any byte (with 0: once the stream has opened).
        retry_after_s: Sent as a `retry-after` header with a status other than 200.
    """

    text: str | Sequence[str] | None = None
    _: KW_ONLY
    delay_s: float = 0
    first_delay_s: float = 0
    finish_reason: str = "stop"
    usage: Usage | None = None
    model: str | None = None
    status: int = HTTPStatus.OK
    fault: Fault | None = None
    after: int | None = None
    retry_after_s: float | None = None

    def __post_init__(self) -> None:
        if self.fault is not None and self.fault not in get_args(Fault):
            raise ValueError(f"no such fault: {self.fault!r}; there are {', '.join(get_args(Fault))}")
        if self.fault is not None and self.fault.startswith("http_"):
            object.__setattr__(self, "status", int(self.fault.removeprefix("http_")))

    def tokens(self, heard: str) -> tuple[str, ...]:
        """The tokens of the answer to what was heard from the user."""
        if self.fault == "empty":
            return ()
        text = f"You said: {heard}" if self.text is None else self.text
        return split(text) if isinstance(text, str) else tuple(text)

    def tokens_before_fault(self, token_count: int) -> int:
        """How many of the answer's tokens go out before the fault."""
        if self.after is not None:
            return min(self.after, token_count)
        return {"cut": token_count // 2, "error_event": token_count // 2, "not_json": 0}.get(
            self.fault or "", token_count
        )


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
