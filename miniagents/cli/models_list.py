"""What there is to say of models: which there are, and where they come from; which options one takes; which are kept.

In: settings, plugins. Out: rows on standard output. Never: a request, a key.
"""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..errors import KeyMissingError, MiniagentsError, ModelNotFoundError
from ..plugins import by_note
from .models import Choice, choose, state_of, wanted
from .table import write_table
from .tell import tell

if TYPE_CHECKING:
    from ..hookspecs import ModelProvider
    from ..plugins import Plugins
    from .config.settings import Settings

__all__ = ["list_kept", "list_models", "list_options", "megabytes"]


class _Row(NamedTuple):
    model: str
    state: str
    source: str
    aliases: str
    can: str


def list_models(settings: "Settings", plugins: "Plugins", query: Sequence[str] = ()) -> None:
    """Write a row for each model, and for each pattern of names.

    Args:
        settings: Whose model is marked.
        plugins: Whose models they are.
        query: Words, or parts of them, that are all in a row, large or small.

    Raises:
        ModelNotFoundError: There is a query, and nothing for it.
    """
    chosen: Choice | None = None
    try:
        chosen = choose(settings.model, settings.model_from, plugins.providers, settings.environment)
    except KeyMissingError:
        pass  # every row says what to do about it
    except MiniagentsError as error:
        tell(str(error))
    rows: list[_Row] = []
    for provider in by_note(plugins.providers, lambda provider: provider.rank):
        ready = state_of(provider, settings.environment)
        rows.extend(_rows(provider, f"ready: {ready}" if ready else provider.way_out, chosen))
    found = [row for row in rows if all(word.casefold() in " ".join(row).casefold() for word in query)]
    if query and not found:
        raise ModelNotFoundError(f"no model is listed for {' '.join(query)!r}", cure="`miniagents models` lists all")
    write_table(_Row._fields, _without_repetition(found) if sys.stdout.isatty() else found)


def list_kept(_settings: "Settings", plugins: "Plugins", query: Sequence[str] = ()) -> None:
    """Write a row for each model that a provider keeps: its name, its size, where it is.

    Args:
        plugins: Whose models they are.
        query: As for `list_models`.

    Raises:
        ModelNotFoundError: There is a query, and nothing for it.
    """
    rows = [
        (f"{provider.name}:{model.name}", megabytes(model.size_bytes), model.where)
        for provider in by_note(plugins.providers, lambda provider: provider.rank)
        if provider.kept is not None
        for model in provider.kept()
    ]
    found = [row for row in rows if all(word.casefold() in " ".join(row).casefold() for word in query)]
    if query and not found:
        raise ModelNotFoundError(
            f"no model is kept for {' '.join(query)!r}", cure="`miniagents models pull` fetches one"
        )
    write_table(("model", "size", "where"), found)


def megabytes(size_bytes: int) -> str:
    """Return a model's size as people read it."""
    return f"{size_bytes / 1e6:,.1f} MB"


def _rows(provider: "ModelProvider", state: str, chosen: Choice | None) -> Iterator[_Row]:
    models = dict.fromkeys((provider.default_model, *provider.models(), *provider.aliases.values()))
    if chosen is not None and chosen.provider is provider:
        models[chosen.model] = None
    for model in models:
        is_chosen = Choice(provider, model) == chosen
        aliases = ", ".join(alias for alias, meant in provider.aliases.items() if meant == model)
        own_state = f"default, {state}" if is_chosen else state
        yield _Row(f"{provider.name}:{model}", own_state, provider.source, aliases, _abilities(provider, model))
    for pattern in provider.patterns:
        yield _Row(pattern, state, provider.source, "", "")


def _without_repetition(rows: Sequence[_Row]) -> Iterator[_Row]:
    """Give rows as a person reads them: what is said in the row above is not said again."""
    above = _Row("", "", "", "", "")
    for row in rows:
        state = "" if row.state == above.state else row.state
        yield row._replace(state=state, source="" if row.source == above.source else row.source)
        above = row


def _abilities(provider: "ModelProvider", model: str) -> str:
    """Return what a model can do, in words; "" if that is not known."""
    able = None if provider.abilities is None else provider.abilities(model)
    if able is None:
        return ""
    words = [name for name in ("images", "tools", "schema") if getattr(able, name)]
    if not able.streaming:
        words.append("no streaming")
    if able.context_tokens is not None:
        words.append(f"{able.context_tokens} tokens")
    return ", ".join(words)


def list_options(settings: "Settings", plugins: "Plugins", model: str | None) -> None:
    """Write a row for each option of a model that is known: what it may be, what it is now, what it does.

    Args:
        settings: What they say now.
        plugins: Whose models they are.
        model: Its name; None for the model that answers.

    Raises:
        ModelError: There is no such model, or none is named and none is ready.
    """
    name, origin = (settings.model, settings.model_from) if model is None else (model, "models options")
    choice = choose(name, origin, plugins.providers, settings.environment)
    options = choice.provider.options
    if not options:
        tell(f"nothing is known of the options of {choice}; -o NAME=VALUE passes them on")
    now = settings.options_for(choice.model, str(choice))
    write_table(
        ("option", "may be", "is", "help"),
        [
            (name, wanted(option), str(now[name]) if name in now else "", option.help)
            for name, option in sorted(options.items())
        ],
    )
