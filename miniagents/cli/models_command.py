"""`miniagents models`: which there are, which one answers, what each takes; fetches one, and takes it away.

In: the command line's words. Out: lines on standard output, the person's config file, files of models. Never: how a
name becomes a model.
"""

from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from typer.core import TyperGroup

from ..errors import SettingsError
from .start import started

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..hookspecs import ModelProvider
    from ..plugins import Plugins
    from .config.settings import Settings
    from .models import Choice

__all__ = ["models_app"]

_Ability = TypeVar("_Ability")
_Result = TypeVar("_Result")

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
    """List the models there are: `models [QUERY]`; choose, fetch, remove one."""
    if context.invoked_subcommand is None:
        list_command()


@models_app.command("list", short_help="List models, or those that have all words of QUERY.")
def list_command(
    query: Annotated[list[str] | None, typer.Argument(metavar="QUERY", help="Words that a model has to have.")] = None,
    *,
    local: Annotated[
        bool, typer.Option("--local", help="Those that are kept on this machine, with their size.")
    ] = False,
) -> None:
    """List models, their state and source, and the short names they have; those that have all words of QUERY."""
    from .models_list import list_kept, list_models  # noqa: PLC0415 - `--help` needs none of it

    (list_kept if local else list_models)(*_started(), query or [])


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
def pull_command(
    model: Annotated[
        str, typer.Argument(metavar="NAME", help="As for --model; local:OWNER/REPO is one of Hugging Face.")
    ] = "local",
) -> None:
    """Fetch a model that runs on this machine; one that is partly here is gone on with."""
    import asyncio  # noqa: PLC0415 - as above
    import sys  # noqa: PLC0415 - as above

    from ..safe_text import one_line  # noqa: PLC0415 - as above
    from .output import write  # noqa: PLC0415 - as above
    from .shell.known_words import forget  # noqa: PLC0415 - as above
    from .tell import FetchBar  # noqa: PLC0415 - as above

    settings, plugins = _started()
    choice, pull = _able(model, lambda provider: provider.pull, "fetched", settings, plugins)
    with FetchBar(choice.model) as bar:
        where = asyncio.run(_awaited(pull(choice.model, bar, settings.environment)))
    forget()
    write((one_line(where) if sys.stdout.isatty() else where) + "\n")


@models_app.command("remove")
def remove_command(
    model: Annotated[str, typer.Argument(metavar="NAME", help="As for --model.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take a model away that was fetched; at a terminal you are asked."""
    import asyncio  # noqa: PLC0415 - as above
    import sys  # noqa: PLC0415 - as above

    from ..safe_text import one_line  # noqa: PLC0415 - as above
    from .models_list import megabytes  # noqa: PLC0415 - as above
    from .output import write  # noqa: PLC0415 - as above
    from .shell.known_words import forget  # noqa: PLC0415 - as above

    settings, plugins = _started()
    choice, remove = _able(model, lambda provider: provider.remove, "taken away", settings, plugins)
    if not yes and sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty():
        sizes = {} if choice.provider.kept is None else {each.name: each.size_bytes for each in choice.provider.kept()}
        size = f" ({megabytes(sizes[choice.model])})" if choice.model in sizes else ""
        typer.confirm(one_line(f"Remove {choice}{size}?"), abort=True)
    freed = asyncio.run(_awaited(remove(choice.model, settings.environment)))
    forget()
    write(one_line(f"removed {choice} ({megabytes(freed)})") + "\n")


def _able(
    name: str, what: "Callable[[ModelProvider], _Ability | None]", done: str, settings: "Settings", plugins: "Plugins"
) -> "tuple[Choice, _Ability]":
    """Return the model of that name, and what its provider can do with it."""
    from .models import choose  # noqa: PLC0415 - as above

    choice = choose(name, "models", plugins.providers, settings.environment)
    ability = what(choice.provider)
    if ability is None:
        able = [prefix for prefix, provider in plugins.providers.items() if what(provider) is not None]
        cure = f"there is {', '.join(able)}" if able else "the plugin miniagents-llamacpp brings `local`"
        raise SettingsError(f"{name}: no such model can be {done}; {cure}")
    return choice, ability


async def _awaited(coming: "Awaitable[_Result]") -> "_Result":
    return await coming


def _started() -> "tuple[Settings, Plugins]":
    from .config.settings import Flags  # noqa: PLC0415 - as above

    return started(Flags())
