"""`miniagents chats`: which chats there are, what is in them, copies of them, their names and their end.

In: the command line's words. Out: standard output, files. Never: how a chat is found, how a copy looks.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import SettingsError

if TYPE_CHECKING:
    from .search import Hit

__all__ = ["chats_app"]

_NAMES_OF_HELP = {"help_option_names": ["-h", "--help"]}
_ON_A_TERMINAL = 50
"""How many chats a table shows: a screen or two; a pipe gets all."""
chats_app = typer.Typer(invoke_without_command=True, rich_markup_mode=None, context_settings=_NAMES_OF_HELP)

_FORMS = "html|json|jsonl|text|md"
_Folder = Annotated[Path | None, typer.Option("--chats-dir", help="Where the chats are (or MINIAGENTS_CHATS_DIR).")]
_Chat = Annotated[str, typer.Argument(metavar="CHAT", help="Its id or the beginning, its path, words of its title.")]
_Count = Annotated[int | None, typer.Option("--count", "-n", min=1, help="How many at the most.")]


@chats_app.callback()
def chats_command(context: typer.Context, *, chats_dir: _Folder = None) -> None:
    """List the chats there are, show and search them, copy, rename and delete them."""
    context.obj = chats_dir
    if context.invoked_subcommand is None:
        list_command(context)


@chats_app.command("list")
def list_command(context: typer.Context, *, count: _Count = None, chats_dir: _Folder = None) -> None:
    """List the chats, the one that was written last first."""
    from ..table import write_table  # noqa: PLC0415 - `--help` needs none of it
    from .search import chats_in  # noqa: PLC0415 - as above

    folder, titles = _settings(context, chats_dir)
    chats = chats_in(folder, titles=titles)
    is_terminal = sys.stdout.isatty()
    shown = chats[: count or (_ON_A_TERMINAL if is_terminal else None)]
    rows = [
        (
            chat.path.stem,
            chat.title,
            str(chat.turns),
            f"{chat.written.astimezone():%Y-%m-%d %H:%M}" if is_terminal else f"{chat.written:%Y-%m-%dT%H:%M:%SZ}",
            chat.model,
        )
        for chat in shown
    ]
    write_table(("id", "title", "turns", "when", "model"), rows)
    _tell_of_more(len(chats) - len(shown), is_terminal=is_terminal and count is None)


@chats_app.command("show")
def show_command(
    context: typer.Context,
    chat: Annotated[str | None, typer.Argument(metavar="[CHAT]", help="As for the others; the newest.")] = None,
    *,
    chats_dir: _Folder = None,
) -> None:
    """Show a chat: the conversation on a terminal, the exact transcript in a pipe."""
    from ...safe_text import safe  # noqa: PLC0415 - as above
    from ..output import write  # noqa: PLC0415 - as above
    from .export import exported, told_in  # noqa: PLC0415 - as above
    from .resume import find, newest  # noqa: PLC0415 - as above

    folder, _ = _settings(context, chats_dir)
    told = told_in(find(folder, chat) if chat is not None else newest(folder))
    write(safe(exported(told, "text")) if sys.stdout.isatty() else exported(told, "md"))


@chats_app.command("search")
def search_command(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="What a chat must have, all of it.")],
    *,
    count: _Count = None,
    chats_dir: _Folder = None,
) -> None:
    """Find the chats that have these words, or words that begin so."""
    from ..output import write  # noqa: PLC0415 - as above
    from ..tell import tell  # noqa: PLC0415 - as above
    from .search import search  # noqa: PLC0415 - as above

    folder, titles = _settings(context, chats_dir)
    hits = search(folder, " ".join(words), limit=count or _ON_A_TERMINAL, titles=titles)
    if sys.stdout.isatty():
        _show(hits)
    else:
        write("".join("\t".join((_id(hit), hit.title, hit.snippet)) + "\n" for hit in hits))
    if not hits:
        tell("no chat has these words")
        raise typer.Exit(1)


@chats_app.command("export")
def export_command(  # noqa: PLR0913 - one parameter an option, as Typer has it
    context: typer.Context,
    chat: _Chat,
    *,
    form: Annotated[str | None, typer.Option("--format", "-f", metavar=_FORMS, help="Its form.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where it goes.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    chats_dir: _Folder = None,
) -> None:
    """Write a copy of a chat; JSONL has a message of OpenAI's API on each line."""
    from ...safe_text import safe  # noqa: PLC0415 - as above
    from ..output import write  # noqa: PLC0415 - as above
    from .export import exported, form_of, told_in, write_copy  # noqa: PLC0415 - as above
    from .resume import find  # noqa: PLC0415 - as above

    folder, _ = _settings(context, chats_dir)
    form = form or (form_of(output) if output is not None and output.suffix else "text")
    copy = exported(told_in(find(folder, chat)), form)
    if output is None or str(output) == "-":
        write(safe(copy) if sys.stdout.isatty() else copy)
    else:
        write_copy(output, copy, over=force)


