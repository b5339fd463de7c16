"""How an option of a command is declared: in values that Typer understands, and that can be read without it.

To import Typer, with the pydantic that it checks values with, takes as long as all that is needed to draw a prompt.

In: spellings, help. Out: declarations for the hints of a function's parameters; the same function as Typer wants it.
Never: what was given.
"""

from collections.abc import Callable
from typing import Annotated, Any

__all__ = ["Argument", "Option", "for_typer"]


class Option:
    """An option, as `typer.Option` has it; a spelling "--yes/--no" is two."""

    def __init__(self, *param_decls: str, metavar: str | None = None, help: str) -> None:  # noqa: A002 - as Typer has it
        self.param_decls = param_decls
        self.metavar = metavar
        self.help = help


class Argument:
    """An argument, as `typer.Argument` has it."""

    def __init__(self, *, metavar: str, help: str) -> None:  # noqa: A002 - as above
        self.metavar = metavar
        self.help = help


def for_typer(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that does the same, with hints that Typer reads."""
    from functools import wraps  # noqa: PLC0415 - only where Typer is wanted
    from inspect import signature  # noqa: PLC0415 - as above

    @wraps(command)
    def wanted(*args: object, **given: object) -> None:
        command(*args, **given)

    wanted.__annotations__ = {name: _hint(hint) for name, hint in command.__annotations__.items()}
    ours = signature(command)
    parameters = [each.replace(annotation=_hint(each.annotation)) for each in ours.parameters.values()]
    wanted.__signature__ = ours.replace(parameters=parameters)  # type: ignore[attr-defined]  # as PEP 362 has it
    return wanted


def _hint(hint: Any) -> Any:
    import typer  # noqa: PLC0415 - as above

    for declared in getattr(hint, "__metadata__", ()):
        if isinstance(declared, Option):
            option = typer.Option(*declared.param_decls, metavar=declared.metavar, help=declared.help)
            return Annotated[hint.__origin__, option]
        if isinstance(declared, Argument):
            return Annotated[hint.__origin__, typer.Argument(metavar=declared.metavar, help=declared.help)]
    return hint
