"""Roles: what a file in the config folder makes of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniagents.cli.config.roles import Role, find, names

if TYPE_CHECKING:
    from pathlib import Path


def test_a_role_is_a_text_and_more(tmp_path: Path) -> None:
    """The text is the system prompt; model and options come along where the file names them."""
    folder = tmp_path / "roles"
    folder.mkdir()
    (folder / "kind.md").write_text("Be kind.\n")
    (folder / "coder.md").write_text('+++\nmodel = "m"\noptions.temperature = 0\n+++\nBe brief.\n')
    (folder / "empty.md").write_text("")
    assert names(tmp_path) == ["coder", "empty", "kind"]
    assert find("empty", tmp_path) == Role("empty", None, None, {})
    assert find("kind", tmp_path) == Role("kind", "Be kind.", None, {})
    assert find("coder", tmp_path) == Role("coder", "Be brief.", "m", {"temperature": 0})
