"""What servers offer, for people: a row a tool, and one for a server that has none or cannot be used.

In: what a person calls the servers. Out: rows. Never: how a table looks.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from .offered import is_allowed
from .servers import chosen
from .source import Kept, opened

__all__ = ["Row", "failed_in", "listed"]

_FAILED: Final = "failed"
_LONGEST: Final = 160
"""Characters of what is told of a tool: two rows of most terminals. Servers write pages for the model."""


class Row(NamedTuple):
    """One of them."""

    server: str
    tool: str
    state: str
    """ "allowed" or "asked"; of a server, why it has no tools."""
    about: str


async def listed(which: str, environment: Mapping[str, str]) -> list[Row]:
    """Start the servers, and return what they offer.

    Raises:
        SettingsError: There is no such server, or their file makes no sense.
    """
    entries = chosen(which, environment)
    rows: list[Row] = []
    async with opened(entries, environment) as found:
        for entry, each in zip(entries, found, strict=True):
            if not isinstance(each, Kept):
                rows.append(Row(entry.name, "", _FAILED, str(each)))
                continue
            for tool in each.tools:
                state = "allowed" if is_allowed(each, tool.name) else "asked"
                rows.append(Row(entry.name, tool.name, state, _first_line(tool.description or tool.title or "")))
            if not each.tools:
                rows.append(Row(entry.name, "", "no tools", entry.where))
    return rows


def failed_in(rows: Sequence[Row]) -> bool:
    """Say whether a server could not be used."""
    return any(row.state == _FAILED for row in rows)


def _first_line(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
