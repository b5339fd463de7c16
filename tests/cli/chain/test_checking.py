"""`miniagents chain check`."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from tests.cli.chain.conftest import ECHOES

if TYPE_CHECKING:
    from tests.cli.chain.conftest import Shell


def test_a_sound_file(shell: Shell) -> None:
    """It is told what is in it, also where an input is missing that a run would need."""
    shell.write(
        "c.yaml",
        "version: 1\ninputs: {topic: {required: true}}\nagents: {a: {instructions: 'on {{ topic }}'}}\nflow: [a, a]\n",
    )
    told = shell("check", "echoes.yaml", "c.yaml")
    assert (told.code, told.err) == (0, "")
    assert told.out == "echoes.yaml: fine: 2 agents, 2 steps\nc.yaml: fine: 1 agent, 2 steps, 1 input\n"


def test_a_pipe(shell: Shell) -> None:
    """A file that can be read only once (`<(…)`) is checked as well."""
    os.mkfifo(shell.folder / "pipe")
    writing = threading.Thread(target=(shell.folder / "pipe").write_bytes, args=[ECHOES.encode()], daemon=True)
    writing.start()
    assert shell("check", "pipe").out == "pipe: fine: 2 agents, 2 steps\n"
    writing.join()


def test_all_faults_of_all_files(shell: Shell) -> None:
    """A line each, with place and cure; a sound file among them is said to be so."""
    shell.write("a.yaml", "version: 1\nagents: {a: {plugn: echo}, b: {}}\nflow: [c]\n")
    told = shell("check", "a.yaml", "echoes.yaml", "none.yaml")
    assert (told.code, told.out) == (2, "echoes.yaml: fine: 2 agents, 2 steps\n")
    assert [line.split(": ")[1] for line in told.lines] == ["a.yaml:2:14", "a.yaml:3:8", "none.yaml"]
