"""The program's commands with those of plugins behind them; a plugin is imported when one of its commands is called.

In: the name of a command. Out: a command. Never: what it does.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from ...plugins.outline import Note

__all__ = ["ONLY", "PluginGroup"]

ONLY: Final = "MINIAGENTS_PLUGINS"
"""As `plugins.finding` has it, which takes longer to import than a command of ours may be kept waiting."""


class PluginGroup(TyperGroup):
    """Ours first; plugins are not looked for before somebody wants a command that is none of ours, or the help."""

    _is_listing = False

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands."""
        return [*super().list_commands(ctx), *(name for name in self._known if name not in self.commands)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, None if there is none of that name."""
        if (own := super().get_command(ctx, cmd_name)) is not None:
            return own
        if self._is_listing:  # its help is known, so nothing is imported for it
            return TyperCommand(cmd_name, help=str(self._known.get(cmd_name, "")))
        return self.offered.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands for `--help`."""
        with self._listing():
            super().format_commands(ctx, formatter)

    @cached_property
    def offered(self) -> Mapping[str, Any]:
        """The commands that plugins offer, by name."""
        from ..config.file import config_path  # noqa: PLC0415 - a command of ours needs none of it
        from .gathering import gathered  # noqa: PLC0415 - as above

        commands = gathered(os.environ, config_path(os.environ).parent, _here()).commands
        self._tell_of_ours(commands)
        return commands

    @cached_property
    def _known(self) -> "Mapping[str, Note]":
        from ...errors import SettingsError  # noqa: PLC0415 - as above
        from ..config.file import config_path  # noqa: PLC0415 - as above
        from .gathering import commands_known  # noqa: PLC0415 - as above

        try:
            return commands_known(os.environ, config_path(os.environ).parent, _here())
        except (OSError, RuntimeError, SettingsError):  # the help comes whatever is wrong with files, or with no home
            return {}

    def _tell_of_ours(self, names: Iterable[str]) -> None:
        from ...safe_text import one_line  # noqa: PLC0415 - as above
        from ..tell import tell  # noqa: PLC0415 - as above

        for name in names:
            if name in self.commands:
                tell(one_line(f"a plugin offers the command {name!r}, which is ours and stays so"))

    @contextmanager
    def _listing(self) -> Iterator[None]:
        self._is_listing = True
        try:
            yield
        finally:
            self._is_listing = False


def _here() -> Path | None:
    """Return the folder that one is in; None where it is gone."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None
