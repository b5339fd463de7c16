"""What a chat completion says beside plain text, put together of its deltas: thinking, and calls of tools.

In: deltas, or one whole message. Out: tokens of text and thinking, then parts. Never: the events that they come in.
"""

from collections.abc import Iterator
from typing import Any, Final

from ...content import Part, Thinking, Thought, ToolCall
from .events import text_of

__all__ = ["API", "Said"]

API: Final = "openai"
"""The key in `Part.extra`; a `Thinking` has the "field" there that it came in, and goes back in, with OpenRouter's
`reasoning_details` where that is these."""


class Said:
    """One message as it comes; what is not closed was cut, and its calls of tools are not given."""

    def __init__(self) -> None:
        self.thoughts: list[str] = []
        """What is thought, and not yet given as a whole."""
        self._field = "reasoning_content"
        self._details: list[dict[str, Any]] = []
        self._calls: list[dict[str, Any]] = []
        self._at: dict[int, dict[str, Any]] = {}
        """The last call of each index: several may be written at the same time."""

    def take(self, delta: Any) -> Iterator[str | Part]:
        """Take a delta, or a whole message; give what it says.

        Compatible servers say what is thought as `reasoning_content` or `reasoning`, some in `reasoning_details` too;
        models that refuse say so as `refusal`.

        Raises:
            AttributeError, TypeError: It is JSON of another shape.
        """
        if delta is None:
            return
        detailed = "".join(map(self._detail, details)) if isinstance(details := delta.reasoning_details, list) else ""
        if thought := text_of(delta.reasoning_content) or text_of(delta.reasoning) or detailed:
            if not delta.reasoning_content:
                self._field = "reasoning"
            self.thoughts.append(thought)
            yield Thought(thought)
        if token := text_of(delta.content) or text_of(delta.refusal):
            yield from self.think_no_more()
            yield token
        for place, call in enumerate(delta.tool_calls or ()):
            self._write(place if call.index is None else call.index, call)

    def _write(self, index: int, piece: Any) -> None:
        known = self._at.get(index)
        function, call_id = piece.function, text_of(piece.id)
        if known is not None and call_id and known["id"] not in (None, call_id) and function and function.name:
            known = None  # some servers give every call the same index
        if known is None:
            known = self._at[index] = {"id": None, "name": "", "index": index, "arguments": []}
            self._calls.append(known)
        known["id"] = known["id"] or call_id
        if function:
            known["name"] = known["name"] or text_of(function.name) or ""
            if function.arguments:
                known["arguments"].append(text_of(function.arguments))

    def _detail(self, detail: Any) -> str:
        """Keep a detail of what is thought, put together with the one before where it goes on; return its text."""
        if not isinstance(detail, dict):
            return ""
        name = "summary" if detail.get("type") == "reasoning.summary" else "text"
        text, last = detail.get(name), self._details[-1] if self._details else {}
        goes_on = all(last.get(each) == detail.get(each) for each in ("type", "index")) and not last.get("signature")
        if isinstance(text, str) and isinstance(last.get(name), str) and goes_on:
            told = {each: value for each, value in detail.items() if value is not None}
            self._details[-1] = {**last, **told, name: last[name] + text}
        else:
            self._details.append(dict(detail))
        return text if isinstance(text, str) else ""

    def think_no_more(self) -> Iterator[Part]:
        """Give what was thought as a whole, if anything was."""
        if self.thoughts or self._details:
            own = {"field": "reasoning_details", "reasoning_details": self._details} if self._details else None
            yield Thinking("".join(self.thoughts), extra={API: own or {"field": self._field}})
            self.thoughts.clear()
            self._details = []

    def close(self) -> Iterator[Part]:
        """Give what is whole now that the message has ended."""
        yield from self.think_no_more()
        for call in sorted(self._calls, key=lambda call: call["index"]):  # those of one index stay in their order
            arguments = "".join(call["arguments"]) or "{}"
            yield ToolCall(call["id"] or f"call_{call['index']}", name=call["name"], arguments=arguments)
        self._calls.clear()
        self._at.clear()
