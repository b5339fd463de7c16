"""A conversation with more in it than text as Anthropic's messages: turns, and which result is whose.

Wire format: https://platform.claude.com/docs/en/api/messages and .../build-with-claude/thinking, as the SDK 2.14 types
it (2026-11-26). In: messages. Out: turns, and instructions. Never: options, the SDK, a request.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from ...content import Part, Text, Thinking, ToolCall, ToolResult, described
from ...messages import Message
from .anthropic_blocks import API, block_of, call_block, result_of, text_block
from .provider import sendable, speaker_of

__all__ = ["INSTRUCTING", "finish", "instructions", "joined", "turns_of"]

INSTRUCTING: Final = ("system", "developer")
"""Roles whose messages are instructions, wherever they stand."""

_NOT_IN_AN_ID: Final = re.compile(r"[^a-zA-Z0-9_-]")
_NO_RESULT: Final = "no result: the call was interrupted"
_TOOLSET: Final = "toolset_name"
"""What a call of a member of one of the API's own toolsets names, and its result too."""
_THINKING: Final = ("thinking", "redacted_thinking")


def turns_of(messages: Sequence[Message], host: str) -> list[dict[str, Any]]:
    """Return the turns of a conversation; neighbours of one role are one.

    Where nobody is a user, other agents have spoken, as in a chain: then they are the users.

    Raises:
        RequestRefusedError: There is something in it that the API does not take.
    """
    said = [message for message in messages if message.role not in INSTRUCTING]
    people = [place for place, message in enumerate(said) if speaker_of(message) == "user"]
    turns = _Turns(host, is_chain=not people, last_of_people=people[-1] if people else 0)
    for place, message in enumerate(said):
        turns.add(place, message)
    turns.answer_all()
    return turns.turns


def instructions(messages: Sequence[Message], system: str, host: str) -> str | list[dict[str, Any]]:
    """Return the instructions in front of a conversation: as text, or as blocks where the API is told more of one."""
    said = [message for message in messages if message.role in INSTRUCTING]
    if not any(part.extra.get(API) for message in said for part in message.parts):
        texts = [system, *(message.text for message in said)]
        return "\n\n".join(sendable(text) for text in texts if text.strip())
    parts: list[Part] = [Text(system)]
    for message in said:
        parts += message.parts or (Text(message.text),)
    blocks = (block_of(part, "system", host) for part in parts if isinstance(part, Text))
    return [block for block in blocks if block is not None]


def joined(before: Any, after: Any) -> Any:
    """Return the contents of two neighbours of one role as one: text as long as it is text alone."""
    if isinstance(before, str) and isinstance(after, str):
        return f"{before}\n\n{after}"
    return [*_as_blocks(before), *_as_blocks(after)]


def finish(turns: list[dict[str, Any]]) -> None:
    """See to it that the last turn can be sent: the API refuses white space at its end, if it is a model's."""
    if not turns or turns[-1]["role"] != "assistant":
        return
    content = turns[-1]["content"]
    if isinstance(content, str):
        turns[-1]["content"] = content.rstrip()
    elif content and content[-1]["type"] == "text":
        content[-1] = {**content[-1], "text": content[-1]["text"].rstrip()}


class _Turns:
    """Turns as they are put together."""

    def __init__(self, host: str, *, is_chain: bool, last_of_people: int) -> None:
        self.turns: list[dict[str, Any]] = []
        self._host = host
        self._is_chain = is_chain
        self._last_of_people = last_of_people
        self._asked: list[tuple[str, str, dict[str, Any]]] = []
        """Calls of the last turn of a model that have no result yet: the ids that they came with and are sent with, and
        what their results have to name beside."""
        self._ids: set[str] = set()

    def add(self, place: int, message: Message) -> None:
        """Add a message, the one at this place."""
        role = speaker_of(message)
        if role == "tool" or (self._is_chain and role == "assistant"):
            role = "user"
        if role == "assistant" and self.turns and self.turns[-1]["role"] == "user":
            self.answer_all()
        if not message.parts:
            self._add(role, sendable(message.text) if message.text.strip() else "")
            return
        is_thinking_wanted = place > self._last_of_people and not self._is_chain
        blocks: list[dict[str, Any]] = []
        for part in message.parts:
            if isinstance(part, Thinking) and not is_thinking_wanted:
                continue
            block = self._block(part, role)
            if block is not None:
                blocks.append(block)
        if role == "assistant":
            while blocks and blocks[-1]["type"] in _THINKING:  # the API refuses a turn that ends so
                blocks.pop()
        self._add(role, blocks)

    def _block(self, part: Part, role: str | None) -> dict[str, Any] | None:
        if isinstance(part, ToolCall) and role == "assistant":
            sent_id = self._new_id(part.id)
            toolset = part.extra.get(API, {}).get(_TOOLSET)
            self._asked.append((part.id, sent_id, {_TOOLSET: toolset} if toolset else {}))
            return call_block(part, sent_id)
        if isinstance(part, ToolResult) and role == "user":
            asked = next((asked for asked in self._asked if asked[0] == part.call_id), None)
            if asked is None:  # of a call that nobody knows of
                return text_block(described([part]))
            self._asked.remove(asked)
            return {**result_of(part, asked[1], self._host), **asked[2]}
        return block_of(part, role or "user", self._host)

    def _new_id(self, came_with: str) -> str:
        """Return the id of a call as the API takes it: those of others have other characters, or come again."""
        sent_id = _NOT_IN_AN_ID.sub("_", came_with) or "call"
        while sent_id in self._ids:
            sent_id += "_"
        self._ids.add(sent_id)
        return sent_id

    def _add(self, role: str | None, content: str | list[dict[str, Any]]) -> None:
        if not content:
            return
        if self.turns and self.turns[-1]["role"] == role:
            content = joined(self.turns[-1]["content"], content)
            self.turns[-1]["content"] = content
        else:
            self.turns.append({"role": role, "content": content})
        if role == "user" and isinstance(content, list):
            content.sort(key=lambda block: block["type"] != "tool_result")  # these come first, or are refused

    def answer_all(self) -> None:
        """Give the calls of the last turn that have no result one that says so: without one, nothing can be sent."""
        missing = [
            {"type": "tool_result", "tool_use_id": sent_id, "is_error": True, "content": _NO_RESULT, **beside}
            for _, sent_id, beside in self._asked
        ]
        self._asked.clear()
        self._add("user", missing)


def _as_blocks(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content
