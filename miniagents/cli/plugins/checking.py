"""`miniagents plugins check PATH`: a plugin imported from where it is, and the contract suite run on it.

In: a `.py` file, or the folder of a package. Out: a line for each promise. Never: what the promises are.
"""

import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from ...errors import PluginError, SettingsError
from ...plugins import ENTRY_POINT_GROUP
from ...plugins.checks import Check, check_plugin
from ...plugins.fault import in_one_line
from ...plugins.found import Found, module_of_file
from ..table import write_table
from .gathering import commands_of

__all__ = ["checked"]


def checked(path: Path) -> bool:
    """Check the plugins of a path; say whether they keep all that is promised of them.

    Raises:
        SettingsError: There is no plugin.
    """
    checks: list[Check] = []
    for found in _found(path.resolve()):
        try:
            plugin = found.get()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is what is wrong with it
            checks.append(Check(f"{found.name}: can be imported", in_one_line(error)))
            continue
        checks += check_plugin(plugin, name=found.name, gather=commands_of)
    write_table(("promise", "result"), [(check.what, _result(check)) for check in checks])
    return not any(check.problem for check in checks)


def _result(check: Check) -> str:
    if check.problem:
        return f"BROKEN: {check.problem}"
    return f"kept ({check.note})" if check.note else "kept"


def _found(path: Path) -> list[Found]:
    if path.is_file() and path.suffix == ".py":
        return [Found(name=path.stem, origin=str(path), get=lambda: module_of_file(path))]
    points = _points(path / "pyproject.toml")
    if not points:
        raise SettingsError(
            f"{path}: no plugin; name a .py file, or a folder with a pyproject.toml that has"
            f" [project.entry-points.{ENTRY_POINT_GROUP}]"
        )
    sys.path[:0] = [str(path), str(path / "src")]  # whether it is installed or not, this is the one that is meant
    return [
        Found(name=name, origin=str(path), get=EntryPoint(name, value, ENTRY_POINT_GROUP).load)
        for name, value in points.items()
    ]


def _points(path: Path) -> Mapping[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        points: Mapping[str, Any] = content["project"]["entry-points"][ENTRY_POINT_GROUP]
    except (FileNotFoundError, NotADirectoryError, KeyError):
        return {}
    except (OSError, ValueError, TypeError) as error:
        raise PluginError(f"{path}: cannot be read ({error})") from error
    return points
