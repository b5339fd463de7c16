"""A source tree as git knows it: which files it tracks, their texts, and a copy of them to try something in.

In: a folder in a repository. Out: paths, texts. Never: a file that git does not track, a change to the folder.
"""

import shutil
from pathlib import Path, PurePosixPath

from ...errors import MiniagentsError
from ...safe_text import one_line
from .programs import run

__all__ = ["copy_files", "text_of", "tracked_files"]


async def tracked_files(root: Path) -> list[PurePosixPath]:
    """Return the files in a folder and below that git tracks and that are there, in git's order.

    Raises:
        MiniagentsError: The folder is in no repository, or there is no git.
    """
    try:
        listed = await run(["git", "ls-files", "-z"], root)
    except NotADirectoryError:
        raise MiniagentsError(f"{one_line(str(root))} is no folder; name the one with the source") from None
    if listed.code:
        raise MiniagentsError(
            f"{one_line(str(root))} is in no git repository; make it one with `git init` and `git add`"
        )
    names = [name for name in listed.output.decode("utf-8", "surrogateescape").split("\0") if name]
    return [PurePosixPath(name) for name in names if (root / name).is_file() and not (root / name).is_symlink()]


def text_of(path: Path) -> str | None:
    """Return what is in a file, None if that is no text."""
    data = path.read_bytes()
    if b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def copy_files(root: Path, files: list[PurePosixPath], to: Path) -> None:
    """Copy files of a folder to where another one is to be, with the folders that they are in."""
    for name in files:
        place = to / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, place)
