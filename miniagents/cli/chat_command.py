"""`miniagents chat`: its options, and which of the two ways to chat they ask for.

In: the command line's words. Out: a call of `answer_once` or `hold_chat`. Never: a model, a message.
"""

import sys
from collections.abc import Mapping
from typing import Any

from . import chat_options as o
from .start import decided, plugins_for, plugins_soon, taken
from .tell import hush, note

__all__ = ["chat_command"]


def chat_command(  # noqa: PLR0913 - one parameter an option, as Typer has it; all are read by name, below
    words: o.Words = None,
    *,
    model: o.Model = None,
    agent: o.Agent = None,
    system: o.System = None,
    role: o.Role = None,
    options: o.Options = None,
    tools: o.Tools = None,
    allow_tools: o.AllowTools = None,
    template: o.Template = None,
    params: o.Params = None,
    attach: o.Attach = None,
    newest: o.Newest = False,
    resume: o.Resume = None,
    at: o.At = None,
    extract: o.Extract = False,
    extract_last: o.ExtractLast = False,
    schema: o.Schema = None,
    as_json: o.AsJson = False,
    jsonl: o.JsonLines = False,
    stream: o.Stream = None,
    timeout_s: o.Timeout = None,
    retries: o.Retries = None,
    usage: o.Usage = None,
    quiet: o.Quiet = None,
    plain: o.Plain = None,
    vi: o.Vi = None,
    titles: o.Titles = None,
    log: o.Log = None,
    save: o.Save = None,
    history: o.History = None,
    chats_dir: o.ChatsDir = None,
) -> None:
    """Answer PROMPT, what standard input brings, or both; with neither, hold a chat in the terminal."""
    _chat(words or [], locals())


def _chat(words: list[str], given: Mapping[str, Any]) -> None:
    import asyncio  # noqa: PLC0415 - as below

    from .config.settings import Flags  # noqa: PLC0415 - as above
    from .request import requested  # noqa: PLC0415 - `--help` needs none of it
    from .wish import Wish  # noqa: PLC0415 - as above

    if given["quiet"]:
        hush()
    wish = taken(Wish, given)
    settings = decided(taken(Flags, given))
    if settings.quiet:
        hush()
    request = requested(words, wish, settings, note)
    if request.prompt is None and not wish.is_for_scripts and _is_at_a_terminal():
        from .chat import hold_chat  # noqa: PLC0415 - imports what a single answer does without

        asyncio.run(hold_chat(request, plugins_soon(settings)))
    else:
        from .once import answer_once  # noqa: PLC0415 - and what a chat does without

        asyncio.run(answer_once(request, plugins_for(settings)))


def _is_at_a_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
