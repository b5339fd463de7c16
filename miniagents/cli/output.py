"""Standard output: the exact bytes of a reply into a pipe or a file, the safe text onto a terminal.

In: message promises, text that was asked for. Out: bytes on standard output. Never: what was not asked for.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..errors import SchemaMismatchError
from ..safe_text import SafeText, exact, safe

if TYPE_CHECKING:
    from ..ext.llm.schema import Schema
    from ..messages import Message, MessagePromise

__all__ = [
    "DataOutput",
    "Output",
    "ReaderGoneError",
    "ReplyOutput",
    "TerminalOutput",
    "WholeReply",
    "as_json",
    "close_standard_output",
    "print_version",
    "reply_output",
    "shown_as",
    "write",
]


class ReaderGoneError(Exception):
    """Whoever read our standard output has had enough (`| head -1`): no error, but no reason to go on either."""


class Output:
    """What becomes of a reply; this one lets it go by."""

    def start(self, model: str, transcript: str | None) -> None:
        """Take note of who is asked, and of where what is said is kept."""

    async def show(self, promise: "MessagePromise") -> None:
        """Take a message of the reply, while it arrives.

        Raises:
            ReaderGoneError: Nobody reads standard output any more.
        """
        await promise

    async def settled(self) -> None:
        """Return when all of a message that has ended is shown: something else is to be written below it."""

    def finish(self, transcript: str | None) -> None:
        """Write what waits for the end; `transcript` is where all of it is kept.

        Raises:
            MiniagentsError: The reply is not what was wanted.
        """

    def fail(self, error: BaseException) -> None:
        """Take note that there is no more, instead of `finish`."""


class ReplyOutput(Output):
    """Standard output for replies where it is a pipe or a file: their exact text, each token at once."""

    def __init__(self) -> None:
        self._between = ""

    async def show(self, promise: "MessagePromise") -> None:
        """Write a message as its tokens arrive; a blank line keeps it from the one before."""
        text = SafeText(exact)
        shown = False
        try:
            async for token in promise:
                if said := text.feed(token):
                    write(self._between + said)
                    self._between, shown = "", True
        finally:
            if rest := text.end():
                write(self._between + rest)
            self._between = "\n\n" if shown or rest else self._between


class TerminalOutput(Output):
    """Standard output for replies where it is a terminal: their safe text, with the last line ended."""

    def __init__(self) -> None:
        self._between = ""

    async def show(self, promise: "MessagePromise") -> None:
        """Write a message as its tokens arrive; a blank line keeps it from the one before."""
        text, last = SafeText(), ""
        try:
            async for token in promise:
                if said := text.feed(token):
                    write(self._between + said)
                    self._between, last = "", said
        finally:
            if rest := text.end():
                write(self._between + rest)
            last = rest or last
            write("\n" if last and not last.endswith("\n") else "")
            self._between = "\n" if last else self._between


def reply_output() -> Output:
    """Return standard output for replies, whatever it is."""
    return TerminalOutput() if sys.stdout.isatty() else ReplyOutput()


class WholeReply(Output):
    """Standard output for one JSON object with the reply and what is known of it.

    The reply is the messages of the model's: not the one that asks it again, nor what it said before that.
    """

    def __init__(self, schema: "Schema | None" = None) -> None:
        self._schema = schema
        self._messages: list[Message] = []

    async def show(self, promise: "MessagePromise") -> None:
        """Keep a message."""
        message = await promise
        if self._schema is not None and message.role == "user":
            self._messages.clear()
        else:
            self._messages.append(message)

    def finish(self, transcript: str | None) -> None:
        """Write the object."""
        write(as_json(self.as_object() | {"transcript": transcript}))

    def as_object(self) -> dict[str, Any]:
        """Return what a script may want to know of it; the last message's metadata, where there are several.

        Raises:
            SchemaMismatchError: It does not fit the schema.
        """
        metadata = self._messages[-1].metadata if self._messages else {}
        data = {} if self._schema is None else {"data": self.data(self._schema)}
        return {
            "text": exact("\n\n".join(filter(None, map(str, self._messages)))),
            **data,
            "model": metadata.get("model"),
            "usage": metadata.get("usage"),
            "hash": self._messages[-1].content_hash if self._messages else None,
        }

    def data(self, schema: "Schema") -> Any:
        """Return the object that the reply stands for; an agent that knows of no schema is checked, too.

        Raises:
            SchemaMismatchError: It does not fit the schema.
        """
        last = self._messages[-1] if self._messages else None
        if last is not None and last.data is not None:
            return last.data
        try:
            return schema.check("" if last is None else last.text)
        except SchemaMismatchError as error:
            raise SchemaMismatchError(f"the reply does not fit the schema: {error.cause}") from None


class DataOutput(WholeReply):
    """Standard output for the JSON that fits a schema, and nothing else."""

    def __init__(self, schema: "Schema") -> None:
        super().__init__(schema)
        self._wanted = schema

    def finish(self, transcript: str | None) -> None:  # noqa: ARG002 - as every output has it
        """Write it, in one line."""
        write(as_json(self.data(self._wanted)))


def shown_as() -> Callable[[str], str]:
    """Return what makes a text one for standard output: safe for a terminal, exact for all else."""
    return safe if sys.stdout.isatty() else exact


def as_json(value: Any) -> str:
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
