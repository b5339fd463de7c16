"""`miniagents chats`: which chats there are, what is in them, copies of them, their names and their end.

In: the command line's words. Out: standard output, files. Never: how a chat is found, how a copy looks.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .chats.elsewhere import Shelf
    from .chats.export import Told
    from .config.settings import Settings

__all__ = ["chats_app"]

_NAMES_OF_HELP = {"help_option_names": ["-h", "--help"]}
_ON_A_TERMINAL = 50
"""How many chats a table shows: a screen or two; a pipe gets all."""
chats_app = typer.Typer(invoke_without_command=True, rich_markup_mode=None, context_settings=_NAMES_OF_HELP)

_FORMS = "html|json|jsonl|text|md"
_Folder = Annotated[Path | None, typer.Option("--chats-dir", help="Where the chats are (or MINIAGENTS_CHATS_DIR).")]
_History = Annotated[str | None, typer.Option("--history", metavar="NAME", help="Who keeps them, as for a chat.")]
_Chat = Annotated[str, typer.Argument(metavar="CHAT", help="Its id or the beginning, its path, words of its title.")]
_Count = Annotated[int | None, typer.Option("--count", "-n", min=1, help="How many at the most.")]


@chats_app.callback()
def chats_command(context: typer.Context, *, chats_dir: _Folder = None, history: _History = None) -> None:
    """List the chats there are, show and search them, copy, rename and delete them."""
    context.obj = chats_dir, history
    if context.invoked_subcommand is None:
        list_command(context)


@chats_app.command("list")
def list_command(context: typer.Context, *, count: _Count = None, chats_dir: _Folder = None) -> None:
    """List the chats, the one that was written last first."""
    from .chats.search import chats_in  # noqa: PLC0415 - `--help` needs none of it
    from .table import write_table  # noqa: PLC0415 - as above

    settings = _settings(context, chats_dir)
    is_terminal = sys.stdout.isatty()
    if (shelf := _shelf(settings)) is not None:
        write_table(("id", "title"), shelf.listed(count or (_ON_A_TERMINAL if is_terminal else sys.maxsize)))
        return
    chats = chats_in(settings.chats_dir, titles=settings.titles)
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
    from ..safe_text import safe  # noqa: PLC0415 - as above
    from .chats.export import exported  # noqa: PLC0415 - as above
    from .output import write  # noqa: PLC0415 - as above

    told = _told(_settings(context, chats_dir), chat)
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
    from ..safe_text import one_line  # noqa: PLC0415 - as above
    from .output import write  # noqa: PLC0415 - as above
    from .tell import tell  # noqa: PLC0415 - as above

    hits = [*_hits(_settings(context, chats_dir), " ".join(words), count or _ON_A_TERMINAL)]
    if sys.stdout.isatty():
        _show(hits)
    else:
        write("".join("\t".join(map(one_line, hit[:3])) + "\n" for hit in hits))
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
    from ..safe_text import safe  # noqa: PLC0415 - as above
    from .chats.export import exported, form_of, write_copy  # noqa: PLC0415 - as above
    from .output import write  # noqa: PLC0415 - as above

    settings = _settings(context, chats_dir)
    form = form or (form_of(output) if output is not None and output.suffix else "text")
    copy = exported(_told(settings, chat), form)
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
    from ..ext.transcript_title import retitle  # noqa: PLC0415 - as above
    from .chats.resume import find  # noqa: PLC0415 - as above

    settings = _settings(context, chats_dir)
    if (shelf := _shelf(settings)) is not None:
        shelf.rename(shelf.find(chat), " ".join(title))
    else:
        retitle(find(settings.chats_dir, chat), " ".join(title))


@chats_app.command("delete")
def delete_command(
    context: typer.Context,
    chat: _Chat,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    chats_dir: _Folder = None,
) -> None:
    """Delete a chat for good."""
    from ..ext.transcript_in_flight import discard  # noqa: PLC0415 - as above
    from ..safe_text import one_line  # noqa: PLC0415 - as above
    from .chats.export import told_in  # noqa: PLC0415 - as above
    from .chats.resume import find  # noqa: PLC0415 - as above

    path = find(_folder(_settings(context, chats_dir)), chat)
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
    from ..safe_text import one_line  # noqa: PLC0415 - as above
    from .chats.resume import find  # noqa: PLC0415 - as above
    from .output import write  # noqa: PLC0415 - as above

    folder = _folder(_settings(context, chats_dir))
    path = str(find(folder, chat) if chat is not None else folder)
    write(f"{one_line(path) if sys.stdout.isatty() else path}\n")


def _settings(context: typer.Context, chats_dir: Path | None) -> "Settings":
    """Return what says where the chats are; a folder that is named is where they are, whoever keeps new ones."""
    from .chats.opened import IN_FILES  # noqa: PLC0415 - as above
    from .config.settings import Flags, settings_from  # noqa: PLC0415 - as above

    folder, history = context.obj
    folder = chats_dir or folder
    history = history or (None if folder is None else IN_FILES)
    return settings_from(Flags(chats_dir=folder, history=history), os.environ, Path.cwd())


def _shelf(settings: "Settings") -> "Shelf | None":
    """Return where a plugin keeps the chats; None where they are in a folder."""
    from .chats.opened import IN_FILES, shelf_of  # noqa: PLC0415 - as above
    from .start import plugins_for  # noqa: PLC0415 - as above

    return None if settings.history == IN_FILES else shelf_of(settings, plugins_for(settings))


def _folder(settings: "Settings") -> Path:
    """Return the folder of the chats, for what can be done with files only."""
    if _shelf(settings) is not None:
        raise SettingsError(f"chats of --history {settings.history} are in no folder; see the commands of its plugin")
    return settings.chats_dir


def _told(settings: "Settings", chat: str | None) -> "Told":
    """Return what was said in a chat; without a name, in the newest one."""
    from .chats.export import told_in, told_on  # noqa: PLC0415 - as above
    from .chats.resume import find, newest  # noqa: PLC0415 - as above

    if (shelf := _shelf(settings)) is not None:
        return told_on(shelf, chat or "")
    return told_in(find(settings.chats_dir, chat) if chat is not None else newest(settings.chats_dir))


def _hits(settings: "Settings", words: str, count: int) -> "Iterable[tuple[str, str, str, Sequence[tuple[int, int]]]]":
    """Give the chats that have these words, as `Shelf.search` does."""
    from .chats.search import search  # noqa: PLC0415 - as above

    if (shelf := _shelf(settings)) is not None:
        return shelf.search(words, count)
    hits = search(settings.chats_dir, words, limit=count, titles=settings.titles)
    return [(hit.path.stem, hit.title, hit.snippet, hit.matches) for hit in hits]


def _show(hits: "Iterable[tuple[str, str, str, Sequence[tuple[int, int]]]]") -> None:
    from rich.console import Console  # noqa: PLC0415 - only for a terminal
    from rich.text import Text  # noqa: PLC0415 - as above

    from ..safe_text import one_line  # noqa: PLC0415 - as above

    console = Console(markup=False, highlight=False, soft_wrap=True)
    for name, title, found, matches in hits:
        snippet = Text(f"    {one_line(found)}")
        for start, end in matches:
            snippet.stylize("bold", start + 4, end + 4)
        console.print(Text(f"{one_line(name)}  ").append(one_line(title), "italic"))
        console.print(snippet)


def _tell_of_more(more: int, *, is_terminal: bool) -> None:
    if more > 0 and is_terminal:
        from .tell import tell  # noqa: PLC0415 - as above

        tell(f"{more} more; -n {more + _ON_A_TERMINAL} shows them, `miniagents chats search WORDS` finds one")
