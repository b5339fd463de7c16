"""The command line: its commands, and what is said to all of them.

In: words. Out: a call of a command. Never: what it does, how it ends (`exits`).
"""

import os
from typing import Annotated, NoReturn

import typer

from .chain.group import ChainGroup
from .chat_command import chat_command
from .chats_command import chats_app
from .config.command import config_app
from .exits import run
from .keys.command import keys_app
from .models_command import models_app
from .option import for_typer
from .output import print_version
from .plugins.command import plugins_app
from .plugins.group import ONLY, PluginGroup
from .shell.command import completion_command

__all__ = ["main"]

_SETTINGS = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="miniagents",
    cls=PluginGroup,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=_SETTINGS,
)


def _leave_plugins_out(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if wanted:
        os.environ[ONLY] = ""  # whoever looks for plugins looks there, also a program that this one starts


@app.callback()
def _options(
    *,
    version: Annotated[bool, typer.Option("--version", help="Show the version and leave.")] = False,
    no_plugins: Annotated[  # noqa: ARG001 - it was heeded as soon as it was read
        bool,
        typer.Option(
            "--no-plugins", help="Load no plugin (or MINIAGENTS_PLUGINS=).", is_eager=True, callback=_leave_plugins_out
        ),
    ] = False,
) -> None:
    """Chat with models from the shell, and let agents work on what they say."""
    if version:
        print_version()
        raise typer.Exit


def register_commands(app: typer.Typer) -> None:
    """Offer our own commands, as the hook of this name has it; called by hand, for the hooks take long to import."""
    app.command("chat", short_help="Answer a prompt, or hold a chat.")(for_typer(chat_command))
    chain_app = typer.Typer(cls=ChainGroup, no_args_is_help=True, rich_markup_mode=None, context_settings=_SETTINGS)
    app.add_typer(chain_app, name="chain", help="Run the agents of a file; check it, draw it, begin one.")
    app.add_typer(chats_app, name="chats", help="List, show, search, export, rename and delete chats.")
    app.add_typer(config_app, name="config", help="Show what is decided and who decided it, and change it.")
    app.add_typer(models_app, name="models", help="List models and their options, and choose the one that answers.")
    app.add_typer(keys_app, name="keys", help="Keep keys in a file of yours, and tell where each comes from.")
    app.add_typer(plugins_app, name="plugins", help="List, install, check, trust and disable plugins; begin one.")
    app.command("completion", short_help="Complete words in bash, zsh or fish.")(completion_command)


register_commands(app)


def main() -> NoReturn:
    """Run the command line, and leave with its exit code."""
    run(app)
