"""The file of keys: who may read it, what may be in it, and how one comes in and goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from miniagents.cli.config.key_file import complaint_about, keys_in, remove, write
from miniagents.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "sk-nobody-may-see-123"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the path of a file that is not there yet, in a folder that is not there either."""
    return tmp_path / "config" / "keys.toml"


def test_without_a_file_there_are_no_keys(path: Path) -> None:
    """A file that is not there has nothing in it, and nothing to complain about."""
    assert (keys_in(path), complaint_about(path)) == ({}, "")


def test_what_is_written_is_for_nobody_else(path: Path) -> None:
    """File and folder are made for their owner only, and a file that others could read is so no more."""
    write(path, "OPENAI_API_KEY", SECRET)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert keys_in(path)["OPENAI_API_KEY"].read() == SECRET
    path.chmod(0o644)
    write(path, "OTHER_API_KEY", "cmd:pass show other")
    assert (path.stat().st_mode & 0o777, complaint_about(path)) == (0o600, "")
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666])
def test_a_file_that_others_may_read_or_write_is_complained_about(path: Path, mode: int) -> None:
    """Such a file is not the person's alone; the line says how to mend it."""
    write(path, "OPENAI_API_KEY", SECRET)
    path.chmod(mode)
    said = complaint_about(path)
    assert said == f"{path}: is not used, because others may read it or write to it; chmod 600 {path}"


def test_all_else_in_the_file_stays(path: Path) -> None:
    """Comments and other keys stay where they are when a key comes, changes or goes."""
    path.parent.mkdir()
    path.write_text('# mine\nA_API_KEY = "cmd:a"  # of a\n\n# theirs\nB_API_KEY = "keyring:b/b"\n')
    write(path, "B_API_KEY", "other")
    write(path, "C_API_KEY", 'with"quote\\')
    assert [*keys_in(path)] == ["A_API_KEY", "B_API_KEY", "C_API_KEY"]
    assert keys_in(path)["C_API_KEY"].read() == 'with"quote\\'
    assert remove(path, "A_API_KEY").where == ("a",)
    remove(path, "C_API_KEY")
    assert path.read_text() == '# mine\n\n# theirs\nB_API_KEY = "other"\n'


def test_a_key_that_is_not_there_cannot_go(path: Path) -> None:
    """The error says which keys there are."""
    with pytest.raises(SettingsError, match="has no A_API_KEY; there is nothing in it"):
        remove(path, "A_API_KEY")
    write(path, "B_API_KEY", SECRET)
    with pytest.raises(SettingsError, match="has no A_API_KEY; there is B_API_KEY") as caught:
        remove(path, "A_API_KEY")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f'A_API_KEY = "a"\nB_API_KEY = ["{SECRET}"]\n', "2:1: B_API_KEY must be text in quotes"),
        (f'A_API_KEY = "a"\nB_API_KEY = "{SECRET} {SECRET}"\n', "2:1: B_API_KEY: it has characters"),
        (f'[tables]\nA_API_KEY = "{SECRET}"\n', "1:2: it must begin with a name"),
        (f'"{SECRET}" = "A_API_KEY"\n', "1:2: it must begin with a name"),
        (f"A_API_KEY = {SECRET}\n", "1:13: Invalid value"),
        (f'A_API_KEY = "a"\nA_API_KEY = "{SECRET}"\n', "2:"),
        (f"{SECRET}\n", "1:"),
        (f'A_API_KEY = "{SECRET}\n', "1:"),
    ],
)
def test_a_file_that_is_wrong(path: Path, text: str, place: str) -> None:
    """The error names path, line and column, and nothing of a key; a file that is wrong is not written."""
    path.parent.mkdir()
    path.write_text(text)
    for attempt in (keys_in, lambda path: write(path, "C_API_KEY", "c"), lambda path: remove(path, "A_API_KEY")):
        with pytest.raises(SettingsError, match=r"\A[^\n]*\Z") as caught:
            attempt(path)
        assert str(caught.value).startswith(f"{path}:{place}")
        assert SECRET not in str(caught.value)
    assert path.read_text() == text


def test_what_is_no_key_is_not_written(path: Path) -> None:
    """Nothing is made for it."""
    with pytest.raises(SettingsError, match="characters that no key has"):
        write(path, "A_API_KEY", f"{SECRET} {SECRET}")
    assert not path.parent.exists()
