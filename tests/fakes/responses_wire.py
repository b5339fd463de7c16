"""OpenAI's responses: what the API says to a request, piece by piece.

Knows neither scripts nor connections; has the same functions as `openai_wire` and `anthropic_wire`.
Wire format: https://platform.openai.com/docs/api-reference/responses and .../responses-streaming, as the SDK 3.57 types
it (2026-11-25).
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from tests.fakes import blocks
from tests.fakes.contents import text_of
from tests.fakes.encoding import Json, to_json
from tests.fakes.openai_errors import REQUEST_ID, error, key, models, no_such_url
from tests.fakes.responses_items import NUMBER, event, items_of, said
from tests.fakes.responses_requests import objection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.connection import Request
    from tests.fakes.replies import Answer

__all__ = [
    "PATH",
    "REQUEST_ID",
    "asked",
    "broken",
    "closing",
    "empty",
    "error",
    "event",
    "failed",
    "key",
    "models",
    "no_such_url",
    "objection",
    "opening",
    "says_failed",
    "texts",
    "tokens",
    "whole",
    "whole_failed",
]

PATH = "/v1/responses"

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
_NUMBER = to_json(NUMBER)


def texts(body: Json) -> Iterator[tuple[str, str]]:
    """The role and the text of each item of a request, the instructions first."""
    yield "system", text_of(body.get("instructions"))
    given = body.get("input") or ()
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    yield from ((item.get("role") or item["type"], text_of(item)) for item in items)


def asked(body: Json) -> dict[str, Any]:  # the answer's form is always the same
    """What a request says of the answer's form, as fields of `Answer`."""
    return {"include_usage": True}


def _usage(answer: Answer) -> Json:
    usage = answer.usage
    cached = {"cached_tokens": usage.cached_tokens, "cache_write_tokens": usage.cache_written_tokens}
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": cached,
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.thinking_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def _response(answer: Answer, status: str, *, usage_told: bool, **more: Any) -> Json:
    return {
        "id": f"resp_{answer.number}",
        "object": "response",
        "created_at": answer.created_s,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "metadata": {},
        "model": answer.model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": _usage(answer) if usage_told else None,
        **more,
    }


def whole(answer: Answer) -> Json:
    """The answer in one piece."""
    output = [item.whole for item in items_of(answer) if item.pieces or item.whole["type"] != "message"]
    reason = _INCOMPLETE.get(answer.finish_reason)
    more = {"incomplete_details": {"reason": reason}} if reason else {}
    status, usage_told = "incomplete" if reason else "completed", answer.usage_times > 0
    return _response(answer, status, usage_told=usage_told, output=output, **more)


def whole_failed(request: Request, answer: Answer) -> Json:
    """The answer in one piece that says of itself that it failed."""
    told = error(request, 500)["error"]["message"]
    return _response(answer, "failed", usage_told=False, error={"code": "server_error", "message": told})


def _numbered(events: list[bytes], first: int) -> list[bytes]:
    """Give the events their numbers, from the first on."""
    numbers, numbered = count(first), list[bytes]()
    for each in events:
        start, *others = each.split(_NUMBER)
        numbered.append(b"".join([start, *(b"%d%b" % (next(numbers), other) for other in others)]))
    return numbered


def _count(events: list[bytes]) -> int:
    return sum(each.count(_NUMBER) for each in events)


def _opening(answer: Answer) -> list[bytes]:
    begun = _response(answer, "in_progress", usage_told=False)
    going_on = _response(answer, "in_progress", usage_told=answer.usage_times > 1)
    first = [said("response.created", response=begun), said("response.in_progress", response=going_on)]
    return [*first, *items_of(answer)[0].opened(0)]


def opening(answer: Answer) -> list[bytes]:
    """The events before the first piece."""
    return _numbered(_opening(answer), 0)


def tokens(answer: Answer) -> list[bytes]:
    """One event for each piece: of the thinking, of the text, and of the tool calls, one after the other.

    With the first of an item comes what is between it and the item before.
    """
    return _numbered(blocks.streamed(items_of(answer)), _count(_opening(answer)))


def closing(answer: Answer) -> list[bytes]:
    """The events after the last piece, the end mark last."""
    items = items_of(answer)
    sent = _count(_opening(answer)) + _count(blocks.streamed(items))
    return _numbered([*blocks.closed(items), _end(answer)], sent)


def _end(answer: Answer) -> bytes:
    response = whole(answer)
    return said(f"response.{response['status']}", response=response)


def empty(answer: Answer) -> list[bytes]:
    """The events of a stream with no piece."""
    return _numbered([*_opening(answer)[:2], _end(answer)], 0)


def failed(request: Request, sent: int = 0) -> list[bytes]:
    """The events of a stream that fails on its way, when so many were sent."""
    told = error(request, 500)["error"]
    return _numbered([said("error", code="server_error", message=told["message"], param=None)], sent)


def says_failed(request: Request, answer: Answer, sent: int = 0) -> list[bytes]:
    """The events of a stream that says of itself that it failed, when so many were sent."""
    return _numbered([said("response.failed", response=whole_failed(request, answer))], sent)


def broken(junk: bytes) -> bytes:
    """An event with data that is not JSON."""
    return b"event: response.output_text.delta\ndata: " + junk + b"\n\n"
