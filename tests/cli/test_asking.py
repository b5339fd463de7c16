"""A question to a person at a terminal where no prompt is."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest

from miniagents.cli.asking import ask_at_terminal, is_at_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Program

ASKING = """
import asyncio, sys
from miniagents.cli.asking import ask_at_terminal, is_at_terminal

async def main():
    print(is_at_terminal())
    input()
    print(repr(await ask_at_terminal("Well\\x1b[31m?")))
    waiting = asyncio.create_task(ask_at_terminal("Again?"))
    await asyncio.sleep(0.1)
    waiting.cancel()
    await asyncio.wait([waiting])
    print(repr(await ask_at_terminal("Or?")))

asyncio.run(main())
"""


def test_a_line_is_awaited(program: Program, tmp_path: Path) -> None:
    """The answer is the next line, and not one that was typed before; who asks no more leaves the input alone.

    What comes behind a question that has no answer begins in a line of its own.
    """
    script = tmp_path / "asking.py"
    script.write_text(ASKING)
    terminal = program.terminal(shell=f"{sys.executable} {script}")
    terminal.wait_for("True")
    terminal.send("go\rtyped before\r")
    terminal.wait_for("Well␛[31m?")
    terminal.send("yes\r")
    terminal.wait_for("Or?")
    terminal.send("\x04")
    assert terminal.end() == 0
    assert "'yes'" in terminal.text
    assert terminal.lines[-3:] == ["Again?", "Or?", "None"]


@pytest.mark.real_time
async def test_without_descriptors_a_thread_waits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the loop cannot wait for a terminal, as on Windows, a thread does."""

    class Input:
        def fileno(self) -> int:
            return 0

        def readline(self) -> str:
            return "fine\n"

        def isatty(self) -> bool:
            return True

    def add_reader(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(sys, "stdin", Input())
    monkeypatch.setattr(asyncio.get_running_loop(), "add_reader", add_reader)
    assert await ask_at_terminal("How?") == "fine"
    assert capsys.readouterr().err == "How? "
    assert not is_at_terminal()
