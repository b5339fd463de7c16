"""The tools of servers for a chat: `--tool mcp` is all of them, `mcp:NAME` one, `mcp:FILE` those of a file.

In: what stands behind the colon, an environment. Out: tools, while they are wanted. Never: who asks for them.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from miniagents.errors import MiniagentsError
from miniagents.plugins.holding import Holder
from miniagents.tools import Tool

from .connection import Connection, connected
from .errors import ServerError
from .offered import tools_of
from .servers import Entry, Server, chosen

if TYPE_CHECKING:
    from mcp import Tool as TheirTool
    from mcp_types import CallToolResult

__all__ = ["Kept", "open_tools", "opened"]


class Kept:
    """A server as long as it is wanted: one that has ended is started anew when it is called again."""

    def __init__(self, entry: Entry, environment: Mapping[str, str]) -> None:
        """Begin to start it."""
        self._entry = entry
        self._environment = environment
        self._holder = Holder(_resolved(entry, environment))
        self._turn = asyncio.Lock()
        self._last: Connection

    @property
    def server(self) -> Server:
        """Which; known when it is there."""
        return self._last.server

    @property
    def tools(self) -> "Sequence[TheirTool]":
        """What it offers, or did at last; see `Connection.tools`."""
        return self._last.tools

    async def is_there(self) -> None:
        """Return when it is.

        Raises:
            MiniagentsError: It cannot be used.
        """
        self._last = await self._holder.thing()

    async def call(self, name: str, arguments: Mapping[str, Any]) -> "CallToolResult":
        """Call a tool.

        Raises:
            MiniagentsError: There is no answer.
        """
        return await (await self._living()).call(name, arguments)

    async def _living(self) -> Connection:
        async with self._turn:
            try:
                connection = await self._holder.thing()
                if not connection.is_over:
                    return connection
            except MiniagentsError:  # it could not be started anew the last time
                pass
            await self._holder.close()
            self._holder = Holder(_resolved(self._entry, self._environment))
            await self.is_there()
            return self._last

    async def close(self) -> None:
        """Let it go."""
        await self._holder.close()


class _Tools(Sequence[Tool]):
    """The tools of servers, always those that they offer now."""

    def __init__(self, servers: Sequence[Kept]) -> None:
        self._servers = servers
        self._names: dict[tuple[str, str], str] = {}
        self._offered: list[Sequence[TheirTool]] = []
        self._tools: list[Tool] = []

    def _now(self) -> list[Tool]:
        offered = [server.tools for server in self._servers]
        if offered != self._offered:
            self._offered = offered
            self._tools = tools_of(self._servers, self._names)
        return self._tools

    def __len__(self) -> int:
        return len(self._now())

    def __getitem__(self, at: Any) -> Any:
        return self._now()[at]

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._now())


@asynccontextmanager
async def open_tools(argument: str, environment: Mapping[str, str]) -> AsyncIterator[Sequence[Tool]]:
    """Open the servers that are meant, all at once, and give their tools; of several, those that fail are left out.

    What is given changes when a server says that its tools have; a name that was given goes to no other tool.

    Raises:
        SettingsError: There are none of this name, or their file makes no sense.
        ServerError: None of them can be used.
    """
    entries = chosen(argument, environment)
    async with opened(entries, environment) as found:
        connections = [each for each in found if isinstance(each, Kept)]
        failures = [each for each in found if not isinstance(each, Kept)]
        if not connections:
            raise ServerError("; ".join(map(str, failures)))
        for failure in failures:
            logging.getLogger("miniagents.mcp").warning("%s; its tools are left out", failure)
        yield _Tools(connections)


@asynccontextmanager
async def opened(
    entries: Sequence[Entry], environment: Mapping[str, str]
) -> AsyncIterator[list[Kept | MiniagentsError]]:
    """Open servers, all at once; give each that is there, or why it is not."""
    async with AsyncExitStack() as stack:
        servers = []
        for entry in entries:
            server = Kept(entry, environment)
            stack.push_async_callback(server.close)
            servers.append(server)
        found: list[Kept | MiniagentsError] = []
        waited = await asyncio.gather(*(server.is_there() for server in servers), return_exceptions=True)
        for server, error in zip(servers, waited, strict=True):
            if error is not None and not isinstance(error, MiniagentsError):
                raise error
            found.append(error or server)
        yield found


@asynccontextmanager
async def _resolved(entry: Entry, environment: Mapping[str, str]) -> AsyncIterator[Connection]:
    server = await asyncio.to_thread(entry.resolved, environment)  # a key may be a command of the person's
    async with connected(server) as connection:
        yield connection
