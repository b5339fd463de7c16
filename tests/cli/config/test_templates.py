"""Templates: holes are filled once, and everything else stays as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniagents.cli.config.templates import Template, find, names, params_from
from miniagents.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


def template(text: str, **defaults: str) -> Template:
    """Return a template of this text."""
    return Template("t", text, None, None, {}, defaults)


def test_what_a_file_says(tmp_path: Path) -> None:
    """The text is the prompt; system text, model, options and defaults come from the front matter."""
    folder = tmp_path / "templates"
    folder.mkdir()
    head = 'system = "s"\nmodel = "m"\n[options]\nseed = 1\n[params]\nlanguage = "French"\n'
    (folder / "t.md").write_text(f"+++\n{head}+++\nInto {{{{ language }}}}: {{{{ input }}}}\n")
    assert names(tmp_path) == ["t"]
    found = find("t", tmp_path)
    assert (found.system, found.model, found.options, found.params) == ("s", "m", {"seed": 1}, ["language"])
    assert found.filled({}, "hello") == "Into French: hello"
    assert found.filled({"language": "Thai"}, "hello") == "Into Thai: hello"


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ('langauge = "x"', "there is no {{ langauge }} in it; did you mean language?"),
        ("language = 1", "language must be text in quotes"),
        ('input = "x"', "there is no {{ input }} in it; there is language"),
    ],
)
def test_a_default_that_makes_no_sense(tmp_path: Path, params: str, said: str) -> None:
    """A default for a hole that is not there, or that is no text, is an error that names the file."""
    path = tmp_path / "templates" / "t.md"
    path.parent.mkdir()
    path.write_text(f"+++\n[params]\n{params}\n+++\n{{{{ language }}}}")
    with pytest.raises(SettingsError) as caught:
        find("t", tmp_path)
    assert str(caught.value) == f"{path}: {said}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": {"b": 1}}', '{"a": {"b": 1}}'),
        ('{{"a": 1}}', '{{"a": 1}}'),
        ("{{a}} {{ a }} {{\ta}}", "A A A"),
        ("{{ a b }} {{ }} {{1}} {{ a\n}} { { a } }", "{{ a b }} {{ }} {{1}} {{ a\n}} { { a } }"),
        ("{{{a}}}", "{A}"),
        ("$a %(a)s ${a} {a} \\1 {% a %}", "$a %(a)s ${a} {a} \\1 {% a %}"),
    ],
)
def test_only_holes_are_holes(text: str, expected: str) -> None:
    """Braces of JSON and whatever other languages have for holes stay as they are."""
    found = template(text)
    assert found.filled(dict.fromkeys(found.params, "A")) == expected


@given(st.text(), st.text())
def test_what_is_filled_in_is_text(first: str, second: str) -> None:
    """No value is ever looked through for holes: the text is what stands around them, and the values."""
    filled = template("<{{ a }}|{{ b }}|{{ input }}|{{ a }}>").filled(
        {"a": f"{{{{ b }}}}{first}", "b": second}, "{{ a }}"
    )
    assert filled == f"<{{{{ b }}}}{first}|{second}|{{{{ a }}}}|{{{{ b }}}}{first}>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Say:", "Say:\n\nhi"), ("Say {{ input }}!", "Say hi!"), ("", "hi")],
)
def test_where_the_prompt_goes(text: str, expected: str) -> None:
    """The prompt goes where the template says, or after a blank line; nothing leaves no blank line."""
    assert template(text).filled({}, "hi") == expected
    assert template("Say:").filled({}) == "Say:"


def test_holes_that_stay_empty_are_named() -> None:
    """What is missing is one line with every name and the words to add; what is too much gets the nearest name."""
    with pytest.raises(SettingsError) as caught:
        template("{{ a }} {{ b }} {{ c }} {{ input }}", c="x").filled({})
    assert str(caught.value) == "the template t needs a, b; add -p a=… -p b=…"
    with pytest.raises(
        SettingsError, match=r"-p colour: there is no \{\{ colour \}\} in the template t; did you mean color"
    ):
        template("{{ color }}").filled({"colour": "x"})
    with pytest.raises(SettingsError, match="it has nothing to fill in"):
        template("text {{ input }}").filled({"input": "x"})


def test_params_of_a_command_line() -> None:
    """The value is all that comes after the first equals sign; the last of a name counts."""
    assert params_from(["a=b=c", "d=", "a=2"]) == {"a": "2", "d": ""}
    for wrong in ("a", "=x", ""):
        with pytest.raises(SettingsError, match="write it as name=value"):
            params_from([wrong])
