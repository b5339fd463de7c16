"""Where each key comes from, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniagents.cli.config.environment import environment_with_file
from miniagents.cli.config.key import Key
from miniagents.cli.keys.sources import Source, sources

if TYPE_CHECKING:
    from pathlib import Path

KEPT = {
    name: Key(name, written)
    for name, written in {
        "A_API_KEY": "sk-secret",
        "B_API_KEY": "cmd:false secret",
        "C_API_KEY": "keyring:secret/secret",
        "OPENAI_API_KEY": "sk-secret",
    }.items()
}


def listed(folder: Path, *needed: tuple[str, str], **own: str) -> dict[str, tuple[str, str]]:
    """Return origin and state by variable."""
    rows = [*sources(environment_with_file(own, folder, KEPT), own, KEPT, dict(needed))]
    assert [row.variable for row in rows] == sorted(row.variable for row in rows)
    assert "secret" not in str(rows)
    return {row.variable: (row.origin, row.state) for row in rows}


def test_each_place_is_named(tmp_path: Path) -> None:
    """The environment, the `.env`, the keys file, a command, the keyring: what is used is named, and nothing is run."""
    (tmp_path / ".env").write_text("ANTHROPIC_API_KEY=sk-secret\n")
    assert listed(tmp_path, A_API_KEY="sk-secret", D_API_KEY="sk-secret", E_API_KEY="", PATH="secret") == {
        "A_API_KEY": ("environment", "set"),
        "ANTHROPIC_API_KEY": (".env", "set"),
        "B_API_KEY": ("cmd", "asked for when it is needed"),
        "C_API_KEY": ("keyring", "asked for when it is needed"),
        "D_API_KEY": ("environment", "set"),
        "OPENAI_API_KEY": ("keys file", "set"),
    }


def test_what_is_needed_and_missing_is_listed(tmp_path: Path) -> None:
    """Keys of our own providers and of plugins are there, set or not, with where one gets them."""
    rows = listed(tmp_path, ("HF_TOKEN", "hf.example"), ("A_API_KEY", "a.example"))
    assert rows["HF_TOKEN"] == ("", "not set; get one at hf.example")
    assert rows["A_API_KEY"] == ("keys file", "set")
    assert rows["ANTHROPIC_API_KEY"] == ("", "not set")


def test_a_key_that_is_held_back(tmp_path: Path) -> None:
    """Where a `.env` names the server, the key that it does not get is listed with where it is."""
    (tmp_path / ".env").write_text("OPENAI_BASE_URL=http://a\nANTHROPIC_BASE_URL=http://b\n")
    rows = listed(tmp_path, ANTHROPIC_API_KEY="sk-secret")
    held_back = "held back: the base URL comes from a .env"
    assert rows["OPENAI_API_KEY"] == ("keys file", held_back)
    assert rows["ANTHROPIC_API_KEY"] == ("environment", held_back)


def test_a_source_is_a_row() -> None:
    """It has the three columns of the list, in order."""
    assert Source("A_API_KEY", ".env", "set") == ("A_API_KEY", ".env", "set")
