"""Other programs are run to their end, and never outlive us."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from miniagents.errors import MiniagentsError
from miniagents.ext.development.programs import run
from tests.clocks import let_pass

pytestmark = pytest.mark.real_time


async def test_what_it_writes_and_how_it_ends(tmp_path: Path) -> None:
    """Both streams are there, and the exit code; it works in the folder and reads what it is sent."""
    code = "import sys, os; print(sys.stdin.read(), flush=True); print(os.getcwd(), file=sys.stderr); sys.exit(3)"
    ended = await run([sys.executable, "-c", code], tmp_path, said=b"hello")
    assert (ended.code, ended.output.decode().split()) == (3, ["hello", os.path.realpath(tmp_path)])  # noqa: ASYNC240 - a test waits for nothing else


async def test_no_key_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a model wrote is not told our keys; the rest of the environment it has, and what is given besides."""
    for name in ("OPENAI_API_KEY", "MY_TOKEN", "DB_PASSWORD", "PLAIN"):
        monkeypatch.setenv(name, "here")
    ended = await run(
        [sys.executable, "-c", "import os; print(sorted(os.environ))"], tmp_path, environment={"MORE": "1"}
    )
    told = ended.output.decode()
    assert "'PLAIN'" in told
    assert "'MORE'" in told
    assert not [name for name in ("OPENAI_API_KEY", "MY_TOKEN", "DB_PASSWORD") if name in told]


_PARENT = """if True:
    import os, subprocess, sys, time
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open("new", "w") as file:
        file.write(f"{os.getpid()} {child.pid}")
    os.rename("new", "pids")
    if os.path.exists("told"):
        open("told", "w").close()
    time.sleep(600)
"""


@pytest.mark.parametrize("how", ["cancelled", "too late"])
async def test_nothing_is_left(how: str, tmp_path: Path) -> None:
    """Where nobody waits any more, or after its time, it is gone, and so is what it had started."""
    task = asyncio.create_task(run([sys.executable, "-c", _PARENT], tmp_path, timeout_s=500))
    pids = await _pids(tmp_path / "pids")
    if how == "cancelled":
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        let_pass(500)
        assert (await task).code is None
    for pid in pids:
        await _gone(pid)


async def test_nothing_is_left_of_what_is_just_being_started(tmp_path: Path) -> None:
    """Cancelled before it is known here that the program runs, it is ended all the same, and what it had started."""
    told = tmp_path / "told"
    os.mkfifo(told)
    before = _children(os.getpid())
    task = asyncio.create_task(run([sys.executable, "-c", _PARENT], tmp_path))
    while _children(os.getpid()) == before:  # noqa: ASYNC110 - the kernel knows
        await asyncio.sleep(0)
    told.read_bytes()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for pid in await _pids(tmp_path / "pids"):
        await _gone(pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
async def test_a_signal_that_ends_us_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    """However the program ends that runs it, it is gone, and so is what it had started."""
    ours = """if True:
        import asyncio, pathlib, sys
        from miniagents.ext.development.programs import run
        asyncio.run(run([sys.executable, "-c", sys.argv[1]], pathlib.Path.cwd()))
    """
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", ours, _PARENT, cwd=tmp_path)
    pids = await _pids(tmp_path / "pids")
    while len(_children(process.pid)) < 2:  # noqa: ASYNC110 - the program, and who watches over us
        await asyncio.sleep(0.02)
    process.send_signal(number)
    assert await process.wait() == -number
    for pid in pids:
        await _gone(pid)


async def test_one_that_ends_who_watches_over_it(tmp_path: Path) -> None:
    """A program that ends whatever it finds beside it has run to its end all the same."""
    ours = """if True:
        import asyncio, pathlib, sys
        from miniagents.ext.development.programs import run
        print(asyncio.run(run([sys.executable, "-c", sys.argv[1]], pathlib.Path.cwd())))
    """
    killer = """if True:
        import os, pathlib, signal
        parent = os.getppid()
        while len(found := pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()) < 2:
            pass
        for pid in map(int, found):
            if pid != os.getpid():
                os.kill(pid, signal.SIGKILL)
        while len(pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()) > 1:
            pass
    """
    ended = await run([sys.executable, "-c", ours, killer], tmp_path)
    assert ended.output.decode() == "Ended(code=0, output=b'')\n"


async def _pids(path: Path) -> list[int]:
    while not path.exists():  # noqa: ASYNC110, ASYNC240 - another process writes it
        await asyncio.sleep(0.02)
    return [int(pid) for pid in path.read_text().split()]  # noqa: ASYNC240 - as above


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


async def _gone(pid: int) -> None:
    """Wait until a process is gone, or only waits for whoever it belongs to now to ask for its end."""
    while True:
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]  # noqa: ASYNC240 - of the kernel
        except (ProcessLookupError, FileNotFoundError):
            return
        if state == "Z":
            return
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(("command", "folder"), [("no-such-program", "."), ("git", "no-such-folder")])
async def test_what_cannot_be_run(command: str, folder: str, tmp_path: Path) -> None:
    """One that is not there is told in one line; so is, to whoever names it, a folder that is not there."""
    wanted: Any = NotADirectoryError if folder != "." else MiniagentsError
    with pytest.raises(wanted, match=r"no-such-(program' cannot be run|folder)"):
        await run([command], tmp_path / folder)
