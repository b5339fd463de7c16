"""Roles: what a model is told to be, kept under a name in `roles/NAME.md` of the config folder.

The file's text is the system prompt; its front matter may say `model` and `[options]`.

In: a name, the config folder. Out: a `Role`. Never: a chat.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from . import named_texts

__all__ = ["Role", "find", "names"]

_FOLDER: Final = "roles"


@dataclass(frozen=True, slots=True)
class Role:
    """One of them."""

    name: str
    system: str | None
    """None leaves it as it is; so for `model`."""
    model: str | None
    options: Mapping[str, Any]
    """Parameters of the model's API."""


def names(config_dir: Path) -> list[str]:
    """Return the names of the roles there are, in order."""
    return named_texts.names(config_dir / _FOLDER)


def find(name: str, config_dir: Path) -> Role:
    """Return the role of that name.

    Raises:
        SettingsError: There is none, or its file cannot be read or makes no sense.
    """
    found = named_texts.find("role", name, config_dir / _FOLDER, {"model": str, "options": dict})
    return Role(name, found.text or None, found.head.get("model"), found.head.get("options", {}))
