"""`miniagents chain` in this very process, which is sooner done than a program: what it writes, and its exit code."""

from __future__ import annotations

import io
import logging
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from miniagents.cli.app import app
from miniagents.cli.output import ReaderGoneError
from miniagents.cli.tell import in_words, tell
from miniagents.errors import SettingsError
from miniagents.ext import transcript

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from miniagents import Message

__all__ = ["Shell", "Told"]

ECHOES = """
version: 1
name: echoes
agents:
  one: {plugin: echo}
  two: {plugin: echo}
"""
CODE = '''
import asyncio
from miniagents import Message, miniagent
from miniagents.errors import LimitReachedError, ProviderFailedError

@miniagent
async def says(ctx, *, text, model="m-1", out=2):
    """Say a text, word by word, whatever is asked."""
    await ctx.message_promises
    metadata = {"model": model, "usage": {"in": 3, "out": out}, "cost_usd": 0.25, "finish_reason": "stop"}
    ctx.reply(Message.promise(words(text), role="assistant", metadata=metadata))

async def words(text, error=None):
    for number, word in enumerate(text.split(" ")):
        yield f" {word}" if number else word
    if error is not None:
        raise error

@miniagent
async def waits(ctx):
    """Say nothing, for longer than anybody waits."""
    await asyncio.sleep(3600)

@miniagent
async def fails(ctx, *, text="", kind="provider"):
    """Say a text and fail."""
    await ctx.message_promises
    error = {
        "provider": ProviderFailedError("the provider failed", host="example.com", cure="try again later"),
        "limit": LimitReachedError("the limit of 3 calls is reached; raise calls in `limits`"),
        "unexpected": ValueError("of what nobody thought"),
    }[kind]
    if text:
        ctx.reply(Message.promise(words(text, error), role="assistant"))
    else:
        raise error
'''


@dataclass(frozen=True)
class Told:
    """What one call of the command left."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What was told on standard error, without what says how long it took, or where it is kept."""
        lines = [line.rpartition(", ")[0] if line.endswith(" s") else line for line in self.err.splitlines()]
        return [line for line in lines if not line.startswith("miniagents: kept in ")]


class Shell:
    """A folder, and the command called in it."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._capture = capture
        self._monkeypatch = monkeypatch
        self.write("echoes.yaml", ECHOES)
        self.write("spoken.py", CODE)

    def write(self, name: str, text: str) -> Path:
        """Write a file into the folder."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def __call__(self, *words: str, given: str | None = "") -> Told:
        """Call `miniagents chain` with these words, and with this on standard input; None is a closed one."""
        read = None if given is None else _piped(given)
        self._monkeypatch.setattr(sys, "stdin", read)
        try:
            code = _called(words)
        finally:
            if read is not None:
                read.close()
        captured = self._capture.readouterr()
        return Told(code, captured.out.decode(), captured.err.decode())

    def said(self, *, name: str = "chats/*.md") -> list[Message]:
        """Return the messages of the only transcript."""
        (path,) = self.folder.glob(name)
        return list(transcript.read(path))


def _piped(text: str) -> io.TextIOWrapper:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as file:
        file.write(text.encode())
    return io.TextIOWrapper(os.fdopen(reading, "rb"), encoding="utf-8")


def _called(words: tuple[str, ...]) -> int:
    """Call it, and make of errors what the program makes of them."""
    try:
        result: Any = app(["chain", *words], standalone_mode=False)
    except ReaderGoneError:
        return 0
    except KeyboardInterrupt:
        return 130
    except SystemExit as error:
        return int(error.code or 0)
    except SettingsError as error:
        tell(str(error))
        return 2
    except Exception as error:  # noqa: BLE001 - as the program does
        tell(in_words(error))
        return 1
    return int(result or 0)


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Iterator[Shell]:
    """Give a folder to call the command in, with a home of its own and no plugins but ours."""
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MINIAGENTS_CHATS_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MINIAGENTS_CONFIG", str(home / "config.toml"))
    monkeypatch.setenv("MINIAGENTS_PLUGINS", "")
    level = logging.getLogger("miniagents").level
    yield Shell(folder, capsysbinary, monkeypatch)
    logging.getLogger("miniagents").setLevel(level)
