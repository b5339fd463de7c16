"""`miniagents chat`: its options, and which of the two ways to chat they ask for.

In: the command line's words. Out: a call of `answer_once` or `hold_chat`. Never: a model, a message.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import SettingsError
from .start import started
from .tell import tell

if TYPE_CHECKING:
    from .settings import Flags

__all__ = ["chat_command"]


def chat_command(  # noqa: PLR0913 - one parameter an option, as Typer has it
    words: Annotated[list[str] | None, typer.Argument(metavar="PROMPT", help="What to say. `-` reads it.")] = None,
    *,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Such as gpt-3.5-turbo, openai:NAME, local.")
    ] = None,
    system: Annotated[str | None, typer.Option("--system", "-s", help="What the model is told beforehand.")] = None,
    option: Annotated[
        list[str] | None, typer.Option("-o", metavar="NAME=VALUE", help="Any parameter of the API.")
    ] = None,
    no_stream: Annotated[bool, typer.Option("--no-stream", help="Show the reply when it is whole.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One object: text, model, usage, hash, transcript.")] = False,
    log: Annotated[
        str | None, typer.Option("--log", metavar="FILE", help="Write down requests and replies; `debug` shows them.")
    ] = None,
    no_save: Annotated[bool, typer.Option("--no-save", help="Keep no transcript.")] = False,
    chats_dir: Annotated[
        Path | None, typer.Option("--chats-dir", help="Where transcripts go (MINIAGENTS_CHATS_DIR, or chats).")
    ] = None,
) -> None:
    """Answer PROMPT, what standard input brings, or both; with neither, hold a chat in the terminal."""
    from .settings import Flags  # noqa: PLC0415 - `--help` needs none of it

    flags = Flags(
        model=model,
        system=system,
        options=option or (),
        stream=not no_stream,
        log=log,
        save=not no_save,
        chats_dir=chats_dir,
    )
    _chat(flags, words or (), as_json=as_json)


def _chat(flags: "Flags", words: Sequence[str], *, as_json: bool) -> None:
    from .chat import hold_chat  # noqa: PLC0415 - as above
    from .once import answer_once  # noqa: PLC0415 - as above
    from .piped import prompt_from  # noqa: PLC0415 - as above

    settings, plugins = started(flags)
    prompt = prompt_from(words, tell)
    if prompt is not None:
        asyncio.run(answer_once(settings, plugins, prompt, as_json=as_json))
    elif sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty() and not as_json:
        asyncio.run(hold_chat(settings, plugins))
    else:
        raise SettingsError("there is nothing to say; give a prompt, or pipe it in")
