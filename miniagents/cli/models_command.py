"""`miniagents models`: which there are, which one answers, what each takes; and fetches one.

In: the command line's words. Out: lines on standard output, the person's config file, a file of a model. Never: how a
name becomes a model.
"""

from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from ..errors import SettingsError
from .start import started

if TYPE_CHECKING:
    from ..plugins import Plugins
    from .config.settings import Settings

__all__ = ["models_app"]

_NAMES_OF_HELP = {"help_option_names": ["-h", "--help"]}


class _Queried(TyperGroup):
    """Takes words that are none of its commands as those of `list`."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # Typer's context
        is_query = bool(args) and not args[0].startswith("-") and args[0] not in self.commands
        return super().parse_args(ctx, ["list", *args] if is_query else args)


models_app = typer.Typer(
    cls=_Queried, invoke_without_command=True, rich_markup_mode=None, context_settings=_NAMES_OF_HELP
)

_Model = Annotated[str | None, typer.Argument(metavar="NAME", show_default=False, help="As for --model.")]


@models_app.callback()
def models_command(context: typer.Context) -> None:
    """List the models there are: `models [QUERY]`, `models default`, `models options`."""
    if context.invoked_subcommand is None:
        list_command()


@models_app.command("list", short_help="List models, or those that have all words of QUERY.")
def list_command(
    query: Annotated[list[str] | None, typer.Argument(metavar="QUERY", help="Words that a model has to have.")] = None,
) -> None:
    """List models, their state and source, and the short names they have; those that have all words of QUERY."""
    from .models_list import list_models  # noqa: PLC0415 - `--help` needs none of it

    list_models(*_started(), query or [])


@models_app.command("default", short_help="Make NAME the model that answers, or print which one it is.")
def default_command(model: _Model = None) -> None:
    """Make NAME the model that answers where none is named; without NAME, print which one that is."""
    from .config.command import set_command  # noqa: PLC0415 - as above
    from .models import choose  # noqa: PLC0415 - as above
    from .output import write  # noqa: PLC0415 - as above

    settings, plugins = _started()
    if model is None:
        write(f"{choose(settings.model, settings.model_from, plugins.providers, settings.environment)}\n")
        return
    choose(model, "models default", plugins.providers, settings.environment)
    set_command("model", model)


@models_app.command("options", short_help="List the options of a model, and what each may be.")
def options_command(model: _Model = None) -> None:
    """List the options of a model (-o NAME=VALUE) that are known, what each may be, and what it is now."""
    from .models_list import list_options  # noqa: PLC0415 - as above

    list_options(*_started(), model)


@models_app.command("pull")
def pull_command(name: Annotated[str, typer.Argument(help="Who serves it.")] = "local") -> None:
    """Fetch a model that runs on this machine."""
    import asyncio  # noqa: PLC0415 - as above

    from .output import write  # noqa: PLC0415 - as above
    from .shell.known_words import forget  # noqa: PLC0415 - as above
    from .tell import FetchBar  # noqa: PLC0415 - as above

    _settings, plugins = _started()
    provider = plugins.providers.get(name)
    if provider is None or provider.pull is None:
        able = [name for name, provider in plugins.providers.items() if provider.pull is not None]
        cure = f"there is {', '.join(able)}" if able else "the plugin miniagents-llamacpp brings `local`"
        raise SettingsError(f"{name}: no such model can be fetched; {cure}")
    with FetchBar(provider.default_model) as bar:
        path = asyncio.run(_awaited(provider.pull(bar)))
    forget()
    write(f"{path}\n")


async def _awaited(path: Awaitable[Path]) -> Path:
    return await path


def _started() -> "tuple[Settings, Plugins]":
    from .config.settings import Flags  # noqa: PLC0415 - as above

    return started(Flags())
