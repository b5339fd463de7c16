"""How a scripted reply goes out on a connection, in the shape of an API, faults included."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from tests.fakes.connection import LAST_CHUNK, chunk, head, whole
from tests.fakes.encoding import to_json
from tests.fakes.replies import Answer, Reply, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.fakes.connection import Connection, Request
    from tests.fakes.encoding import Json
    from tests.fakes.wire import Wire

BURST_EVENTS = 512  # to one write: some 100 KiB, what the kernel takes at once on the loopback interface

_JUNK = b"upstream connect error or disconnect/reset before headers"
_PAGE = b"<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><h1>Please sign in</h1></body></html>\n"
_WIDE = "\N{WATER WAVE}"  # four bytes in UTF-8
_CUTS = ("cut", "cut_mid_character", "cut_mid_event")


class Exchange:
    """One request, and what it is answered with."""

    def __init__(self, connection: Connection, wire: Wire, request: Request) -> None:
        self._connection = connection
        self._wire = wire
        self._request = request
        self._more_headers: Mapping[str, str] = {}

    async def send_json(self, status: int, body: Json, headers: Mapping[str, str] | None = None) -> None:
        """Answer with one object."""
        await self._send_whole(status, "application/json", to_json(body), headers or {})

    async def _send_whole(self, status: int, content_type: str, body: bytes, headers: Mapping[str, str]) -> None:
        await self._connection.send(whole(status, {**headers, **self._headers(content_type)}, body))

    def _headers(self, content_type: str) -> dict[str, str]:
        usual = {"content-type": content_type, self._wire.REQUEST_ID: f"req_{self._request.number}"}
        return {**usual, **self._more_headers}

    async def perform(self, reply: Reply, *, burst: bool) -> None:
        """Answer as the script says; with `burst`, tokens without delay go out many to a write."""
        self._more_headers = {name.lower(): value for name, value in reply.headers.items()}
        await asyncio.sleep(reply.first_delay_s)
        streamed = self._request.body.get("stream") is True
        if reply.fault == "cut_before":
            self._connection.close()
        elif reply.fault in ("html_200", "html_502"):
            await self._send_whole(int(reply.fault.removeprefix("html_")), "text/html", _PAGE, {})
        elif reply.fault == "error_200":
            await self.send_json(HTTPStatus.OK, self._wire.error(self._request, HTTPStatus.INTERNAL_SERVER_ERROR))
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
        after = reply.retry_after
        if after is None and reply.retry_after_s is not None:
            after = f"{reply.retry_after_s:g}"
        headers = {} if after is None else {"retry-after": after}
        await self.send_json(reply.status, self._wire.error(self._request, reply.status, message), headers)

    def _answer(self, reply: Reply) -> Answer:
        body, wire = self._request.body, self._wire
        texts = list(wire.texts(body))
        heard = next((text for role, text in reversed(texts) if role == "user"), "")
        return reply.answer(
            heard,
            sum(len(split(text)) for _, text in texts),
            number=self._request.number,
            model=body["model"],
            created_s=int(time.time()),
            **wire.asked(body),
        )

    async def _speak(self, reply: Reply, answer: Answer) -> None:
        """Send the answer in one piece, after the time that its tokens take."""
        await asyncio.sleep(reply.delay_s * max(len(answer.thinking) + len(answer.tokens) - 1, 0))
        body = to_json(self._wire.whole(answer))
        if reply.fault == "not_json":
            body = _JUNK
        elif reply.fault == "error_event":
            body = to_json(self._wire.error(self._request, HTTPStatus.INTERNAL_SERVER_ERROR))
        elif reply.fault == "failed_event":
            body = to_json(self._wire.whole_failed(self._request, answer))
        if reply.fault in _CUTS:
            headers = {"content-length": str(len(body)), **self._headers("application/json")}
            part = body[: len(body) // 2]
            if reply.fault == "cut_mid_character":
                part = _up_to_mid_character(to_json(self._wire.whole(replace(answer, tokens=(*answer.tokens, _WIDE)))))
            await self._connection.send(head(HTTPStatus.OK, headers) + part)
            self._connection.close()
        elif reply.fault == "no_end" or reply.close_delimited:
            headers = {"connection": "close", **self._headers("application/json")}
            await self._connection.send(head(HTTPStatus.OK, headers) + body)
            self._connection.close()
        else:
            await self._send_whole(HTTPStatus.OK, "application/json", body, {})

    async def _stream(self, reply: Reply, answer: Answer, *, burst: bool) -> None:
        """Send the answer as events, and then end as the fault says."""
        ended_by_closing = reply.fault == "no_end" or reply.close_delimited
        framing = {"connection": "close"} if ended_by_closing else {"transfer-encoding": "chunked"}
        headers = {"cache-control": "no-cache", **framing, **self._headers("text/event-stream; charset=utf-8")}
        await self._connection.send(head(HTTPStatus.OK, headers))
        for data, delay_s in _grouped(*self._events(reply, answer), reply.delay_s, burst=burst):
            await asyncio.sleep(delay_s)
            await asyncio.sleep(0)  # two turns at least: a client in the same loop gets each event by itself
            await self._connection.send(b"".join(data if ended_by_closing else map(chunk, data)))
        if reply.fault == "stall":
            await _forever()
        elif ended_by_closing or reply.fault in _CUTS:
            self._connection.close()
        else:
            await self._connection.send(LAST_CHUNK)

    def _events(self, reply: Reply, answer: Answer) -> tuple[list[bytes], list[bytes], list[bytes]]:
        """What goes out: the events before the pieces, those of the pieces, and what comes after them."""
        wire, opening, pieces = self._wire, self._wire.opening(answer), self._wire.tokens(answer)
        sent = reply.pieces_before_fault(len(pieces))
        more = [wire.event(dict(each)) for each in reply.extra_events]
        tokens = [*pieces[: sent // 2], *more, *pieces[sent // 2 : sent]]
        if reply.fault == "empty":
            return wire.empty(answer), [], []
        if reply.fault == "not_json" and reply.after is None:
            opening = []
        following = [*pieces, *wire.closing(answer)][sent]
        return opening, tokens, self._ending(reply, answer, following, _count(opening + tokens))

    def _ending(self, reply: Reply, answer: Answer, following: bytes, sent: int) -> list[bytes]:
        """What comes after the pieces, of which `following` would be next."""
        wire = self._wire
        whole = wire.closing(answer)
        endings: dict[str, Callable[[], list[bytes]]] = {
            "cut": list,
            "stall": list,
            "cut_mid_event": lambda: [following[: len(following) // 2]],
            "cut_mid_character": lambda: [_up_to_mid_character(wire.tokens(_only_wide(answer))[0])],
            "no_end": lambda: whole[:-1] if reply.after is None else [],
            "error_event": lambda: wire.failed(self._request, sent),
            "failed_event": lambda: wire.says_failed(self._request, answer, sent),
            "not_json": lambda: [wire.broken(_JUNK)],
        }
        return endings.get(reply.fault or "", lambda: whole)()


def _count(events: list[bytes]) -> int:
    return sum(each.count(b"\n\n") for each in events)


def _only_wide(answer: Answer) -> Answer:
    return replace(answer, tokens=(_WIDE,), thinking=(), redacted_thinking=False, tool_calls=())


def _up_to_mid_character(data: bytes) -> bytes:
    return data[: data.rindex(_WIDE.encode()) + 2]


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
