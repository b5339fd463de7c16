"""`miniagents plugins`: lists them, installs and removes them, begins one, checks one, and keeps what the user decides.

In: the command line's words. Out: standard output, files, packages of this environment. Never: what a plugin offers.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import SettingsError

if TYPE_CHECKING:
    from ...plugins import Found

__all__ = ["plugins_app"]

_NAMES_OF_HELP = {"help_option_names": ["-h", "--help"]}
plugins_app = typer.Typer(invoke_without_command=True, rich_markup_mode=None, context_settings=_NAMES_OF_HELP)

_Name = Annotated[str, typer.Argument(metavar="NAME", help="As `miniagents plugins` lists it.")]
_Packages = Annotated[list[str], typer.Argument(metavar="NAME", help="Of a package, or where one is.")]


@plugins_app.callback()
def plugins_command(context: typer.Context) -> None:
    """List, install, check, trust and disable plugins; begin one."""
    if context.invoked_subcommand is None:
        list_command()


@plugins_app.command("list")
def list_command() -> None:
    """List the plugins that are there: name, version, where from, hooks, state."""
    from ..table import write_table  # noqa: PLC0415 - `--help` needs none of it

    write_table(("name", "version", "from", "hooks", "state"), _rows())


@plugins_app.command("install")
def install_command(packages: _Packages) -> None:
    """Install packages into this very environment, with its pip or uv."""
    from .packages import install  # noqa: PLC0415 - as above

    install(packages)


@plugins_app.command("uninstall")
def uninstall_command(packages: _Packages) -> None:
    """Remove packages from this very environment; NAME may be that of a plugin, too."""
    from ...plugins.found import installed  # noqa: PLC0415 - as above
    from .packages import uninstall  # noqa: PLC0415 - as above

    package_of = {found.name: found.package for found in installed()}
    uninstall([package_of.get(name) or name for name in packages])


@plugins_app.command("new")
def new_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as shout, for the package miniagents-shout.")],
) -> None:
    """Begin a plugin here: a package with its module, README and tests that pass."""
    from ..output import write  # noqa: PLC0415 - as above
    from .new import begun  # noqa: PLC0415 - as above

    folder = begun(name, Path.cwd())
    write(f"{folder}\n")


@plugins_app.command("check")
def check_command(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A .py file, or the folder of a package.")],
) -> None:
    """Run the contract suite on a plugin: it streams, stops when cancelled, fails with clear words, leaks nothing."""
    from .checking import checked  # noqa: PLC0415 - as above

    if not checked(path):
        raise typer.Exit(1)


@plugins_app.command("trust")
def trust_command(
    folder: Annotated[Path | None, typer.Argument(metavar="FOLDER", help="A project; the one here, if none.")] = None,
) -> None:
    """Let a project's plugins, and the Python of its files of agents, be run as they are now; a change asks again."""
    from ...plugins.decisions import keep, kept  # noqa: PLC0415 - as above
    from ...plugins.project import project_in  # noqa: PLC0415 - as above
    from ..tell import tell  # noqa: PLC0415 - as above
    from .gathering import files_of  # noqa: PLC0415 - as above

    here = (folder or Path.cwd()).resolve()
    project, python = project_in(here), _python_of(here)
    if project is None and python is None:
        raise SettingsError(f"{here}: no project with plugins; they are .py files in its folder plugins")
    decisions, config_dir = kept(_config_dir()), _config_dir()
    new: dict[str, str] = {}
    if project is not None:
        new[str(project.folder)] = project.digest
        tell(f"trusted as they are: {files_of(project)} in {project.folder.parent}")
    if python is not None:
        new[str(here)] = python
        tell(f"trusted as it is, for files of agents: the Python in {here}")
    refused = {place: digest for place, digest in decisions.refused.items() if place not in new}
    keep(config_dir, replace(decisions, trusted={**decisions.trusted, **new}, refused=refused))


@plugins_app.command("disable")
def disable_command(plugin: _Name) -> None:
    """Leave a plugin out from now on."""
    from ...plugins.decisions import keep, kept  # noqa: PLC0415 - as above

    decisions = kept(_config_dir())
    if plugin not in decisions.disabled:
        _check_that_it_is_there(plugin)
        keep(_config_dir(), replace(decisions, disabled=(*decisions.disabled, plugin)))


@plugins_app.command("enable")
def enable_command(plugin: _Name) -> None:
    """Take a plugin in again."""
    from ...plugins.decisions import keep, kept  # noqa: PLC0415 - as above
    from ..config.setting import nearest  # noqa: PLC0415 - as above

    decisions = kept(_config_dir())
    if plugin not in decisions.disabled:
        raise SettingsError(f"{plugin} is not disabled; {nearest(plugin, decisions.disabled, 'no plugin is')}")
    keep(_config_dir(), replace(decisions, disabled=tuple(each for each in decisions.disabled if each != plugin)))


def _python_of(folder: Path) -> str | None:
    """Return the hash of the Python that files of agents in a folder may run, None where there are not both."""
    from ...plugins.project import digest_of, sources_below  # noqa: PLC0415 - as above

    if not any(folder.glob("*.y*ml")) or not any(folder.glob("*.py")):
        return None
    return digest_of(folder, sources_below(folder))


def _rows() -> Iterator[tuple[str, str, str, str, str]]:
    from ... import builtins  # noqa: PLC0415 - as above
    from ...plugins import load  # noqa: PLC0415 - as above
    from ...plugins.catalogue import Catalogue  # noqa: PLC0415 - as above
    from ...plugins.finding import find  # noqa: PLC0415 - as above
    from .gathering import commands_of  # noqa: PLC0415 - as above

    found = find(os.environ, _config_dir(), Path.cwd())
    members = load([builtins], found.wanted, catalogue=Catalogue(os.environ), gather=commands_of).members
    for member in members[1:]:  # the first are ours, and are no news
        hooks = ", ".join(hook.removeprefix("register_") for hook in member.hooks)
        yield member.found.name, member.found.version(), _origin(member.found), hooks, member.state
    for each, why in found.unwanted:
        yield each.name, each.version(), _origin(each), "", why


def _origin(found: "Found") -> str:
    return found.package or found.origin


def _config_dir() -> Path:
    from ..config.file import config_path  # noqa: PLC0415 - as above

    return config_path(os.environ).parent


def _check_that_it_is_there(name: str) -> None:
    from ...plugins.finding import find  # noqa: PLC0415 - as above
    from ..config.setting import nearest  # noqa: PLC0415 - as above

    found = find(os.environ, _config_dir(), Path.cwd())
    there = [each.name for each in (*found.wanted, *(each for each, _ in found.unwanted))]
    if name not in there:
        raise SettingsError(f"no plugin is called {name}; {nearest(name, there, 'there is none')}")
