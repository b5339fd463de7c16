"""`miniagents sqlite`: which conversations are in the database, what is in them, and copies of them.

In: the command line's words. Out: standard output, files. Never: how anything is found or written.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from .database import Database

__all__ = ["app", "main"]

app = typer.Typer(
    name="miniagents-sqlite",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_USAGE = 2
_Chat = Annotated[str, typer.Argument(metavar="CHAT", help="Its key or the beginning, or words of its title.")]
_Count = Annotated[int | None, typer.Option("--count", "-n", min=1, help="How many at the most.")]
_HITS = 50
"""How many a search shows: a screen or two."""


@app.callback()
def options(
    context: typer.Context,
    *,
    database: Annotated[
        Path | None, typer.Option("--database", "-d", help="The file (or MINIAGENTS_SQLITE).", show_default=False)
    ] = None,
) -> None:
    """Search, list, show, import and export the conversations that `--history sqlite` keeps."""
    context.obj = database


@app.command("list")
def list_command(context: typer.Context, *, count: _Count = None) -> None:
    """List the conversations, the one that was written last first."""
    from miniagents.cli.table import write_table  # noqa: PLC0415 - `--help` needs none of it

    from .conversations import conversations  # noqa: PLC0415 - as above

    with _database(context) as database:
        there = conversations(database)[:count]
    write_table(("key", "title", "turns", "when", "model"), [(*each[:2], str(each.turns), *each[3:]) for each in there])


@app.command("search")
def search_command(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="What a message must have, all of it.")],
    *,
    count: _Count = None,
) -> None:
    """Find the messages that have these words, or words that begin so."""
    from miniagents.cli.table import write_table  # noqa: PLC0415 - as above
    from miniagents.cli.tell import tell  # noqa: PLC0415 - as above

    from .search import search  # noqa: PLC0415 - as above

    with _database(context) as database:
        hits = search(database, " ".join(words), limit=count or _HITS)
    write_table(("place", "role", "found"), [(hit.place, hit.role, hit.snippet) for hit in hits])
    if not hits:
        tell("no message has these words")
        raise typer.Exit(1)


@app.command("show")
def show_command(context: typer.Context, chat: Annotated[str, typer.Argument(metavar="[CHAT]")] = "") -> None:
    """Show a conversation with all its branches, as a Markdown transcript; the newest if none is named."""
    from miniagents.cli.output import write  # noqa: PLC0415 - as above
    from miniagents.safe_text import safe  # noqa: PLC0415 - as above

    from .exchange import markdown_of  # noqa: PLC0415 - as above

    with _database(context) as database:
        text = markdown_of(database, _key(database, chat))
    write(safe(text) if sys.stdout.isatty() else text)


@app.command("import")
def import_command(
    context: typer.Context, files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Markdown transcripts.")]
) -> None:
    """Take transcripts into the database; what is there already stays as it is."""
    from miniagents.cli.table import write_table  # noqa: PLC0415 - as above

    from .exchange import import_markdown  # noqa: PLC0415 - as above

    rows: list[tuple[str, str]] = []
    try:
        with _database(context) as database:
            for file in files:
                key, new = import_markdown(database, file)
                rows.append((key, str(new)))
    finally:
        write_table(("key", "new messages"), rows)


@app.command("export")
def export_command(
    context: typer.Context,
    chat: _Chat,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where it goes.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Write a conversation to a Markdown transcript, which `miniagents chat --resume FILE` goes on with."""
    from .exchange import export_markdown  # noqa: PLC0415 - as above

    with _database(context) as database:
        export_markdown(database, _key(database, chat), file, over=force)


@app.command("rename")
def rename_command(
    context: typer.Context,
    chat: _Chat,
    title: Annotated[list[str], typer.Argument(metavar="TITLE", help='What to call it; "" for its beginning.')],
) -> None:
    """Give a conversation another title; its key stays."""
    from .conversations import rename  # noqa: PLC0415 - as above

    with _database(context) as database:
        rename(database, _key(database, chat), " ".join(title))


@app.command("delete")
def delete_command(
    context: typer.Context,
    chat: _Chat,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a conversation for good, with all its branches."""
    from miniagents.errors import SettingsError  # noqa: PLC0415 - as above
    from miniagents.safe_text import one_line  # noqa: PLC0415 - as above

    from .conversations import delete  # noqa: PLC0415 - as above

    with _database(context) as database:
        key = _key(database, chat)
        if not yes:
            if sys.stdin is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
                raise SettingsError(f"{key}: nobody is asked here; say --yes to delete it")
            typer.confirm(one_line(f"Delete {key}?"), abort=True)
        delete(database, key)


@app.command("path")
def path_command(context: typer.Context) -> None:
    """Print the path of the database."""
    from miniagents.cli.output import write  # noqa: PLC0415 - as above

    with _database(context) as database:
        write(f"{database.path}\n")


def main() -> None:
    """Run the commands as a program of their own, and leave with its exit code."""
    from miniagents.cli.output import ReaderGoneError, close_standard_output  # noqa: PLC0415 - as above
    from miniagents.cli.tell import in_words, tell  # noqa: PLC0415 - as above
    from miniagents.errors import SettingsError  # noqa: PLC0415 - as above

    code = 0
    try:
        app()
    except ReaderGoneError:
        close_standard_output()
    except Exception as error:  # noqa: BLE001 - whatever it was, a person gets one line
        tell(in_words(error))
        code = _USAGE if isinstance(error, SettingsError) else 1
    sys.exit(code)


def _database(context: typer.Context) -> "Database":
    from .database import Database  # noqa: PLC0415 - as above

    return Database(context.obj)


def _key(database: "Database", chat: str) -> str:
    """Return the key of the conversation that is meant."""
    from .conversations import find  # noqa: PLC0415 - as above

    return find(database, chat).partition("/")[0]
