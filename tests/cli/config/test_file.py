"""A config file: where it is looked for, what it says, and where exactly it is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniagents.cli.config.file import found_project_file, place_of, read, statements
from miniagents.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

FILE = """\
# mine
model = "gpt-4o"  # for now
system = \"\"\"
modle = no key, but text
[options]
\"\"\"
retries = 3

[options]
temperature = 0.2
stop = [
    "a",  # first
    "b",
]

[models."gpt-4o"]
top_p = 0.5
"""


def complaint(path: Path, text: str) -> str:
    """Return what is wrong with a file of this text, without its path."""
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}:")
    return str(caught.value).removeprefix(f"{path}:")


def test_what_a_file_says(tmp_path: Path) -> None:
    """Settings, options and options of single models are taken as they stand, and the file is where they come from."""
    path = tmp_path / "c.toml"
    path.write_text(FILE)
    layer = read(path)
    assert layer.origin == str(path)
    assert layer.values == {"model": "gpt-4o", "system": "modle = no key, but text\n[options]\n", "retries": 3}
    assert layer.options == {"temperature": 0.2, "stop": ["a", "b"]}
    assert layer.models == {"gpt-4o": {"top_p": 0.5}}


def test_no_file_says_nothing(tmp_path: Path) -> None:
    """A file that is not there is no error."""
    assert read(tmp_path / "none").values == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nmodle = 'x'", "2:1: modle is no setting; did you mean model?"),
        ("  xyz = 1", "1:3: xyz is no setting; there are model, "),
        ('system = """\nmodle = 1\n"""\n\n modle = 1', "5:2: modle is no setting"),
        ("vi = 1", "1:1: vi must be true or false"),
        ("timeout_s = -1", "1:1: timeout_s must be a number of seconds above 0"),
        ("options = 1", "1:1: options must be a table"),
        ("[[options]]", "1:3: options must be a table"),
        ("models.m = 1", "1:8: m must be a table"),
        ("[options]\na = 1\nmodel = 'x'", "3:1: model: use model for it"),
        ("options = { a = 1, tools = [] }", "1:20: tools: no model has such an option; leave it out"),
        ("[options]\nnumber = nan", "2:1: number: no API takes such a value"),
        (f"a = {'[' * 100_000}", "1:"),
        (f"a = {'1' * 5_000}", "1:"),
        ("[options]\nday = 2026-01-01", "2:1: day: no API takes such a value"),
        ("[models.'a b']\nclient = 1", "2:1: client: no model has such an option"),
        ("model = ", "1:9: Invalid value; it must be TOML"),
        ("vi = true\n\nmodel 5", "3:7: "),
        ('model = """', "1:"),
        ("a = 1\na = 2", "2:"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    """The complaint begins with line and column, also behind text that looks like keys, and says what to do."""
    assert complaint(tmp_path / "c.toml", text).startswith(said)


def test_the_nearest_project_file_upwards(tmp_path: Path) -> None:
    """The search goes upwards and ends at the first file; a folder of that name is passed by."""
    deep = tmp_path / "a" / "b"
    (deep / ".miniagents.toml").mkdir(parents=True)
    assert found_project_file(deep) is None
    (tmp_path / ".miniagents.toml").touch()
    assert found_project_file(deep) == tmp_path / ".miniagents.toml"
    (tmp_path / "a" / ".miniagents.toml").touch()
    assert found_project_file(deep) == tmp_path / "a" / ".miniagents.toml"


def test_statements_are_the_text() -> None:
    """The statements of a file are its text in order, each with the table that it stands in."""
    parts = [*statements(FILE)]
    assert "".join(part.text for part in parts) == FILE
    assert [FILE.split("\n")[part.start] for part in parts] == [part.text.split("\n")[0] for part in parts]
    heads = [part for part in parts if part.is_head]
    assert [head.table for head in heads] == [("options",), ("models", "gpt-4o")]
    assert parts[1].content == {"model": "gpt-4o"}
    (stop,) = (part for part in parts if "stop" in part.text)
    assert (stop.table, stop.content) == (("options",), {"options": {"stop": ["a", "b"]}})


@given(st.lists(st.sampled_from([*FILE.splitlines(keepends=True), "\r\n", "\u2028# x\n", "x"]), max_size=12))
def test_statements_lose_nothing(lines: list[str]) -> None:
    """Whatever stands in a file, its statements are never more than its text, and begin with it."""
    text = "".join(lines)
    assert text.startswith("".join(part.text for part in statements(text)))


def test_a_place_that_is_not_there() -> None:
    """A key that no statement says is at the beginning."""
    assert place_of("a = 1", ("b",)) == (1, 1)
