"""What a model proposes for a source tree: whole files, each as a line `FILE: path` and a fenced block behind it.

In: the text of a reply, which may say anything. Out: a `Proposal`, its difference from what is there as git writes it.
Never: a path outside the tree, a change to it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from ...errors import MiniagentsError
from ...safe_text import one_line
from .programs import run
from .source_tree import text_of

__all__ = ["Proposal", "difference", "proposal_in", "write_files"]

_FILE: Final = re.compile(
    r"^[#*`\t ]{0,8}FILE:[*`\t ]*(?P<path>[^\n`*]{1,400}?)[*`\t ]*\n\s{0,8}?(?P<fence>`{3,}|~{3,})[^\n`]*\n",
    re.MULTILINE,
)
_REFUSED: Final = frozenset({"..", ".git", ""})


@dataclass(frozen=True, slots=True)
class Proposal:
    """Files as they are to be."""

    files: Mapping[PurePosixPath, str]


def proposal_in(text: str) -> Proposal | None:
    """Return what a text proposes, None if that is nothing.

    Raises:
        MiniagentsError: A file of it does not end, or is to be where it must not.
    """
    files: dict[PurePosixPath, str] = {}
    at = 0
    while found := _FILE.search(text, at):
        path = _checked(found["path"])
        end = re.compile(rf"^{re.escape(found['fence'])}[`~]*[ \t]*$", re.MULTILINE).search(text, found.end())
        if end is None:
            raise MiniagentsError(f"the proposal breaks off in {path}; ask again, with more tokens to reply")
        files[path] = text[found.end() : end.start()]
        at = end.end()
    return Proposal(files) if files else None


def _checked(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    parts = name.split("/")
    if (
        path.is_absolute()
        or not name.isprintable()
        or "\\" in name
        or ":" in name
        or _REFUSED & {p.lower() for p in parts}
    ):
        raise MiniagentsError(f"a proposal may not change {one_line(name)!r}: only files inside the source tree")
    return path


async def difference(root: Path, proposal: Proposal) -> str:
    """Return how the files differ from those in a folder, as `git apply` takes it; "" if they do not.

    Raises:
        MiniagentsError: A file must not be changed, or git fails.
    """
    with TemporaryDirectory(prefix="miniagents-") as folder:
        before, after = Path(folder, "a"), Path(folder, "b")
        for each in (before, after):
            each.mkdir()
        for name, text in proposal.files.items():
            place = _place(root, name)
            write_files(after, {name: text.encode()})
            if place.exists():
                write_files(before, {name: place.read_bytes()})
                for each in (before, after):
                    (each / name).chmod(place.stat().st_mode)
        names = [
            "git",
            "-c",
            "core.quotePath=false",
            "diff",
            "--no-index",
            "--no-prefix",
            "--no-color",
            "--no-ext-diff",
        ]
        told = await run([*names, "a", "b"], Path(folder))
    if told.code not in (0, 1):
        raise MiniagentsError(f"git cannot compare: {one_line(told.output.decode('utf-8', 'replace'))[:200]}")
    return told.output.decode()


def _place(root: Path, name: PurePosixPath) -> Path:
    """Return where a file of a proposal is, or would be.

    Raises:
        MiniagentsError: It is not in the folder, but behind a link, or it is no text.
    """
    place = (root / name).resolve()
    if place != root.resolve() / name or place.is_dir():
        raise MiniagentsError(f"a proposal may not change {name}: it is a folder, or behind a link")
    if place.exists() and text_of(place) is None:
        raise MiniagentsError(f"a proposal may not change {name}: it is no text")
    return place


def write_files(folder: Path, files: Mapping[PurePosixPath, bytes]) -> None:
    """Write files into a folder, with the folders that they are in."""
    for name, data in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
