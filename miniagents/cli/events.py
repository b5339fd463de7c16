"""A reply as events, one JSON object a line, each written when it comes: for scripts that do not want to wait.

    start                                        model, transcript
    ( message                                    role
      ( token | thinking | tool_call | … )* )*   text; of other parts, their fields
    end                                          model, usage, cost_usd, finish_reason, hash, transcript; data
    or error                                     error, message

The texts of a message's `token`s, joined, are its exact text. Only what could not begin has no `start`, and only what
was killed, or is no longer read, has neither `end` nor `error`.

In: message promises. Out: lines on standard output. Never: what is in a transcript.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..content import Part, Text, Thinking, Thought, part_to_json
from ..safe_text import SafeText, exact, one_line
from .output import ReaderGoneError, WholeReply, as_json, write
from .tell import in_words

if TYPE_CHECKING:
    from ..messages import MessagePromise

__all__ = ["EventMessage", "EventOutput", "write_event"]


class EventOutput(WholeReply):
    """Standard output for events."""

    def start(self, model: str, transcript: str | None) -> None:
        """Write who is asked, and where what is said is kept."""
        write_event("start", model=model, transcript=transcript)

    async def show(self, promise: "MessagePromise") -> None:
        """Write a message as it comes."""
        write_event("message", role=promise.known_beforehand.get("role"))
        message = EventMessage()
        try:
            async for piece in promise.parts():
                message.take(piece)
        finally:
            message.end()
        await super().show(promise)

    def finish(self, transcript: str | None) -> None:
        """Write what is known in the end."""
        metadata = self._messages[-1].metadata if self._messages else {}
        known = {name: metadata.get(name) for name in ("finish_reason", "cost_usd")}
        told = {name: value for name, value in self.as_object().items() if name != "text"}
        write_event("end", **told, **known, transcript=transcript)

    def fail(self, error: BaseException) -> None:
        """Write why there is no more, if anybody reads it."""
        name = told = "interrupted"
        if isinstance(error, Exception):
            name, told = type(error).__name__, one_line(in_words(error))
        with suppress(ReaderGoneError, OSError):
            write_event("error", error=name, message=told)


class EventMessage:
    """One message on its way out."""

    def __init__(self, tell: Callable[..., object] | None = None) -> None:
        """Begin it; `tell` is given each event and its fields, and writes it by default."""
        self._tell = tell or write_event
        self._text = SafeText(exact)
        self._has_said = self._has_thought = False
        """Whether tokens, or thoughts, came since the last part: such a part has them all, once more."""

    def take(self, piece: "str | Part") -> None:
        """Write what is next, read by part."""
        if isinstance(piece, Thought):
            self._has_thought = True
            self._tell("thinking", text=exact(piece))
        elif isinstance(piece, str):
            self._has_said = True
            self._say(self._text.feed(piece))
        elif isinstance(piece, Text):
            if not self._has_said:
                self._say(self._text.feed(piece.text))
            self._has_said = False
        else:
            self._part(piece)

    def end(self) -> None:
        """Write what was held back."""
        self._say(self._text.end())

    def _say(self, text: str) -> None:
        if text:
            self._tell("token", text=text)

    def _part(self, part: Part) -> None:
        if isinstance(part, Thinking):
            if not self._has_thought:
                self._tell("thinking", text=exact(part.text))
            self._has_thought = False
        else:
            told = part_to_json(part)
            self._tell(told.pop("kind"), **told)
        self._has_said = False


def write_event(event: str, **fields: Any) -> None:
    """Write an event.

    Raises:
        ReaderGoneError: Nobody reads standard output any more.
    """
    write(as_json({"event": event, **fields}))
