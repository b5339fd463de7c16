"""`miniagents chain FILE`: its options, and what they ask for.

In: the command line's words. Out: a run, a picture, or what would run. Never: Typer, a model, a message.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from .. import chat_options as c
from . import options as o

__all__ = ["OTHERS", "run_command"]

OTHERS: Final = frozenset({"check", "new", "schema"})
"""What a first word may be that is no file."""


def run_command(  # noqa: PLR0913 - one parameter an option, as Typer has it; all are read by name, below
    file_and_text: o.FileAndText = None,
    *,
    inputs: o.Inputs = None,
    variables: o.Variables = None,
    sets: o.Sets = None,
    model: o.Model = None,
    show: o.Show = None,
    as_json: o.AsJson = False,
    jsonl: o.JsonLines = False,
    output: o.Output = None,
    force: o.Force = False,
    dry_run: o.DryRun = False,
    graph: o.Graph = None,
    allow_code: o.AllowCode = False,
    usage: c.Usage = None,
    quiet: c.Quiet = None,
    plain: c.Plain = None,
    log: c.Log = None,
    save: c.Save = None,
    history: c.History = None,
    chats_dir: c.ChatsDir = None,
) -> None:
    """Run the agents of a file; the last one's reply is the output."""
    _run(file_and_text or [], locals())


def _run(words: list[str], given: Mapping[str, Any]) -> None:
    """Do it; what goes wrong in a file, or in one of its steps, is told with its place."""
    try:
        _do(words, given)
    except Exception as error:
        from .faults import told  # noqa: PLC0415 - only where there are some

        if (code := told(error)) is None:
            raise
        sys.exit(code)


def _do(words: list[str], given: Mapping[str, Any]) -> None:
    from ...errors import SettingsError  # noqa: PLC0415 - as above
    from ..config.settings import Flags  # noqa: PLC0415 - as above
    from ..start import decided, taken  # noqa: PLC0415 - as above
    from ..tell import hush  # noqa: PLC0415 - as above
    from .order import Order  # noqa: PLC0415 - as above

    if given["quiet"]:
        hush()
    if not words:
        raise SettingsError("which FILE? name one, or begin one: miniagents chain new NAME")
    file, *text = words
    if not Path(file).exists():
        from difflib import get_close_matches  # noqa: PLC0415 - as above

        for near in get_close_matches(file, OTHERS, 1):
            raise SettingsError(f"{file}: there is no such file; did you mean miniagents chain {near}?")
    order = taken(Order, {**given, "file": Path(file)})
    settings = decided(taken(Flags, given))
    if settings.quiet:
        hush()
    if given["graph"] is not None:
        from .rehearsal import draw  # noqa: PLC0415 - as above

        draw(order, given["graph"], settings)
    else:
        from .running import run  # noqa: PLC0415 - as above

        run(order, text, settings, is_dry=given["dry_run"])
