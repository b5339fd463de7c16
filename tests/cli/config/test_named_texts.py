"""Texts kept under names: what is found, what never is, and what is wrong with front matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from miniagents.cli.config.named_texts import NamedText, find, names
from miniagents.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

KEYS = {"model": str, "options": dict}


def written(folder: Path, content: bytes) -> NamedText:
    """Keep this under a name and return what is found."""
    (folder / "n.md").write_bytes(content)
    return find("role", "n", folder, KEYS)


def test_the_names_there_are(tmp_path: Path) -> None:
    """Every Markdown file of the folder itself is a name, and nothing else is; no folder has no names."""
    for name in ("b.md", "a.md", "c.txt", ".md"):
        (tmp_path / name).touch()
    (tmp_path / "d.md").mkdir()
    assert names(tmp_path) == ["a", "b"]
    assert names(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("content", "text", "head"),
    [
        (b"\n Be kind. \n\n", "Be kind.", {}),
        (b'+++\nmodel = "m"\n+++\nText\n', "Text", {"model": "m"}),
        (b"\xef\xbb\xbf+++ \r\n[options]\r\na = 1\r\n+++\r\nText\r\nmore", "Text\nmore", {"options": {"a": 1}}),
        (b"+++\n+++", "", {}),
        (b"a\n+++\nmodle = 1\n+++", "a\n+++\nmodle = 1\n+++", {}),
        (b"\n---\nx: y\n---\nText", "---\nx: y\n---\nText", {}),
        (b"---\nBe kind: always.\n---\nText", "---\nBe kind: always.\n---\nText", {}),
        (b"---\nmodel: m\nText", "---\nmodel: m\nText", {}),
    ],
)
def test_what_a_file_says(tmp_path: Path, content: bytes, text: str, head: dict[str, object]) -> None:
    """The text is without its front matter and without white space at its ends; other marks in it are text."""
    found = written(tmp_path, content)
    assert (found.text, found.head) == (text, head)


@pytest.mark.parametrize(
    "content", [b"---\nmodel: m\n---\nText", b"--- \r\n# of mine\r\n\r\noptions:\r\n  a: 1\r\n---"]
)
def test_front_matter_in_yaml_is_no_text(tmp_path: Path, content: bytes) -> None:
    """What is front matter elsewhere would be sent to the model; it is refused, with what to write in its place."""
    with pytest.raises(
        SettingsError, match=r"n\.md:1:1: this is YAML; write TOML between two lines of \+\+\+, such as "
    ):
        written(tmp_path, content)


@pytest.mark.parametrize("name", ["../secret", "..", "", "sub/n", "/etc/passwd", "n.md", "../roles/n"])
def test_a_name_never_leaves_its_folder(tmp_path: Path, name: str) -> None:
    """What is no name of the folder itself is not found, whatever file a path of it would lead to."""
    roles = tmp_path / "roles"
    (roles / "sub").mkdir(parents=True)
    for path in (tmp_path / "secret.md", roles / "sub" / "n.md", roles / "n.md"):
        path.write_text("text")
    with pytest.raises(SettingsError, match=r"\Ano role is called "):
        find("role", name, roles, KEYS)


def test_a_name_that_is_none_has_a_cure(tmp_path: Path) -> None:
    """The nearest name is offered; where there are none, the place to write one into."""
    with pytest.raises(SettingsError) as caught:
        find("role", "coder", tmp_path, KEYS)
    assert str(caught.value) == f"no role is called coder; write it into {tmp_path / 'NAME.md'}"
    (tmp_path / "coder.md").touch()
    with pytest.raises(SettingsError, match=r"no role is called codr; did you mean coder\?"):
        find("role", "codr", tmp_path, KEYS)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"+++\nmodel = 1\n+++\n", "2:1: model must be text in quotes"),
        (b"+++\n\nmodle = 'x'\n+++\n", "3:1: modle means nothing here; did you mean model?"),
        (b"+++\noptions = 1\n+++\n", "2:1: options must be a table"),
        (b"+++\n[options]\nlog = 'x'\n+++\n", "3:1: log: use log for it"),
        (b"+++\nmodel: x\n+++\n", "2:6: "),
        (b"+++\nmodel = 'x'\n", "1:1: the front matter has no end; end it with a line of +++"),
        (b"+++\nmodel = 'x'\n+++ text\n", "1:1: the front matter has no end"),
    ],
)
def test_front_matter_that_is_wrong(tmp_path: Path, content: bytes, said: str) -> None:
    """The complaint names the file and the line as an editor counts it."""
    with pytest.raises(SettingsError) as caught:
        written(tmp_path, content)
    assert str(caught.value).startswith(f"{tmp_path / 'n.md'}:{said}")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """What is no UTF-8 is an error that names the file."""
    with pytest.raises(SettingsError, match=r"n\.md: cannot be read"):
        written(tmp_path, b"\xff")
