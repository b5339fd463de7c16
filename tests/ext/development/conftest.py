"""A small repository to work on."""

import subprocess
from pathlib import Path

import pytest

GREET = "def greet(name):\n    return 'hello ' + name\n"
TESTS = "from greet import greet\n\nassert greet('you') == 'hello you'\n"


def git(folder: Path, *words: str) -> str:
    """Run git in a folder; return what it says."""
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Give a repository with a program and its tests, and a secret that git does not track."""
    folder = tmp_path / "tree"
    (folder / "docs").mkdir(parents=True)
    (folder / "greet.py").write_text(GREET)
    (folder / "check.py").write_text(TESTS)
    (folder / "docs" / "notes.md").write_text("say\n```\nhello\n```")
    (folder / "picture.bin").write_bytes(b"\0\1")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    (folder / ".env").write_text("KEY=secret")
    return folder
