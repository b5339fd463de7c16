"""`miniagents chain`: runs a file of agents, checks it, draws it, begins one; prints the schema of such files.

In: the command line's words. Out: a call of whoever does it. Never: a model, a message.
"""

from pathlib import Path
from typing import Annotated

import typer

from ..option import for_typer
from .group import RUN, RunCommand
from .run_command import run_command

__all__ = ["chain_app"]

_NAMES_OF_HELP = {"help_option_names": ["-h", "--help"]}
chain_app = typer.Typer(rich_markup_mode=None, context_settings=_NAMES_OF_HELP)


chain_app.command(RUN, cls=RunCommand, hidden=True)(for_typer(run_command))


@chain_app.command("check")
def check_command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="One or more.")],
) -> None:
    """Name all that is wrong in files of agents, with place and cure."""
    from .checking import checked  # noqa: PLC0415 - `--help` needs none of it

    if not checked(files):
        raise typer.Exit(2)


@chain_app.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of files of agents, for editors."""
    import json  # noqa: PLC0415 - as above

    from ...chains.json_schema import json_schema  # noqa: PLC0415 - as above
    from ..output import write  # noqa: PLC0415 - as above

    write(json.dumps(json_schema(), indent=2) + "\n")


@chain_app.command("new")
def new_command(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Of the file; `.yaml` is added.")] = None,
    *,
    template: Annotated[str, typer.Option("--template", "-t", metavar="NAME", help="What it begins as.")] = "critique",
    lists: Annotated[bool, typer.Option("--list", help="List the templates.")] = False,
) -> None:
    """Begin a file of agents from a template."""
    from .starting import begin, list_templates  # noqa: PLC0415 - as above

    if lists:
        list_templates()
    else:
        begin(name, template)
