"""Which plugins are asked: all that are there, but for those that the user does not want or has not trusted.

The order: installed packages by name, the user's folder by name, the project's folder by name; ours come before all.

In: an environment, a folder of config, the folder that one is in. Out: a `Finding`. Never: the import of one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .decisions import Decisions, kept
from .found import Found, from_sources, in_folder, installed
from .project import PLUGINS_FOLDER, Project, project_in

__all__ = ["ONLY", "Finding", "find"]

ONLY: Final = "MINIAGENTS_PLUGINS"
"""The variable that says which plugins are asked, by name, with commas; where it is set and empty, none are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found."""

    wanted: tuple[Found, ...]
    """In the order in which they are asked."""
    unwanted: tuple[tuple[Found, str], ...]
    """Those that are not asked, and why not."""
    project: Project | None
    """The project's folder, if there are plugins in it that would be asked, had somebody trusted them as they are."""
    is_refused: bool
    """Whether the user has said that it is not to be trusted, as it is."""
    unknown: tuple[str, ...]
    """Names that the user wants and that nobody has."""


def find(environment: Mapping[str, str], config_dir: Path, folder: Path | None) -> Finding:
    """Find the plugins that there are.

    Args:
        environment: The process's own; what a project's `.env` adds to it must not choose plugins.
        config_dir: The folder of the user's config file.
        folder: The one that the program was started in; None leaves the project's plugins out.

    Raises:
        SettingsError: What the user has decided cannot be read.
    """
    decisions = kept(config_dir)
    names = environment.get(ONLY)
    only = None if names is None else tuple(filter(None, (name.strip() for name in names.split(","))))
    found = [*installed(), *in_folder(config_dir / PLUGINS_FOLDER)]
    project = None if folder is None else project_in(folder)
    if project is not None and project.folder == config_dir / PLUGINS_FOLDER:  # at home in the config folder
        project = None
    strange = [] if project is None else from_sources(project.sources)
    is_trusted = project is not None and decisions.trusted.get(str(project.folder)) == project.digest
    is_in_question = not is_trusted and any(not _why_not(each, only, decisions) for each in strange)
    wanted: list[Found] = []
    unwanted: list[tuple[Found, str]] = []
    for each in [*found, *strange]:
        why = _why_not(each, only, decisions)
        if not why and each in strange and not is_trusted:
            why = "not trusted: see it through, then `miniagents plugins trust`"
        if why:
            unwanted.append((each, why))
        else:
            wanted.append(each)
    there = {name for each in [*found, *strange] for name in (each.name, each.package)}
    return Finding(
        wanted=tuple(wanted),
        unwanted=tuple(unwanted),
        project=project if is_in_question else None,
        is_refused=project is not None and decisions.refused.get(str(project.folder)) == project.digest,
        unknown=tuple(name for name in only or () if name not in there),
    )


def _why_not(found: Found, only: tuple[str, ...] | None, decisions: Decisions) -> str:
    names = {found.name, found.package}
    if not names.isdisjoint(decisions.disabled):
        return f"disabled (miniagents plugins enable {found.name})"
    if only is not None and names.isdisjoint(only):
        return f"not among {ONLY}"
    return ""
