"""A source of tools that keeps a list of what happens to it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from miniagents.tools import tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence


@tool(needs_approval=True)
async def write() -> str:
    """Write."""
    return "written"


async def read(path: str) -> str:
    """Read."""
    return path


class Shop:
    """A source of tools that keeps a list of what happens to it."""

    def __init__(self, *things: Any, error: Exception | None = None, leaving_s: float = 0.0) -> None:
        self.log: list[str] = []
        self.things = things
        self.error = error
        self.leaving_s = leaving_s

    @asynccontextmanager
    async def open(self, argument: str, environment: Mapping[str, str]) -> AsyncIterator[Sequence[Any]]:
        """Open it."""
        await asyncio.sleep(1)
        self.log.append(f"open {argument}{environment.get('WHERE', '')}")
        if self.error is not None:
            raise self.error
        try:
            yield self.things
        finally:
            await asyncio.sleep(self.leaving_s)
            self.log.append("closed")
