"""Files that take another one's place: whole, or not at all."""

from pathlib import Path

import pytest

from miniagents.errors import TranscriptError
from miniagents.ext.transcript_copy import replace
from tests.ext.test_transcript import file_size_limit, mode_of


def test_new_file(tmp_path: Path) -> None:
    """It is for its owner only, in folders that are made for it."""
    path = tmp_path / "a" / "b.txt"
    replace(path, b"one")
    assert (path.read_bytes(), mode_of(path)) == (b"one", 0o600)


def test_file_that_is_there(tmp_path: Path) -> None:
    """It keeps its mode; where it is behind a link, the link stays."""
    path, link = tmp_path / "a", tmp_path / "link"
    path.write_bytes(b"one")
    path.chmod(0o644)
    link.symlink_to(path)
    replace(link, b"two")
    assert (path.read_bytes(), mode_of(path), link.is_symlink()) == (b"two", 0o644, True)


def test_full_disk(tmp_path: Path) -> None:
    """The file is as it was, and nothing is left beside it."""
    path = tmp_path / "a"
    path.write_bytes(b"one")
    with file_size_limit(100), pytest.raises(TranscriptError, match="free some space"):
        replace(path, b"x" * 1000)
    assert path.read_bytes() == b"one"
    assert [*tmp_path.iterdir()] == [path]


def test_place_that_cannot_be_written(tmp_path: Path) -> None:
    """It is an error of one line that names the file."""
    (tmp_path / "file").write_text("")
    with pytest.raises(TranscriptError, match=r"file.a: .*; name another file"):
        replace(tmp_path / "file" / "a", b"x")
    with pytest.raises(TranscriptError, match="name another file"):
        replace(tmp_path, b"x")


def test_device() -> None:
    """What is no file of its own is written to."""
    replace("/dev/null", b"x")
    assert Path("/dev/null").is_char_device()
