"""What a file of agents is given."""

from pathlib import Path
from typing import Any

import pytest

from miniagents.chains.chain_file import read
from miniagents.chains.inputs import has_fitting_default
from miniagents.chains.schema import Input
from tests.chains.written import SMALL, faults, written

FILE = (
    SMALL
    + """\
inputs:
  topic: {required: true, description: What it is about}
  n: {type: integer, default: 3}
  heat: {type: number}
  loud: {type: boolean, default: true}
  page: {type: file}
  docs: {type: files}
"""
)


def given(folder: Path, **values: Any) -> Any:
    """Return what is read of the file with these inputs."""
    return read(written(folder, FILE), inputs={"topic": "cats", **values}).inputs


@pytest.mark.parametrize(
    ("name", "told", "value", "text"),
    [
        ("topic", "7", "7", "7"),
        ("topic", "", "", ""),
        ("n", "7", 7, "7"),
        ("n", 7, 7, "7"),
        ("heat", "0.5", 0.5, "0.5"),
        ("heat", 1, 1, "1"),
        ("loud", "false", False, "false"),
        ("loud", False, False, "false"),
    ],
)
def test_a_value_is_of_the_type_that_is_declared(tmp_path: Path, name: str, told: Any, value: Any, text: str) -> None:
    """Text of a command line becomes what it must be; a program may give the thing itself."""
    found = given(tmp_path, **{name: told})[name]
    assert (found.value, found.text, found.paths) == (value, text, ())
    assert type(found.value) is type(value)


def test_what_is_not_given_is_its_default_or_nothing(tmp_path: Path) -> None:
    """An input that nobody needs is empty."""
    found = given(tmp_path)
    assert (found["n"].value, found["n"].text, found["loud"].text) == (3, "3", "true")
    assert (found["heat"].value, found["heat"].text, found["page"].texts) == (None, "", ())


@pytest.mark.parametrize(
    ("told", "line"),
    [
        ({"topc": "x", "topic": "x"}, "--input topc: there is no input topc; did you mean topic?"),
        ({}, "6:3: the input topic is missing (What it is about); add --input topic=…"),
        ({"topic": 3}, "--input topic: it must be text, not 3; write text"),
        ({"topic": "x", "n": "many"}, "--input n: it must be a whole number, not many; write a whole number"),
        ({"topic": "x", "n": "1.5"}, "--input n: it must be a whole number, not 1.5"),
        ({"topic": "x", "n": True}, "--input n: it must be a whole number, not true"),
        ({"topic": "x", "heat": "hot"}, "--input heat: it must be a number, not hot"),
        ({"topic": "x", "loud": "yes"}, "--input loud: it must be true or false, not yes"),
        ({"topic": "x", "loud": ""}, "--input loud: it must be true or false, not empty"),
        ({"topic": "x", "page": "nope.md"}, "--input page: nope.md: there is no such file; mend its name"),
        ({"topic": "x", "page": "."}, "--input page: .: it is a folder; name a file in it"),
        ({"topic": "x", "page": "a\0b"}, "--input page: a␀b: it cannot be read (embedded null byte); mend that"),
        ({"topic": "x", "page": "~nobody-is-called-so/x"}, "--input page: ~nobody-is-called-so/x is no path; mend it"),
        ({"topic": "x", "docs": "nope/*.md"}, "--input docs: no file is like nope/*.md; mend the pattern"),
        ({"topic": "x", "docs": [3]}, "--input docs: it must be a pattern of paths, such as docs/*.md, not [3]"),
    ],
)
def test_what_cannot_be_an_input_is_a_fault(
    tmp_path: Path, told: dict[str, Any], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of another type, missing, unknown, no file: the line names the input, and how to say it."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (found,) = faults(tmp_path, FILE, inputs=told)
    assert found.startswith(line)


def test_what_is_missing_is_no_fault_where_nobody_runs_it(tmp_path: Path) -> None:
    """A picture of a chain needs no inputs."""
    described = read(written(tmp_path, FILE), needs_inputs=False)
    assert "topic" not in described.inputs


def test_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path of a command line counts from the current folder; a pattern finds files in order, and no folders."""
    here = tmp_path / "here"
    for name in ("b.md", "a.md", "deep/er/c.md"):
        written(here, f"of {name}", name)
    (here / "folder.md").mkdir()
    monkeypatch.chdir(here)
    found = given(tmp_path, page="a.md", docs="**/*.md")
    assert (found["page"].value, found["page"].text) == ("a.md", "of a.md")
    assert found["docs"].texts == ("of a.md", "of b.md", "of deep/er/c.md")
    assert found["docs"].text == "of a.md\n\nof b.md\n\nof deep/er/c.md"
    assert found["docs"].paths == (Path("a.md"), Path("b.md"), Path("deep/er/c.md"))
    found = given(tmp_path, page=here / "a.md", docs=[here / "b.md", "a.md"])
    assert (found["page"].text, found["docs"].texts) == ("of a.md", ("of b.md", "of a.md"))


def test_files_of_defaults_count_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the program is run, a default is found beside the file; one that is not there is a fault of the file."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    written(tmp_path, "beside", "beside.md")
    text = SMALL + "inputs: {a: {type: file, default: beside.md}, b: {type: files, default: 'b*.md'}}\n"
    described = read(written(tmp_path, text))
    assert (described.inputs["a"].text, described.inputs["b"].text) == ("beside", "beside")
    (found,) = faults(tmp_path, SMALL + "inputs: {a: {type: file, default: none.md}}\n")
    assert found == f"5:35: {tmp_path}/none.md: there is no such file; mend its name"


def test_a_pattern_that_means_a_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a thousand files are a mistake."""
    here = tmp_path / "here"
    here.mkdir()
    for number in range(1001):
        (here / f"{number}.md").touch()
    monkeypatch.chdir(here)
    (found,) = faults(tmp_path, FILE, inputs={"topic": "x", "docs": "*.md"})
    assert found == "--input docs: more than 1000 files are like *.md; mend the pattern"


def test_a_default_is_of_the_type_itself() -> None:
    """In a file a number has no quotes, whatever a command line may give."""
    assert has_fitting_default(Input(type="integer", default=3))
    assert not has_fitting_default(Input(type="integer", default="3"))
    assert not has_fitting_default(Input(type="boolean", default=1))
    assert has_fitting_default(Input(type="number", default=3))
    assert has_fitting_default(Input(type="files", default="*.md"))
