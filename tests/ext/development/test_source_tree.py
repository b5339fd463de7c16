"""A source tree is what git tracks of a folder."""

from pathlib import Path, PurePosixPath

import pytest

from miniagents.errors import MiniagentsError
from miniagents.ext.development.source_tree import copy_files, text_of, tracked_files

pytestmark = pytest.mark.real_time


async def test_only_what_git_tracks(tree: Path) -> None:
    """A file that git does not know is not there, nor one that is gone, nor a link; a folder has its own only."""
    (tree / "link").symlink_to("/etc/hosts")
    (tree / "gone.py").touch()
    from tests.ext.development.conftest import git  # noqa: PLC0415 - the fixture's

    git(tree, "add", "link", "gone.py")
    (tree / "gone.py").unlink()
    assert [*map(str, await tracked_files(tree))] == ["check.py", "docs/notes.md", "greet.py", "picture.bin"]
    assert [*map(str, await tracked_files(tree / "docs"))] == ["notes.md"]


async def test_no_repository(tmp_path: Path) -> None:
    """A folder in no repository, and no folder at all, are told with the cure."""
    with pytest.raises(MiniagentsError, match=r"is in no git repository; make it one with `git init`"):
        await tracked_files(tmp_path)
    with pytest.raises(MiniagentsError, match=r"none is no folder; name the one with the source"):
        await tracked_files(tmp_path / "none")


def test_what_is_a_text(tree: Path, tmp_path: Path) -> None:
    """A text is UTF-8 without a zero byte."""
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    assert text_of(tree / "check.py").startswith("from greet")
    assert (text_of(tree / "picture.bin"), text_of(tmp_path / "latin")) == (None, None)


def test_a_copy(tree: Path, tmp_path: Path) -> None:
    """The files that are named are copied with their folders, and no others."""
    copy_files(tree, [PurePosixPath("docs/notes.md")], tmp_path / "copy")
    assert [path.name for path in (tmp_path / "copy").rglob("*")] == ["docs", "notes.md"]
