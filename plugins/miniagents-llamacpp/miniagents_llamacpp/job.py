"""One request on its way: a native thread writes what the engine says, one reader on an event loop reads it.

The events are llama.cpp's dialect of OpenAI's streamed chat completions. Never here: the native server itself.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from json import loads
from typing import Any

from miniagents.errors import ModelError, ProviderFailedError, RequestRefusedError

from .errors import one_line

__all__ = ["Completion", "Job"]

_REFUSED_CODES = range(400, 500)


@dataclass(frozen=True, slots=True)
class Completion:
    """What is known of a reply when its last token has come."""

    id: str
    model: str
    finish_reason: str
    """`stop`, or `length` where `max_tokens` or the context was used up."""
    input_tokens: int
    """All tokens of the prompt, the template's own included."""
    output_tokens: int
    cached_tokens: int
    """How many of `input_tokens` were still in memory from an earlier request."""
    timings: Mapping[str, float] = field(default_factory=dict)
    """llama.cpp's own clock: `prompt_ms`, `predicted_ms`, `predicted_per_second`, …"""
    reasoning: str = ""
    """What a reasoning model thought before it answered; no part of the reply."""


class Job:
    """The pieces of one reply, from the thread that generates to the loop that reads.

    A fast engine wakes the loop once for all pieces that it has made since the reader last looked.
    """

    def __init__(self, model: str, path: str) -> None:
        self._model = model
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._arrival = asyncio.Event()
        self._waking = False
        self._aborted = False
        self._ended = False
        self._pieces: deque[str | Completion | ModelError] = deque()
        self._finish_reason = ""
        self._reasoning: list[str] = []

    # The reader's side

    async def pieces(self) -> list[str | Completion]:
        """Wait for what comes next, all of it; a `Completion` is the last.

        Raises:
            ModelError: what the engine failed with, after everything that came before it.
        """
        while not self._pieces:
            self._arrival.clear()
            await self._arrival.wait()
        arrived: list[str | Completion] = []
        while self._pieces:
            if not isinstance(piece := self._pieces[0], ModelError):
                arrived.append(piece)
            elif arrived:
                break
            else:
                raise piece
            self._pieces.popleft()
        return arrived

    def abort(self) -> None:
        """Say that nobody wants the rest; the engine stops at its next token, or between two batches of the prompt."""
        self._aborted = True

    # The native thread's side

    def receive(self, data: bytes) -> bool:
        """Take one event; true tells the engine to stop."""
        if self.unwanted:
            return True
        self._take(loads(data))
        return self._aborted

    @property
    def unwanted(self) -> bool:
        """Whether to stop: also when the program is ending, for native code must not outlive the interpreter."""
        return self._aborted or not threading.main_thread().is_alive()

    def fail(self, error: ModelError) -> None:
        """End the reply with an error."""
        self._aborted = True
        self._put(error)

    def end(self) -> None:
        """Say that the engine has returned; a reply that has no end by now never gets one."""
        if not self._ended and not self.unwanted:
            self.fail(ProviderFailedError("the generation broke off", host=self._path))

    def _take(self, event: dict[str, Any]) -> None:
        if error := event.get("error"):
            self.fail(self._failure(error))
        for choice in event.get("choices", ()):
            delta = choice.get("delta", {})
            if text := delta.get("content"):
                self._put(text)
            if thought := delta.get("reasoning_content"):
                self._reasoning.append(thought)
            self._finish_reason = choice.get("finish_reason") or self._finish_reason
        if usage := event.get("usage"):
            self._ended = True
            self._put(self._completion(event, usage))

    def _put(self, piece: str | Completion | ModelError) -> None:
        self._pieces.append(piece)
        if not self._waking:
            self._waking = True
            try:
                self._loop.call_soon_threadsafe(self._wake)
            except RuntimeError:  # the loop was closed: nobody reads any more
                self._aborted = True

    def _wake(self) -> None:
        self._waking = False  # before the reader looks, so that a piece it does not see wakes it again
        self._arrival.set()

    def _completion(self, event: dict[str, Any], usage: dict[str, Any]) -> Completion:
        return Completion(
            id=event.get("id", ""),
            model=self._model,
            finish_reason=self._finish_reason,
            input_tokens=usage.get("prompt_tokens", 0),
            output_tokens=usage.get("completion_tokens", 0),
            cached_tokens=usage.get("prompt_tokens_details", {}).get("cached_tokens", 0),
            timings=event.get("timings", {}),
            reasoning="".join(self._reasoning),
        )

    def _failure(self, error: dict[str, Any]) -> ModelError:
        cause = one_line(error.get("message", "it gave no reason"))
        if error.get("type") == "exceed_context_size_error":
            cause = f"the conversation has {error.get('n_prompt_tokens')} tokens, the context {error.get('n_ctx')}"
            return RequestRefusedError(cause, host=self._path, cure="shorten it, or raise `context_tokens`")
        kind = RequestRefusedError if error.get("code") in _REFUSED_CODES else ProviderFailedError
        return kind(cause, host=self._path)
