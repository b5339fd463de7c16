"""A connection with one server: it is started or asked, says what tools it has, calls them, and is gone at the end.

A server that says that its tools are others now is asked for them again. What it asks of us (a model's answer, a
person's, our folders) is refused by the SDK, which has told it beforehand that there is none of it.

Where the SDK is given time, so is the server: one that does not go by itself is killed, with all that it has started.

In: a `Server`. Out: a `Connection`; errors in one line, with what the server said last. Never: a model, a person.
"""

import asyncio
import logging
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TextIO
from urllib.parse import urlsplit

from miniagents.safe_text import one_line

from .errors import ServerError
from .servers import Server

if TYPE_CHECKING:
    from mcp import Client, Tool
    from mcp_types import CallToolResult

__all__ = ["START_S", "Connection", "connected"]

START_S: Final = 60.0
"""How long a server may take to be there: one that `npx` or `uvx` fetches first takes half a minute."""
_PAGES: Final = 100
"""So many pages of tools are read; a server that has more of them has no end."""
_LAST_LINES: Final = 5
_LONGEST_LINE: Final = 4096
"""Bytes of a line of standard error that are looked at."""
_KEYLESS: Final = ("401", "403")
_OTHER_TOOLS: Final = "notifications/tools/list_changed"
_logger = logging.getLogger("miniagents.mcp")


class _Heard:
    """What a server said beside its answers."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=_LAST_LINES)
        """The last of its standard error."""
        self.refusal = ""
        """The status of the last response, if it was an error."""
        self.is_garbled = False
        """Whether there was something that is no MCP."""
        self.other_tools = asyncio.Event()
        """Set when it has said that its tools are no longer those that it told of."""

    async def take_response(self, response: Any) -> None:
        """Take in a response over HTTP."""
        self.refusal = f"{response.status_code} {response.reason_phrase}".strip() if response.is_error else ""

    async def take(self, message: object) -> None:
        """Take in what is no answer."""
        self.is_garbled = self.is_garbled or isinstance(message, Exception)
        if getattr(message, "method", "") == _OTHER_TOOLS:
            self.other_tools.set()


class Connection:
    """A server that is there."""

    def __init__(self, server: Server, client: "Client", tools: "Sequence[Tool]", heard: _Heard) -> None:
        self.server = server
        self.tools = tools
        """What it offers now: another sequence when it says that it offers something else."""
        self.is_over = False
        """Whether a call has found that the server has ended."""
        self._client = client
        self._heard = heard

    async def call(self, name: str, arguments: Mapping[str, Any]) -> "CallToolResult":
        """Call a tool; cancelling this cancels the call there.

        Raises:
            ServerError: There is no answer, or none that MCP knows.
        """
        try:
            return await self._client.call_tool(name, dict(arguments), read_timeout_seconds=self.server.timeout_s)
        except Exception as error:
            self.is_over = self.is_over or _is_closed(error)
            raise _failure(self.server, error, self._heard) from error


@asynccontextmanager
async def connected(server: Server, *, start_s: float = START_S) -> AsyncIterator[Connection]:
    """Start or ask a server, and let it go at the end. To be left by the task that entered it.

    Args:
        server: Which.
        start_s: How long it may take to be there.

    Raises:
        ServerError: It does not start, does not answer in time, or answers what is no MCP.
    """
    heard = _Heard()
    sdk = await asyncio.to_thread(_sdk)
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(start_s):
                client = await stack.enter_async_context(await _client(sdk, server, stack, heard))
                await _subscribe(client, stack)
                connection = Connection(server, client, await _tools(client), heard)
        except Exception as error:
            await stack.aclose()  # so that all that it said is there
            raise _failure(server, error, heard, start_s=start_s) from error
        renewing = asyncio.create_task(_renew(connection, client, heard))
        try:
            yield connection
        finally:
            renewing.cancel()
            await asyncio.wait([renewing])
            await stack.aclose()  # before an error of whoever is connected gets into the SDK's task groups


async def _client(sdk: Any, server: Server, stack: AsyncExitStack, heard: _Heard) -> "Client":
    if server.url:
        from mcp.client.streamable_http import streamable_http_client  # noqa: PLC0415 - where a server is elsewhere
        from mcp.shared._httpx_utils import create_mcp_http_client  # noqa: PLC0415 - as above

        http = await stack.enter_async_context(create_mcp_http_client(headers=dict(server.headers)))
        http.event_hooks = {"response": [heard.take_response]}  # of which the SDK tells nothing but that it is an error
        transport: Any = streamable_http_client(server.url, http_client=http)
    else:
        from mcp.client.stdio import stdio_client  # noqa: PLC0415 - where one is started here

        parameters = sdk.StdioServerParameters(
            command=server.command, args=[*server.args], env=dict(server.env), cwd=server.cwd
        )
        errors = await stack.enter_async_context(_standard_error(server, heard))
        transport = stdio_client(parameters, errors)
    client: Client = sdk.Client(
        transport,
        client_info=sdk.Implementation(name="miniagents", version=_version()),
        cache=None,
        message_handler=heard.take,
    )
    return client


def _sdk() -> Any:
    """Import it, which takes a second, and see to it that what it logs does not get on a terminal by itself."""
    import mcp  # noqa: PLC0415 - as the docstring says

    for name in ("mcp", "client"):  # the SDK logs under both names
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
    return mcp


def _version() -> str:
    from miniagents import __version__  # noqa: PLC0415 - one that is read late is the one that is there

    return __version__


async def _tools(client: "Client") -> "list[Tool]":
    if client.server_capabilities.tools is None:
        return []
    tools: list[Tool] = []
    cursor: str | None = None
    for _ in range(_PAGES):
        page = await client.list_tools(cursor=cursor)
        tools += page.tools
        cursor = page.next_cursor
        if not cursor:
            return tools
    raise ServerError(f"it lists no end of tools ({len(tools)} so far)")


async def _subscribe(client: "Client", stack: AsyncExitStack) -> None:
    """Ask to be told of other tools; servers of before 2026-07-28 tell unasked."""
    from mcp import MCPError  # noqa: PLC0415 - it is imported already
    from mcp.client.subscriptions import ListenNotSupportedError, SubscriptionLost  # noqa: PLC0415 - as above

    told = client.server_capabilities.tools
    if told is not None and told.list_changed:
        with suppress(ListenNotSupportedError, SubscriptionLost, MCPError):  # then it tells unasked, or not at all
            await stack.enter_async_context(client.listen(tools_list_changed=True))


async def _renew(connection: Connection, client: "Client", heard: _Heard) -> None:
    """Ask for the tools again whenever the server says that they are others, until this is cancelled."""
    name = one_line(connection.server.name)
    while await heard.other_tools.wait():
        heard.other_tools.clear()
        try:
            connection.tools = await _tools(client)
        except Exception as error:  # noqa: BLE001 - whatever it is: those that it told of before are what there is
            _logger.info("%s: it has other tools, and does not tell which: %s", name, one_line(repr(error)))
        else:
            _logger.info("%s: it has other tools", name)


@asynccontextmanager
async def _standard_error(server: Server, heard: _Heard) -> AsyncIterator[TextIO]:
    """Give a file for what a server says beside MCP: it goes to our log, and the last of it into our errors."""
    if sys.platform == "win32":
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123, ASYNC230 - it is no path
            yield nowhere
        return
    reading, writing = os.pipe()
    pipe = os.fdopen(reading, "rb")
    protocol = _Lines(server, heard)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)
    try:
        with os.fdopen(writing, "w") as file:
            yield file
    finally:
        await asyncio.sleep(0)  # what came with the end of it
        transport.close()
        await protocol.gone.wait()


class _Lines(asyncio.Protocol):
    """Takes in lines that a server writes."""

    def __init__(self, server: Server, heard: _Heard) -> None:
        self.gone = asyncio.Event()
        self._server = server
        self._heard = heard
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:_LONGEST_LINE]
        for line in lines:
            self._take(line[:_LONGEST_LINE])

    def connection_lost(self, _error: Exception | None) -> None:
        self._take(self._rest)
        self.gone.set()

    def _take(self, line: bytes) -> None:
        if told := self._server.without_secrets(line.decode("utf-8", "replace")):
            self._heard.lines.append(told)
            _logger.info("%s: %s", one_line(self._server.name), told)


def _failure(server: Server, error: BaseException, heard: _Heard, *, start_s: float = 0.0) -> ServerError:
    """Return what went wrong, in one line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    told = next(_told(server, error, start_s))
    if heard.is_garbled:
        told += ", and it says what is no MCP"
    if heard.refusal:
        told += f" ({heard.refusal})" + ("; see to its headers" if heard.refusal[:3] in _KEYLESS else "")
    last = f" (it said: {heard.lines[-1]})" if heard.lines and (start_s or _is_closed(error)) else ""
    return ServerError(f"MCP server {one_line(server.name)}: {told}{last}")


