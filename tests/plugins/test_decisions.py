"""What the user has decided about plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from miniagents.errors import SettingsError
from miniagents.plugins.decisions import Decisions, keep, kept

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_kept_is_there_again(tmp_path: Path) -> None:
    """Nothing is decided at first; what is kept is read again as it was, and nothing else is left in the folder."""
    folder = tmp_path / "config"
    assert kept(folder) == Decisions()
    decisions = Decisions(disabled=("a", "b"), trusted={"/x": "1"}, refused={"/y é": "2"})
    keep(folder, decisions)
    assert kept(folder) == decisions
    assert [path.name for path in folder.iterdir()] == ["plugins.json"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"disabled": 3, "trusted": {}, "refused": {}}', "\xff", "[" * 9999])
def test_a_file_that_is_none_of_ours(tmp_path: Path, text: str) -> None:
    """Nothing is taken for decided: it is named, with the cure."""
    (tmp_path / "plugins.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError, match=r"plugins\.json: cannot be read \(\w+\); mend it or move it away$"):
        kept(tmp_path)


def test_what_cannot_be_written(tmp_path: Path) -> None:
    """It is named with the reason, and nothing half is left."""
    (tmp_path / "plugins.json").mkdir()
    with pytest.raises(SettingsError, match=r"plugins\.json: cannot be written"):
        keep(tmp_path, Decisions())
    assert len([*tmp_path.iterdir()]) == 1
    (tmp_path / "file").write_text("")
    assert kept(tmp_path / "file") == Decisions()
    with pytest.raises(SettingsError, match="cannot be written"):
        keep(tmp_path / "file", Decisions())
