"""The clipboard: by the system's own tool where there is one, and by the terminal itself, which also works over ssh.

In: text. Out: a copy of it. Never: what the text is.
"""

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from ..errors import UsageError
from ..safe_text import exact

__all__ = ["copy"]

_LONGEST_FOR_TERMINALS = 74_994
"""Bytes that xterm takes by OSC 52 (its limit is 100,000 characters of base64, sequence included); others take more."""

_PATIENCE_S = 2.0
"""A tool that cannot reach its display may hang; one that can needs some milliseconds."""


async def copy(
    text: str, send: Callable[[str], bool], environment: Mapping[str, str] | None = None, platform: str = sys.platform
) -> str:
    """Put `text` on the clipboard, every way there is; return which it was, for people.

    Args:
        text: What to copy.
        send: Sends a control sequence to the terminal; says whether there is one that takes it.
        environment: Which displays there are; the process's own if None.
        platform: As `sys.platform`.

    Raises:
        UsageError: There is no way.
    """
    content = exact(text).encode()
    ways = []
    if len(content) <= _LONGEST_FOR_TERMINALS and send(f"\x1b]52;c;{b64encode(content).decode()}\a"):
        ways.append("by the terminal")
    for command in _tools(os.environ if environment is None else environment, platform):
        if await _took(command, content):
            ways.append(f"by {command[0]}")
            break
    if not ways:
        raise UsageError(
            f"/copy: the terminal takes no {len(content):,} bytes and there is no tool for the clipboard;"
            " install wl-clipboard or xclip"
        )
    return ", ".join(ways)


def _tools(environment: Mapping[str, str], platform: str) -> list[Sequence[str]]:
    """Return the commands that read a text from standard input, those first that fit the display there is."""
    tools: list[Sequence[str]] = []
    if platform == "darwin":
        tools.append(("pbcopy",))
    if environment.get("WAYLAND_DISPLAY"):
        tools.append(("wl-copy",))
    if environment.get("DISPLAY"):
        tools += [("xclip", "-selection", "clipboard"), ("xsel", "--clipboard", "--input")]
    if platform == "win32" or environment.get("WSL_DISTRO_NAME"):
        tools.append(("clip.exe",))
    return [tool for tool in tools if shutil.which(tool[0], path=environment.get("PATH"))]


async def _took(command: Sequence[str], content: bytes) -> bool:
    # Its output goes nowhere: xclip stays to serve the clipboard, and would hold a pipe open for as long.
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL)
    except OSError:
        return False
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await process.communicate(content)
    except TimeoutError:
        with suppress(ProcessLookupError):  # it ended after all
            process.kill()
        await process.wait()
    return process.returncode == 0
