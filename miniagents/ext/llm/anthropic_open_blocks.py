"""The blocks of a streamed message that have begun: what they say as it comes, and what they are when they end.

In: beginnings of blocks, deltas, ends. Out: tokens of thinking, parts. Never: an event's JSON, the rest of a message.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ...content import Part, Thought
from .anthropic_blocks import decoded, text_end
from .events import text_of

__all__ = ["OpenBlocks"]


class OpenBlocks:
    """All blocks of one message that have begun and not ended; what never ends is never whole, and not given."""

    def __init__(self) -> None:
        self.text: list[str] = []
        """The tokens of the last block of text, which whoever reads them puts here: there is one for each token."""
        self._blocks: dict[int, dict[str, Any]] = {}
        self._pieces: dict[int, list[str]] = {}
        """Of thinking, or of a tool's input; by the index of the block."""

    def open(self, index: Any, block: Any) -> Iterator[str]:
        """Begin a block; give what it says already."""
        if not isinstance(block, dict):
            return
        index = index or 0
        self._blocks[index] = dict(block)
        if block.get("type") == "text":
            self.text.clear()
            yield from self._say(block.get("text"))
        elif block.get("type") == "thinking":
            yield from self.think(index, block.get("thinking") or "")

    def think(self, index: int, token: str) -> Iterator[str]:
        """Take a token of thinking, and give it."""
        if token:
            self.thought(index, token)
            yield Thought(token)

    def thought(self, index: int, token: str) -> None:
        """Take a token of thinking; where no block has begun, it begins one."""
        pieces = self._pieces.get(index)
        if pieces is None:
            self._blocks.setdefault(index, {"type": "thinking"})
            pieces = self._pieces[index] = []
        pieces.append(token)

    def write(self, index: int, piece: str) -> None:
        """Take a piece of a tool's input."""
        self._pieces.setdefault(index, []).append(piece)

    def take(self, index: Any, delta: Any) -> Iterator[str]:
        """Take any delta, also one that nobody knows: its fields are merged into the block's.

        Raises:
            AttributeError, TypeError: It is JSON of another shape.
        """
        index = index or 0
        if delta.type == "text_delta":
            yield from self._say(delta.text)
        elif delta.type == "thinking_delta":
            yield from self.think(index, text_of(delta.thinking) or "")
        elif delta.type == "input_json_delta":
            self.write(index, text_of(delta.partial_json) or "")
        elif delta.type == "citations_delta":
            block = self._blocks.setdefault(index, {"type": "text"})
            block["citations"] = [*(block.get("citations") or ()), delta.citation]
        elif index in self._blocks:
            _merge(self._blocks[index], delta)

    def _say(self, text: Any) -> Iterator[str]:
        if token := text_of(text):
            self.text.append(token)
            yield token

    def close(self, index: Any) -> Iterator[str | Part]:
        """End a block; give what it is, if that has not been given yet.

        Raises:
            KeyError: Something is missing in it.
        """
        index = index or 0
        block = self._blocks.pop(index, None)
        written = "".join(self._pieces.pop(index, ()))
        if block is None:
            return
        kind = block.get("type")
        if kind == "text":
            yield from text_end({**block, "text": "".join(self.text)})
            self.text.clear()
            return
        if kind == "thinking":
            block["thinking"] = written
        elif written and kind != "tool_use":
            with suppress(ValueError):
                block["input"] = json.loads(written)
        yield from decoded(block, arguments=written or None)

    def close_all(self) -> Iterator[str | Part]:
        """End all blocks, at the end of the message: not every server ends each."""
        for index in sorted(self._blocks):
            yield from self.close(index)


def _merge(block: dict[str, Any], delta: dict[str, Any]) -> None:
    """Put what a delta says into its block: text goes on, lists grow, and what else there is takes the old one's place.

    A signature comes whole.
    """
    for name, value in delta.items():
        before = block.get(name)
        if name == "type":
            continue
        goes_on = type(before) is type(value) and isinstance(value, str | list) and name != "signature"
        block[name] = before + value if goes_on else value
