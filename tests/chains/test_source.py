"""A file's text as plain values with places."""

import os
import re
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yamlcore  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from miniagents.chains import source
from miniagents.chains.faults import Keys, Place
from miniagents.chains.source import scalar, text_of, tree_of
from miniagents.errors import ChainFileError

TEXT = """\
version: 1   # the first line
agents:
  writer:
    model: [a, "b", 'c']
    instructions: |
      Über {{ topic }}
      and {{ topic }} again
flow:
  - writer
  - loop: {do: [writer, critic], max: 3}
"""


def lines_of(text: str) -> list[str]:
    """Return the lines as an editor counts them, without an empty last one."""
    lines = re.split("\r\n|[\r\n\x85\u2028\u2029]", text)
    while len(lines) > 1 and not lines[-1]:
        lines.pop()
    return lines


@pytest.mark.parametrize(
    ("keys", "place", "key_place"),
    [
        ((), "1:1", "1:1"),
        (("version",), "1:10", "1:1"),
        (("agents", "writer"), "4:5", "3:3"),
        (("agents", "writer", "model"), "4:12", "4:5"),
        (("agents", "writer", "model", 1), "4:16", "4:16"),
        (("flow", 1, "loop", "do", 1), "10:25", "10:25"),
        (("flow", 1, "loop", "max"), "10:39", "10:34"),
        (("agents", "writer", "tools"), "3:3", "3:3"),
        (("agents", "critic", "tools", 3), "2:1", "2:1"),
        (("flow", 7), "8:1", "8:1"),
        (("version", "x"), "1:1", "1:1"),
        (("nothing",), "1:1", "1:1"),
    ],
)
def test_each_value_has_its_place(keys: Keys, place: str, key_place: str) -> None:
    """A value's place is its own, a key's the key's; what is not there is where it would be in."""
    tree = tree_of(TEXT, "a.yaml")
    assert (str(tree.place(keys)), str(tree.key_place(keys))) == (place, key_place)


def test_what_stands_in_a_text_has_its_own_place() -> None:
    """The second time of the same name is found where it is; what is not in a text is where the text begins."""
    tree = tree_of(TEXT, "a.yaml")
    keys = ("agents", "writer", "instructions")
    assert str(tree.place_in(keys, "{{ topic }}")) == "6:12"
    assert str(tree.place_in(keys, "{{ topic }}", 1)) == "7:11"
    assert str(tree.place_in(keys, "{{ topic }}", 2)) == "5:19"
    assert str(tree.place_in(("nothing",), "{{ topic }}")) == "1:1"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[yes, No, on, off, y, n]", ["yes", "No", "on", "off", "y", "n"]),
        ("[true, True, FALSE]", [True, True, False]),
        ("[null, ~, Null, ]", [None, None, None]),
        ("[0o17, 017, 0x1F, -3, +4, 0]", [15, 17, 31, -3, 4, 0]),
        ("[1.5, 1., .5, 1e3, -2.5E-1]", [1.5, 1.0, 0.5, 1000.0, -0.25]),
        ("[1_000, 0b1, 12:30:45, 2001-01-01, =]", ["1_000", "0b1", "12:30:45", "2001-01-01", "="]),
        ("['1', \"true\", !!str 3]", ["1", "true", "3"]),
        ("{a: , b: ''}", {"a": None, "b": ""}),
        ("a: &x {b: [1]}\nc: *x\n", {"a": {"b": [1]}, "c": {"b": [1]}}),
        ("a: >\n  b\n  c\n", {"a": "b c\n"}),
        ("\ufeffa: 1", {"a": 1}),
        ("# nothing", None),
        ("", None),
        ("---\na: 1\n...\n", {"a": 1}),
    ],
)
def test_values_are_those_of_the_core_schema(text: str, value: Any) -> None:
    """YAML 1.2: yes and no are texts, octal has an o, a time is a text."""
    tree = tree_of(text, "a.yaml")
    assert tree.value == value
    assert repr(tree.value) == repr(value)
    assert tree.faults == []


@pytest.mark.parametrize(
    ("text", "value", "fault"),
    [
        ("a: 1\nb: 2\na: 3\n", {"a": 1, "b": 2}, "a.yaml:3:1: `a` was there before, in line 1; leave one of them out"),
        ("a: !foo b\n", {"a": "b"}, "a.yaml:1:4: the tag !foo means nothing here; leave it out"),
        ("a: !!set {b}\n", {"a": None}, "a.yaml:1:4: the tag !!set means nothing here; leave it out"),
        ("a: !!python/object:os.system x\n", {"a": "x"}, "the tag !!python/object:os.system means nothing here"),
        ("a: !!int x\n", {"a": None}, "a.yaml:1:4: `x` is no value that JSON has"),
        ("a: !!bool x\n", {"a": None}, "a.yaml:1:4: `x` is no value that JSON has"),
        ("a: !!str [b]\n", {"a": None}, "a.yaml:1:4: the tag !!str means nothing here"),
        ("a: .inf\n", {"a": None}, "a.yaml:1:4: `.inf` is no value that JSON has"),
        ("a: -.INF\n", {"a": None}, "a.yaml:1:4: `-.INF` is no value that JSON has"),
        ("a: .nan\n", {"a": None}, "a.yaml:1:4: `.nan` is no value that JSON has"),
        ("a: 1e999\n", {"a": None}, "a.yaml:1:4: `1e999` is no value that JSON has"),
        (f"a: {'9' * 5000}\n", {"a": None}, "is no value that JSON has"),
        ("1: a\n", {}, 'a.yaml:1:1: the key `1` must be text; put it in quotes: "1"'),
        ("null: a\n", {}, 'a.yaml:1:1: the key `null` must be text; put it in quotes: "null"'),
        ("a: {{ b }}\n", {"a": {}}, "a.yaml:1:5: a key must be text; if `{{ name }}` is meant, put the text in quotes"),
        ("a: &x {c: 1}\nb:\n  <<: *x\n", {"a": {"c": 1}, "b": {}}, "a.yaml:3:3: YAML 1.2 has no `<<`; put what agents"),
    ],
)
def test_what_is_yaml_and_makes_no_sense_is_a_fault_beside_the_rest(text: str, value: Any, fault: str) -> None:
    """Keys that are there twice or are no text, tags and numbers that JSON has not: the rest can still be looked at."""
    tree = tree_of(text, "a.yaml")
    assert tree.value == value
    ((_, found),) = tree.faults
    assert fault in str(found)


