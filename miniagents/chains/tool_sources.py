"""Sources of tools, each opened once a run, by a task of its own, and left by that.

In: sources by name, what they are opened with. Out: tools. Never: which model wants them.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import MiniagentsError, PluginError
from ..miniagents import InteractionContext, MiniAgent
from ..safe_text import one_line
from ..tools import Tool

if TYPE_CHECKING:
    from ..hookspecs import ToolSource
    from ..messages import MessageSequencePromise

__all__ = ["OpenTools"]


class OpenTools:
    """Opens sources of tools when they are first wanted, in the run's scope."""

    def __init__(self, sources: "Mapping[str, ToolSource]", environment: Mapping[str, str]) -> None:
        self._sources = sources
        self._environment = environment
        self._is_over = asyncio.Event()
        self._open: dict[str, asyncio.Future[Sequence[Any]]] = {}
        self._holders: list[MessageSequencePromise] = []

    async def __call__(self, wanted: Iterable[str]) -> list[Tool]:
        """Return the tools of these sources; two of one name get that of their source before it.

        Args:
            wanted: Names of sources, each with its argument behind a colon.

        Raises:
            MiniagentsError: A source cannot give its tools.
        """
        names = [*dict.fromkeys(wanted)]
        given = await asyncio.gather(*(asyncio.shield(self._opened(name)) for name in names))
        tools = [
            (name.partition(":")[0], Tool.of(each))
            for name, several in zip(names, given, strict=True)
            for each in several
        ]
        times = Counter(tool.name for _, tool in tools)
        return [tool if times[tool.name] == 1 else replace(tool, name=f"{name}__{tool.name}") for name, tool in tools]

    def _opened(self, told: str) -> "asyncio.Future[Sequence[Any]]":
        if told not in self._open:
            opened = self._open[told] = asyncio.get_running_loop().create_future()
            holder = MiniAgent(self._hold, alias=f"tools {told.partition(':')[0]}")
            self._holders.append(holder.inquire(told=told, opened=opened))
        return self._open[told]

    async def _hold(self, _ctx: InteractionContext, *, told: str, opened: "asyncio.Future[Sequence[Any]]") -> None:
        name, _, argument = told.partition(":")
        try:
            async with self._sources[name].open(argument, self._environment) as tools:
                opened.set_result(tools)
                await self._is_over.wait()
        except Exception as error:  # noqa: BLE001 - whoever wanted the tools gets it
            if opened.done():
                return
            failure = error if isinstance(error, MiniagentsError) else PluginError(one_line(f"tools {name}: {error}"))
            opened.set_exception(failure)
            opened.exception()  # perhaps nobody waits any longer
        finally:
            if not opened.done():
                opened.cancel()

    async def close(self) -> None:
        """Leave all of them."""
        self._is_over.set()
        for holder in self._holders:
            await holder.finished()
