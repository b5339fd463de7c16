"""What a shell may complete, remembered between runs: to ask Typer and the plugins takes longer than a person waits.

In: the program's commands, the models that plugins know. Out: a tree of plain values, kept in the cache folder, for as
long as nothing is installed or changed. Never: a shell, what a person has typed.
"""

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from os import environ, scandir, stat
from pathlib import Path
from typing import Any, Final, TypedDict
from zlib import crc32

from ... import __version__

__all__ = ["Command", "Known", "Option", "command_from", "forget", "recalled", "remember"]

_KINDS: Final = {
    "agent": "agents",
    "attach": "files",
    "chat": "chats",
    "chats": "chats",
    "chats_dir": "folders",
    "file_and_text": "chain files",
    "files": "files",
    "folder": "folders",
    "history": "histories",
    "inputs": "chain inputs",
    "key_name": "keys",
    "log": "files",
    "model": "models",
    "options": "options",
    "output": "files",
    "packages": "plugins",
    "path": "files",
    "plugin": "plugins",
    "resume": "chats",
    "role": "roles",
    "schema": "files",
    "show": "chain agents",
    "setting": "settings",
    "setting_value": "setting values",
    "template": "templates",
    "tools": "tools",
    "variables": "chain vars",
    "words": "files",
}
"""What the values of a parameter are, by the name that it has in our code."""


class Option(TypedDict):
    """An option of a command."""

    help: str
    value: str | None
    """The kind of its value: of `_KINDS`, "files", words separated by "|", or "" for anything; None for a flag."""


class Command(TypedDict):
    """A command, with what may follow it."""

    help: str
    options: dict[str, Option]
    arguments: list[str]
    """The kinds of its arguments; the last is that of all that follow, too."""
    commands: "dict[str, Command]"


class Known(TypedDict):
    """Everything that is remembered."""

    key: str
    """Of what it was made."""
    root: Command
    names: dict[str, list[str]]
    """What plugins know, by kind: "models", "agents", "histories", "tools"."""
    watched: list[str]
    """Files and folders; when one of them changes, something else may be known."""


def recalled() -> Known | None:
    """Return what was remembered, None if there is nothing, or the program or a plugin is another one now."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        known: Known = json.loads(_path().read_bytes())
        if known["key"] == _key(known["watched"]):
            return known
    return None


def remember(root: Command, names: dict[str, list[str]], watched: Sequence[str] = ()) -> Known:
    """Keep it until one of the watched files or folders changes, if it can be kept, and return it."""
    from ...errors import SettingsError  # noqa: PLC0415 - only after a change
    from ..config.edit import write_whole  # noqa: PLC0415 - as above

    known = Known(key=_key(watched), root=root, names=names, watched=[*watched])
    with suppress(SettingsError):
        write_whole(_path(), json.dumps(known), private=True)
    return known


def forget() -> None:
    """Let the plugins be asked again: after a model has come or gone."""
    with suppress(OSError):
        _path().unlink()


def command_from(command: Any) -> Command:
    """Return what may follow a command of Click's, or of Typer's own copy of Click."""
    options: dict[str, Option] = {}
    arguments: list[str] = []
    for parameter in getattr(command, "default", command).params:  # of a group that does something without a command
        if parameter.param_type_name == "argument":
            arguments.append(_kind(parameter))
        elif not parameter.hidden:
            value = None if parameter.is_flag else _kind(parameter)
            for name in (*parameter.opts, *parameter.secondary_opts):
                options[name] = Option(help=parameter.help or "", value=value)
    options |= {"--help": Option(help="Show what there is and leave.", value=None)}
    commands: dict[str, Any] = getattr(command, "commands", {})
    return Command(
        help=command.get_short_help_str(),
        options=options,
        arguments=arguments,
        commands={name: command_from(each) for name, each in commands.items() if not each.hidden},
    )


def _kind(parameter: Any) -> str:
    choices = (parameter.metavar or "").strip("[]")
    return choices if "|" in choices and choices.islower() else _KINDS.get(parameter.name, "")


def _path() -> Path:
    """Return where it is kept: where most programs of a shell keep such; to import platformdirs takes half the time."""
    folder = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return folder / "miniagents" / f"completion-{crc32(sys.prefix.encode(errors='replace')):08x}.json"


def _key(watched: Sequence[str]) -> str:
    """Return what changes when the program changes, or a package is installed, or one that was is gone."""
    times = [entry.stat().st_mtime_ns for entry in scandir(Path(__file__).parent) if entry.name.endswith(".py")]
    for path in (*sys.path, *watched):
        with suppress(OSError):
            times.append(stat(path).st_mtime_ns)  # noqa: PTH116 - a Path for each takes as long
    return f"{__version__} {crc32(repr(sorted(times)).encode()):08x}"
