"""How replies look on this terminal: what the person, and the terminal, want.

In: settings. Out: a `Look`. Never: a row.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ...plugins import Plugins
    from ..config.settings import Settings
    from .reply_view import Look

__all__ = ["is_dumb", "look_of"]

_DUMB: Final = frozenset(["", "dumb", "unknown"])
"""Terminals that know no control sequences, by their TERM."""


def is_dumb(environment: Mapping[str, str]) -> bool:
    """Say whether the terminal takes nothing but lines."""
    return environment.get("TERM", "") in _DUMB


def look_of(settings: "Settings", plugins: "Plugins | None" = None) -> "Look":
    """Return how replies look: without colours where `NO_COLOR` says so (no-color.org: any value but an empty one)."""
    from .renderers import Renderers  # noqa: PLC0415 - as below
    from .reply_view import Look  # noqa: PLC0415 - a pipe asks only whether the terminal is dumb

    lines_only = is_dumb(settings.environment)
    return Look(
        colours=not lines_only and not settings.environment.get("NO_COLOR"),
        plain=settings.plain or lines_only,
        renderers=Renderers(plugins.renderers) if plugins is not None and plugins.renderers else None,
    )
