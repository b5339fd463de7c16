"""A log of what is said to models and what they reply, for whoever wants to see it: `log=`, `--log`, `MINIAGENTS_LOG`.

In: a setting; exchanges. Out: Markdown at the end of a file, or on standard error. Never: what it looks like, a
failure: a log that cannot be written is a warning, once for each path and cause, and the reply goes on.

Several programs may log to one file: what is written of one exchange is one write at the file's end.
"""

import logging
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from ...errors import SettingsError
from ...messages import Message
from ...miniagents import InteractionContext, miniagent
from ...safe_text import one_line, safe
from .log_format import Exchange, exchange_as_markdown, message_as_markdown

__all__ = ["Exchange", "RequestLog", "markdown_log_agent"]

_VARIABLE: Final = "MINIAGENTS_LOG"
_DEBUG: Final = "debug"
"""In the place of a path: standard error."""
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Without blocking, so that a pipe that nobody reads is an error; where text has line ends of its own, as bytes."""

_LOGGER = logging.getLogger("miniagents")
_warned: Final[set[tuple[str, str]]] = set()
"""Paths and causes that a warning was given of; as many as there are wrong settings."""


class RequestLog:
    """Where exchanges are written to."""

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        """For `of`, which knows what a setting means."""
        self._path = path

    @classmethod
    def of(cls, setting: "str | os.PathLike[str] | None", environment: Mapping[str, str] | None = None) -> Self | None:
        """Return the log that is wanted, None where none is: then there is nothing to do, and nothing is spent.

        Args:
            setting: A path, "debug" for standard error, "" for none; None leaves it to the environment.
            environment: Where `MINIAGENTS_LOG` is looked up, instead of the process's environment.

        Raises:
            SettingsError: The setting is no path.
        """
        if setting is None:
            source = os.environ if environment is None else environment
            setting = source.get(_VARIABLE, "").strip()
        if not setting:
            return None
        if not isinstance(setting, str | os.PathLike):
            raise SettingsError(f'log={setting!r} is no path; give a file, "debug", or "" for no log')
        return cls(os.fsdecode(setting))

    def write(self, exchange: Exchange) -> None:
        """Write it down, whole and at once. Raises nothing."""
        self._write(lambda: exchange_as_markdown(exchange))

    def write_message(self, message: Message, *, error: BaseException | None = None) -> None:
        """Write down one message, and what ended it. Raises nothing."""
        self._write(lambda: message_as_markdown(message, datetime.now(UTC), error=error))

    def _write(self, made: Callable[[], str]) -> None:
        try:
            if self._path == _DEBUG:
                _to_standard_error(made())
            else:
                _to_file(Path(self._path).expanduser(), made().encode(errors="replace"))
        except Exception as error:  # noqa: BLE001 - a reply is worth more than what is written down of it
            self._warn(error)

    def _warn(self, error: Exception) -> None:
        cause = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        if (self._path, cause) not in _warned:
            _warned.add((self._path, cause))
            _LOGGER.warning("the log %s cannot be written: %s; name another file", one_line(self._path), cause)


@miniagent
async def markdown_log_agent(ctx: InteractionContext, *, log_md_file: "str | os.PathLike[str] | None" = None) -> None:
    """Reply with what it is sent, as it arrives, and write each message down when it is whole.

    Args:
        ctx: The call.
        log_md_file: As for `RequestLog.of`.

    Raises:
        SettingsError: It is no path.
    """
    log = RequestLog.of(log_md_file)
    ctx.reply(ctx.message_promises)
    if log is None:
        return
    sent = aiter(ctx.message_promises)
    while True:
        said = Message()
        try:
            promise = await anext(sent, None)
            if promise is None:
                return
            said = Message(role=promise.known_beforehand.get("role"))
            log.write_message(await promise)
        except Exception as error:  # noqa: BLE001 - whoever reads the reply gets it too
            log.write_message(said, error=error)


def _to_standard_error(text: str) -> None:
    if sys.stderr is not None:  # a program without a console has none
        sys.stderr.write(safe(text))
        sys.stderr.flush()


def _to_file(path: Path, content: bytes) -> None:
    try:
        file = os.open(path, _FLAGS, _FILE_MODE)
    except FileNotFoundError:
        for folder in reversed(path.parents):
            if not folder.exists():
                folder.mkdir(_FOLDER_MODE, exist_ok=True)
        file = os.open(path, _FLAGS, _FILE_MODE)
    try:
        left = memoryview(content)
        while left:  # a disk that is full takes a part, and then refuses the rest
            left = left[os.write(file, left) :]
    finally:
        os.close(file)
