"""Standard output: the exact bytes of a reply into a pipe or a file, the safe text onto a terminal.

In: message promises, text that was asked for. Out: bytes on standard output. Never: what was not asked for.
"""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..safe_text import SafeText, exact, safe

if TYPE_CHECKING:
    from ..messages import Message, MessagePromise

__all__ = ["ReaderGoneError", "ReplyOutput", "WholeReply", "as_json", "close_standard_output", "print_version", "write"]


class ReaderGoneError(Exception):
    """Whoever read our standard output has had enough (`| head -1`): no error, but no reason to go on either."""


class ReplyOutput:
    """Standard output, for replies."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._between = ""

    async def show(self, promise: "MessagePromise") -> None:
        """Write a message as its tokens arrive, each at once; a blank line keeps it from the one before.

        Raises:
            ReaderGoneError: Nobody reads standard output any more.
        """
        text = SafeText(safe if self._terminal else exact)
        last = ""
        try:
            async for token in promise:
                if shown := text.feed(token):
                    write(self._between + shown)
                    self._between, last = "", shown
        finally:
            last = (rest := text.end()) or last
            write(rest + ("\n" if self._terminal and last and not last.endswith("\n") else ""))
            self._between = "\n\n" if last else self._between


class WholeReply:
    """A reply that is wanted whole."""

    def __init__(self) -> None:
        self._messages: list[Message] = []

    async def show(self, promise: "MessagePromise") -> None:
        """Keep a message."""
        self._messages.append(await promise)

    def as_object(self) -> dict[str, Any]:
        """Return what a script may want to know of it; the last message's metadata, where there are several."""
        metadata = self._messages[-1].metadata if self._messages else {}
        return {
            "text": exact("\n\n".join(map(str, self._messages))),
            "model": metadata.get("model"),
            "usage": metadata.get("usage"),
            "hash": self._messages[-1].content_hash if self._messages else None,
        }


def as_json(value: Mapping[str, Any]) -> str:
    """Return one line of JSON; for a terminal, of such characters only as cannot steer it."""
    import json  # noqa: PLC0415 - `--version` needs none of it

    return json.dumps(value, ensure_ascii=sys.stdout.isatty()) + "\n"


def write(text: str) -> None:
    """Write `text` to standard output, at once; half a surrogate pair, from the name of a file, as its escape.

    Raises:
        ReaderGoneError: Nobody reads it any more.
        OSError: It cannot be written.
    """
    if not text:
        return
    if sys.stdout is None:
        raise OSError("standard output is closed")
    try:
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
    except BrokenPipeError as error:
        raise ReaderGoneError from error
    except OSError as error:
        raise OSError(f"standard output: {error.strerror}") from error


def print_version() -> None:
    """Write our name and version."""
    try:
        write(f"miniagents {__version__}\n")
    except ReaderGoneError:
        close_standard_output()


def close_standard_output() -> None:
    """Let nothing more be written, so that the interpreter does not complain at its end that it cannot be."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
