"""Conversations in an SQLite database, for miniagents: `miniagents chat --history sqlite`.

`agent` keeps them; `conversations`, `search` and `exchange` look for them and copy them; `commands` has these for the
shell; `database` and `flights` are where they are. Nothing is opened before something is said or asked.
"""

from typing import TYPE_CHECKING

from miniagents.hookspecs import RegisterAgent, hookimpl

if TYPE_CHECKING:
    from typer import Typer

__all__ = ["register_commands", "register_history"]


@hookimpl
def register_history(register: RegisterAgent) -> None:
    """Offer `--history sqlite`."""
    from .agent import sqlite_history_agent  # noqa: PLC0415 - SQLite is not for those who keep nothing in it
    from .shelf import Shelf  # noqa: PLC0415 - as above

    register("sqlite", sqlite_history_agent.fork(argument="", shelf=Shelf))


@hookimpl
def register_commands(app: "Typer") -> None:
    """Offer `miniagents sqlite`."""
    from .commands import app as commands  # noqa: PLC0415 - as above

    app.add_typer(commands, name="sqlite", help="Search, list, show, import and export conversations in the database.")
