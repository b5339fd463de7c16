"""Ctrl-C in a running loop; what it does to whole programs is in tests/test_interrupts.py."""

import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from miniagents.ext.interrupts import on_interrupt


@pytest.mark.real_time
async def test_what_it_does_for_a_while() -> None:
    """The act runs in the loop, each time, and afterwards the signal does what it did before."""
    before, acted = signal.getsignal(signal.SIGINT), asyncio.Event()
    with on_interrupt(acted.set):
        for _ in range(2):
            acted.clear()
            signal.raise_signal(signal.SIGINT)
            await acted.wait()
    assert signal.getsignal(signal.SIGINT) is before


def test_outside_the_main_thread_ctrl_c_is_somebody_elses() -> None:
    """In another thread, where Python takes no signal handlers, a dialog works without."""
    before = signal.getsignal(signal.SIGINT)

    async def run() -> bool:
        with on_interrupt(print):
            return signal.getsignal(signal.SIGINT) is before

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(asyncio.run, run()).result()
