"""The plugins that this run has: found, the project's only if the user trusts them, and asked what they offer.

In: an environment, folders. Out: `Plugins`, and a line on standard error for each that cannot be used. Never: what is
done with what they offer.
"""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...plugins.catalogue import Catalogue
from ...plugins.finding import ONLY, Finding, find
from ...plugins.project import Project
from ...safe_text import one_line
from ..tell import note, tell

if TYPE_CHECKING:
    from ...plugins import Plugins
    from ...plugins.outline import Note

__all__ = ["commands_known", "commands_of", "files_of", "gathered"]


def gathered(environment: Mapping[str, str], config_dir: Path, folder: Path | None) -> "Plugins":
    """Return what the plugins offer; at a terminal, the user may be asked whether a project's are trusted.

    Args:
        environment: The process's own; what a project's `.env` adds to it must not choose plugins.
        config_dir: The folder of the user's config file.
        folder: The one that the program was started in; None leaves the project's plugins out.

    Raises:
        SettingsError: What the user has decided about plugins cannot be read, or written.
    """
    from ... import builtins  # noqa: PLC0415 - `--help` mostly needs neither
    from ...plugins import load  # noqa: PLC0415 - as above

    found = _found(environment, config_dir, folder)
    plugins = load(
        [builtins],
        found.wanted,
        catalogue=Catalogue(environment),
        gather=commands_of,
        told=lambda error: tell(str(error)),
    )
    for broken in plugins.broken:
        tell(str(broken))
    return plugins


def commands_known(environment: Mapping[str, str], config_dir: Path, folder: Path | None) -> "Mapping[str, Note]":
    """Return the names of the commands that plugins offer, with their help; none is imported that is remembered.

    Nothing is said of plugins, and nobody is asked: that is for those who want something of them.

    Args:
        environment: As for `gathered`, and so are the others.
        config_dir: As above.
        folder: As above.

    Raises:
        SettingsError: As `gathered`.
    """
    from ...plugins.outline import remembered  # noqa: PLC0415 - only `--help` does

    wanted, catalogue = find(environment, config_dir, folder).wanted, Catalogue(environment)
    names = remembered("commands", wanted, catalogue)
    if names is None:
        from ...plugins import load  # noqa: PLC0415 - the first time
        from ...plugins.offers import Offers  # noqa: PLC0415 - as above

        commands = load([], wanted, catalogue=catalogue, gather=commands_of).commands
        names = commands.notes if isinstance(commands, Offers) else {}
    return names


def _found(environment: Mapping[str, str], config_dir: Path, folder: Path | None) -> Finding:
    """Find plugins, say what there is to say of them, and let the user decide about a project's."""
    found = find(environment, config_dir, folder)
    for name in found.unknown:
        tell(one_line(f"{ONLY}: no plugin is called {name}; `miniagents plugins` lists what is there"))
    project = found.project
    if project is None or found.is_refused:
        return found
    if sys.stdin is None or sys.stderr is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        note(one_line(f"{project.folder}: not trusted, so not loaded; see it through, then `miniagents plugins trust`"))
        return found
    _decide(project, config_dir)
    return find(environment, config_dir, folder)  # what was trusted is in it now


def commands_of(hook: Callable[[Any], object]) -> Mapping[str, Any]:
    """Return the commands that a plugin adds to an app, by name."""
    import typer  # noqa: PLC0415 - only where a plugin has some
    from typer.main import get_group  # noqa: PLC0415 - as above

    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    hook(app)
    return dict(get_group(app).commands)


def files_of(project: Project) -> str:
    """Return the names of a project's plugins, for people."""
    return one_line(", ".join(os.path.relpath(path, project.folder.parent) for path in project.sources))


def _decide(project: Project, config_dir: Path) -> None:
    """Ask the user, and keep the answer until the plugins are others; no answer is no, this once."""
    from ...plugins.decisions import keep, kept  # noqa: PLC0415 - only here
    from ..asking import forget_what_was_typed  # noqa: PLC0415 - as above

    forget_what_was_typed()
    sys.stderr.write(
        f"This project brings plugins, which run with all your rights: {files_of(project)} in"
        f" {one_line(str(project.folder.parent))}. Do you trust them as they are? [y/N] "
    )
    sys.stderr.flush()
    answer = sys.stdin.readline()
    decisions, here = kept(config_dir), str(project.folder)
    if answer.strip().lower() in {"y", "yes"}:
        keep(config_dir, replace(decisions, trusted={**decisions.trusted, here: project.digest}))
    elif answer:
        keep(config_dir, replace(decisions, refused={**decisions.refused, here: project.digest}))
        tell("not loaded, and not asked again before they change; `miniagents plugins trust` trusts them")