def bomb() -> str:
    """Return nine lines that stand for a billion values."""
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (bomb(), "it says more than 100,000 values, each alias (*) counted as all that it stands for; leave some out"),
        ("a: &x [*x]", "there are more than 50 levels inside each other"),
        ("a: &x {b: *x, c: *x}", "there are more than 50 levels inside each other"),
        ("[" * 60 + "]" * 60, "there are more than 50 levels inside each other"),
        ("[" * 5_000, "too many levels inside each other"),
        ("- " * 5_000, "too many levels inside each other"),
        ("{a: " * 5_000, "too many levels inside each other"),
    ],
    ids=["billion", "itself", "itself in a mapping", "60 levels", "brackets", "lists", "braces"],
)
@pytest.mark.parametrize("loader", [yamlcore.CCoreLoader, yamlcore.CoreLoader], ids=["libyaml", "python"])
def test_what_grows_without_an_end_is_refused(
    text: str, fault: str, loader: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Aliases of aliases, an anchor inside itself, a hundred thousand brackets: one line, at once."""
    monkeypatch.setattr(source, "_LOADER", loader)
    with pytest.raises(ChainFileError) as caught:
        tree_of(text, "a.yaml")
    assert fault in str(caught.value)


@given(st.text(alphabet=st.sampled_from("ab:-[]{}#&*!|>'\"%@`,?\\ \n\t1é\u2028\r\0"), max_size=60))
def test_any_text_is_values_or_one_fault_in_it(text: str) -> None:
    """Whatever a file says, nothing is raised but `ChainFileError`, and a place is one that the file has."""
    lines = lines_of(text)
    try:
        found = [fault for _, fault in tree_of(text, "a.yaml").faults]
    except ChainFileError as error:
        found = list(error.faults)  # type: ignore[arg-type]
    for fault in found:
        place = fault.place or Place(1, 1)
        assert place.line <= len(lines)
        assert place.column <= len(lines[place.line - 1]) + 1


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("-0.5", -0.5), ("true", True), ("null", None), ("", None), ("no", "no"), ("a: b # c", "a: b # c"),
     ("'a'", "'a'"), ("[a]", "[a]"), (".inf", ".inf"), ("0o7", 7), ("9" * 5000, "9" * 5000), ("a\nb", "a\nb")],
)  # fmt: skip
def test_a_text_without_quotes_is_a_scalar(text: str, value: Any) -> None:
    """Of a command line's text, a number, true, false and null are what they are in a file; all else is the text."""
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_a_file_is_read_as_utf_8_with_its_mark(tmp_path: Path) -> None:
    """The mark that some editors begin a file with is no part of it."""
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: \xc3\xa9\r\n")
    assert text_of(path) == "a: é\r\n"


def test_a_file_that_cannot_be_read_is_one_line_with_a_cure(tmp_path: Path) -> None:
    """Missing, a folder, no UTF-8, too long, no name at all: each says what it is."""
    (tmp_path / "latin").write_bytes("a: 1\nbé: x\n".encode("latin-1"))
    (tmp_path / "wide").write_bytes("a: 1\n".encode("utf-16"))
    (tmp_path / "long").write_bytes(b" " * 4_000_001)
    expected = {
        "none": ": there is no such file; mend its name",
        "latin/x": ": there is no such file; mend its name",
        "": ": it is a folder; name a file in it",
        "latin": ":2:2: this is not UTF-8; save the file as UTF-8",
        "wide": ":1:1: this is not UTF-8; save the file as UTF-8",
        "long": ": it is longer than 4 MB; name another file",
        "nul\0": ": it cannot be read (embedded null byte); mend that",
    }
    for name, line in expected.items():
        with pytest.raises(ChainFileError) as caught:
            text_of(tmp_path / name, file="it")
        assert str(caught.value) == f"it{line}"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    """Without the right to read it, the line says that."""
    path = tmp_path / "a.yaml"
    path.touch(mode=0)
    with pytest.raises(ChainFileError, match=r"a.yaml: it cannot be read \(Permission denied\)"):
        text_of(path)


@pytest.mark.parametrize("may_wait", [False, True])
def test_a_pipe_is_read_where_the_person_names_it_and_not_where_a_file_does(tmp_path: Path, *, may_wait: bool) -> None:
    """Nobody may ever write to it: a file that names one would let every look at it hang."""
    os.mkfifo(tmp_path / "pipe")
    if may_wait:
        writer = Thread(target=(tmp_path / "pipe").write_text, args=["a: 1"])
        writer.start()
        assert text_of(tmp_path / "pipe", may_wait=True) == "a: 1"
        writer.join()
        return
    for name in (tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(ChainFileError, match="it is a pipe or a device; name a file"):
            text_of(name)
