"""A terminal in which programs are interrupted by Ctrl-C, as a person does it, and their end is timed."""

from __future__ import annotations

import json
import os
import random
import re
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pexpect

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_ONCE_S: Final = 0.2
"""How soon a program is to end."""
_TIMES_BARE: Final = 5.0
"""How many times as long as a bare program with the same modules it may take, where that is more: the interpreter takes
down what was imported, and on a busy machine that alone takes longer."""
_TRIES: Final = 8
_BARE: Final = Path(__file__).with_name("bare.py")
_HANGS_S: Final = 50.0
_HOUSE: Final = Path(__file__).parents[2]
_ENDED: Final = re.compile(rb"(?:\r\n)?ended (-?\d+) ([\d.]+)\r\n")


@dataclass(frozen=True)
class Interrupted:
    """What came of a program after Ctrl-C."""

    code: int
    took_s: float
    said: str
    """What it wrote after it had begun."""


class Terminal:
    """A pseudo-terminal with a shell in it."""

    def __init__(self, *modules: str) -> None:
        """Start it; programs can be run warm with these modules."""
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in os.environ}
        shell = str(Path(__file__).with_name("shell.py"))
        self._pty = pexpect.spawn(
            sys.executable,
            [shell, *modules],
            env={**environment, "PYTHONPATH": str(_HOUSE), "TERM": "xterm"},
            echo=False,
            timeout=_HANGS_S,
        )
        self._pty.delaybeforesend = None
        self._written = b""
        self._read_until(re.compile(rb"ready\r\n"))

    def interrupt(self, program: Path, *arguments: str, after_s: float, warm: bool) -> Interrupted:
        """Run a program, press Ctrl-C `after_s` seconds after it has said "begun" in a line, and wait for its end."""
        self._pty.sendline(json.dumps({"program": str(program), "arguments": arguments, "warm": warm}))
        self._read_until(re.compile(rb"begun\r\n"))
        pressed_s = time.monotonic() + after_s
        while (left_s := pressed_s - time.monotonic()) > 0:  # and read, or else it could write no more
            self._read(left_s)
        pressed_s = time.monotonic()
        self._pty.sendintr()
        said, ended = self._read_until(_ENDED)
        return Interrupted(int(ended[1]), float(ended[2]) - pressed_s, said.decode(errors="replace"))

    def _read(self, timeout_s: float) -> None:
        with suppress(pexpect.TIMEOUT):
            self._written += self._pty.read_nonblocking(2**16, timeout_s)

    def _read_until(self, mark: re.Pattern[bytes]) -> tuple[bytes, re.Match[bytes]]:
        deadline = time.monotonic() + _HANGS_S
        while not (match := mark.search(self._written)):
            assert time.monotonic() < deadline, f"{mark.pattern!r} never came after {self._written[-2000:]!r}"
            self._read(deadline - time.monotonic())
        before, self._written = self._written[: match.start()], self._written[match.end() :]
        return before, match

    def close(self) -> None:
        """End it, and whatever runs in it."""
        self._pty.delayafterterminate = 0.02
        self._pty.close(force=True)


@contextmanager
def terminal(*modules: str) -> Iterator[Terminal]:
    """Open a terminal; programs can be run warm in it with these modules."""
    opened = Terminal(*modules)
    try:
        yield opened
    finally:
        opened.close()


def check_moments(  # noqa: PLR0913 - by name
    screen: Terminal,
    program: Path,
    *arguments: str,
    count: int,
    within_s: float,
    warm: bool,
    token: str = "",
    modules: tuple[str, ...] = (),
) -> None:
    """Interrupt a program at random moments: each time it ends with 130, in silence but for tokens, and at once.

    On a machine that does other things too, any single run may be slow; so what is slow is tried again, at the same
    moment, beside a bare program, and is to be quick once. Everything else counts every time. `modules` are those that
    the program imports.
    """
    seed = random.randrange(10**6)
    moments = random.Random(seed)
    for number in range(count):
        after_s = moments.random() * within_s
        took_s, bare_s = [], [0.0]
        while not took_s or (took_s[-1] > max(AT_ONCE_S, _TIMES_BARE * bare_s[-1]) and len(took_s) < _TRIES):
            if took_s:
                time.sleep(0.2 * len(took_s))
                bare_s.append(screen.interrupt(_BARE, *modules, after_s=within_s / 2, warm=warm).took_s)
            end = screen.interrupt(program, *arguments, after_s=after_s, warm=warm)
            took_s.append(end.took_s)
            here = f"moment {number} of seed {seed}, {after_s * 1000:.1f} ms after the beginning"
            said = end.said.replace(token, "") if token else end.said
            assert (end.code, said) == (130, ""), f"{here}: {end.code}, {said!r}"
        at_once_s = max(AT_ONCE_S, _TIMES_BARE * bare_s[-1])
        assert took_s[-1] <= at_once_s, f"{here}: the end took {took_s} s, that of a bare program {bare_s} s"
