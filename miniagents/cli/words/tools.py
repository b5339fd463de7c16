"""The word of tools: `/tools` says which the model has, and gives it others.

In: a session, what stands behind the word. Out: changed settings, lines on the screen. Never: a call of a tool.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from .word import Word

if TYPE_CHECKING:
    from ..session import Session

__all__ = ["WORDS"]

_LONGEST: Final = 160
"""Characters: two rows of most terminals."""


async def _tools(session: "Session", rest: str) -> None:
    toolset = session.cast.toolset
    if rest:
        wanted = [] if rest == "-" else rest.split()
        await toolset.tools(wanted)  # one that cannot be opened changes nothing
        toolset.approval.forget()
        session.change(tools=wanted)
    settings = session.settings
    tools = await toolset.tools(settings.tools, settings.allow_tools)
    if not tools:
        there = ", ".join(sorted(session.plugins.tools))
        session.screen.tell(f"the model has no tools; there is {there}" if there else "the model has no tools")
        return
    states = {True: "you are asked", False: "not asked about"}
    session.screen.table(
        (tool.name, " · ".join(filter(None, (states[tool.needs_approval], _in_short(tool.description)))))
        for tool in tools
    )


def _in_short(description: str) -> str:
    """Return its first line, of which no more than a person reads: servers write pages for the model."""
    line = description.strip().partition("\n")[0]
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _sources(session: "Session") -> Iterable[tuple[str, str]]:
    yield "-", "none"
    for name, source in session.plugins.tools.items():
        yield name, source.help


WORDS = (
    Word(
        name="tools",
        takes="[NAME[:WHICH]…|-]",
        help="List the tools of the model, or give it those of these sources; - gives it none.",
        act=_tools,
        suggest=_sources,
    ),
)
