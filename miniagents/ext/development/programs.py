"""Other programs, run to their end; when nobody waits for that any more, or their time is over, they are ended.

In: a command. Out: its exit code and what it wrote. Never: a shell, a key of ours.
"""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...errors import MiniagentsError

__all__ = ["Ended", "run"]

_SECRET_ENDS: Final = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIALS")
"""How the names of variables end that no test of a proposal has to know."""
_WATCHER: Final = ("/bin/sh", "-c", 'read -r _; kill -9 "-$0"')
"""Ends a group of processes when its own input ends: that of a pipe whose other end only we have."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended."""

    code: int | None
    """Its exit code; None if its time was over."""
    output: bytes
    """What it wrote, to standard output and standard error."""


async def run(
    command: Sequence[str],
    folder: Path,
    *,
    said: bytes = b"",
    timeout_s: float | None = None,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run a command in a folder, without the keys and passwords of our environment, and wait for its end.

    Cancelling ends it, and all that it started; so does our own end, even by a signal that lets us do nothing more.

    Raises:
        MiniagentsError: There is no such program.
    """
    variables = {**_without_secrets(os.environ), **(environment or {})}
    try:
        async with asyncio.timeout(timeout_s), _begun(command, folder, variables, is_told=bool(said)) as process:
            output, _ = await process.communicate(said or None)
    except TimeoutError:
        return Ended(None, b"")
    return Ended(process.returncode, output)


@asynccontextmanager
async def _begun(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], *, is_told: bool
) -> AsyncIterator[Process]:
    """Begin a program; it is ended, and all that it started, where nobody waits for it to its end."""
    # A task of its own: to cancel the start would end the program alone, and not what it may have started already.
    starting = asyncio.ensure_future(_start(command, folder, environment, is_told=is_told))
    try:
        await asyncio.wait([starting])
        async with _ended_with_us(starting.result()):
            yield starting.result()
    finally:
        starting.add_done_callback(_end)  # also where we are cancelled once more
        await asyncio.wait([starting])
        if starting.exception() is None:
            await starting.result().wait()


async def _start(command: Sequence[str], folder: Path, environment: Mapping[str, str], *, is_told: bool) -> Process:
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=environment,
            stdin=PIPE if is_told else DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            start_new_session=True,
        )
    except (FileNotFoundError, PermissionError) as error:
        if not _is_folder(folder):
            raise NotADirectoryError(folder) from None
        raise MiniagentsError(
            f"{command[0]!r} cannot be run ({error.strerror}); install it, or name another one"
        ) from None


def _end(starting: asyncio.Future[Process]) -> None:
    if starting.cancelled() or starting.exception() is not None or starting.result().returncode is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(starting.result().pid, signal.SIGKILL)


@asynccontextmanager
async def _ended_with_us(process: Process) -> AsyncIterator[None]:
    """Have somebody watch who ends a process, and all that it started, should we be gone before it."""
    watcher = await asyncio.create_subprocess_exec(
        *_WATCHER, str(process.pid), stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
    )
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # somebody else ended it
            watcher.kill()
        await watcher.wait()


def _is_folder(path: Path) -> bool:
    return path.is_dir()


def _without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.upper().endswith(_SECRET_ENDS)}
