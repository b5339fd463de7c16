"""The model behind OpenAI's Responses API, for `openai_agent(api="responses")`.

Wire format: https://platform.openai.com/docs/api-reference/responses, as the SDK 3.57 types it (2026-11-26). Never: the
SDK, or `responses_events`, before the first call; the environment.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from .endpoint import Endpoint
from .events import written
from .faults import no_answer, words_of
from .openai_client import connected
from .provider import Answer, Question
from .sdk import SdkProvider

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from openai import AsyncOpenAI

    from ...content import Part
    from .responses_events import ResponseEvents

__all__ = ["Responses"]

_NO_THOUGHTS: Final = "ncrypted content"
"""What the API says where a model does not think, of our wish for its thoughts."""
_ITEM: Final = re.compile(r"Item (?:with id )?'([^']+)'")
"""How the API names an item that it does not take back: without the thought that it came of, or where it kept none."""
_REFUSED: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)


class Responses(SdkProvider[dict[str, Any]]):
    """A provider; see `Provider`. Nothing is kept at OpenAI's: what a model thought is sent along, encrypted."""

    api = "responses"
    service = "openai"

    @staticmethod
    def connect(endpoint: Endpoint) -> "AsyncOpenAI":
        """Make the SDK's client."""
        return connected(endpoint)

    def encode(self, question: Question) -> dict[str, Any]:
        """Return the request, but for the options that stay as they are given."""
        from .responses_turns import request_of  # noqa: PLC0415 - most ask for chat completions

        return request_of(question, self.options, self.host)

    def decoder(self, answer: Answer, headers: Mapping[str, str]) -> "ResponseEvents":
        """Return what reads the events of a stream."""
        from .responses_events import ResponseEvents  # noqa: PLC0415 - it was `imported`

        return ResponseEvents(answer, self.endpoint, self.model, headers=headers)

    async def opened(self, request: dict[str, Any]) -> Any:
        """Ask for a stream."""
        return await self._asked(self.open, request)

    async def whole(self, request: dict[str, Any], answer: Answer) -> "AsyncGenerator[str | Part, None]":
        """Give the content of a response that comes in one piece."""
        from .responses_events import take_whole  # noqa: PLC0415 - it was `imported`

        response = await self._asked(self.send, {**request, "stream": False})
        if getattr(response, "output", None) is None or getattr(response, "error", None):
            raise no_answer(response, self.endpoint, self.model)
        data = written(response)
        for piece in take_whole(data, answer):
            yield piece

    async def _asked(self, ask: Callable[..., Awaitable[Any]], request: dict[str, Any]) -> Any:
        """Ask, and again without what the API does not take of what we add: thoughts, and items that it made itself."""
        while True:
            try:
                return await ask(_responses, **request)
            except Exception as error:
                words = words_of(getattr(error, "body", None), self.endpoint)
                less = _less(request, words) if getattr(error, "status_code", None) in _REFUSED else None
                if less is None:
                    raise
            request = less


def _less(request: Mapping[str, Any], words: str) -> dict[str, Any] | None:
    """Return a request without what these words are about; None where that is not of our own adding."""
    if _NO_THOUGHTS in words and "include" in request:
        return {name: value for name, value in request.items() if name != "include"}
    named = _ITEM.search(words)
    items = request.get("input", ())
    left = [item for item in items if named is not None and item.get("id") != named[1]]
    return {**request, "input": left} if left and len(left) < len(items) else None


def _responses(client: "AsyncOpenAI") -> Any:
    return client.responses
