"""`miniagents keys`: puts keys into the person's file, takes them out, and tells where each comes from.

In: the command line's words; a key from the terminal or from standard input. Out: lines on standard output, a file.
Never: a key on a command line, on standard output, or in an error.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import MiniagentsError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...hookspecs import Key as Needed

__all__ = ["keys_app"]

_NAMES_OF_HELP = {"help_option_names": ["-h", "--help"]}
_ANYTHING = {"allow_extra_args": True, "ignore_unknown_options": True}
"""A key in the wrong place is refused by us: what refuses it otherwise prints it."""
_OUR_SERVICE = "miniagents"
"""Under which name our own keys are in the system's keyring."""
_MOST_CHARACTERS = 65536
"""Keys are shorter: what brings more is the wrong file."""

keys_app = typer.Typer(invoke_without_command=True, rich_markup_mode=None, context_settings=_NAMES_OF_HELP)

_Name = Annotated[
    str, typer.Argument(metavar="NAME", show_default=False, help="Such as OPENAI_API_KEY; see `miniagents keys`.")
]


@keys_app.callback()
def keys_command(context: typer.Context) -> None:
    """Keep keys in a file of yours, and tell where each comes from."""
    if context.invoked_subcommand is None:
        list_command()


@keys_app.command("list", short_help="List where each key comes from, and whether it is there.")
def list_command() -> None:
    """List the names of keys, where each comes from, and whether it is there; never a key."""
    from ..config.key_file import complaint_about, keys_in  # noqa: PLC0415 - `--help` needs none of it
    from ..config.settings import Flags  # noqa: PLC0415 - as above
    from ..start import started  # noqa: PLC0415 - as above
    from ..table import write_table  # noqa: PLC0415 - as above
    from .sources import sources  # noqa: PLC0415 - as above

    settings, plugins = started(Flags())
    kept = {} if complaint_about(_path()) else keys_in(_path())
    needed = {key.variable: key.where for key in plugins.keys.values()}
    write_table(("key", "from", "state"), sources(settings.environment, os.environ, kept, needed))


@keys_app.command(
    "set", short_help="Ask for a key, or read it, and keep it.", context_settings=_NAMES_OF_HELP | _ANYTHING
)
def set_command(
    context: typer.Context,
    key_name: _Name,
    *,
    in_keyring: Annotated[
        bool, typer.Option("--keyring", help="Keep it in the system's keyring; the file says only that it is there.")
    ] = False,
) -> None:
    """Ask for a key, or read it from standard input, and keep it in your file, which only you can read.

    Instead of a key it may be `cmd:pass show openai`, a command that writes it when it is needed, or
    `keyring:SERVICE/USER`.
    """
    from ..config.key_file import write  # noqa: PLC0415 - as above
    from ..tell import tell  # noqa: PLC0415 - as above

    if context.args:
        raise SettingsError(
            "a key on a command line stays in the shell's history: give only its name, and the key when you are asked"
            " or on standard input; one that is there already is better changed"
        )
    variable = _variable(key_name)
    written = _asked(variable)
    if in_keyring:
        written = _into_keyring(variable, written)
    write(_path(), variable, written)
    if os.environ.get(variable):
        tell(f"{variable} is kept in {_path()}, but that of the environment comes before it")


@keys_app.command("delete", short_help="Take a key out of your file.")
def delete_command(key_name: _Name) -> None:
    """Take a key out of your file, and out of the keyring if `set --keyring` put it there."""
    from contextlib import suppress  # noqa: PLC0415 - as above

    from ..config.key import KEYRING, keyring  # noqa: PLC0415 - as above
    from ..config.key_file import remove  # noqa: PLC0415 - as above

    variable = _variable(key_name)
    key = remove(_path(), variable)
    if key.origin == KEYRING and key.where == (_OUR_SERVICE, variable):
        with suppress(Exception):  # it is gone from there already
            keyring(variable).delete_password(*key.where)


@keys_app.command("path")
def path_command() -> None:
    """Print where your file of keys is, or would be."""
    from ..output import write  # noqa: PLC0415 - as above

    write(f"{_path()}\n")


def _path() -> Path:
    from ..config.environment import KEYS_FILE  # noqa: PLC0415 - as above
    from ..config.file import config_path  # noqa: PLC0415 - as above

    return config_path(os.environ).parent / KEYS_FILE


def _variable(name: str) -> str:
    """Return the variable that a name means; the error does not quote it, for it may be a key."""
    from ..config.key import NAME  # noqa: PLC0415 - as above

    if NAME.fullmatch(name):
        return name
    needed = _needed()
    if name in needed:
        return needed[name].variable
    raise SettingsError("that is no name of a key; write a variable such as OPENAI_API_KEY, in capitals")


def _needed() -> "Mapping[str, Needed]":
    from ..config.settings import Flags  # noqa: PLC0415 - as above
    from ..start import started  # noqa: PLC0415 - as above

    return started(Flags())[1].keys


def _asked(variable: str) -> str:
    """Return what the person types unseen, or what standard input brings."""
    if sys.stdin is None:
        raise SettingsError("standard input is closed; open it, or type the key in a terminal")
    try:
        if sys.stdin.isatty():
            from getpass import getpass  # noqa: PLC0415 - only at a terminal

            written = getpass(f"{variable}: ")
        else:
            written = sys.stdin.read(_MOST_CHARACTERS + 1)
    except (EOFError, UnicodeDecodeError):
        written = ""
    written = written.strip()
    if not written or len(written.splitlines()) > 1 or len(written) > _MOST_CHARACTERS:
        raise SettingsError(f"{variable}: nothing, too much, or more than one line was given; nothing is changed")
    return written


def _into_keyring(variable: str, written: str) -> str:
    """Keep a key in the system's keyring, and return what says so in the file."""
    from ..config.key import IN_FILE, KEYRING, Key, keyring  # noqa: PLC0415 - as above

    if Key(variable, written).origin != IN_FILE:
        raise SettingsError(f"{variable}: it is no key but says where one is; leave --keyring out")
    try:
        keyring(variable).set_password(_OUR_SERVICE, variable, written)
    except MiniagentsError:
        raise
    except Exception as error:  # noqa: BLE001 - each backend has errors of its own
        cause = type(error).__name__  # what it says may have the key in it
    else:
        return f"{KEYRING}:{_OUR_SERVICE}/{variable}"
    raise SettingsError(f"{variable}: the keyring failed ({cause}); leave --keyring out to keep it in the file")
