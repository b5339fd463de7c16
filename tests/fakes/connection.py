"""One client's connection: HTTP/1.1 on asyncio's streams, and the moment at which the client is gone.

Knows no API: requests come out of here with their JSON parsed, responses go in as bytes.
Wire format: RFC 9112, HTTP/1.1 (June 2022).
"""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping
    from ssl import SSLContext

HANDSHAKE_S = 5.0  # ends one in which the client does not take part
LAST_CHUNK = b"0\r\n\r\n"

# Statuses that providers send and the standard library does not know
_PHRASES = {529: "Overloaded"} | {status.value: status.phrase for status in HTTPStatus}


def milestone() -> Future[Any]:
    """Make a future that any thread and any loop may wait for, and none can cancel."""
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    return future


@dataclass(frozen=True, slots=True)
class Request:
    """What one client asked.

    Attributes:
        number: Counts the server's requests from 1.
        connection: Counts the server's connections from 1; requests over a connection that was kept alive share it.
        method: GET, POST...
        path: Without the query.
        headers: Their names in lower case.
        body: The parsed JSON, None where it is none.
        received_at: When it was there in full, by `time.monotonic()`, which is asyncio's clock too.
        closed: Resolves to the time at which the client closed the connection (or raises, see `client_closed`).
    """

    number: int
    connection: int
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    received_at: float
    closed: Future[float] = field(repr=False, compare=False)

    async def client_closed(self) -> float:
        """Wait until the client closes the connection, from any event loop.

        Returns:
            The time of it by `time.monotonic()`.

        Raises:
            ConnectionAbortedError: It was the server that closed it.
        """
        return await asyncio.wrap_future(self.closed)

    def wait_closed(self, timeout_s: float) -> float:
        """As `client_closed`, for a thread; raises TimeoutError when the time is over."""
        return self.closed.result(timeout_s)


class Connection(asyncio.StreamReaderProtocol):
    """A connection that a task serves; the task is cancelled the moment the client is gone, whatever it waits for."""

    def __init__(
        self,
        number: int,
        requests: Iterator[int],
        serve: Callable[[Connection], Coroutine[Any, Any, None]],
        tls: SSLContext | None = None,
    ) -> None:
        self.number = number
        self.client_closed: Future[float] = milestone()
        self.closing = False  # by the server
        self.lost = asyncio.Event()
        self.task: asyncio.Task[None]
        self._requests = requests  # counts those of all connections
        self._serve = serve
        self._tls = tls
        super().__init__(asyncio.StreamReader(), self._opened)

    def _opened(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        if self._tls:
            writer.transport.pause_reading()  # type: ignore[attr-defined]  # what comes first is not for the reader
        self.task = asyncio.create_task(self._serve(self), name=f"connection {self.number}")
        if self.closing:  # the server was left while this one was being accepted
            self.abort()

    async def secure(self) -> None:
        """Agree on encryption, where there shall be any; raises OSError if the client does not."""
        if self._tls is None:
            return
        loop, self._plain_writer = asyncio.get_running_loop(), self._writer  # a writer that is dropped, closes
        try:
            transport = await loop.start_tls(
                self._writer.transport, self, self._tls, server_side=True, ssl_handshake_timeout=HANDSHAKE_S
            )
            if transport is None:
                raise ConnectionAbortedError("the client has left")
        except OSError:
            self.lost.set()  # of which the loop tells only those that it told of a connection
            raise
        self._writer = asyncio.StreamWriter(transport, self, self._reader, loop)

    def eof_received(self) -> bool | None:
        """Take the client's end of sending for its leaving: none of ours closes one half only."""
        self._client_gone()
        return super().eof_received() if self._tls is None else None

    def connection_lost(self, exc: Exception | None) -> None:
        """Learn that the socket is closed, by whichever side."""
        self._client_gone()
        super().connection_lost(exc)
        self.lost.set()

    def _client_gone(self) -> None:
        if not self.client_closed.done():
            if self.closing:
                self.client_closed.set_exception(ConnectionAbortedError("the server closed the connection first"))
            else:
                self.client_closed.set_result(time.monotonic())
        self.task.cancel()

    def close(self) -> None:
        """Close once all that was sent is out."""
        self.closing = True
        self._writer.close()

    def abort(self) -> None:
        """Close at once."""
        self.closing = True
        if hasattr(self, "task"):
            self._writer.transport.abort()

    async def read(self) -> Request:
        """Read the next request (its body by content-length, as both SDKs send it)."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, target, _ = line.split(" ")
        named = (field.partition(":") for field in fields)
        headers = {name.lower(): value.strip() for name, _, value in named}
        content = await self._reader.readexactly(int(headers.get("content-length", "0")))
        try:
            body = json.loads(content)
        except ValueError:
            body = None
        return Request(
            number=next(self._requests),
            connection=self.number,
            method=method,
            path=target.partition("?")[0],
            headers=headers,
            body=body,
            received_at=time.monotonic(),
            closed=self.client_closed,
        )

    async def send(self, data: bytes) -> None:
        """Send, and wait while the client is slower than we are."""
        self._writer.write(data)
        await self._writer.drain()


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """The status line and the headers of a response."""
    lines = [f"HTTP/1.1 {status} {_PHRASES.get(status, 'Unknown')}", *(f"{name}: {headers[name]}" for name in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def whole(status: int, headers: Mapping[str, str], body: bytes) -> bytes:
    """A response in one piece."""
    return head(status, {**headers, "content-length": str(len(body))}) + body


def chunk(data: bytes) -> bytes:
    """One chunk of a response of unknown length."""
    return b"%x\r\n%b\r\n" % (len(data), data)
