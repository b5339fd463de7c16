"""The command line: its commands, and the one place where errors become exit codes.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Annotated

import typer

from ..errors import MiniagentsError, SettingsError
from .chat_command import chat_command
from .chats.command import chats_app
from .config.command import config_app
from .output import ReaderGoneError, close_standard_output, print_version, write
from .shell.command import completion_command
from .shell.known_words import forget
from .start import started
from .tell import FetchBar, in_words, tell, tell_what_is_logged

__all__ = ["main"]

FAILED, USAGE = 1, 2
_STANDARD_ERROR = 2
_SETTINGS = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="miniagents",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=_SETTINGS,
)
models_app = typer.Typer(invoke_without_command=True, rich_markup_mode=None, context_settings=_SETTINGS)
app.add_typer(models_app, name="models", help="List the models there are, and where they come from.")


@app.callback()
def _options(
    *, version: Annotated[bool, typer.Option("--version", help="Show the version and leave.")] = False
) -> None:
    """Chat with models from the shell, and let agents work on what they say."""
    if version:
        print_version()
        raise typer.Exit


app.command("chat", short_help="Answer a prompt, or hold a chat.")(chat_command)
app.add_typer(chats_app, name="chats", help="List, show, search, export, rename and delete chats.")
app.add_typer(config_app, name="config", help="Show what is decided and who decided it, and change it.")
app.command("completion", short_help="Complete words in bash, zsh or fish.")(completion_command)


@models_app.callback()
def models_command(context: typer.Context) -> None:
    """List the models there are, and where they come from."""
    if context.invoked_subcommand is None:
        from .config.settings import Flags  # noqa: PLC0415
        from .models_list import list_models  # noqa: PLC0415

        list_models(*started(Flags()))


@models_app.command("pull")
def pull_command(name: Annotated[str, typer.Argument(help="Who serves it.")] = "local") -> None:
    """Fetch a model that runs on this machine."""
    from .config.settings import Flags  # noqa: PLC0415

    _settings, plugins = started(Flags())
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


def main() -> None:
    """Run the command line, and leave with its exit code."""
    _close_gaps()
    tell_what_is_logged()
    code = 0
    try:
        app()
    except ReaderGoneError:
        close_standard_output()
    except SettingsError as error:
        tell(str(error))
        code = USAGE
    except Exception as error:  # whatever it was, a person gets one line
        if sys.flags.dev_mode and not isinstance(error, MiniagentsError | OSError):
            raise
        close_standard_output()
        tell(in_words(error))
        code = FAILED
    sys.exit(code)


def _close_gaps() -> None:
    """Let no file and no connection get the number of a standard stream that is closed: native code writes to it."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        pass
    os.close(descriptor)
