"""What every test gets: coroutines run on a loop of their own, and nothing is left behind.

An async test runs on virtual time (`miniagents.testing`): it sleeps without waiting. One marked `real_time` runs on the
machine's clock, for sockets, subprocesses and threads.
"""

import asyncio
import gc
import inspect
import logging
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from miniagents import testing
from miniagents.testing import check_for_leaks, virtual_time_loop

HIDDEN = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
    "MINIAGENTS_LOG",
    "MINIAGENTS_MODEL",
    "MINIAGENTS_PRICES",
    "MINIAGENTS_RECORD",
    "MINIAGENTS_TRANSPORT",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
)
"""What a developer's environment may say, and no test is to hear."""


def pytest_configure(config: pytest.Config) -> None:
    """Name the one mark there is, and begin with signals as a terminal has them."""
    config.addinivalue_line("markers", "real_time: run on the machine's clock, not on virtual time")
    # A shell's background job, or nohup, ignores these, and so would every program that a test interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    testing._STUCK_S = 200  # a busy machine may keep a thread waiting, and its test too; pytest's timeout is above it
    # A deadline is a wall clock's word on a machine that others use too; and a run fails for what was changed, not by
    # chance: `--hypothesis-profile=anew` looks where nobody has looked yet.
    settings.register_profile("house", deadline=None, derandomize=True)
    settings.register_profile("anew", deadline=None)
    settings.load_profile(config.getoption("--hypothesis-profile") or "house")


def pytest_collection_finish() -> None:
    """Let the leak check look for garbage only among what tests make, which halves their time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an async test to its end, and fail it if it leaves a task or a thread behind."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    real = pyfuncitem.get_closest_marker("real_time") is not None
    with asyncio.Runner(loop_factory=asyncio.new_event_loop if real else virtual_time_loop) as runner:
        runner.run(check_for_leaks(pyfuncitem.obj(**arguments)))
    return True


@pytest.fixture(autouse=True)
def _own_world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the developer's keys, settings and folders from every test."""
    for name in HIDDEN:
        monkeypatch.delenv(name, raising=False)
    if request.node.get_closest_marker("real_time"):  # where a machine that does much else may pause for that long
        monkeypatch.setattr("miniagents.promising.scope._GRACE_S", 5.0)


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    """Undo what a test did to who hears what: a process that was told to be quiet stays so."""
    logger = logging.getLogger("miniagents")
    level, handlers, propagate = logger.level, logger.handlers[:], logger.propagate
    yield
    logger.setLevel(level)
    logger.handlers[:] = handlers
    logger.propagate = propagate
