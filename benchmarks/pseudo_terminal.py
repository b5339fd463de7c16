"""A program on a pseudo-terminal: what it wrote, when, and what that cost it."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

COLUMNS, ROWS = 100, 30
PATIENCE_S = 120
_LONGEST_MARK = 16


class OnTerminal:
    """A program on a terminal of its own, from entering to leaving; then it is killed if it has not ended."""

    def __init__(self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> None:
        self._command, self._env, self._cwd = command, {**env, "TERM": "xterm-256color"}, cwd
        self.written = bytearray()
        self.seen: dict[str, float] = {}
        """When each mark was there first."""
        self.cpu_s = 0.0
        """Once it has ended: the CPU time of its life, user and system."""

    def __enter__(self) -> Self:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        self._process = subprocess.Popen(
            self._command, **streams, env=self._env, cwd=self._cwd, start_new_session=True, close_fds=True
        )
        os.close(theirs)
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        os.close(self._ours)

    def send(self, keys: str) -> None:
        """Press keys."""
        os.write(self._ours, keys.encode())

    def wait_for(self, text: str) -> None:
        """Read until this is on the terminal.

        Raises:
            TimeoutError: It never came.
        """
        wanted = text.encode()
        if not self._read(lambda fresh: wanted in fresh, PATIENCE_S):
            raise TimeoutError(f"{text!r} never came; it wrote {bytes(self.written[-200:])!r}")

    def wait_for_end(self) -> None:
        """Read until the program has ended."""
        self._read(lambda _: False, PATIENCE_S)

    def read_for(self, duration_s: float) -> None:
        """Read what comes meanwhile."""
        self._read(lambda _: False, duration_s)

    def _read(self, is_enough: Callable[[bytes], bool], within_s: float) -> bool:
        """Read until what is fresh is enough, the time is over or the program has ended; say whether it is enough."""
        ends_s = time.monotonic() + within_s
        while (left_s := ends_s - time.monotonic()) > 0:
            if not select.select([self._ours], [], [], left_s)[0]:
                break
            try:
                data = os.read(self._ours, 65_536)
            except OSError:  # Linux's way to say that nobody has the other end any more
                break
            if not data:
                break
            now_s = time.monotonic()
            fresh = bytes(self.written[-_LONGEST_MARK:]) + data
            self.written += data
            for mark in re.findall(rb"mk\d{6}", fresh):
                self.seen.setdefault(mark.decode(), now_s)
            if is_enough(fresh):
                return True
        return False

    def kill(self) -> None:
        """End it now if it still runs, and note what it cost."""
        if self._process.returncode is not None:
            return
        if os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            self._process.kill()
        _, status, used = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu_s = used.ru_utime + used.ru_stime
