"""Where a reply goes: the exact bytes into a pipe or a file, the safe text onto a terminal.

In: message promises. Out: bytes on standard output. Never: what is not part of the reply.
"""

import os
import sys
from typing import TYPE_CHECKING, Any

from ..safe_text import SafeText, exact, safe

if TYPE_CHECKING:
    from ..messages import Message, MessagePromise

__all__ = ["ReaderGoneError", "ReplyOutput", "WholeReply", "close_standard_output"]


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
        self._write(self._between)
        self._between = "\n\n"
        try:
            async for token in promise:
                self._write(text.feed(token))
        finally:
            self._write(text.end() + ("\n" if self._terminal else ""))

    @staticmethod
    def _write(text: str) -> None:
        if not text:
            return
        try:
            sys.stdout.buffer.write(text.encode("utf-8"))
            sys.stdout.buffer.flush()
        except BrokenPipeError as error:
            raise ReaderGoneError from error
        except OSError as error:
            raise OSError(error.errno, f"standard output: {os.strerror(error.errno or 0)}") from error


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


def close_standard_output() -> None:
    """Let nothing more be written, so that the interpreter does not complain at its end that nobody reads it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
