"""As much of a shell as it takes to run Python programs in a terminal's foreground: Ctrl-C meets them, and only them.

Its arguments are modules to import beforehand, so that a program can start warm: forked, and not begun from nothing.
It ends as a process of its own all the same. Each line it reads is a job in JSON: `program`, its `arguments`, `warm`.
When it has ended the shell says so in a line: its exit code, and when that was by `time.monotonic()`.
"""
# ruff: noqa: T201 - it prints

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
import time
from importlib import import_module
from typing import Any


def main() -> None:
    """Run a job a line, to the end of the input."""
    for name in sys.argv[1:]:
        import_module(name)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # who is in the background may take the foreground back
    print("ready", flush=True)
    while line := sys.stdin.readline():
        child = os.fork()
        if not child:
            _run(json.loads(line))
            return
        _, status = os.waitpid(child, 0)
        ended_s = time.monotonic()
        os.tcsetpgrp(0, os.getpgrp())
        print(f"\nended {os.waitstatus_to_exitcode(status)} {ended_s}", flush=True)


def _run(job: dict[str, Any]) -> None:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    sys.argv = [job["program"], *job["arguments"]]
    if job["warm"]:
        runpy.run_path(job["program"], run_name="__main__")
    else:
        os.execv(sys.executable, [sys.executable, *sys.argv])


if __name__ == "__main__":
    main()
