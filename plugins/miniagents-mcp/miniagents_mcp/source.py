"""The tools of servers for a chat: `--tool mcp` is all of them, `mcp:NAME` one, `mcp:FILE` those of a file.

In: what stands behind the colon, an environment. Out: tools, while they are wanted. Never: who asks for them.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from miniagents.cli.holding import Holder
from miniagents.errors import MiniagentsError
from miniagents.tools import Tool

from .connection import Connection, connected
from .errors import ServerError
from .offered import tools_of
from .servers import Entry, chosen

__all__ = ["open_tools", "opened"]


@asynccontextmanager
async def open_tools(argument: str, environment: Mapping[str, str]) -> AsyncIterator[Sequence[Tool]]:
    """Open the servers that are meant, all at once, and give their tools; of several, those that fail are left out.

    Raises:
        SettingsError: There are none of this name, or their file makes no sense.
        ServerError: None of them can be used.
    """
    entries = chosen(argument, environment)
    async with opened(entries, environment) as found:
        connections = [each for each in found if isinstance(each, Connection)]
        failures = [each for each in found if not isinstance(each, Connection)]
        if not connections:
            raise ServerError("; ".join(map(str, failures)))
        for failure in failures:
            logging.getLogger("miniagents.mcp").warning("%s; its tools are left out", failure)
        yield tools_of(connections)


@asynccontextmanager
async def opened(
    entries: Sequence[Entry], environment: Mapping[str, str]
) -> AsyncIterator[list[Connection | MiniagentsError]]:
    """Open servers, all at once; give for each its connection, or why there is none."""
    async with AsyncExitStack() as stack:
        holders = []
        for entry in entries:
            holder = Holder(_resolved(entry, environment))
            stack.push_async_callback(holder.close)
            holders.append(holder)
        found = await asyncio.gather(*(holder.thing() for holder in holders), return_exceptions=True)
        for each in found:
            if not isinstance(each, Connection | MiniagentsError):
                raise each
        yield [each for each in found if isinstance(each, Connection | MiniagentsError)]


@asynccontextmanager
async def _resolved(entry: Entry, environment: Mapping[str, str]) -> AsyncIterator[Connection]:
    server = await asyncio.to_thread(entry.resolved, environment)  # a key may be a command of the person's
    async with connected(server) as connection:
        yield connection
