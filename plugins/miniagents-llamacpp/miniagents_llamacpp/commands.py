"""`miniagents embed`: texts become vectors, one a line.

In: the command line's words, or lines of standard input. Out: JSON on standard output. Never: how a vector is made.
"""

import asyncio
import sys
from json import dumps
from typing import Annotated

import typer

from miniagents.errors import ModelNotFoundError, SettingsError

from . import library, store
from .embeddings import embed

__all__ = ["embed_command"]


def embed_command(
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT", help="Or a line of standard input.")] = None,
    *,
    model: Annotated[str, typer.Option("--model", "-m", help="One that runs on this machine.")] = "local",
) -> None:
    """Print for each TEXT, or line of standard input, its vector: a line of JSON."""
    name = model.removeprefix("local:") or "local"
    if store.find(name) is None and library.is_fetched(name):
        raise ModelNotFoundError("it is not here yet", host=name, cure=f"`miniagents models pull {model}` fetches it")
    if not texts and sys.stdin is not None and not sys.stdin.isatty():
        texts = [line for line in sys.stdin.read().splitlines() if line.strip()]
    if not texts:
        raise SettingsError("there is nothing to embed; give a TEXT, or lines on standard input")
    for vector in asyncio.run(embed(texts, model=name)):
        sys.stdout.write(dumps(vector) + "\n")
