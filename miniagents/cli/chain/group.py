"""`miniagents chain` as a command with commands below it: a first word that is none of those is a FILE.

In: the command line's words. Out: the command that is meant. Never: what it does; its options, before they are needed.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from typer.core import TyperCommand, TyperGroup

__all__ = ["RUN", "ChainGroup", "RunCommand"]

RUN: Final = "run"
"""The command that FILE stands for; nobody types its name."""
_HELP: Final = frozenset({"-h", "--help"})


class ChainGroup(TyperGroup):
    """Runs a file, or does what a word says; the options of both take longer to make than other commands may wait."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Later()  # type: ignore[assignment]  # nobody adds to them

    @property
    def default(self) -> Any:
        """The command that runs a file."""
        return self.commands[RUN]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Find out which command it is; whoever asks for the help of a run gets that of everything."""
        if args and args[0] not in _HELP and (args[0] not in self.commands or args[0] == RUN):
            asked = args[: args.index("--")] if "--" in args else args
            args = ["--help"] if _HELP.intersection(asked) else [RUN, *args]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command; in what is told of its mistakes it is not called by the name that nobody types."""
        name, command, rest = super().resolve_command(ctx, args)
        return ("FILE" if name == RUN else name), command, rest

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ARG002 - as Typer has it
        """Return what may stand behind the name."""
        return ["[OPTIONS]", "FILE [TEXT]..."]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options of a run, and then the other commands."""
        self.default.format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


class RunCommand(TyperCommand):
    """Runs a file."""

    def get_usage(self, ctx: Any) -> str:
        """Return how the group is used: nobody sees that there is another command."""
        return str(ctx.parent.get_usage())


class _Later(Mapping[str, Any]):
    """The commands, by name; made when one of them is wanted."""

    @cached_property
    def _made(self) -> Mapping[str, Any]:
        from typer.main import get_group  # noqa: PLC0415 - see above

        from .command import chain_app  # noqa: PLC0415 - as above

        return get_group(chain_app).commands

    def __getitem__(self, name: str) -> Any:
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)
