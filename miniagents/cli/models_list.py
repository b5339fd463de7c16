"""`miniagents models`: which models there are, and where they come from."""

import sys
from typing import TYPE_CHECKING

from ..errors import MiniagentsError
from ..safe_text import one_line
from .models import choose

if TYPE_CHECKING:
    from ..plugins import Plugins
    from .settings import Settings

__all__ = ["list_models"]


def list_models(settings: "Settings", plugins: "Plugins") -> None:
    """Write a table on a terminal, and lines of tab-separated fields elsewhere: model, state, source."""
    try:
        chosen = str(choose(settings.model, settings.model_from, plugins.providers, settings.environment))
    except MiniagentsError:
        chosen = ""  # none is ready: every row says what to do about it
    rows = []
    for provider in sorted(plugins.providers.values(), key=lambda provider: provider.rank):
        ready = provider.ready(settings.environment)
        state = f"ready: {ready}" if ready else provider.way_out
        for model in dict.fromkeys((provider.default_model, *provider.models())):
            name = f"{provider.name}:{model}"
            rows.append((name, f"default, {state}" if name == chosen else state, provider.source))
        rows.extend((pattern, state, provider.source) for pattern in provider.patterns)
    if sys.stdout.isatty():
        _as_table(rows)
    else:
        for row in rows:
            print("\t".join(map(one_line, row)))  # noqa: T201 - it is what was asked for


def _as_table(rows: list[tuple[str, str, str]]) -> None:
    from rich.console import Console  # noqa: PLC0415 - only for a terminal
    from rich.table import Table  # noqa: PLC0415

    table = Table("model", "state", "source", box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*map(one_line, row))
    Console(markup=False, highlight=False).print(table)
