"""An HTTP proxy on the loopback interface: it forwards, or refuses, and remembers what it was asked for.

    async with Proxy() as proxy: ...  # HTTP_PROXY=proxy.url
    async with Proxy(refuse=407) as proxy: ...

Knows no API. What goes through a tunnel (CONNECT, for https) it does not see; requests for http come to it whole.
Wire format: RFC 9110, section 9.3.6 "CONNECT", and RFC 9112, section 3.2.2 "absolute-form" (June 2022).
"""

from __future__ import annotations

import asyncio
import base64
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from tests.fakes.connection import head, whole

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

_GONE = (ConnectionError, asyncio.IncompleteReadError)
_HEADERS = {407: {"proxy-authenticate": 'Basic realm="fake"'}}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a client asked of the proxy.

    Attributes:
        method: GET, POST…, or CONNECT.
        target: Where to: a whole URL, or host:port with CONNECT.
        headers: Their names in lower case; those of a tunnel's opening with CONNECT.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)  # may hold keys


class Proxy:
    """The proxy; it listens while it is entered.

    Attributes:
        seen: What it was asked for, refused or not, in order.
    """

    def __init__(self, *, refuse: int | None = None, user: str = "") -> None:
        """Make one that answers all with a status, or lets through who comes as `user` ("name:password")."""
        self.seen: list[Seen] = []
        self._refuse = refuse
        self._user = user
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end; with what its user is called by, if there is one."""
        return f"http://{self._user}{'@' if self._user else ''}127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        for defect in ends:
            if isinstance(defect, Exception):  # of the proxy: the test that met it shall know
                raise defect

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with _closing(writer):
            with suppress(*_GONE):
                await self._take(reader, writer)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the first request, and pass on what belongs to it."""
        method, target, headers, body = await self._read(reader)
        status = self._refuse or (407 if self._is_stranger(headers) else None)
        if status is not None:
            more = {"connection": "close", "content-type": "text/plain", **_HEADERS.get(status, {})}
            writer.write(whole(status, more, b"refused by the proxy"))
            await writer.drain()
            return
        url = urlsplit(f"//{target}" if method == "CONNECT" else target)
        try:
            there, onward = await asyncio.open_connection(url.hostname, url.port or 80)
        except OSError:
            writer.write(whole(502, {"connection": "close"}, b"nobody listens there"))
            await writer.drain()
            return
        async with _closing(onward):
            if method == "CONNECT":
                writer.write(head(200, {}))
                await _both_ways(reader, writer, there, onward)
            else:
                back = asyncio.create_task(_pass_on(there, writer))
                try:
                    await self._forward(reader, onward, (method, target, headers, body), back)
                finally:
                    back.cancel()
                    await asyncio.wait([back])

    async def _forward(
        self,
        reader: asyncio.StreamReader,
        onward: asyncio.StreamWriter,
        request: tuple[str, str, dict[str, str], bytes],
        back: asyncio.Task[None],
    ) -> None:
        """Send on one request after the other, as their server wants them, until either side leaves."""
        while True:
            method, target, headers, body = request
            url = urlsplit(target)
            path = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
            lines = [f"{name}: {value}" for name, value in headers.items() if not name.startswith("proxy-")]
            onward.write("\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode("latin-1") + body)
            await onward.drain()
            following = asyncio.create_task(self._read(reader))
            try:
                await asyncio.wait([following, back], return_when=asyncio.FIRST_COMPLETED)
                if not following.done():
                    return  # the server has closed
                request = following.result()
            finally:
                following.cancel()
                await asyncio.wait([following])

    async def _read(self, reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str], bytes]:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip("\r\n").split("\r\n")
        method, target, _ = lines[0].split(" ")
        named = (line.partition(":") for line in lines[1:])
        headers = {name.lower(): value.strip() for name, _, value in named}
        self.seen.append(Seen(method, target, headers))
        return method, target, headers, await reader.readexactly(int(headers.get("content-length", "0")))

    def _is_stranger(self, headers: Mapping[str, str]) -> bool:
        expected = f"Basic {base64.b64encode(self._user.encode()).decode()}"
        return bool(self._user) and headers.get("proxy-authorization") != expected


@asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    """Close a writer at the end."""
    try:
        yield
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _both_ways(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    there: asyncio.StreamReader,
    onward: asyncio.StreamWriter,
) -> None:
    ways = [asyncio.create_task(_pass_on(reader, onward)), asyncio.create_task(_pass_on(there, writer))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.wait(ways)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(2**16):
            writer.write(data)
            await writer.drain()
