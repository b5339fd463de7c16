"""Packages put into this very environment, and taken out, by its own pip, or uv where there is no pip.

As it is configured here, so that its index, mirror, proxy and certificates hold; what it says goes to the terminal.

In: names of packages. Out: a changed environment. Never: which packages are plugins.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ...errors import PluginError, SettingsError

__all__ = ["install", "uninstall"]


def install(packages: Sequence[str]) -> None:
    """Install packages: names, with versions or without, or paths.

    Raises:
        PluginError: There is no client, or it failed; it has said why.
        SettingsError: Something is no name but an option.
    """
    _run("install", packages)


def uninstall(packages: Sequence[str]) -> None:
    """Remove packages.

    Raises:
        PluginError: As `install`.
        SettingsError: As `install`, or it is the program itself.
    """
    if any(package.lower() == "miniagents" for package in packages):
        raise SettingsError("miniagents is the program itself; remove it as you installed it")
    _run("uninstall", packages)


def _run(verb: str, packages: Sequence[str]) -> None:
    for package in packages:
        if package.startswith("-"):
            raise SettingsError(f"{package} is no name of a package; options are for pip itself")
    command = [*_client(verb), *packages]
    try:
        code = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode  # noqa: S603 - the user's client
    except OSError as error:
        raise PluginError(f"{command[0]}: cannot be started ({error.strerror}); see that it can be run") from error
    if code:
        name = "pip" if "pip" in command[:4] and command[0] == sys.executable else Path(command[0]).name
        raise PluginError(f"{name} could not {verb} {', '.join(packages)}; see what it said above")


def _client(verb: str) -> list[str]:
    """Return the client's command for this environment, up to the names."""
    yes = ["--yes"] if verb == "uninstall" else []
    if importlib.util.find_spec("pip") is not None:
        # -P: a pip.py in the current folder is not pip
        return [sys.executable, "-P", "-m", "pip", "--no-input", "--disable-pip-version-check", verb, *yes]
    if uv := os.environ.get("UV") or shutil.which("uv"):
        return [uv, "pip", verb, f"--python={sys.executable}"]
    raise PluginError(
        f"packages are {verb}ed with pip or uv, and neither is in this environment; run `python -m ensurepip`"
    )
