"""Sources of tools that plugins offer: opened when they are first wanted, each once, and closed together.

In: sources of tools, names with arguments. Out: tools, each with a name of its own. Never: who may call them.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from ..errors import MiniagentsError, PluginError, SettingsError
from ..safe_text import one_line
from .holding import Holder

if TYPE_CHECKING:
    from ..hookspecs import ToolSource
    from ..tools import Tool

__all__ = ["OpenTools", "check_names"]

_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST_NAME: Final = 64
"""As APIs have it; see `tools`."""


class OpenTools:
    """Opens sources of tools, each once; whoever makes it closes it."""

    def __init__(self, sources: "Mapping[str, ToolSource]", environment: Mapping[str, str]) -> None:
        """Make it, of sources by name and what they are opened with; nothing is opened before it is wanted."""
        self._sources = sources
        self._environment = environment
        self._holders: dict[str, Holder[Sequence[Any]]] = {}

    async def close(self) -> None:
        """Close all of them at once; this returns when they are gone, also where it is cancelled."""
        holders, self._holders = [*self._holders.values()], {}
        closing = asyncio.ensure_future(asyncio.gather(*(holder.close() for holder in holders)))
        cancelled: asyncio.CancelledError | None = None
        while not closing.done():
            try:
                await asyncio.wait([closing])
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled

    async def tools(self, wanted: Iterable[str]) -> "list[Tool]":
        """Return the tools of these sources; two of one name get that of their source before it.

        Args:
            wanted: Names of sources, each with its argument behind a colon.

        Raises:
            MiniagentsError: A source cannot give its tools.
        """
        names = [*dict.fromkeys(filter(None, wanted))]
        check_names(names, self._sources)
        given = await asyncio.gather(*(self._opened(name) for name in names))
        tools = [(name, tool) for name, several in zip(names, given, strict=True) for tool in several]
        times = Counter(tool.name for _, tool in tools)
        return [tool if times[tool.name] == 1 else _renamed(tool, name) for name, tool in tools]

    async def _opened(self, told: str) -> "list[Tool]":
        from ..tools import Tool  # noqa: PLC0415 - few chats have tools

        name, _, argument = told.partition(":")
        holder = self._holders.get(told)
        try:
            if holder is None:
                context = self._sources[name].open(argument, self._environment)
                holder = self._holders[told] = Holder(context)
            return [Tool.of(thing) for thing in await holder.thing()]
        except Exception as error:
            if holder is not None and self._holders.get(told) is holder:
                del self._holders[told]  # so that it is tried anew when it is wanted again
                await holder.close()
            if isinstance(error, MiniagentsError):
                raise
            raise PluginError(one_line(f"tools {name}: {type(error).__name__}: {error}")) from error


def check_names(names: Iterable[str], sources: Iterable[str]) -> None:
    """See to it that there are sources of these names; no plugin is imported for it.

    Raises:
        SettingsError: There is none.
    """
    known = [*sources]
    for told in filter(None, names):
        name = told.partition(":")[0]
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.5)
            there = f"there is {', '.join(sorted(known))}" if known else "no plugin offers any; install miniagents-mcp"
            raise SettingsError(
                one_line(f"no tools are called {name!r}; {f'did you mean {near[0]}?' if near else there}")
            )


def _renamed(tool: "Tool", told: str) -> "Tool":
    source = _NOT_IN_A_NAME.sub("_", told).strip("_")
    return replace(tool, name=f"{source}__{tool.name}"[:_LONGEST_NAME])
