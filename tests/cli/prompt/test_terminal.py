"""How a prompt gets its terminal, and gives it back; `test_prompt.py` has the prompt in one."""

from __future__ import annotations

import os
import signal
import sys
import termios
import threading
import tty
from types import SimpleNamespace
from typing import TYPE_CHECKING

from miniagents.cli.prompt import terminal

if TYPE_CHECKING:
    import pytest


def test_a_signal_gives_the_terminal_back_before_it_ends_the_program(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """It is as it was, and the signal does what it did before; one that the program handles is left to it."""
    dies: list[tuple[int, object]] = []
    monkeypatch.setattr(sys, "stdout", sys.__stdout__)
    monkeypatch.setattr(signal, "raise_signal", lambda number: dies.append((number, signal.getsignal(number))))
    theirs, ours = os.openpty()
    before_quit = signal.signal(signal.SIGQUIT, signal.default_int_handler)
    try:
        before = termios.tcgetattr(ours)
        with terminal.given_back_when_killed(SimpleNamespace(fileno=lambda: ours)):
            assert signal.getsignal(signal.SIGQUIT) is signal.default_int_handler
            tty.setraw(ours)
            os.kill(os.getpid(), signal.SIGTERM)
        assert termios.tcgetattr(ours) == before
        assert dies == [(signal.SIGTERM, signal.SIG_DFL)]
        assert capfdbinary.readouterr().out == terminal._AS_IT_WAS
    finally:
        signal.signal(signal.SIGQUIT, before_quit)
        os.close(ours)
        os.close(theirs)


def test_signals_are_the_main_threads(capfd: pytest.CaptureFixture[str]) -> None:
    """A prompt in another thread leaves them alone."""

    def look() -> None:
        with terminal.given_back_when_killed(SimpleNamespace(fileno=lambda: 0)):
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert capfd.readouterr().err == ""
