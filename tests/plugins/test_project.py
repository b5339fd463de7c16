"""A project's own plugins, as they were read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniagents.plugins.project import project_in, sources_below

if TYPE_CHECKING:
    from pathlib import Path

PLUGIN = "from miniagents.hookspecs import hookimpl\n"


def test_where_they_are(tmp_path: Path) -> None:
    """They are beside the nearest project file, or else in the current folder; without any there is no project."""
    deep = tmp_path / "src" / "deep"
    deep.mkdir(parents=True)
    assert project_in(deep) is None
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "mine.py").write_text(PLUGIN)
    assert project_in(deep) is None
    (tmp_path / ".miniagents.toml").touch()
    project = project_in(deep)
    assert project is not None
    assert project == project_in(tmp_path)
    assert project.sources == {tmp_path / "plugins" / "mine.py": PLUGIN.encode()}


def test_what_counts(tmp_path: Path) -> None:
    """A folder of plugins of something else is none of ours; nor are files that are hidden or private."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    for name in ("others.py", "_private.py", ".hidden.py", "text.md"):
        (folder / name).write_text(PLUGIN if name != "others.py" else "import something\n")
    assert project_in(tmp_path) is None
    (folder / "mine.py").write_text(PLUGIN)
    project = project_in(tmp_path)
    assert project is not None
    assert [path.name for path in project.sources] == ["mine.py"]


def test_what_can_be_read_without_end_is_not_read(tmp_path: Path) -> None:
    """A repository may bring a link to a device, or a folder named like a file: neither hides the plugins behind it."""
    folder = tmp_path / "plugins"
    (folder / "a_folder.py").mkdir(parents=True)
    (folder / "a_link.py").symlink_to("nowhere")
    (folder / "a_device.py").symlink_to("/dev/zero")
    (folder / "beside").mkdir()
    (folder / "beside" / "a_device.py").symlink_to("/dev/zero")
    (folder / "mine.py").write_text(PLUGIN)
    project = project_in(tmp_path)
    assert project is not None
    assert [path.name for path in project.sources] == ["mine.py"]
    assert sources_below(folder)[folder / "beside" / "a_device.py"] == b""


def test_a_link_out_of_the_folder(tmp_path: Path) -> None:
    """What it leads to is what was read, and the hash changes with that."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "outside.py").write_text(PLUGIN)
    (tmp_path / "plugins" / "mine.py").symlink_to(tmp_path / "outside.py")
    before = _digest(tmp_path)
    (tmp_path / "outside.py").write_text(f"{PLUGIN}more = 1\n")
    assert _digest(tmp_path) != before


def test_the_hash_changes_with_all_that_may_be_imported(tmp_path: Path) -> None:
    """A changed, new, gone or renamed Python file changes it, at any depth; what is no Python does not."""
    folder = tmp_path / "plugins"
    (folder / "beside").mkdir(parents=True)
    (folder / "mine.py").write_text(PLUGIN)
    (folder / "beside" / "more.py").write_text("a = 1")
    digests = [_digest(tmp_path)]

    def changes() -> bool:
        digests.append(_digest(tmp_path))
        return digests[-1] not in digests[:-1]

    assert not changes()
    (folder / "text.md").write_text("text")
    assert not changes()
    (folder / "mine.py").write_text(PLUGIN + "\n")
    assert changes()
    (folder / "beside" / "more.py").write_text("a = 2")
    assert changes()
    (folder / "beside" / "more.py").rename(folder / "beside" / "other.py")
    assert changes()
    (folder / "_private.py").write_text("")
    assert changes()
    (folder / "beside" / "other.py").unlink()
    assert changes()


def _digest(folder: Path) -> str:
    project = project_in(folder)
    assert project is not None
    return project.digest
