"""A run where nobody sees it live: a line on standard error for each thing that happens, and for what agents say.

    writer: started
    writer | what it says, if it is to be shown
    writer: done, 12 tokens, 0.4 s

In: calls. Out: lines on standard error. Never: the reply of the run, which is standard output's; why an agent failed.
"""

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from ...chains.calls import USER
from ...content import Thought
from ...safe_text import SafeText, one_line, safe

if TYPE_CHECKING:
    from ...chains.calls import Call
    from ...messages import MessagePromise

__all__ = ["Lines"]


class Lines:
    """Standard error for a run."""

    def __init__(self, is_shown: Callable[[str], bool]) -> None:
        """Make it; `is_shown` says of which agents the words are shown, too."""
        self._is_shown = is_shown
        self._calls: dict[str, int] = {}

    async def follow(self, call: "Call") -> None:
        """Tell of a call from its beginning to its end."""
        if call.agent == USER:
            return
        number = self._calls[call.agent] = self._calls.get(call.agent, 0) + 1
        name = one_line(call.agent) + (f" {number}" if number > 1 else "")
        began_s, tokens, end = asyncio.get_running_loop().time(), 0, "stopped"
        _write(f"{name}: started")
        try:
            async for promise in call.reply:
                tokens += await self._read(promise, name if self._is_shown(call.agent) else "")
            end = "done"
        except Exception:  # noqa: BLE001 - told at the end, with all that is known of it
            end = "failed"
        finally:
            took_s = asyncio.get_running_loop().time() - began_s
            said = f", {tokens:,} token{'s' if tokens != 1 else ''}" if tokens else ""
            _write(f"{name}: {end}{said}, {took_s:.1f} s")

    async def _read(self, promise: "MessagePromise", name: str) -> int:
        """Read a message, show it under this name if there is one, and return how many tokens it has."""
        pieces, line = 0, _Line(name)
        try:
            async for piece in promise.parts():
                if isinstance(piece, str):
                    pieces += 1
                    if name and not isinstance(piece, Thought):
                        line.take(piece)
        finally:
            line.end()
        usage = (await promise).metadata.get("usage") or {}
        return int(usage.get("out") or pieces)


class _Line:
    """What an agent says, in lines, each written when it is whole."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._safe = SafeText()
        self._begun = ""

    def take(self, token: str) -> None:
        *whole, self._begun = (self._begun + self._safe.feed(token)).split("\n")
        for line in whole:
            _write(f"{self._name} | {line}".rstrip())

    def end(self) -> None:
        if rest := self._begun + self._safe.end():
            _write(f"{self._name} | {safe(rest)}")


def _write(line: str) -> None:
    if sys.stderr is not None:
        with suppress(OSError):  # nobody reads it
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
