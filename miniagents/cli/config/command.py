"""`miniagents config`: what is decided and by whom, and the files that decide it.

In: the command line's words. Out: lines on standard output, a file. Never: how layers are merged, how TOML is changed.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import SettingsError

if TYPE_CHECKING:
    from .setting import Layer
    from .settings import Settings

__all__ = ["config_app"]

_NAMES_OF_HELP = {"help_option_names": ["-h", "--help"]}
config_app = typer.Typer(invoke_without_command=True, rich_markup_mode=None, context_settings=_NAMES_OF_HELP)

_Setting = Annotated[
    str, typer.Argument(metavar="NAME", help="Such as model, options.temperature, models.gpt-4o.top_p.")
]
_Project = Annotated[bool, typer.Option("--project", help="The project's .miniagents.toml instead of your file.")]


@config_app.callback()
def config_command(context: typer.Context) -> None:
    """Show what is decided and who decided it, and change it."""
    if context.invoked_subcommand is None:
        list_command()


@config_app.command("list")
def list_command() -> None:
    """List every setting, its value, and where that comes from."""
    from ..table import write_table  # noqa: PLC0415 - `--help` needs none of it

    write_table(("setting", "value", "from"), _rows(_settings()))


@config_app.command("get")
def get_command(setting: _Setting) -> None:
    """Print the value of one setting; nothing where it has none."""
    from ...safe_text import safe  # noqa: PLC0415 - as above
    from ..output import write  # noqa: PLC0415 - as above
    from .setting import nearest  # noqa: PLC0415 - as above

    values = {row[0]: row[1] for row in _rows(_settings())}
    if setting not in values and not setting.startswith(("options.", "models.")):
        raise SettingsError(f"{setting} is no setting; {nearest(setting, values)}")
    value = values.get(setting)
    if value:
        write(f"{safe(value) if sys.stdout.isatty() else value}\n")


@config_app.command("set")
def set_command(
    setting: _Setting,
    setting_value: Annotated[str, typer.Argument(metavar="VALUE", help="The new value.")],
    *,
    project: _Project = False,
) -> None:
    """Change one setting in your config file; all else in it stays."""
    from .edit import changed, write_whole  # noqa: PLC0415 - as above
    from .file import layer_of, text_of  # noqa: PLC0415 - as above

    where, value = _parsed(setting, setting_value)
    path = _path(project=project)
    text = text_of(path) or ""
    layer_of(text, path)  # a file that is wrong already is not made worse
    text = changed(text, where, value)
    _check(setting, layer_of(text, path), path, project=project)
    write_whole(path, text, private=not project)
    _tell_of_stronger(setting, path)


@config_app.command("unset")
def unset_command(setting: _Setting, *, project: _Project = False) -> None:
    """Take one setting out of your config file; all else in it stays."""
    from ..tell import tell  # noqa: PLC0415 - as above
    from .edit import without, write_whole  # noqa: PLC0415 - as above
    from .file import text_of, toml_from  # noqa: PLC0415 - as above

    path = _path(project=project)
    text = text_of(path) or ""
    toml_from(text, path)  # a value that makes no sense is no hindrance: perhaps it is the one to be taken out
    left = without(text, _where(setting, any_name=True))
    if left == text:
        raise SettingsError(f"{path}: does not set {setting}; `miniagents config list` says what does")
    write_whole(path, left, private=not project)
    with suppress(SettingsError):  # something else is wrong, and was before
        for name, value, origin in _rows(_settings()):
            if name == setting and origin != "default":
                tell(f"{setting} is {value!r} now, from {origin}")


@config_app.command("edit")
def edit_command(*, project: _Project = False) -> None:
    """Open your config file in $VISUAL or $EDITOR, and check it afterwards."""
    from .edit import write_whole  # noqa: PLC0415 - as above
    from .file import read  # noqa: PLC0415 - as above

    path = _path(project=project)
    editor = _editor()
    if not path.exists():
        write_whole(path, _blank(project=project), private=not project)
    _run([*editor, str(path)])
    read(path)


@config_app.command("path")
def path_command(*, project: _Project = False) -> None:
    """Print where your config file is, or would be."""
    from ..output import write  # noqa: PLC0415 - as above

    write(f"{_path(project=project)}\n")


def _settings() -> "Settings":
    from ..tell import tell  # noqa: PLC0415 - as above
    from .settings import Flags, settings_from  # noqa: PLC0415 - as above

    settings = settings_from(Flags(), os.environ, Path.cwd())
    for line in settings.ignored:
        tell(line)
    return settings


def _path(*, project: bool) -> Path:
    from .file import PROJECT_FILE, config_path, found_project_file  # noqa: PLC0415 - as above

    if project:
        return found_project_file(Path.cwd()) or Path.cwd() / PROJECT_FILE
    return config_path(os.environ)


def _rows(settings: "Settings") -> Iterator[tuple[str, str, str]]:
    from .setting import SETTINGS  # noqa: PLC0415 - as above

    for name in SETTINGS:
        yield name, _shown(getattr(settings, name)), settings.origins.get(name, "default")
    options: dict[str, tuple[str, str]] = {}
    for layer in reversed(settings.layers):
        for name, value in _options_of(layer):
            options[name] = _shown(value), layer.origin
    for name, (value, origin) in sorted(options.items()):
        yield name, value, origin


def _options_of(layer: "Layer") -> Iterator[tuple[str, Any]]:
    for name, value in layer.options.items():
        yield f"options.{name}", value
    for model, options in layer.models.items():
        for name, value in options.items():
            yield f"models.{model}.{name}", value


def _shown(value: Any) -> str:
    import json  # noqa: PLC0415 - as above

    if value is None:
        return ""
    return str(value) if isinstance(value, str | Path) else json.dumps(value, ensure_ascii=False)


def _parsed(name: str, text: str) -> tuple[tuple[str, ...], Any]:
    """Return where in a file a setting stands, and the value that a text means for it."""
    from .setting import SETTINGS, checked_option, json_or_text  # noqa: PLC0415 - as above

    where = _where(name)
    if name in SETTINGS:
        return where, SETTINGS[name].parsed(text)
    try:
        return where, checked_option(where[-1], json_or_text(text), in_file=True)
    except SettingsError as error:
        raise SettingsError(f"{name}: {error}") from error


def _where(name: str, *, any_name: bool = False) -> tuple[str, ...]:
    """Return where in a file a setting stands; of `any_name`, also of one that there is not."""
    from .setting import SETTINGS, nearest  # noqa: PLC0415 - as above

    table, _, rest = name.partition(".")
    model, _, option = rest.rpartition(".")  # a model's name may have dots, an option's has none
    where = {"options": (table, rest), "models": (table, model, option)}.get(table, ())
    if where and all(where):
        return where
    if name in SETTINGS or any_name:
        return (name,)
    known = [*SETTINGS, "options.NAME", "models.MODEL.NAME"]
    raise SettingsError(f"{name} is no setting; {nearest(name, known)}")


def _check(name: str, layer: "Layer", path: Path, *, project: bool) -> None:
    """Refuse what would be written and then not be used."""
    from . import roles  # noqa: PLC0415 - as above
    from .file import config_path  # noqa: PLC0415 - as above
    from .project_file import taken_from_project  # noqa: PLC0415 - as above

    config_dir = config_path(os.environ).parent
    if name == "role" and layer.values["role"]:
        roles.find(layer.values["role"], config_dir)
    if project:
        for line in taken_from_project(layer, path, roles.names(config_dir))[1]:
            if line.startswith(f"{path}: {name} "):
                raise SettingsError(line)


def _tell_of_stronger(name: str, path: Path) -> None:
    from ..tell import tell  # noqa: PLC0415 - as above

    with suppress(SettingsError):  # in another place; it is written here all the same
        origins: Mapping[str, str] = {row[0]: row[2] for row in _rows(_settings())}
        if origins.get(name) != str(path):
            tell(f"{path}: {name} is written, but {origins.get(name)} comes before it")


def _editor() -> list[str]:
    import shlex  # noqa: PLC0415 - as above

    written = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    try:
        words = shlex.split(written)
    except ValueError as error:
        raise SettingsError(f"VISUAL or EDITOR: {written}: {error}; write a command") from error
    if not words:
        raise SettingsError("no editor is named; set VISUAL or EDITOR, or change the file that `config path` names")
    return words


def _run(command: list[str]) -> None:
    import subprocess  # noqa: PLC0415 - as above

    try:
        code = subprocess.run(command, check=False).returncode  # noqa: S603 - the person's own editor
    except OSError as error:
        raise SettingsError(f"{command[0]}: {error.strerror}; set VISUAL or EDITOR to an editor") from error
    if code:
        raise SettingsError(f"{command[0]} ended with {code}; set VISUAL or EDITOR to an editor that works")


def _blank(*, project: bool) -> str:
    """Return a file that says nothing yet, and what it could say."""
    import json  # noqa: PLC0415 - as above

    from .setting import SETTINGS  # noqa: PLC0415 - as above

    examples = {str: "…", int: 2, float: 60.0}
    lines = []
    for each in SETTINGS.values():
        if each.of_projects or not project:
            value = examples[each.kind] if each.default is None else each.default
            lines.append(f"# {each.name} = {json.dumps(value, ensure_ascii=False)}  # {each.help}\n")
    return "".join([*lines, "\n# [options]\n# temperature = 0.2\n"])
