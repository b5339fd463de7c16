"""The tools that a chat gives to its model, and who allows their calls.

In: sources of tools, the names that a person gives. Out: tools, whose calls are asked about. Never: a model, a call.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Self

from ..plugins.open_tools import OpenTools
from .approval import Approval

if TYPE_CHECKING:
    from ..hookspecs import ToolSource
    from ..tools import Tool

__all__ = ["Toolset"]


class Toolset:
    """Opens sources of tools, and closes them with the chat."""

    def __init__(self, sources: "Mapping[str, ToolSource]", environment: Mapping[str, str]) -> None:
        """Make it, of sources by name and what they are opened with; nothing is opened before it is wanted."""
        self.approval = Approval()
        """Who allows their calls."""
        self._open = OpenTools(sources, environment)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all of them; see `OpenTools`."""
        await self._open.close()

    async def tools(self, wanted: Iterable[str], allowed: Sequence[str] = ()) -> "list[Tool]":
        """Return the tools of these sources; see `OpenTools`.

        Args:
            wanted: Names of sources, each with its argument behind a colon.
            allowed: Shell patterns of the tools that nobody need be asked about.

        Raises:
            MiniagentsError: A source cannot give its tools.
        """
        return [self.approval.prepared(tool, allowed) for tool in await self._open.tools(wanted)]
