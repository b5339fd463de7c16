"""One value of a config file changed: all else in it stays, and the file is there whole or as it was."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniagents.cli.config.edit import changed, without, write_whole
from miniagents.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

FILE = """\
# mine
model = "a # b"   # for now

  vi = true
[options]
# hot
temperature = 0.2 # cold
stop = [  # two
  "a",
]

[models."gpt-4o"]
top_p = 0.5"""


@pytest.mark.parametrize(
    ("where", "value", "old", "new"),
    [
        (("model",), 'x"y', 'model = "a # b"   # for now', 'model = "x\\"y"   # for now'),
        (("vi",), False, "  vi = true", "  vi = false"),
        (("options", "temperature"), 1, "temperature = 0.2 # cold", "temperature = 1 # cold"),
        (("options", "stop"), ["b"], 'stop = [  # two\n  "a",\n]\n', 'stop = ["b"]\n'),
        (("models", "gpt-4o", "top_p"), 0.25, "top_p = 0.5", "top_p = 0.25"),
        (("retries",), 2, "  vi = true\n", "  vi = true\nretries = 2\n"),
        (("options", "seed"), 5, '  "a",\n]\n', '  "a",\n]\nseed = 5\n'),
        (("models", "gpt-4o", "seed"), 5, "top_p = 0.5", "top_p = 0.5\nseed = 5\n"),
        (
            ("models", "a b", "body"),
            {"k": [None, True][1]},
            "top_p = 0.5",
            'top_p = 0.5\n\n[models."a b"]\nbody = { k = true }\n',
        ),
    ],
)
def test_one_line_changes(where: tuple[str, ...], value: Any, old: str, new: str) -> None:
    """A value is changed where it stands, with its comment kept; a new one comes to the end of its table."""
    assert changed(FILE, where, value) == FILE.replace(old, new)


@pytest.mark.parametrize(
    ("text", "where", "expected"),
    [
        ("", ("model",), "model = 1\n"),
        ("", ("options", "a"), "[options]\na = 1\n"),
        ("# mine\n", ("model",), "model = 1\n\n# mine\n"),
        ("# mine\n[options]\n", ("model",), "model = 1\n\n# mine\n[options]\n"),
        ("[options]", ("options", "a"), "[options]\na = 1\n"),
        ("vi = true\r\n", ("model",), "vi = true\r\nmodel = 1\r\n"),
        ("options.b = 2\n", ("options", "b"), "options.b = 1\n"),
    ],
)
def test_where_a_new_value_goes(text: str, where: tuple[str, ...], expected: str) -> None:
    """Also an empty file, one of comments, one of another system and a dotted key become what they should."""
    assert changed(text, where, 1) == expected


def test_a_table_on_one_line_is_left_alone() -> None:
    """What cannot be changed without changing its neighbours is refused, with the way out."""
    with pytest.raises(SettingsError, match=r"options\.a: stands in a line with others; change it there"):
        changed("options = { a = 1, b = 2 }", ("options", "a"), 3)
    with pytest.raises(SettingsError, match="TOML has no null"):
        changed("", ("options", "a"), None)


@pytest.mark.parametrize(
    ("text", "where", "left"),
    [
        ('# mine\nmodel = "m"  # for now\n# more\n', ("model",), "# mine\n# more\n"),
        ("a = 1\r\nb = [\r\n1,\r\n]\r\n[options]\r\na = 2\r\n", ("b",), "a = 1\r\n[options]\r\na = 2\r\n"),
        ("a = 1\n[options]\na = 2\nb = 3\n", ("options", "a"), "a = 1\n[options]\nb = 3\n"),
        ("options.a = 1\n", ("options", "a"), ""),
        ('[models."x.y"]\na = 1', ("models", "x.y", "a"), '[models."x.y"]\n'),
        ("options = { a = 1, b = 2 }\n", ("options",), ""),
        ("a = 1\n", ("options", "a"), "a = 1\n"),
        ("options = 1\n", ("options", "a"), "options = 1\n"),
    ],
)
def test_one_key_is_taken_out(text: str, where: tuple[str, ...], left: str) -> None:
    """A key goes with its lines and the comment behind it; all else stays, also where there is no such key."""
    assert without(text, where) == left


def test_a_key_among_others_on_a_line_is_left_alone() -> None:
    """What cannot be taken out without touching its neighbours is refused, with the way out."""
    with pytest.raises(SettingsError, match=r"options\.a: stands in a line with others; change it there"):
        without("options = { a = 1, b = 2 }", ("options", "a"))


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


@given(key=TEXT, value=VALUES, file=st.sampled_from([FILE, f"{FILE}\n", "", "vi = true", "# x"]))
def test_whatever_is_set_is_what_is_read(key: str, value: Any, file: str) -> None:
    """Any key and any value come out of the file as they went in, and everything else is as before."""
    before = tomllib.loads(file)
    after = tomllib.loads(changed(file, ("options", key), value))
    assert after["options"].pop(key) == value
    before.setdefault("options", {}).pop(key, None)
    assert after == before
    del after["options"]
    without_it = tomllib.loads(without(changed(file, ("options", key), value), ("options", key)))
    assert without_it.pop("options", {}) == before.pop("options", {})
    assert without_it == {**after, **before}


def test_a_file_is_written_for_its_owner(tmp_path: Path) -> None:
    """A private file is 0600 in a folder that is 0700, whatever it was before; nothing else is left beside it."""
    path = tmp_path / "new" / "config.toml"
    write_whole(path, "a\r\n", private=True)
    assert (path.read_bytes(), path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (
        b"a\r\n",
        0o600,
        0o700,
    )
    path.chmod(0o644)
    write_whole(path, "b", private=True)
    assert (path.read_text(), path.stat().st_mode & 0o777, [*path.parent.iterdir()]) == ("b", 0o600, [path])


def test_a_file_that_is_shared_keeps_its_mode(tmp_path: Path) -> None:
    """A project's file stays as readable as it was."""
    path = tmp_path / "p.toml"
    write_whole(path, "a", private=False)
    path.chmod(0o664)
    write_whole(path, "b", private=False)
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("b", 0o664)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Who keeps the file elsewhere and links to it keeps the link."""
    (tmp_path / "real.toml").write_text("a")
    (tmp_path / "link.toml").symlink_to("real.toml")
    write_whole(tmp_path / "link.toml", "b", private=True)
    assert (tmp_path / "link.toml").is_symlink()
    assert (tmp_path / "real.toml").read_text() == "b"


def test_a_file_that_cannot_be_written_is_as_it_was(tmp_path: Path) -> None:
    """A failure is one line with the path, and leaves neither half a file nor a draft."""
    path = tmp_path / "c.toml"
    path.write_text("old")
    with pytest.raises(SettingsError, match=r"c\.toml: cannot be written \(.*\); mend that"):
        write_whole(path, "lone \ud800", private=True)
    assert (path.read_text(), [*tmp_path.iterdir()]) == ("old", [path])
    with pytest.raises(SettingsError, match="cannot be written"):
        write_whole(path / "below", "x", private=True)
