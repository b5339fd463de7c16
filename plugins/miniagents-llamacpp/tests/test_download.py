"""One file on its way: broken off, gone on with, checked, by several at once."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hub_server import CONTENT, REPOSITORY, HubServer, files_in
from miniagents_llamacpp import download, library, store
from miniagents_llamacpp.errors import PullError

from miniagents.errors import MiniagentsError, ModelNotFoundError

Run = Callable[[Awaitable[Any]], Any]


def begun(models: Path) -> bool:
    """Say whether there is something of a model that is not whole."""
    return any(path.stat().st_size for path in models.rglob("*.part"))


def start(code: str) -> "subprocess.Popen[str]":
    """Run a program in another process."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)


@pytest.mark.usefixtures("files")
def test_a_connection_that_breaks_is_gone_on_with(hub: HubServer, run: Run) -> None:
    """Each time it breaks, the next request asks for the rest, and what comes is the whole file."""
    hub.cuts.extend([300_000, 200_000, 0])
    assert run(library.pull(REPOSITORY)).read_bytes() == CONTENT
    assert hub.ranges() == ["", "bytes=300000-", "bytes=500000-", "bytes=500000-"]


@pytest.mark.usefixtures("files")
def test_a_dead_line_is_given_up_and_what_came_is_kept(hub: HubServer, models: Path, run: Run) -> None:
    """After so many tries the error says that another one goes on there; it does, in another process too."""
    hub.cuts.extend([300_000, 0, 0, 0, 0])
    with pytest.raises(MiniagentsError, match="; try again: what has come is kept"):
        run(library.pull(REPOSITORY))
    assert len(hub.ranges()) == 5
    (part,) = files_in(models)
    assert part.startswith("someone/Tiny-GGUF/tiny-Q4_K_M.gguf.")
    assert store.find(REPOSITORY) is None
    assert store.installed() == []
    steps: list[int] = []
    run(library.pull(REPOSITORY, lambda done, _total: steps.append(done)))
    assert steps[0] == 300_000
    assert hub.ranges()[-1] == "bytes=300000-"
    assert files_in(models) == ["someone/Tiny-GGUF/tiny-Q4_K_M.gguf"]


