"""The objects of Ollama's `/api/chat`, and what they say: tokens, and all that an `Answer` holds.

Format: https://docs.ollama.com/api/chat and docs/openapi.yaml of Ollama's repository, `ChatStreamEvent` (2026-11). An
answer in one piece is an object of the same shape. Never: HTTP, bytes cut anywhere.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from miniagents.content import Part, Thinking, Thought, ToolCall
from miniagents.ext.llm.endpoint import Endpoint
from miniagents.ext.llm.events import keep, loose, text_of
from miniagents.ext.llm.provider import Answer

from .faults import failed
from .turns import API

__all__ = ["Chunks"]

_KNOWN: Final = frozenset({"created_at", "done", "done_reason", "eval_count", "message", "model", "prompt_eval_count"})
"""Fields that are not kept as they are; the durations, in nanoseconds, are."""
_KNOWN_OF_MESSAGE: Final = frozenset({"content", "role", "thinking", "tool_calls", "tool_name"})


class Chunks:
    """Makes tokens of the objects of one answer, and fills an `Answer` with the rest."""

    def __init__(
        self, answer: Answer, endpoint: Endpoint, model: str, *, headers: Mapping[str, str], first_call: int
    ) -> None:
        """Make it; calls of tools that come without an id are counted from `first_call`."""
        self.ended = False
        """Whether the last object has come."""
        self._answer, self._endpoint, self._model, self._headers = answer, endpoint, model, headers
        self._thoughts: list[str] = []
        self._calls: list[ToolCall] = []
        self._first_call = first_call

    def take(self, line: bytes) -> Iterator[str | Part]:
        """Give the tokens of an object, of text and of thinking; calls of tools at the end, when they are whole.

        Raises:
            ModelError: It is an error.
            json.JSONDecodeError: It is no JSON.
            AttributeError, TypeError: It is JSON of another shape.
        """
        chunk = loose(line)
        if (error := chunk.error) is not None:
            raise failed(error, self._endpoint, self._model, headers=self._headers)
        self._answer.model = self._answer.model or chunk.model
        if (message := chunk.message) is not None:
            yield from self._said(message)
        self._keep(chunk, _KNOWN)
        if chunk.done:
            yield from self._close(chunk)

    def _said(self, message: Any) -> Iterator[str | Part]:
        if thought := text_of(message.thinking):
            self._thoughts.append(thought)
            yield Thought(thought)
        if token := text_of(message.content):
            yield from self._think_no_more()
            yield token
        for call in message.tool_calls or ():
            function = call.function
            call_id = text_of(call.id) or f"call_{self._first_call + len(self._calls)}"
            arguments = json.dumps({} if function.arguments is None else function.arguments)
            self._calls.append(ToolCall(call_id, name=text_of(function.name) or "", arguments=arguments))
        self._keep(message, _KNOWN_OF_MESSAGE)

    def _think_no_more(self) -> Iterator[Part]:
        if self._thoughts:
            yield Thinking("".join(self._thoughts), extra={API: {"field": "thinking"}})
            self._thoughts.clear()

    def _close(self, chunk: Any) -> Iterator[Part]:
        answer = self._answer
        reason = text_of(chunk.done_reason) or "stop"  # servers of 2023 do not give one
        answer.finish_reason = "tool_calls" if self._calls and reason == "stop" else reason
        if chunk.prompt_eval_count is not None or chunk.eval_count is not None:
            answer.usage = {"in": chunk.prompt_eval_count or 0, "out": chunk.eval_count or 0}
        yield from self._think_no_more()
        yield from self._calls
        self.ended = True

    def _keep(self, said: dict[str, Any], known: frozenset[str]) -> None:
        kept = self._answer.more.get("extra", {})
        keep(kept, said, known)
        if kept:
            self._answer.more["extra"] = kept
