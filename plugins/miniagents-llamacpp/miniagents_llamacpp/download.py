"""One file on its way from a hub to this disk: gone on with where it stopped, checked, and then there all at once.

    x.gguf.<digest>.part  ─ Range: bytes=N- ─→ longer … as long as it is to be ─→ digest ─→ fsync ─→ rename to x.gguf

Whoever fetches a file holds a lock on its `.part`; others wait, and find it there. What was cut off stays, for the next
try, in this process or in a later one. Never here: which file, which repository.
"""

import asyncio
import hashlib
import os
from collections.abc import Callable
from contextlib import aclosing, suppress
from http import HTTPStatus
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from miniagents.errors import ModelError, ProviderFailedError, RateLimitedError

from .errors import PullError
from .hub import HubFile, Repository, refused, unreachable

if TYPE_CHECKING:
    import httpx2

__all__ = ["fetch", "part_of"]

_PAUSES_S: Final = (1.0, 2.0, 4.0, 8.0)
"""Before each try after the first; a router that restarts is back within them."""
_LONGEST_PAUSE_S: Final = 60.0
"""However long the hub asks us to wait."""
_HEADWAY_BYTES: Final = 1 << 20
"""Who has fetched so much since the last break has all tries again: a bad line gets there, a dead one does not."""
_CHUNK_BYTES: Final = 1 << 20
_LOOK_EVERY_S: Final = 0.2
_GIT_DIGITS: Final = 40
_KEPT: Final = "try again: what has come is kept"


def part_of(target: Path, digest: str = "*") -> str:
    """Return the name of what is there of a file before it is whole; without a digest a pattern for any."""
    return f"{target.name}.{digest[:12]}.part"


async def fetch(repository: Repository, file: HubFile, target: Path, told: Callable[[int], None]) -> None:
    """See to it that a file of a repository is at `target`, whole.

    Args:
        repository: Where the file is from.
        file: Which one.
        target: Where it is to be; its folder is there.
        told: Called with the bytes that have come, again and again; fewer than before where it begins again.

    Raises:
        ModelError: The hub does not give it, or something else; what came of it before stays.
        OSError: It cannot be written.
    """
    opened = await _opened(target, file, told)
    if opened is None:
        return
    with opened:
        part = _Part(opened, file)
        try:
            await _fill_and_check(part, repository, told)
            opened.flush()
            await asyncio.to_thread(os.fsync, opened.fileno())
            if os.name == "nt":
                opened.close()  # where an open file cannot be renamed, and nobody has locked it
            _rename(opened, target)
        finally:
            if not part.size:
                _forget(opened)


async def _fill_and_check(part: "_Part", repository: Repository, told: Callable[[int], None]) -> None:
    await part.recall()
    is_fresh = part.size == 0
    await _fill(part, repository, told)
    if not part.is_right and not is_fresh:  # its beginning, of another day, may be what is wrong with it
        part.restart()
        await _fill(part, repository, told)
    if not part.is_right:
        part.restart()
        cause = f"{part.whole.path} is not the file that was published (its checksum differs)"
        raise PullError(
            cause, host=repository.host, cure="try again; if it happens again, " + repository.hub.endpoint.url_cure
        )