@pytest.mark.usefixtures("files")
def test_tries_are_counted_from_the_last_headway(hub: HubServer, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """A line that breaks more often than there are tries is good enough, as long as enough comes between."""
    monkeypatch.setattr(download, "_HEADWAY_BYTES", 1000)
    hub.cuts.extend([1000] * 20)
    assert run(library.pull(REPOSITORY)).read_bytes() == CONTENT
    assert len(hub.ranges()) == 21


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_hub_that_is_busy_is_asked_again(hub: HubServer, run: Run, status: int) -> None:
    """For so many times; then its error is the person's."""
    hub.refusals.extend([(status, {"Retry-After": "0"}), (status, {"Retry-After": "soon"})])
    assert run(library.pull(REPOSITORY)).read_bytes() == CONTENT
    hub.refusals.extend([(status, {})] * 5)
    with pytest.raises(MiniagentsError, match=f"it gives no model .status {status}.; try again"):
        run(library.pull(f"{REPOSITORY}:Q2_K"))


@pytest.mark.usefixtures("files")
def test_a_server_that_cannot_begin_in_the_middle(hub: HubServer, run: Run) -> None:
    """Then the file comes from its beginning, and is whole all the same."""
    hub.cuts.append(300_000)
    hub.knows_ranges = False
    assert run(library.pull(REPOSITORY)).read_bytes() == CONTENT
    assert hub.ranges() == ["", "bytes=300000-"]


@pytest.mark.usefixtures("files")
def test_a_server_that_begins_somewhere_else(hub: HubServer, run: Run) -> None:
    """What it sends is not taken for the rest: the file is asked for from its beginning."""
    hub.cuts.append(300_000)
    hub.mistakes_ranges = True
    assert run(library.pull(REPOSITORY)).read_bytes() == CONTENT
    assert hub.ranges() == ["", "bytes=300000-", ""]


@pytest.mark.usefixtures("files")
def test_an_end_that_nobody_can_tell_from_a_break(hub: HubServer, run: Run) -> None:
    """Where a server does not say how much it sends, the size that the hub tells counts."""
    hub.tells_length = False
    hub.cuts.append(300_000)
    assert run(library.pull(REPOSITORY)).read_bytes() == CONTENT
    assert hub.ranges() == ["", "bytes=300000-"]
    hub.cuts.extend([0] * 5)
    with pytest.raises(PullError, match="the connection was closed in the middle; try again: what has come is kept"):
        run(library.pull(f"{REPOSITORY}:Q2_K"))


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("lack", ["a module for it", "a file system that does it"])
def test_where_nothing_can_be_locked(lack: str, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """One process gets its model all the same."""

    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    if lack == "a module for it":
        monkeypatch.setitem(sys.modules, "fcntl", None)
    else:
        fcntl = pytest.importorskip("fcntl")
        monkeypatch.setattr(fcntl, "flock", refuse)
    assert run(library.pull(REPOSITORY)).read_bytes() == CONTENT


@pytest.mark.usefixtures("hub")
def test_somebody_was_faster(files: dict[str, bytes], models: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """A file that is there when our turn comes is taken as it is, and nothing of ours stays."""
    target = models / REPOSITORY / "tiny-Q4_K_M.gguf"
    looks: list[bool] = []

    def looked(path: Path) -> bool:
        if len(looks) == 1:
            target.write_bytes(files[target.name])
        looks.append(path.exists())
        return looks[-1]

    monkeypatch.setattr(download, "_is_there", looked)
    assert run(library.pull(REPOSITORY)) == target
    assert files_in(models) == [f"{REPOSITORY}/tiny-Q4_K_M.gguf"]
    assert looks == [False, True, True]


@pytest.mark.usefixtures("files")
def test_a_mistake_of_the_callers_own_while_others_fetch(hub: HubServer, models: Path, run: Run) -> None:
    """What a progress callback raises goes through as it is, also from whoever only waits."""
    fcntl = pytest.importorskip("fcntl")
    hub.cuts.extend([1000, 0, 0, 0, 0])
    with pytest.raises(MiniagentsError):
        run(library.pull(REPOSITORY))
    (part,) = models.rglob("*.part")
    with part.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(ZeroDivisionError):
            run(library.pull(REPOSITORY, lambda *_: 1 / 0))


@pytest.mark.usefixtures("files")
def test_a_beginning_that_is_wrong_is_fetched_again(hub: HubServer, models: Path, run: Run) -> None:
    """What a disk has spoilt, or is too long, costs another download and not an error."""
    for spoilt in (bytes(300_000), bytes(2 << 20)):
        hub.cuts.extend([1000, 0, 0, 0, 0])
        with pytest.raises(MiniagentsError):
            run(library.pull(REPOSITORY))
        (part,) = models.rglob("*.part")
        part.write_bytes(spoilt)
        assert run(library.pull(REPOSITORY)).read_bytes() == CONTENT
        library.remove(REPOSITORY)


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (lambda content: bytes(len(content)), "is not the file that was published .its checksum differs.; try again"),
        (lambda content: content + b"more", "is longer than the hub says; check HF_ENDPOINT"),
    ],
)
def test_a_file_that_is_another_one_is_not_kept(
    hub: HubServer, models: Path, run: Run, changes: Callable[[bytes], bytes], words: str
) -> None:
    """What does not fit its checksum, or its size, is no model and leaves nothing."""
    hub.changes = changes
    with pytest.raises(PullError, match=rf"\A{hub.host}: tiny-Q4_K_M.gguf {words}"):
        run(library.pull(REPOSITORY))
    assert files_in(models) == []


def test_a_small_file_has_gits_checksum(hub: HubServer, files: dict[str, bytes], models: Path, run: Run) -> None:
    """What is not in LFS is checked too."""
    hub.small = set(files)
    assert run(library.pull(REPOSITORY)).read_bytes() == CONTENT
    hub.changes = lambda content: bytes(len(content))
    with pytest.raises(PullError, match="checksum differs"):
        run(library.pull(f"{REPOSITORY}:Q2_K"))


@pytest.mark.usefixtures("files")
def test_a_file_that_is_gone(hub: HubServer, models: Path, run: Run) -> None:
    """What the listing has and the server has not is no reason to try again."""
    hub.refusals.append((404, {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"}))
    with pytest.raises(ModelNotFoundError, match="Entry not found"):
        run(library.pull(REPOSITORY))
    assert len(hub.ranges()) == 1
    assert files_in(models) == []


@pytest.mark.usefixtures("files")
@pytest.mark.skipif(os.name != "posix", reason="no such limit elsewhere")
def test_a_disk_that_fills_up(hub: HubServer, run: Run) -> None:
    """What cannot be written any more says so in one line, and what could is gone on with."""
    import resource  # noqa: PLC0415 - is not there on Windows

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limits[1]))
    try:
        with pytest.raises(PullError, match=r"cannot be stored in .*: File too large; make room"):
            run(library.pull(REPOSITORY))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert run(library.pull(REPOSITORY)).read_bytes() == CONTENT
    assert hub.ranges()[-1].startswith("bytes=")


@pytest.mark.usefixtures("files")
def test_a_cancelled_pull_is_gone_on_with(hub: HubServer, models: Path, run: Run) -> None:
    """What had come is there, and the next pull asks for the rest."""
    hub.hold_after = 300_000

    async def main() -> None:
        pulling = asyncio.create_task(library.pull(REPOSITORY))
        await asyncio.to_thread(hub.holding.wait, 60)
        while not begun(models):  # noqa: ASYNC110 - the task tells nobody
            await asyncio.sleep(0.01)
        pulling.cancel()
        with suppress(asyncio.CancelledError):
            await pulling
        assert pulling.cancelled()

    run(main())
    hub.released.set()
    (part,) = models.rglob("*.part")
    there = part.stat().st_size
    assert 0 < there < len(CONTENT)
    assert run(library.pull(REPOSITORY)).read_bytes() == CONTENT
    assert hub.ranges()[-1] == f"bytes={there}-"


@pytest.mark.usefixtures("files")
def test_several_at_once_share_one_download(hub: HubServer, models: Path, run: Run) -> None:
    """Two tasks and another process that want the same model all get it, and its bytes came once."""
    hub.hold_after = 300_000
    code = f"""\
import asyncio, pathlib
from miniagents_llamacpp import library, store
store.models_dir = lambda: pathlib.Path({str(models)!r})
print(asyncio.run(library.pull({REPOSITORY!r}, lambda done, total: print(done, flush=True))))
"""

    async def main() -> Any:
        tasks = [asyncio.create_task(library.pull(REPOSITORY)) for _ in range(2)]
        await asyncio.to_thread(hub.holding.wait, 60)
        other = start(code)
        await asyncio.to_thread(other.stdout.readline)  # type: ignore[union-attr]  # it waits, and sees how far we are
        hub.released.set()
        paths = await asyncio.gather(*tasks)
        output, _ = await asyncio.to_thread(other.communicate)
        return paths, output.splitlines()[-1]

    paths, other = run(main())
    assert {str(path) for path in paths} == {other}
    assert Path(other).read_bytes() == CONTENT
    assert hub.ranges() == [""]
    assert files_in(models) == ["someone/Tiny-GGUF/tiny-Q4_K_M.gguf"]


@pytest.mark.usefixtures("files")
@pytest.mark.skipif(os.name != "posix", reason="no such signal elsewhere")
def test_a_killed_process_leaves_its_place_to_the_next(hub: HubServer, models: Path, run: Run) -> None:
    """A lock ends with whoever had it, and what it wrote is gone on with."""
    hub.hold_after = 500_000
    code = f"""\
import asyncio, pathlib
from miniagents_llamacpp import library, store
store.models_dir = lambda: pathlib.Path({str(models)!r})
asyncio.run(library.pull({REPOSITORY!r}, lambda done, total: print(done, flush=True)))
"""
    other = start(code)
    assert hub.holding.wait(60)
    while int(other.stdout.readline()) < 300_000:  # type: ignore[union-attr]  # it has a pipe
        pass
    other.send_signal(signal.SIGKILL)
    other.communicate()
    hub.released.set()
    (part,) = models.rglob("*.part")
    there = part.stat().st_size
    assert run(library.pull(REPOSITORY)).read_bytes() == CONTENT
    assert hub.ranges() == ["", f"bytes={there}-" if there else ""]
