"""What is no YAML at all."""

import pytest
import yaml
import yamlcore  # type: ignore[import-untyped]

from miniagents.chains import source
from miniagents.chains.faults import Place
from miniagents.chains.source import tree_of
from miniagents.chains.syntax import of_syntax
from miniagents.errors import ChainFileError

BROKEN = [
    ("a:\n\tb: 1\n", "2:1", "a tab stands where the line is indented; use spaces"),
    ("a: 1\n\tb: 2\n", "2:1", "a tab stands where the line is indented; use spaces"),
    ("instructions: Be nice: always\n", "1:22", "no place for a key here, or for `: ` inside text; if it is text, put"),
    ("a: 1\nfoo\nb: 2\n", "2:1", "there is no colon in this line; write `key: value`"),
    ("a:\n  b: 1\n c: 2\n", "3:2", "this does not go on with what is above it; let it begin in the same column"),
    ("a: 1\n  b: 2\n", "2:4", "there is no place for a key here"),
    ("  a: 1\nb: 2\n", "2:1", "a second document begins here"),
    ("a: 'x\nb: 1\n", "1:4", "a quote opens here and is never closed"),
    ('a: "x\nb: 1\n', "1:4", "a quote opens here and is never closed"),
    ("a: [1, 2\nb: 3\n", "1:4", "what `[` opens is not closed, or misses a comma"),
    ("a: {b: 1\n", "1:4", "what `{` opens is not closed, or misses a comma"),
    ("b: 1\na: {{ x }} and\n", "2:4", "braces begin a mapping here, and no text; put all of the text in quotes"),
    ("- {{ x }}: {{ y }} and\n", "1:3", "braces begin a mapping here, and no text; put all of the text in quotes"),
    ("a: *x\n", "1:4", 'no `&` anchor of this name stands before it; put text that begins with * in quotes: "*…"'),
    ("a: **bold**\n", "1:4", "`*` begins an alias, which this is not"),
    ("a: & b\n", "1:4", "`&` begins an anchor, which this is not"),
    ("a: &x 1\nb: &x 2\n", "1:4", "this anchor was there before"),
    ("a: @x\n", "1:4", "`@` cannot stand here; if it is text, put all of it in quotes"),
    ("a: `x`\n", "1:4", "``` cannot stand here"),
    ("a: ,x\n", "1:4", "`,` cannot stand here; close what is open"),
    ("[", "1:2", "the end cannot stand here; close what is open"),
    ("[a\n\n", "1:1", "what `[` opens is not closed"),
    ("a: [\n\n", "1:5", "the end cannot stand here"),
    ("a:\n  - b\n  c\n", "3:3", "there is no colon in this line"),
    ('? "" ? a\n', "1:6", "there is no place for a key here"),
    ("a: 'b\n---\n", "1:4", "a quote opens here and is never closed"),
    ("%x: 1\n", "1:3", "`%` begins a directive"),
    ("%YAML 2.0\n---\na: 1\n", "1:1", "this is another version of YAML"),
    ('a: "\\d"\n', "1:", "`\\` means something else in double quotes; write \\\\ for it"),
    ("a: |x\n", "1:5", "nothing may stand behind `|` or `>`"),
    ("a: 1\n---\nb: 2\n", "2:1", "a second document begins here; keep one of them"),
    ("a: - b\n", "1:4", "a list cannot begin here"),
    ("a: \x07\n", "1:4", "there is a character that nobody can see, U+0007; delete it"),
    ("a: x\nb: é\ud800\n", "2:5", "U+D800"),
]


@pytest.mark.parametrize("loader", [yamlcore.CCoreLoader, yamlcore.CoreLoader], ids=["libyaml", "python"])
@pytest.mark.parametrize(("text", "place", "line"), BROKEN, ids=range(len(BROKEN)))
def test_what_is_no_yaml_is_said_in_plain_words(
    text: str, place: str, line: str, loader: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each mistake has its place, its name and its cure in one line, with libyaml and without it."""
    monkeypatch.setattr(source, "_LOADER", loader)
    with pytest.raises(ChainFileError) as caught:
        tree_of(text, "a.yaml")
    assert str(caught.value).startswith(f"a.yaml:{place}")
    assert line in str(caught.value)
    assert len(caught.value.faults) == 1
    assert str(caught.value).isprintable()


def test_what_nobody_has_words_for_is_said_in_the_parsers() -> None:
    """An error that is not known is told as it is, on one line, without a place if it has none."""
    fault = of_syntax(yaml.YAMLError("strange\nthings"), "")
    assert (fault.place, str(fault)) == (
        None, ': this is no YAML (YAMLError); if it is text, put all of it in quotes: "…"'
    )  # fmt: skip
    mark = yaml.Mark("", 0, 2, 4, "", 0)
    fault = of_syntax(yaml.MarkedYAMLError(problem="a strange\n\x1b thing", problem_mark=mark), "")
    assert fault.place == Place(3, 5)
    assert "a strange ␛ thing" in str(fault)
