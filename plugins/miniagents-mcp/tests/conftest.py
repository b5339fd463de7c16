"""Real servers, and the files that name them. An async test runs on a loop of its own, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from miniagents.testing import check_for_leaks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SERVER = Path(__file__).with_name("server.py")
FOREIGN = ("MINIAGENTS_", "OPENAI_", "ANTHROPIC_", "XDG_", "COVERAGE_")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an async test on the machine's clock, for there are processes, and fail it if it leaves anything behind."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    with asyncio.Runner() as runner:
        runner.run(check_for_leaks(pyfuncitem.obj(**arguments)))
    return True


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give the home of somebody who has nothing yet."""
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """Give an environment with nobody's settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**inherited, "HOME": str(home), "MINIAGENTS_CONFIG": str(home / "config.toml"), "TERM": "xterm"}


@pytest.fixture
def demo() -> dict[str, Any]:
    """Give what `mcp.json` says of the server of these tests."""
    return {"command": sys.executable, "args": [str(SERVER)]}


@pytest.fixture
def write(home: Path) -> Callable[..., Path]:
    """Give what writes `mcp.json`, or another file, with servers by name."""

    def write(path: Path | None = None, **servers: Any) -> Path:
        path = path or home / "mcp.json"
        path.write_text(json.dumps({"mcpServers": servers}), encoding="utf-8")
        return path

    return write


@pytest.fixture
def http() -> Iterator[str]:
    """Give the address of a server over HTTP, which wants a token."""
    environment = {**os.environ, "TOKEN": "Bearer sesame"}
    command = [sys.executable, str(SERVER), "http"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().decode().strip()
        finally:
            process.kill()
