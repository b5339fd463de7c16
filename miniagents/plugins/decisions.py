"""What the user has decided about plugins: which are off, and which projects' folders may be run.

In: the folder of the config file. Out: a frozen `Decisions`, kept in `plugins.json` there. Never: a plugin.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from ..errors import SettingsError

__all__ = ["Decisions", "keep", "kept"]

_FILE: Final = "plugins.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """All of it."""

    disabled: tuple[str, ...] = ()
    """Names of plugins that are not to be asked."""
    trusted: Mapping[str, str] = field(default_factory=dict)
    """Folders of plugins that may be run, each with the hash of what was in it when that was decided."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Those that may not, and about which nobody is to be asked again before they change."""


def kept(config_dir: Path) -> Decisions:
    """Return what was decided; nothing, if there is no file.

    Raises:
        SettingsError: The file cannot be read, or is none of ours.
    """
    path = config_dir / _FILE
    try:
        content = json.loads(path.read_bytes())
        return Decisions(
            disabled=tuple(map(str, content["disabled"])),
            trusted=_texts(content["trusted"]),
            refused=_texts(content["refused"]),
        )
    except (FileNotFoundError, NotADirectoryError):
        return Decisions()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SettingsError(f"{path}: cannot be read ({type(error).__name__}); mend it or move it away") from error


def keep(config_dir: Path, decisions: Decisions) -> None:
    """Write down what is decided, whole.

    Raises:
        SettingsError: It cannot be written.
    """
    path = config_dir / _FILE
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    content = {name: dict(value) if isinstance(value, Mapping) else value for name, value in _fields(decisions).items()}
    try:
        config_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise SettingsError(f"{path}: cannot be written ({error}); mend that, or name another config file") from error


def _fields(decisions: Decisions) -> dict[str, Any]:
    return {name: getattr(decisions, name) for name in asdict(Decisions())}


def _texts(content: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in content.items()}