class _Part:
    """The beginning of a file, on the disk, with the digest of it."""

    def __init__(self, file: IO[bytes], whole: HubFile) -> None:
        self.whole = whole
        self._file = file
        self._begin()

    def _begin(self) -> None:
        self.size = 0
        is_git = len(self.whole.digest) == _GIT_DIGITS
        self._digest = hashlib.sha1(usedforsecurity=False) if is_git else hashlib.sha256()
        if is_git:
            self._digest.update(b"blob %d\0" % self.whole.size_bytes)

    @property
    def is_right(self) -> bool:
        return self._digest.hexdigest() == self.whole.digest

    async def recall(self) -> None:
        """Take in what is there, a chunk at a time so that others get their turn."""
        self._file.seek(0)
        while chunk := self._file.read(_CHUNK_BYTES):
            self._digest.update(chunk)
            self.size += len(chunk)
            await asyncio.sleep(0)
        if self.size > self.whole.size_bytes:
            self.restart()

    def add(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        self._file.write(chunk)
        self.size += len(chunk)

    def restart(self) -> None:
        self._file.truncate(0)
        self._begin()


async def _opened(target: Path, file: HubFile, told: Callable[[int], None]) -> IO[bytes] | None:
    """Return the `.part`, which nobody else writes now; None if somebody else has fetched the file meanwhile."""
    while not _is_there(target):
        part = _locked(target.with_name(part_of(target, file.digest)), told)
        if part is None:
            await asyncio.sleep(_LOOK_EVERY_S)
        elif _is_there(target):  # since we looked
            _forget(part)
            part.close()
        else:
            return part
    return None


def _locked(path: Path, told: Callable[[int], None]) -> IO[bytes] | None:
    """Return it opened and locked, None if somebody else has it; then it is told how far that one is."""
    part = path.open("a+b")
    try:
        if _is_locked(part) and _is_at(path, part):
            return part
        told(os.fstat(part.fileno()).st_size)
    except BaseException:
        part.close()
        raise
    part.close()
    return None


def _is_there(target: Path) -> bool:
    return target.exists()


def _rename(part: IO[bytes], target: Path) -> None:
    Path(part.name).replace(target)


def _forget(part: IO[bytes]) -> None:
    with suppress(OSError):
        Path(part.name).unlink()


def _is_locked(file: IO[bytes]) -> bool:
    """Lock it until it is closed; say whether that went well, or nobody locks anything here."""
    try:
        import fcntl  # noqa: PLC0415 - is not there on Windows
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system that knows no locks
        return True
    return True


def _is_at(path: Path, file: IO[bytes]) -> bool:
    """Say whether an open file still has its name: whoever had it before us has renamed it, if all went well."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    return False


async def _fill(part: "_Part", repository: Repository, told: Callable[[int], None]) -> None:
    """Fetch what is missing, however often the connection breaks, as long as it goes on."""
    pauses = iter(_PAUSES_S)
    told(part.size)
    while part.size < part.whole.size_bytes:
        before = part.size
        broken = await _go_on(part, repository, told)
        if broken is None:
            continue
        if part.size - before >= _HEADWAY_BYTES:
            pauses = iter(_PAUSES_S)
        pause_s = next(pauses, None)
        if pause_s is None:
            broken.cure = _KEPT
            raise broken
        await asyncio.sleep(min(max(pause_s, broken.retry_after_s or 0.0), _LONGEST_PAUSE_S))


async def _go_on(part: "_Part", repository: Repository, told: Callable[[int], None]) -> ModelError | None:
    """Fetch until the file is whole or the connection breaks; return what broke it, if it is worth another try."""
    import httpx2  # noqa: PLC0415 - it is there: somebody made a client

    try:
        async with repository.opened(part.whole.path, part.size) as response:
            error = _begun(part, response, repository)
            if error is not None:
                return error
            async with aclosing(response.aiter_raw()) as chunks:
                async for chunk in chunks:
                    if part.size + len(chunk) > part.whole.size_bytes:
                        part.restart()
                        cause = f"{part.whole.path} is longer than the hub says"
                        raise PullError(cause, host=repository.host, cure=repository.hub.endpoint.url_cure)
                    part.add(chunk)
                    told(part.size)
    except httpx2.HTTPError as error:
        return unreachable(error, repository.hub.endpoint)
    if part.size < part.whole.size_bytes:
        return PullError("the connection was closed in the middle", host=repository.host)
    return None


def _begun(part: _Part, response: "httpx2.Response", repository: Repository) -> ModelError | None:
    """Look at the head of an answer: raise what no other try mends, return what one may."""
    status = response.status_code
    if status == HTTPStatus.PARTIAL_CONTENT and response.headers.get("content-range", "").startswith(
        f"bytes {part.size}-"
    ):
        return None
    if status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE):
        part.restart()  # it knows no ranges, or not this one: from the beginning, then
        if status == HTTPStatus.OK:
            return None
        return ProviderFailedError(f"it does not go on in the middle (status {status})", host=repository.host)
    error = refused(response, repository.hub.endpoint, repository.name)
    if not isinstance(error, ProviderFailedError | RateLimitedError):
        raise error
    with suppress(ValueError):
        error.retry_after_s = float(response.headers.get("retry-after", ""))
    return error
