"""A database of one's own for each test, and coroutines run on a loop of their own.

An async test runs on virtual time (`miniagents.testing`): it sleeps without waiting.
"""

import asyncio
import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from miniagents_sqlite.database import VARIABLE, Database

from miniagents.testing import check_for_leaks, virtual_time_loop


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an async test to its end, and fail it if it leaves a task or a thread behind."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    with asyncio.Runner(loop_factory=virtual_time_loop) as runner:
        runner.run(check_for_leaks(pyfuncitem.obj(**arguments)))
    return True


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give where the database is to be, also for those who are not told."""
    path = tmp_path / "chats.db"
    monkeypatch.setenv(VARIABLE, str(path))
    return path


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    """Give a database that is not there yet, and close it."""
    with Database(path) as database:
        yield database


@pytest.fixture
def side_by_side() -> Callable[..., list[tuple[int, str]]]:
    """Give a function that runs a program in several processes; it returns the exit code and what each says.

    A process prints a line when it is ready, and goes on when it has read one: all of them at the same moment.
    """

    def side_by_side_(code: str, count: int, *arguments: str) -> list[tuple[int, str]]:
        command = [sys.executable, "-c", code, *arguments]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        processes = [subprocess.Popen(command, text=True, env=environment, **pipes) for _ in range(count)]
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        said = [process.communicate(timeout=60)[0] for process in processes]
        return [(process.returncode, each) for process, each in zip(processes, said, strict=True)]

    return side_by_side_
