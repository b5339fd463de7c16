"""Ctrl-C in a running loop: what it does for a while. Standard library only, and imports next to nothing.

In: what is to be done. Out: a signal handler, while it lasts. Never: an agent, a terminal.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["on_interrupt"]


@contextmanager
def on_interrupt(act: Callable[[], object]) -> Iterator[None]:
    """Let Ctrl-C do this in the running loop, and nothing else, for a while; not outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # Not `loop.add_signal_handler`, which is not there on Windows and is not run while Python code keeps the loop busy.
    loop = asyncio.get_running_loop()
    before = signal.signal(signal.SIGINT, lambda _number, _frame: loop.call_soon_threadsafe(act))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