@chats_app.command("rename")
def rename_command(
    context: typer.Context,
    chat: _Chat,
    title: Annotated[list[str], typer.Argument(metavar="TITLE", help='What to call it; "" for its beginning.')],
    *,
    chats_dir: _Folder = None,
) -> None:
    """Give a chat another title; its id stays."""
    from ...ext.transcript_title import retitle  # noqa: PLC0415 - as above
    from .resume import find  # noqa: PLC0415 - as above

    folder, _ = _settings(context, chats_dir)
    retitle(find(folder, chat), " ".join(title))


@chats_app.command("delete")
def delete_command(
    context: typer.Context,
    chat: _Chat,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    chats_dir: _Folder = None,
) -> None:
    """Delete a chat for good."""
    from ...ext.transcript_in_flight import discard  # noqa: PLC0415 - as above
    from ...safe_text import one_line  # noqa: PLC0415 - as above
    from .export import told_in  # noqa: PLC0415 - as above
    from .resume import find  # noqa: PLC0415 - as above

    folder, _ = _settings(context, chats_dir)
    path = find(folder, chat)
    if not yes:
        if sys.stdin is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise SettingsError(f"{path.stem}: nobody is asked here; say --yes to delete it")
        told = told_in(path)
        count = len(told.records)
        many = f"{count} message{'s' * (count != 1)}"
        typer.confirm(one_line(f"Delete {path.stem} ({told.title}), {many}?"), abort=True)
    discard(path)


@chats_app.command("path")
def path_command(
    context: typer.Context,
    chat: Annotated[str | None, typer.Argument(metavar="[CHAT]", help="As for the others; their folder.")] = None,
    *,
    chats_dir: _Folder = None,
) -> None:
    """Print the path of a chat, or of the folder."""
    from ...safe_text import one_line  # noqa: PLC0415 - as above
    from ..output import write  # noqa: PLC0415 - as above
    from .resume import find  # noqa: PLC0415 - as above

    folder, _ = _settings(context, chats_dir)
    path = str(find(folder, chat) if chat is not None else folder)
    write(f"{one_line(path) if sys.stdout.isatty() else path}\n")


def _settings(context: typer.Context, chats_dir: Path | None) -> tuple[Path, bool]:
    """Return where the chats are, and whether their beginnings are their titles."""
    from ..config.settings import Flags, settings_from  # noqa: PLC0415 - as above

    settings = settings_from(Flags(chats_dir=chats_dir or context.obj), os.environ, Path.cwd())
    return settings.chats_dir, settings.titles


def _id(hit: "Hit") -> str:
    from ...safe_text import one_line  # noqa: PLC0415 - as above

    return one_line(hit.path.stem)


def _show(hits: "list[Hit]") -> None:
    from rich.console import Console  # noqa: PLC0415 - only for a terminal
    from rich.text import Text  # noqa: PLC0415 - as above

    console = Console(markup=False, highlight=False, soft_wrap=True)
    for hit in hits:
        snippet = Text(f"    {hit.snippet}")
        for start, end in hit.matches:
            snippet.stylize("bold", start + 4, end + 4)
        console.print(Text(f"{_id(hit)}  ").append(hit.title, "italic"))
        console.print(snippet)


def _tell_of_more(more: int, *, is_terminal: bool) -> None:
    if more > 0 and is_terminal:
        from ..tell import tell  # noqa: PLC0415 - as above

        tell(f"{more} more; -n {more + _ON_A_TERMINAL} shows them, `miniagents chats search WORDS` finds one")
