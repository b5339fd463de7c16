"""`miniagents models`: which models there are, and where they come from."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..errors import KeyMissingError, MiniagentsError
from ..safe_text import one_line
from .models import Choice, choose
from .output import write
from .tell import tell

if TYPE_CHECKING:
    from ..hookspecs import ModelProvider
    from ..plugins import Plugins
    from .config.settings import Settings

__all__ = ["list_models"]

_WIDE_CELLS = 80
"""Where a terminal has as many, the name of a model is never folded: it is there to be copied."""


class _Row(NamedTuple):
    model: str
    state: str
    source: str


def list_models(settings: "Settings", plugins: "Plugins") -> None:
    """Write a table on a terminal, and lines of tab-separated fields elsewhere: model, state, source."""
    chosen: Choice | None = None
    try:
        chosen = choose(settings.model, settings.model_from, plugins.providers, settings.environment)
    except KeyMissingError:
        pass  # every row says what to do about it
    except MiniagentsError as error:
        tell(str(error))
    rows: list[_Row] = []
    for provider in sorted(plugins.providers.values(), key=lambda provider: provider.rank):
        ready = provider.ready(settings.environment)
        rows.extend(_rows(provider, f"ready: {ready}" if ready else provider.way_out, chosen))
    if sys.stdout.isatty():
        _as_table(rows)
    else:
        write("".join("\t".join(map(one_line, row)) + "\n" for row in rows))


def _rows(provider: "ModelProvider", state: str, chosen: Choice | None) -> Iterator[_Row]:
    models = dict.fromkeys((provider.default_model, *provider.models()))
    if chosen is not None and chosen.provider is provider:
        models[chosen.model] = None
    for model in models:
        is_chosen = Choice(provider, model) == chosen
        yield _Row(f"{provider.name}:{model}", f"default, {state}" if is_chosen else state, provider.source)
    for pattern in provider.patterns:
        yield _Row(pattern, state, provider.source)


def _as_table(rows: list[_Row]) -> None:
    from rich.console import Console  # noqa: PLC0415 - only for a terminal
    from rich.table import Table  # noqa: PLC0415

    console = Console(markup=False, highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in _Row._fields:
        table.add_column(name, overflow="fold", no_wrap=name == "model" and console.width >= _WIDE_CELLS)
    for row in rows:
        table.add_row(*map(one_line, row))
    console.print(table)