def _told(server: Server, error: BaseException, start_s: float) -> Iterator[str]:
    """Give what there is to say of an error, the best first."""
    from mcp import MCPError  # noqa: PLC0415 - it is imported already
    from mcp_types import REQUEST_TIMEOUT  # noqa: PLC0415 - as above

    if _is_closed(error):
        yield "it has ended" if server.command else "the connection has ended"
    if isinstance(error, MCPError) and error.code == REQUEST_TIMEOUT:
        yield f"it did not answer within {server.timeout_s:g} s" if server.timeout_s else "it did not answer in time"
    if isinstance(error, ServerError | MCPError):
        yield server.without_secrets(str(error)) or "it failed, and does not say why"
    if isinstance(error, TimeoutError):
        yield f"it did not answer within {start_s:g} s"
    if isinstance(error, OSError) and server.command:
        yield f"{one_line(server.command)} cannot be started: {(error.strerror or 'it fails').lower()}"
    if type(error).__name__ in {"ConnectError", "ConnectTimeout"}:  # of the SDK's own httpx
        yield f"nobody answers at {urlsplit(server.url).hostname}"
    if type(error).__name__ == "ValidationError":
        yield "what it answers is no MCP"
    yield server.without_secrets(str(error).partition("\n")[0]) or type(error).__name__


def _is_closed(error: BaseException) -> bool:
    from mcp_types import CONNECTION_CLOSED  # noqa: PLC0415 - it is imported already

    return getattr(error, "code", 0) == CONNECTION_CLOSED
