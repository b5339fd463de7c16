"""`miniagents mcp`: which servers there are and what they offer, and agents as servers.

In: the command line's words. Out: standard output. Never: how a server is talked to.
"""

import os
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


@app.command("list")
def list_command(
    which: Annotated[str, typer.Argument(metavar="[NAME|FILE]", help="One server, or the servers of a file.")] = "",
) -> None:
    """Start the servers of your mcp.json, and list their tools."""
    import asyncio  # noqa: PLC0415 - `--help` needs none of it

    from miniagents.cli.table import write_table  # noqa: PLC0415 - as above

    from .listing import failed_in, listed  # noqa: PLC0415 - as above

    rows = asyncio.run(listed(which, os.environ))
    write_table(("server", "tool", "state", "about"), rows)
    if failed_in(rows):
        raise typer.Exit(1)


@app.command("path")
def path_command() -> None:
    """Print where your mcp.json is, or would be."""
    from miniagents.cli.output import write  # noqa: PLC0415 - as above

    from .servers import file_in_config  # noqa: PLC0415 - as above

    write(f"{file_in_config(os.environ)}\n")


@app.command("serve")
def serve_command(
    *,
    agent: Annotated[str | None, typer.Option("--agent", metavar="NAME", help="A plugin's agent.")] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", metavar="NAME", help="A model, as in a chat.")] = None,
    system: Annotated[str | None, typer.Option("--system", "-s", help="What the model is told beforehand.")] = None,
    chain: Annotated[str | None, typer.Option("--chain", metavar="FILE", help="A chain: a file of agents.")] = None,
    http: Annotated[
        int | None, typer.Option("--http", metavar="PORT", min=0, max=65535, help="Over HTTP, on this machine only.")
    ] = None,
) -> None:
    """Be an MCP server whose tool is an agent, a model or a chain; over standard input and output, or over HTTP."""
    import asyncio  # noqa: PLC0415 - as above

    from miniagents.cli.config.settings import Flags  # noqa: PLC0415 - as above
    from miniagents.cli.start import started  # noqa: PLC0415 - as above
    from miniagents.errors import SettingsError  # noqa: PLC0415 - as above

    from .offering import serve  # noqa: PLC0415 - as above

    if chain is not None and (agent, model, system) != (None, None, None):
        raise SettingsError("--chain says who answers; leave --agent, --model and --system out")
    settings, plugins = started(Flags(agent=agent, model=model, system=system))
    asyncio.run(serve(settings, plugins, chain=chain, port=http))
