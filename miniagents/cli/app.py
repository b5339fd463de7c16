"""The words of the command line: Typer's side of `chat` and `models`, and the one place where errors become exit codes.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import MiniagentsError, SettingsError
from .output import ReaderGoneError, close_standard_output, print_version, write
from .tell import FetchBar, in_words, tell, tell_what_is_logged

if TYPE_CHECKING:
    from ..plugins import Plugins
    from .settings import Flags, Settings

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


@app.command("chat", short_help="Answer a prompt, or hold a chat.")
def chat_command(  # noqa: PLR0913 - one parameter an option, as Typer has it
    words: Annotated[list[str] | None, typer.Argument(metavar="PROMPT", help="What to say. `-` reads it.")] = None,
    *,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Such as gpt-3.5-turbo, openai:NAME, local.")
    ] = None,
    system: Annotated[str | None, typer.Option("--system", "-s", help="What the model is told beforehand.")] = None,
    option: Annotated[
        list[str] | None, typer.Option("-o", metavar="NAME=VALUE", help="Any parameter of the API.")
    ] = None,
    no_stream: Annotated[bool, typer.Option("--no-stream", help="Show the reply when it is whole.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One object: text, model, usage, hash, transcript.")] = False,
    log: Annotated[
        str | None, typer.Option("--log", metavar="FILE", help="Write down requests and replies; `debug` shows them.")
    ] = None,
    no_save: Annotated[bool, typer.Option("--no-save", help="Keep no transcript.")] = False,
    chats_dir: Annotated[
        Path | None, typer.Option("--chats-dir", help="Where transcripts go (MINIAGENTS_CHATS_DIR, or chats).")
    ] = None,
) -> None:
    """Answer PROMPT, what standard input brings, or both; with neither, hold a chat in the terminal."""
    from .settings import Flags  # noqa: PLC0415 - `--help` needs none of it

    flags = Flags(
        model=model,
        system=system,
        options=option or (),
        stream=not no_stream,
        log=log,
        save=not no_save,
        chats_dir=chats_dir,
    )
    _chat(flags, words or (), as_json=as_json)


def _chat(flags: "Flags", words: Sequence[str], *, as_json: bool) -> None:
    from .chat import answer_once, hold_chat  # noqa: PLC0415 - as above
    from .piped import prompt_from  # noqa: PLC0415 - as above

    settings, plugins = _start(flags)
    prompt = prompt_from(words, tell)
    if prompt is not None:
        asyncio.run(answer_once(settings, plugins, prompt, as_json=as_json))
    elif sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty() and not as_json:
        asyncio.run(hold_chat(settings, plugins))
    else:
        raise SettingsError("there is nothing to say; give a prompt, or pipe it in")


@models_app.callback()
def models_command(context: typer.Context) -> None:
    """List the models there are, and where they come from."""
    if context.invoked_subcommand is None:
        from .models_list import list_models  # noqa: PLC0415
        from .settings import Flags  # noqa: PLC0415

        list_models(*_start(Flags()))


@models_app.command("pull")
def pull_command(name: Annotated[str, typer.Argument(help="Who serves it.")] = "local") -> None:
    """Fetch a model that runs on this machine."""
    from .settings import Flags  # noqa: PLC0415

    _settings, plugins = _start(Flags())
    provider = plugins.providers.get(name)
    if provider is None or provider.pull is None:
        able = [name for name, provider in plugins.providers.items() if provider.pull is not None]
        cure = f"there is {', '.join(able)}" if able else "the plugin miniagents-llamacpp brings `local`"
        raise SettingsError(f"{name}: no such model can be fetched; {cure}")
    with FetchBar(provider.default_model) as bar:
        path = asyncio.run(_awaited(provider.pull(bar)))
    write(f"{path}\n")


async def _awaited(path: Awaitable[Path]) -> Path:
    return await path


def _start(flags: "Flags") -> "tuple[Settings, Plugins]":
    """Decide the settings, gather the plugins, and say which of them are broken."""
    from .. import builtins, plugins  # noqa: PLC0415
    from .environment import KEY_WITHHELD  # noqa: PLC0415
    from .settings import settings_from  # noqa: PLC0415

    if sys.stdout is None:
        raise OSError("standard output is closed; open it, or send it to /dev/null")
    try:
        folder = Path.cwd()
    except FileNotFoundError as error:
        raise OSError("the current folder is gone; change to another one") from error
    settings = settings_from(flags, os.environ, folder)
    withheld = settings.environment.get(KEY_WITHHELD)
    if withheld and settings.model is None:  # then keys decide which model it is
        tell(withheld)
    with redirect_stdout(sys.stderr):  # which is for replies: a plugin that prints is no reply
        loaded = plugins.load([builtins])
    for broken in loaded.broken:
        tell(str(broken))
    return settings, loaded


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
