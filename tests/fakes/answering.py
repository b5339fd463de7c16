"""How a scripted reply goes out on a connection, in the shape of an API, faults included."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tests.fakes.connection import LAST_CHUNK, chunk, head, whole
from tests.fakes.encoding import to_json
from tests.fakes.replies import Answer, Reply, Usage, split

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.fakes.connection import Connection, Request
    from tests.fakes.encoding import Json
    from tests.fakes.wire import Wire

BURST_EVENTS = 512  # to one write: some 100 KiB, what the kernel takes at once on the loopback interface

_JUNK = b"upstream connect error or disconnect/reset before headers"
_PAGE = b"<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><h1>Please sign in</h1></body></html>\n"


class Exchange:
    """One request, and what it is answered with."""

    def __init__(self, connection: Connection, wire: Wire, request: Request) -> None:
        self._connection = connection
        self._wire = wire
        self._request = request

    async def send_json(self, status: int, body: Json, headers: Mapping[str, str] | None = None) -> None:
        """Answer with one object."""
        await self._send_whole(status, "application/json", to_json(body), headers or {})

    async def _send_whole(self, status: int, content_type: str, body: bytes, headers: Mapping[str, str]) -> None:
        await self._connection.send(whole(status, {**self._headers(content_type), **headers}, body))

    def _headers(self, content_type: str) -> dict[str, str]:
        return {"content-type": content_type, self._wire.REQUEST_ID: f"req_{self._request.number}"}

    async def perform(self, reply: Reply, *, burst: bool) -> None:
        """Answer as the script says; with `burst`, tokens without delay go out many to a write."""
        await asyncio.sleep(reply.first_delay_s)
        streamed = self._request.body.get("stream") is True
        if reply.fault == "cut_before":
            self._connection.close()
        elif reply.fault in ("html_200", "html_502"):
            await self._send_whole(int(reply.fault.removeprefix("html_")), "text/html", _PAGE, {})
        elif reply.status != HTTPStatus.OK:
            await self._send_error(reply)
        elif reply.fault == "stall" and (reply.after is None or not streamed):
            await _forever()
        elif streamed:
            await self._stream(reply, self._answer(reply), burst=burst)
        else:
            await self._speak(reply, self._answer(reply))

    async def _send_error(self, reply: Reply) -> None:
        message = reply.text if isinstance(reply.text, str) else None
        headers = {} if reply.retry_after_s is None else {"retry-after": f"{reply.retry_after_s:g}"}
        await self.send_json(reply.status, self._wire.error(self._request, reply.status, message), headers)

    def _answer(self, reply: Reply) -> Answer:
        body = self._request.body
        heard = [message for message in body["messages"] if message["role"] == "user"]
        tokens = reply.tokens(_text(heard[-1]["content"]) if heard else "")
        counted = sum(len(split(text)) for text in _texts(body))
        return Answer(
            number=self._request.number,
            model=reply.model or body["model"],
            tokens=tokens,
            usage=reply.usage or Usage(counted, len(tokens)),
            finish_reason=reply.finish_reason,
            created_s=int(time.time()),
            include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
        )

    async def _speak(self, reply: Reply, answer: Answer) -> None:
        """Send the answer in one piece, after the time that its tokens take."""
        await asyncio.sleep(reply.delay_s * max(len(answer.tokens) - 1, 0))
        body = to_json(self._wire.whole(answer))
        if reply.fault == "not_json":
            body = _JUNK
        elif reply.fault == "error_event":
            body = to_json(self._wire.error(self._request, HTTPStatus.INTERNAL_SERVER_ERROR))
        if reply.fault == "cut":
            headers = {**self._headers("application/json"), "content-length": str(len(body))}
            await self._connection.send(head(HTTPStatus.OK, headers) + body[: len(body) // 2])
            self._connection.close()
        elif reply.fault == "no_end":
            headers = {**self._headers("application/json"), "connection": "close"}
            await self._connection.send(head(HTTPStatus.OK, headers) + body)
            self._connection.close()
        else:
            await self._send_whole(HTTPStatus.OK, "application/json", body, {})

    async def _stream(self, reply: Reply, answer: Answer, *, burst: bool) -> None:
        """Send the answer as events, and then end as the fault says."""
        ended_by_closing = reply.fault == "no_end"
        framing = {"connection": "close"} if ended_by_closing else {"transfer-encoding": "chunked"}
        headers = {**self._headers("text/event-stream; charset=utf-8"), "cache-control": "no-cache", **framing}
        await self._connection.send(head(HTTPStatus.OK, headers))
        for data, delay_s in _grouped(*self._events(reply, answer), reply.delay_s, burst=burst):
            await asyncio.sleep(delay_s)
            await asyncio.sleep(0)  # two turns at least: a client in the same loop gets each event by itself
            await self._connection.send(b"".join(data if ended_by_closing else map(chunk, data)))
        if reply.fault == "stall":
            await _forever()
        elif reply.fault in ("cut", "no_end"):
            self._connection.close()
        else:
            await self._connection.send(LAST_CHUNK)

    def _events(self, reply: Reply, answer: Answer) -> tuple[list[bytes], list[bytes], list[bytes]]:
        """What goes out: the events before the tokens, those of the tokens, and those after them."""
        wire = self._wire
        opening = wire.opening(answer)
        tokens = wire.tokens(answer)[: reply.tokens_before_fault(len(answer.tokens))]
        match reply.fault:
            case "cut" | "stall":
                return opening, tokens, []
            case "no_end":
                return opening, tokens, wire.closing(answer)[:-1] if reply.after is None else []
            case "error_event":
                return opening, tokens, wire.failed(self._request)
            case "not_json":
                return [] if reply.after is None else opening, tokens, [wire.broken(_JUNK)]
            case "empty":
                return wire.empty(answer), [], []
            case _:
                return opening, tokens, wire.closing(answer)


def _grouped(
    opening: list[bytes], tokens: list[bytes], closing: list[bytes], delay_s: float, *, burst: bool
) -> Iterator[tuple[list[bytes], float]]:
    """The events that go out together, with the seconds to wait before them."""
    if burst and not delay_s:
        events = [*opening, *tokens, *closing]
        yield from ((events[start : start + BURST_EVENTS], 0) for start in range(0, len(events), BURST_EVENTS))
        return
    yield from (([event], 0) for event in opening)
    yield from (([event], delay_s if place else 0) for place, event in enumerate(tokens))
    yield from (([event], 0) for event in closing)


async def _forever() -> None:
    await asyncio.Event().wait()


def _texts(body: Json) -> Iterator[str]:
    """All texts of a request, the system's included."""
    yield _text(body.get("system"))
    yield from (_text(message.get("content")) for message in body["messages"])


def _text(content: Any) -> str:
    """The text of a message's content, which is a string or a list of parts."""
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""
