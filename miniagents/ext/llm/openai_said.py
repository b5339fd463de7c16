"""What a chat completion says beside plain text, put together of its deltas: thinking, and calls of tools.

In: deltas, or one whole message. Out: tokens of text and thinking, then parts. Never: the events that they come in.
"""

from collections.abc import Iterator
from typing import Any

from ...content import Part, Thinking, Thought, ToolCall

__all__ = ["Said"]


class Said:
    """One message as it comes; what is not closed was cut, and its calls of tools are not given."""

    def __init__(self) -> None:
        self.thoughts: list[str] = []
        """What is thought, and not yet given as a whole."""
        self._calls: dict[int, dict[str, Any]] = {}
        """By their index: several may be written at the same time."""

    def take(self, delta: Any) -> Iterator[str | Part]:
        """Take a delta, or a whole message; give what it says.

        Compatible servers say what is thought as `reasoning_content` or `reasoning`, models that refuse as `refusal`.

        Raises:
            AttributeError, TypeError: It is JSON of another shape.
        """
        if delta is None:
            return
        if thought := _text(delta.reasoning_content) or _text(delta.reasoning):
            self.thoughts.append(thought)
            yield Thought(thought)
        if token := _text(delta.content) or _text(delta.refusal):
            yield from self.think_no_more()
            yield token
        for place, call in enumerate(delta.tool_calls or ()):
            self._write(place if call.index is None else call.index, call)

    def _write(self, index: int, piece: Any) -> None:
        known = self._calls.get(index)
        function = piece.function
        if known is not None and piece.id and known["id"] not in (None, piece.id) and function and function.name:
            index = max(self._calls) + 1  # some servers give every call the same index
            known = None
        if known is None:
            known = self._calls[index] = {"id": None, "name": "", "arguments": []}
        known["id"] = known["id"] or piece.id
        if function:
            known["name"] = known["name"] or function.name or ""
            if function.arguments:
                known["arguments"].append(_text(function.arguments))

    def think_no_more(self) -> Iterator[Part]:
        """Give what was thought as a whole, if anything was."""
        if self.thoughts:
            yield Thinking("".join(self.thoughts))
            self.thoughts.clear()

    def close(self) -> Iterator[Part]:
        """Give what is whole now that the message has ended."""
        yield from self.think_no_more()
        for index, call in sorted(self._calls.items()):
            arguments = "".join(call["arguments"]) or "{}"
            yield ToolCall(call["id"] or f"call_{index}", name=call["name"], arguments=arguments)
        self._calls.clear()


def _text(token: Any) -> str | None:
    if token is not None and not isinstance(token, str):
        raise TypeError("a token that is no text")
    return token
