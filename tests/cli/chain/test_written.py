"""The file that a reply goes into."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from miniagents import Message
from miniagents.cli.chain.written import Target, formed
from miniagents.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


def target(path: Path, *, force: bool = False) -> Target:
    """Return where to write, with a memory beside it."""
    return Target(path, force=force, environment={"XDG_CACHE_HOME": str(path.parent / "cache")})


def test_what_a_chain_wrote_may_be_replaced(tmp_path: Path) -> None:
    """A file that is as a run left it is replaced by the next one; one that somebody has changed is not."""
    path = tmp_path / "out.md"
    target(path).write("one\n")
    target(path).write("two\n")
    assert path.read_text() == "two\n"
    path.write_text("two, and mine\n")
    with pytest.raises(SettingsError, match=r"out\.md: is there, and not as a chain left it; --force replaces it"):
        target(path)
    target(path, force=True).write("three\n")
    assert path.read_text() == "three\n"


def test_an_empty_file_is_no_loss(tmp_path: Path) -> None:
    """There is nothing in it to keep."""
    path = tmp_path / "out.md"
    path.touch()
    target(path).write("one\n")
    assert path.read_text() == "one\n"


def test_what_is_made_meanwhile_is_kept(tmp_path: Path) -> None:
    """A file that somebody makes while the chain runs is not replaced either."""
    path = tmp_path / "out.md"
    there = target(path)
    path.write_text("mine\n")
    with pytest.raises(SettingsError, match="is there"):
        there.write("one\n")
    assert path.read_text() == "mine\n"


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    """A missing folder, and what is no file, are told of before anybody is asked."""
    with pytest.raises(SettingsError, match=r"there is no folder .*none; make it first"):
        target(tmp_path / "none" / "out.md")
    with pytest.raises(SettingsError, match="Is a directory; name another file with --output"):
        target(tmp_path)


def test_a_disk_that_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written is a failure in one line, and what was there stays."""
    path = tmp_path / "out.md"
    target(path).write("one\n")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=r"out\.md: cannot be written \(No space left on device\); name another file"):
        target(path).write("two\n")
    assert path.read_text() == "one\n"


@pytest.mark.parametrize("memory", ["", "[]", "{"])
def test_a_memory_that_is_none(tmp_path: Path, memory: str) -> None:
    """Without it nothing is known to be a chain's, and nothing else is lost; what is gone is forgotten."""
    path, gone = tmp_path / "out.md", tmp_path / "gone.md"
    target(gone).write("x\n")
    gone.unlink()
    target(path).write("one\n")
    kept = tmp_path / "cache" / "miniagents" / "chain-files.json"
    assert list(json.loads(kept.read_text())) == [str(path)]
    kept.write_text(memory)
    with pytest.raises(SettingsError, match="is there"):
        target(path)


def test_a_memory_that_cannot_be_kept(tmp_path: Path) -> None:
    """The reply is written all the same."""
    (tmp_path / "cache").write_text("no folder")
    target(tmp_path / "out.md").write("one\n")
    assert (tmp_path / "out.md").read_text() == "one\n"


def test_forms() -> None:
    """Text ends with a line end; JSON is one object, or one a line."""
    reply = [Message(text="one"), Message(text="two\n")]
    assert formed(reply, "text", {}) == "one\n\ntwo\n"
    assert formed(reply[:1], "text", {}) == "one\n"
    assert formed([], "text", {}) == ""
    known = {"text": "é", "messages": [{"a": 1}, {"b": 2}]}
    assert json.loads(formed(reply, "json", known)) == known
    assert formed(reply, "jsonl", known) == '{"a": 1}\n{"b": 2}\n'
